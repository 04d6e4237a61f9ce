// What the guard's own tools do, for the caller's identity: ask and wait, list, give back, look into the audit. Nothing here approves by itself.
import { formatDuration } from '../policies/durations.ts';
import { nameMatches } from '../policies/scope.ts';
import type { Policy } from '../policies/types.ts';
import { BadInput, type ElevationInput, type GuardPowers, type Outcome } from '../tools/guard/tool.ts';
import { readFormAnswer } from './channels/form.ts';
import type { Elevations } from './elevations.ts';
import type { Grants } from './grants.ts';
import { type HandoffParts, prepare, tell } from './handoff.ts';
import type { Judging, Sight } from './judging.ts';
import type { AuditEvent, AuditFilter, AuditLog, ClientHandle, FormAnswer, GrantRecord, Impact, IncomingCall, RequestRecord } from './ports.ts';
import { after } from './timers.ts';

/** Clients cut a call at 60 s; a client that was seen to draw a form gets longer. */
const WAIT_MS = 45_000;
const WAIT_WITH_FORM_MS = 120_000;
const HEARTBEAT_MS = 10_000;
const GONE_MS = 2 * 60_000;

export type PowerParts = {
  judging: Judging;
  elevations: Elevations;
  grants: Grants;
  audit: AuditLog;
  policy: () => Policy;
  /** Milliseconds below which an answer is the client's own. */
  min_answer: number;
  /** Who a form's answer counts for: the configured user. */
  approver: string;
  humanActed: (channel: string) => Promise<void>;
  /** Shorter waits, for tests. */
  wait_ms?: number;
  gone_ms?: number;
};

/** Impacts of requests in this process, for telling an agent that comes back to wait again. */
type Told = { impacts: Impact[]; withheld: boolean };

export type Powers = {
  of(call: IncomingCall, sight: Sight): GuardPowers;
  /** Asks about exactly this call and waits; true when it was approved. */
  askInline(call: IncomingCall, sight: Sight): Promise<boolean>;
  /** A connection is gone: what it asked for is withdrawn unless somebody comes back for it in time. */
  gone(client: ClientHandle): void;
};

