// What the guard's own tools do, for the caller's identity: ask and wait, list, give back, look into the audit. Nothing here approves by itself.
import { formatDuration } from '../policies/durations.ts';
import { nameMatches } from '../policies/scope.ts';
import type { Policy } from '../policies/types.ts';
import { BadInput, type ElevationInput, type GuardPowers, type Outcome } from '../tools/guard/tool.ts';
import { queryAudit } from './agent-audit.ts';
import type { Behaviours } from './channels/behaviour.ts';
import type { Ladder } from './channels/ladder.ts';
import type { Elevations } from './elevations.ts';
import type { Grants } from './grants.ts';
import { type HandoffParts, type Prepared, prepare, tell } from './handoff.ts';
import type { Judging, Sight } from './judging.ts';
import type { Plans } from './plans.ts';
import type { AuditLog, ClientHandle, Clock, GrantRecord, IncomingCall, Question, RequestRecord } from './ports.ts';
import { after } from './timers.ts';

const HEARTBEAT_MS = 10_000;
const GONE_MS = 2 * 60_000;
/** A call that was cut by a connection's end says nothing of the client's patience; which it was is known a moment later. */
const CUT_MS = 1_000;

export type PowerParts = {
  judging: Judging;
  elevations: Elevations;
  grants: Grants;
  audit: AuditLog;
  clock: Clock;
  policy: () => Policy;
  plans: Plans;
  ladder: Ladder;
  behaviours: Behaviours;
  /** How many different people can say yes here. */
  people: number;
  /** Shorter waits, for tests. */
  wait_ms?: number;
  gone_ms?: number;
};

/** How a question put right inside a call ended; `said` is what the agent hears where it was no yes. */
export type Inline = { approved: true } | { approved: false; said?: string } | { question: Question };

export type Powers = {
  of(call: IncomingCall, sight: Sight): GuardPowers;
  /** Takes the answer that came with a call: it lands on the stored request, and counts once. */
  answered(call: IncomingCall, sight: Sight): Promise<void>;
  /** Asks about exactly this call and waits, or returns the question that the client has to carry. */
  askInline(call: IncomingCall, sight: Sight): Promise<Inline>;
  /** A connection is gone: what it asked for is withdrawn unless somebody comes back for it in time. */
  gone(client: ClientHandle): void;
};

export function createPowers(parts: PowerParts): Powers {
  const { elevations, grants, audit, ladder, plans, behaviours, clock } = parts;
  /** Which connection waits for a pending request. */
  const waiting = new Map<string, string>();
  const left = new Set<string>();
  const handoff: HandoffParts = { judging: parts.judging, policy: parts.policy, elevations };
  const own = (request: RequestRecord | undefined, { who }: Sight) =>
    request !== undefined && request.agent === who.agent && request.user === who.user;

  async function waitFor(request: RequestRecord, call: IncomingCall): Promise<RequestRecord> {
    const { client, signal } = call;
    waiting.set(request.request_id, client.connection_id);
    const beats = heartbeat(call);
    const started = clock.mono();
    try {
      const patience = behaviours.patience(client, ladder.formUp(request.request_id));
      const found = await elevations.wait(request.request_id, Math.min(patience, parts.wait_ms ?? patience), signal);
      const waited = clock.mono() - started;
      if (signal.aborted && found.state === 'pending')
        after(CUT_MS, () => void (left.has(client.connection_id) || behaviours.cut(client, waited)));
      return found;
    } finally {
      clearInterval(beats);
    }
  }

  async function answerFor(request: RequestRecord): Promise<Outcome> {
    const grant = request.grant_id === undefined ? undefined : grants.get(request.grant_id);
    const { impacts, withheld } = plans.get(request.request_id) ?? { impacts: [request.impact], withheld: true };
    return tell(
      request,
      grant && showGrant(grant),
      impacts,
      withheld,
      request.state === 'pending' ? await ladder.how(request) : '',
    );
  }

  async function attach(id: string, call: IncomingCall, sight: Sight, cancel: boolean): Promise<Outcome> {
    const request = elevations.get(id);
    if (!request || !own(request, sight))
      throw new BadInput(`you have no request \`${id.slice(0, 80)}\`; ask again with \`calls\` or \`scope\``);
    if (cancel) await elevations.cancel(id, 'the agent withdrew it');
    if (cancel) return answerFor(elevations.get(id) ?? request);
    const question = ladder.start(request, call.client);
    return question === undefined ? answerFor(await waitFor(request, call)) : { question };
  }

  async function elevate(input: ElevationInput, call: IncomingCall, sight: Sight): Promise<Outcome> {
    const id = call.answer?.request_id ?? input.request_id;
    if (id !== undefined) return attach(id, call, sight, call.answer === undefined && input.cancel === true);
    const prepared = await ready(input, call, sight);
    if (!('draft' in prepared)) return ended(prepared);
    const request = await put(prepared, input, call, sight);
    return 'question' in request ? request : answerFor(await waitFor(request, call));
  }

  /** Makes the request, or joins the one that waits already, and has it put to a human. */
  async function put(
    prepared: Extract<Prepared, { draft: unknown }>,
    input: ElevationInput,
    call: IncomingCall,
    sight: Sight,
  ): Promise<RequestRecord | { question: Question }> {
    const request = await elevations.ask(prepared.draft);
    plans.keep(request.request_id, { input, sight, impacts: prepared.impacts, withheld: prepared.withheld });
    if (request.state !== 'pending') return request;
    waiting.set(request.request_id, call.client.connection_id);
    const question = ladder.start(request, call.client);
    return question === undefined ? request : { question };
  }

  /** What to put to a human, or how it ended without one. Where a rule wants more people than can be reached nobody is asked in vain. */
  async function ready(input: ElevationInput, call: IncomingCall, sight: Sight): Promise<Prepared> {
    const prepared = await prepare(handoff, input, sight, call.signal, call.progress);
    const needed = 'draft' in prepared ? (prepared.draft.approvals ?? 1) : 0;
    if (!('draft' in prepared) || needed <= parts.people) return prepared;
    return {
      status: 'denied',
      rule: prepared.draft.rules[0] ?? 'default',
      message: `A rule wants ${needed} people to say yes, and only ${parts.people} can answer here.`,
      next: 'Tell the user to name more approvers under `channels.webhook.answers` in mcp.json.',
    };
  }

  function ended(prepared: Exclude<Prepared, { draft: unknown }>): Outcome {
    const value = {
      status: prepared.status,
      message: prepared.message,
      next: prepared.next,
      ...(prepared.rule === undefined ? {} : { rule: prepared.rule }),
    };
    return { value, text: `${prepared.status}: ${prepared.message} ${prepared.next}` };
  }

  return {
    of: (call, sight) => ({
      elevate: (input) => elevate(input, call, sight),
      permissions: async () => permissions(parts, sight),
      async release(grant_id) {
        const grant = grants.get(grant_id);
        if (!grant || grant.agent !== sight.who.agent || grant.user !== sight.who.user)
          throw new BadInput(`you have no grant \`${grant_id.slice(0, 80)}\`; list_permissions shows yours`);
        const released = await grants.finish(grant_id, 'revoked', { type: 'grant.released', reason: 'the agent gave it back' });
        return { grant_id, released, message: released ? 'Given back; it ended at once.' : 'It had ended already.' };
      },
      queryAudit: (input) => queryAudit(audit, input, sight),
    }),
    async answered(call, sight) {
      const request = call.answer && elevations.get(call.answer.request_id);
      if (!call.answer || !request || !own(request, sight) || request.session_id !== sight.who.session_id) return;
      await ladder.answered(call.client, request, call.answer);
    },
    gone(client) {
      left.add(client.connection_id);
      const [oldest] = left;
      if (left.size > 1_000 && oldest !== undefined) left.delete(oldest);
      for (const [id, connection] of waiting) {
        if (connection !== client.connection_id) continue;
        if (elevations.get(id)?.state !== 'pending') waiting.delete(id);
        else
          after(
            parts.gone_ms ?? GONE_MS,
            () => void (waiting.get(id) === connection && elevations.cancel(id, 'the client went away').catch(() => undefined)),
          );
      }
    },
    async askInline(call, sight) {
      const input = { justification: '', calls: [{ tool: call.tool, arguments: call.arguments }] };
      const prepared = await ready(input, call, sight);
      // allowed meanwhile counts as well: the call is judged again
      if (!('draft' in prepared))
        return prepared.status === 'granted' ? { approved: true } : { approved: false, said: prepared.message };
      const put_up = await put(prepared, input, call, sight);
      if ('question' in put_up) return put_up;
      const request = await waitFor(put_up, call);
      return request.state === 'approved' ? { approved: true } : { approved: false, said: await inlineEnd(request) };
    },
  };

  async function inlineEnd(request: RequestRecord): Promise<string> {
    if (request.state !== 'pending') return `a person was asked; not granted: ${request.reason ?? request.state}`;
    return `a person is being asked and has not answered yet (request ${request.request_id}); tell the user: ${await ladder.how(request)}. Then make the same call again, or wait with request_elevation {"justification": "", "request_id": "${request.request_id}"}`;
  }
}

/** Progress about every ten seconds where the client asked for it: some clients cut a call that stays silent. */
function heartbeat(call: IncomingCall): NodeJS.Timeout | undefined {
  if (!call.progress) return undefined;
  let beat = 0;
  const timer = setInterval(() => {
    beat += 1;
    call.progress?.({ progress: beat, message: 'waiting for a person to answer' });
  }, HEARTBEAT_MS);
  timer.unref();
  return timer;
}

/** A grant as the contract shows it. */
export function showGrant(grant: GrantRecord): Record<string, unknown> {
  return {
    grant_id: grant.grant_id,
    state: grant.state,
    scope: grant.scope,
    rules: grant.rules,
    exact: grant.exact !== undefined,
    expires_at: grant.expires_at,
    budget: grant.budget,
    remaining: grant.remaining,
    conditions: grant.while ?? {},
    ...(grant.exact !== undefined ? { calls: grant.exact.length } : {}),
  };
}

function permissions(parts: PowerParts, sight: Sight): Record<string, unknown> {
  const mine = (one: { agent: string; user: string }) => one.agent === sight.who.agent && one.user === sight.who.user;
  const rules = parts
    .policy()
    .rules.filter(
      (rule) =>
        nameMatches(rule.agent, sight.who.agent) &&
        nameMatches(rule.user, sight.who.user) &&
        nameMatches(rule.role, sight.who.role),
    )
    .map((rule) => ({
      id: rule.id,
      effect: rule.effect,
      scope: rule.scope.map((scope) => scope.text),
      why: rule.why,
      conditional: rule.when.length + rule.unless.length > 0 || rule.while !== undefined,
    }));
  const live = new Set(parts.grants.views(sight.who).map((grant) => grant.grant_id));
  return {
    rules,
    grants: parts.grants
      .all()
      .filter((grant) => live.has(grant.grant_id))
      .map(showGrant),
    pending: parts.elevations
      .pending()
      .filter(mine)
      .map((request) => ({
        request_id: request.request_id,
        scope: request.scope,
        created_at: request.created_at,
        expires_at: request.expires_at,
        waits: `${formatDuration(Math.max(1_000, Date.parse(request.expires_at) - sight.context.now))} more`,
      })),
  };
}