export function createPowers(parts: PowerParts): Powers {
  const { elevations, grants, audit } = parts;
  const told = new Map<string, Told>();
  /** Clients (by their own name and version) that answer forms without a human, and those that were seen to draw one. */
  const unreliable = new Set<string>();
  const draws = new Set<string>();
  /** Which connection waits for a pending request. */
  const waiting = new Map<string, string>();
  const label = (client: ClientHandle) => `${client.name} ${client.version}`;

  function canForm(client: ClientHandle, request: RequestRecord): boolean {
    return client.forms && request.proof === 'none' && !unreliable.has(label(client));
  }

  async function formAnswered(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void> {
    const read = readFormAnswer(answer, request, parts.min_answer);
    if (read.kind === 'not_human') {
      unreliable.add(label(client));
      await audit.append({ type: 'request.unanswered', request_id: request.request_id, agent_id: request.agent, session_id: request.session_id, user: request.user, channel: 'form', why: read.reason });
      return;
    }
    draws.add(label(client));
    await parts.humanActed('form');
    await elevations.answer(request.request_id, { choice: read.choice, approver: parts.approver, channel: 'form', proof: request.proof === 'typed' ? 'typed' : 'none' });
  }

  /** Puts a legacy client's form up, once per request; its answer lands on the stored request, whenever it comes. */
  function putForm(client: ClientHandle, request: RequestRecord): boolean {
    if (!client.form || !canForm(client, request)) return false;
    client
      .form({ request_id: request.request_id, message: request.message, typed: request.proof === 'typed' })
      .then((answer) => formAnswered(client, request, answer))
      .catch(() => undefined);
    return true;
  }

  async function waitFor(request: RequestRecord, call: IncomingCall): Promise<RequestRecord> {
    waiting.set(request.request_id, call.client.connection_id);
    const form = canForm(call.client, request) && draws.has(label(call.client));
    const beats = heartbeat(call);
    try {
      return await elevations.wait(request.request_id, parts.wait_ms ?? (form ? WAIT_WITH_FORM_MS : WAIT_MS), call.signal);
    } finally {
      clearInterval(beats);
    }
  }

  async function answerFor(request: RequestRecord): Promise<Outcome> {
    const grant = request.grant_id === undefined ? undefined : grants.get(request.grant_id);
    const { impacts, withheld } = told.get(request.request_id) ?? { impacts: [request.impact], withheld: true };
    return tell(request, grant && showGrant(grant), impacts, withheld);
  }

  async function attach(id: string, call: IncomingCall, sight: Sight, cancel: boolean): Promise<Outcome> {
    const request = elevations.get(id);
    if (!request || request.agent !== sight.who.agent || request.user !== sight.who.user) throw new BadInput(`you have no request \`${id.slice(0, 80)}\`; ask again with \`calls\` or \`scope\``);
    if (cancel) await elevations.cancel(id, 'the agent withdrew it');
    return answerFor(cancel ? (elevations.get(id) ?? request) : await waitFor(request, call));
  }

  async function elevate(input: ElevationInput, call: IncomingCall, sight: Sight): Promise<Outcome> {
    if (call.answer) {
      const request = elevations.get(call.answer.request_id);
      if (request && request.agent === sight.who.agent && request.user === sight.who.user && request.session_id === sight.who.session_id) {
        if (request.state === 'pending') await formAnswered(call.client, request, call.answer);
        return answerFor(await waitFor(elevations.get(request.request_id) ?? request, call));
      }
    }
    if (input.request_id !== undefined) return attach(input.request_id, call, sight, input.cancel === true);
    const handoff: HandoffParts = { judging: parts.judging, policy: parts.policy, elevations };
    const prepared = await prepare(handoff, input, sight, call.signal);
    if (!('draft' in prepared)) {
      const value = { status: prepared.status, message: prepared.message, next: prepared.next, ...(prepared.rule === undefined ? {} : { rule: prepared.rule }) };
      return { value, text: `${prepared.status}: ${prepared.message} ${prepared.next}` };
    }
    const before = new Set(elevations.pending().map((one) => one.request_id));
    const request = await elevations.ask(prepared.draft);
    remember(request.request_id, { impacts: prepared.impacts, withheld: prepared.withheld });
    if (request.state === 'pending' && !before.has(request.request_id)) {
      if (call.client.era === 'modern' && canForm(call.client, request)) {
        // it waits for the answer just as well, though no call is open
        waiting.set(request.request_id, call.client.connection_id);
        return { question: { request_id: request.request_id, message: request.message, typed: false } };
      }
      putForm(call.client, request);
    }
    return answerFor(await waitFor(request, call));
  }

  function remember(id: string, what: Told): void {
    told.set(id, what);
    if (told.size > 1_000) for (const oldest of told.keys()) return void told.delete(oldest);
  }

  return {
    of: (call, sight) => ({
      elevate: (input) => elevate(input, call, sight),
      permissions: async () => permissions(parts, sight),
      async release(grant_id) {
        const grant = grants.get(grant_id);
        if (!grant || grant.agent !== sight.who.agent || grant.user !== sight.who.user) throw new BadInput(`you have no grant \`${grant_id.slice(0, 80)}\`; list_permissions shows yours`);
        const released = await grants.finish(grant_id, 'revoked', { type: 'grant.released', reason: 'the agent gave it back' });
        return { grant_id, released, message: released ? 'Given back; it ended at once.' : 'It had ended already.' };
      },
      queryAudit: (input) => queryAudit(audit, input, sight),
    }),
    gone(client) {
      for (const [id, connection] of waiting) {
        if (connection !== client.connection_id) continue;
        if (elevations.get(id)?.state !== 'pending') waiting.delete(id);
        else after(parts.gone_ms ?? GONE_MS, () => void (waiting.get(id) === connection && elevations.cancel(id, 'the client went away').catch(() => undefined)));
      }
    },
    async askInline(call, sight) {
      const prepared = await prepare({ judging: parts.judging, policy: parts.policy, elevations }, { justification: '', calls: [{ tool: call.tool, arguments: call.arguments }] }, sight, call.signal);
      if (!('draft' in prepared)) return false;
      const request = await elevations.ask(prepared.draft);
      remember(request.request_id, { impacts: prepared.impacts, withheld: prepared.withheld });
      if (request.state === 'pending') putForm(call.client, request);
      return (await waitFor(request, call)).state === 'approved';
    },
  };
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
    .rules.filter((rule) => nameMatches(rule.agent, sight.who.agent) && nameMatches(rule.user, sight.who.user) && nameMatches(rule.role, sight.who.role))
    .map((rule) => ({ id: rule.id, effect: rule.effect, scope: rule.scope.map((scope) => scope.text), why: rule.why, conditional: rule.when.length + rule.unless.length > 0 || rule.while !== undefined }));
  const live = new Set(parts.grants.views(sight.who).map((grant) => grant.grant_id));
  return {
    rules,
    grants: parts.grants.all().filter((grant) => live.has(grant.grant_id)).map(showGrant),
    pending: parts.elevations.pending().filter(mine).map((request) => ({ request_id: request.request_id, scope: request.scope, created_at: request.created_at, expires_at: request.expires_at, waits: `${formatDuration(Math.max(1_000, Date.parse(request.expires_at) - sight.context.now))} more` })),
  };
}

/** The agent sees its own user's events; that it looked is an event. Measured counts of what was never granted stay hidden. */
async function queryAudit(audit: AuditLog, input: Record<string, unknown>, sight: Sight): Promise<Record<string, unknown>> {
  const own = (event: AuditEvent) => event.user === undefined || event.user === sight.who.user;
  const { why, ...filter } = input;
  try {
    if (typeof why === 'string') {
      const found = await audit.why(why);
      await audit.append({ type: 'audit.read', agent_id: sight.who.agent, session_id: sight.who.session_id, user: sight.who.user, request: why.slice(0, 80) });
      if (!found || !found.chain.some((event) => event.user === sight.who.user) || !found.chain.every(own)) throw new BadInput(`there is no event, call, request or grant \`${why.slice(0, 80)}\` of yours in the audit`);
      return { story: found.story, chain: found.chain.map(hideCounts) };
    }
    const result = await audit.query(filter as AuditFilter);
    await audit.append({ type: 'audit.read', agent_id: sight.who.agent, session_id: sight.who.session_id, user: sight.who.user });
    return { events: result.events.filter(own).map(hideCounts), ...(result.next_cursor === undefined ? {} : { next_cursor: result.next_cursor }) };
  } catch (error) {
    if (error instanceof BadInput || audit.failed) throw error;
    throw new BadInput(error instanceof Error ? error.message : 'this filter cannot be used');
  }
}

/** What was counted for a human's eyes is not told to the agent afterwards either, unless it was granted. */
function hideCounts(event: AuditEvent): Record<string, unknown> {
  if (event.type.startsWith('grant.') || event.type === 'call.outcome' || event.type === 'call.intent') return event;
  const { records: _records, message: _message, facts: _facts, budget: _budget, ...rest } = event;
  return rest;
}
