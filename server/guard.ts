// The road of one call, top to bottom. The order is the security: no step calls another, and every way out before `forward` is a refusal.
import { randomBytes } from 'node:crypto';
import { COUNTED } from '../policies/decide.ts';
import type { PastCall } from '../policies/history.ts';
import type { Verdict } from '../policies/judge.ts';
import { assessResult } from '../policies/risk.ts';
import { deriveScope } from '../policies/scope.ts';
import { isSensitive, readsSensitive } from '../policies/sensitivity.ts';
import type { Decision, Effect, Identity, Policy } from '../policies/types.ts';
import { approvedMost, type Bound, boundFor, exceeded, readActual } from './bounds.ts';
import { DownstreamError } from './errors.ts';
import type { Grants, Reservation } from './grants.ts';
import type { Histories } from './histories.ts';
import { inspect } from './inspect.ts';
import { type Found, identityMeta, type Judging, type Sight } from './judging.ts';
import { dependsOn, endedWhy, type Live } from './live.ts';
import { lookAt, sameSeen } from './looking.ts';
import { impactPromise, type Measured } from './measure.ts';
import { haveMoved, isLocal, type Places, placesOf } from './places.ts';
import type {
  AuditInput,
  AuditLog,
  CallReply,
  Clock,
  GuardPort,
  Impact,
  IncomingCall,
  ToolDefinition,
  ToolResult,
} from './ports.ts';
import type { Inline } from './powers.ts';
import { riskRecord } from './recorded-call.ts';
import { AUDIT_FAILED, failureResult, refusalResult } from './refusals.ts';
import { reportedBy } from './reported.ts';
import { rewritable, rewritten } from './rewriting.ts';
import type { Sets } from './sets.ts';
import { toldBy } from './told-by.ts';

const OUTSIDE = 'outside what was approved, so nothing was changed: ask again with the same call';
/** Milliseconds a downstream gets to answer. */
const CALL_MS = 5 * 60_000;

export type GuardParts = {
  clock: Clock;
  audit: AuditLog;
  judging: Judging;
  grants: Grants;
  histories: Histories;
  policyDigest: () => string;
  policy: () => Policy;
  live: Pick<Live, 'watch'>;
  /** Opens the session where configuration says so, and says who is behind this connection and what is known of the situation. */
  identify: (call: Pick<IncomingCall, 'client'>) => Promise<Sight>;
  /** The guard's own tools; undefined when the name is not one of them. */
  own: (call: IncomingCall, sight: Sight) => Promise<CallReply> | undefined;
  /** The answer a client carried back with its call lands on the stored request; it can only add a permission there, or end one. */
  answered: (call: IncomingCall, sight: Sight) => Promise<void>;
  /** `ask: inline`: puts the question and waits, or has the client carry it. */
  askInline: (call: IncomingCall, sight: Sight) => Promise<Inline>;
  tools: () => Promise<ToolDefinition[]>;
  sets: Pick<Sets, 'get'>;
  /** Tells a person that something went wrong that no rule foresaw. */
  alarm: (line: string) => void;
  disconnected: GuardPort['disconnected'];
};

/** How a call stands after steps 2 to 7: refused before it could be judged, or judged. */
type Appraisal =
  | { refusal: Decision; found?: Found }
  | { refusal?: never; found: Found; verdict: Verdict; measured: Measured | undefined };

export function createGuard(parts: GuardParts): GuardPort {
  const { audit, judging, grants, clock } = parts;

  async function callTool(call: IncomingCall): Promise<CallReply> {
    const started = clock.mono();
    // 1 identify
    let sight = await parts.identify(call);
    if (call.answer) await parts.answered(call, sight);
    const own = parts.own(call, sight);
    if (own) return own;

    // 2 find and validate, 3 classify, 4 decide, 5 measure, 6 assess, 7 decide again
    let seen = await appraise(call, sight);

    // 8 ask right here if the rule says so: an approval only adds a grant, and while a person thought it over everything may have changed
    if (!seen.refusal && seen.verdict.decision.decision === 'ask' && seen.verdict.decision.mode === 'inline') {
      const asked = await parts.askInline(call, sight);
      if ('question' in asked) return asked;
      if (!asked.approved) return refuse(call, sight, seen.verdict.decision, seen.found, seen.verdict, asked.said);
      sight = await parts.identify(call);
      seen = await appraise(call, sight);
    }
    if (seen.refusal) return refuse(call, sight, seen.refusal, seen.found);
    const { found, verdict, measured } = seen;
    if (verdict.decision.decision !== 'allow' || !verdict.reading) return refuse(call, sight, verdict.decision, found, verdict);
    if (audit.failed) return { result: failureResult(AUDIT_FAILED, false) };
    const places = placesOf(verdict.reading, found.downstream.entry);

    // 9 spend the grant: nothing runs between the decision and this
    const taken = grants.reserve(verdict.decision.grants, verdict.reading.facts, verdict.call_digest);
    if (!taken)
      return refuse(
        call,
        sight,
        { ...verdict.decision, decision: 'ask', rule: 'default', why: 'the permission was used up meanwhile' },
        found,
        verdict,
      );
    const past = parts.histories.note(sight.who, pastCall(found, verdict, sight.context.now, 'allow'));

    // 10 record the intent, durably, and book the use: no record, no call
    const call_id = `call_${randomBytes(9).toString('base64url')}`;
    try {
      await audit.append({
        type: 'call.intent',
        call_id,
        ...describe(sight, verdict.decision, parts.policyDigest(), found, verdict, measured),
        user_present: sight.context.user_present === true,
      });
      await grants.spend(taken, call_id);
    } catch {
      grants.release(taken);
      past.refused = true;
      return { result: failureResult(AUDIT_FAILED, false) };
    }

    // 11 forward
    const answer = await forward(call, found, sight, verdict, taken, measured, places);

    // 12 inspect, 13 record the outcome and settle what was spent
    return settle(call_id, sight.who, verdict, found, taken, past, answer, clock.mono() - started, measured);
  }

  async function appraise(call: IncomingCall, sight: Sight): Promise<Appraisal> {
    // 2 find and validate
    const found = judging.find(call.tool);
    if ('decision' in found) return { refusal: found };
    const problem = judging.fit(found, call.arguments);
    if (problem) return { refusal: problem, found };

    // 3 classify, 4 decide on what is known without touching anything
    const verdict = judging.judge(found, call.arguments, sight);

    // 5 measure when a rule or a grant's budget needs it and nothing denies; 6 assess and 7 decide again
    // a permission that was given by count is used by count, whatever the tool is
    const counted = verdict.decision.grants.some((id) => {
      const grant = grants.get(id);
      return (
        grant !== undefined &&
        (grant.sets !== undefined || grant.bound !== undefined || COUNTED.some((fact) => grant.budget[fact] !== undefined))
      );
    });
    const counts =
      counted ||
      verdict.decision.unmeasured.length > 0 ||
      (verdict.decision.decision === 'ask' && grants.views(sight.who).length > 0);
    if (verdict.decision.decision === 'deny' || !counts || !judging.measurable(found, verdict))
      return { found, verdict, measured: undefined };
    const measured = await judging.measure(found, call.arguments, verdict, sight, call.signal, call.progress);
    return { found, verdict: judging.judge(found, call.arguments, sight, measured ? { measured } : {}), measured };
  }

  type Answer = {
    result: ToolResult;
    outcome: 'ok' | 'error' | 'unknown' | 'failed' | 'outside_bound';
    actual?: number;
    unit?: Impact['unit'];
    why?: string;
    /** The conditions that ended while it ran. */
    failed?: string[];
    /** More happened than was approved. */
    exceeded?: string;
  };

  async function forward(
    call: IncomingCall,
    found: Found,
    sight: Sight,
    verdict: Verdict,
    taken: readonly Reservation[],
    measured: Measured | undefined,
    places: Places,
  ): Promise<Answer> {
    // writing the intent took a moment: what ended meanwhile ends this call too
    const late = sight.stop.aborted
      ? 'everything was stopped while it was on its way'
      : grants.stands(taken)
        ? haveMoved(places)
          ? 'one of its paths leads elsewhere than when it was judged; try again'
          : undefined
        : 'the permission ended while it was on its way';
    if (late !== undefined) return { result: failureResult(late, false), outcome: 'failed', why: late };
    const [first] = taken;
    const grant = first && grants.get(first.grant_id);
    const meta: Record<string, unknown> = {
      'perimeter/identity': identityMeta(found, sight.who, verdict.decision, grant && Date.parse(grant.expires_at), clock),
    };
    const promise = impactPromise(found.definition, found.downstream.tools());
    const unit = promise?.unit ?? measured?.impact.unit ?? 'records';
    let bound: Bound | undefined;
    if ((promise?.bound || measured?.rewritten || measured?.looked) && measured && measured.impact.measured !== null) {
      bound = boundFor({ grant, taken: first?.taken, measured, unit, call: verdict.call_digest }, parts.sets);
      if (!bound) {
        const why = 'what was approved one by one is no longer known here; ask again';
        return { result: failureResult(why, false), outcome: 'failed', why };
      }
      if (measured.looked) {
        // the server promises nothing, so the guard looks for itself, as late as it can
        const now = verdict.reading && (await lookAt(verdict.reading).catch(() => undefined));
        if (!now || now.total > bound.total || (bound.sets && !sameSeen(now, bound.sets)))
          return { result: failureResult(OUTSIDE, false), outcome: 'outside_bound', actual: 0, unit };
        // looking took a moment too
        const gone = 'the permission ended while it was on its way';
        if (!grants.stands(taken)) return { result: failureResult(gone, false), outcome: 'failed', why: gone };
      } else if (!measured.rewritten) meta['perimeter/bound'] = bound;
    }
    const rewrite = measured?.rewritten ? rewritable(found.server.binding?.tools[found.tool]) : undefined;
    const held =
      measured?.rewritten &&
      rewrite &&
      bound &&
      rewritten(call.arguments, rewrite, bound, measured.rewritten, measured.impact.direct === true);
    if (measured?.rewritten && !held)
      return {
        result: failureResult('the statement can not be held to what was approved', false),
        outcome: 'failed',
        why: 'it could not be rewritten',
      };
    // what it was allowed by may end while it runs: then it is called back
    const ended = new AbortController();
    let failed: string[] | undefined;
    const broken = dependsOn(
      verdict,
      parts.policy(),
      taken.flatMap(({ grant_id }) => grants.get(grant_id) ?? []),
    );
    const unwatch =
      broken &&
      parts.live.watch(broken, (names) => {
        failed = names;
        ended.abort();
      });
    try {
      const passed = isLocal(found.downstream.entry) ? verdict.reading?.passed : undefined;
      const result = await found.downstream.call(found.tool, held?.args ?? passed ?? call.arguments, {
        meta,
        signal: AbortSignal.any([call.signal, sight.stop, ended.signal]),
        timeout: CALL_MS,
        ...(call.progress ? { progress: toldBy(found.server.server, call.progress) } : {}),
      });
      if (held?.outside(result))
        return {
          result: {
            content: [{ type: 'text', text: OUTSIDE }],
            isError: true,
          },
          outcome: 'outside_bound',
          actual: 0,
          unit,
        };
      // only a tool that promised to keep to a bound is believed when it says how much it did
      const actual = promise?.bound ? readActual(result._meta?.['perimeter/actual']) : undefined;
      const outside = promise?.bound === true && result._meta?.['perimeter/outside_bound'] !== undefined;
      const answer: Answer = { result, outcome: outside ? 'outside_bound' : result.isError === true ? 'error' : 'ok' };
      const said = promise?.bound ? undefined : reportedBy(found.server.binding?.tools[found.tool]?.reports, result);
      const given = () => taken.map((one) => ({ taken: one.taken, grant: grants.get(one.grant_id) }));
      const most = said && approvedMost(said.unit, given(), measured, verdict.reading?.facts ?? {});
      if (said && most !== undefined && said.count > most)
        answer.exceeded = `${said.count} ${said.unit} by its own word, ${most} approved`;
      if (promise) answer.unit = promise.unit;
      if (actual) answer.actual = actual.total;
      else if (outside) answer.actual = 0;
      if (actual && bound) {
        const over = exceeded(actual, bound);
        if (over !== undefined) answer.exceeded = over;
      }
      if (haveMoved(places)) {
        answer.exceeded ??= 'one of its paths led elsewhere while it ran';
        answer.result = failureResult('one of its paths led elsewhere while it ran, so what it gave is withheld', true);
      }
      return answer;
    } catch (error) {
      const reached = !(error instanceof DownstreamError) || error.reached;
      const message = failed ? endedWhy(failed) : error instanceof DownstreamError ? error.message : 'the call failed on its way';
      return {
        result: failureResult(message, reached),
        outcome: reached ? 'unknown' : 'failed',
        why: message,
        ...(failed ? { failed } : {}),
      };
    } finally {
      unwatch?.();
    }
  }

  async function settle(
    call_id: string,
    who: Identity,
    verdict: Verdict,
    found: Found,
    taken: readonly Reservation[],
    past: PastCall,
    answer: Answer,
    took_ms: number,
    measured: Measured | undefined,
  ): Promise<CallReply> {
    const { result, data, size, withheld } = inspect(answer.result, verdict.decision.redact);
    const sensitive = isSensitive(
      data,
      (verdict.reading?.actions ?? []).map((action) => action.domain),
    );
    if (sensitive) past.sensitive = true;
    if (data.truncated) past.unscanned = true;
    past.size = size;
    try {
      const facts = {
        'data.classes': data.classes,
        'result.size': size,
        ...(sensitive ? { 'result.sensitive': true } : {}),
        ...(data.truncated ? { 'result.unscanned': true } : {}),
      };
      const event: AuditInput = {
        type: 'call.outcome',
        call_id,
        ...names(who, found),
        outcome: answer.outcome,
        duration_us: Math.round(took_ms * 1_000),
        facts,
      };
      if (data.classes.length > 0) event.risk = assessResult(data.classes, parts.policy().risk);
      const [first] = taken;
      if (first) event.grant_id = first.grant_id;
      const counted = measured?.impact.measured ?? undefined;
      if (counted !== undefined || answer.actual !== undefined)
        event.records = {
          ...(counted === undefined ? {} : { measured: counted }),
          ...(answer.actual === undefined ? {} : { actual: answer.actual }),
        };
      const why = withheld ?? answer.why;
      if (why !== undefined) event.why = why;
      if (answer.failed) event.failed = answer.failed;
      await audit.append(event);
      if (answer.exceeded !== undefined) await alarm(call_id, who, found, taken, answer.exceeded);
      await grants.settle(
        taken,
        answer.outcome === 'failed'
          ? 'unused'
          : answer.actual === undefined || answer.unit === undefined
            ? {}
            : { [answer.unit]: answer.actual },
      );
    } catch {
      return {
        result: failureResult(
          'the call was carried out, but its outcome could not be recorded; nothing more is forwarded until the audit can be written',
          true,
        ),
      };
    }
    return { result };
  }

  /** A tool broke its promise: what it was given ends, and a person hears of it. */
  async function alarm(call_id: string, who: Identity, found: Found, taken: readonly Reservation[], why: string): Promise<void> {
    parts.alarm(`${found.server.server}/${found.tool} did more than was approved: ${why}`);
    const [first] = taken;
    await audit.append({
      type: 'impact.exceeded',
      call_id,
      ...names(who, found),
      why,
      ...(first ? { grant_id: first.grant_id } : {}),
    });
    for (const { grant_id } of taken)
      await grants.finish(grant_id, 'revoked', { type: 'grant.revoked', reason: `more happened than was approved: ${why}` });
  }

  async function refuse(
    call: IncomingCall,
    { who, context }: Sight,
    decision: Decision,
    found?: Found,
    verdict?: Verdict,
    said?: string,
  ): Promise<CallReply> {
    if (found) parts.histories.note(who, pastCall(found, verdict, context.now, decision.decision));
    const event: AuditInput = {
      type: 'call.refused',
      ...describe({ who, context }, decision, parts.policyDigest(), found, verdict),
    };
    if (!found) event.tool = call.tool.slice(0, 256);
    // a refusal that can't be recorded is still a refusal
    await audit.append(event).catch(() => undefined);
    return { result: refusalResult(decision, { tool: call.tool, arguments: call.arguments }, said) };
  }

  return {
    listTools: parts.tools,
    async callTool(call) {
      try {
        return await callTool(call);
      } catch {
        return {
          result: failureResult(audit.failed ? AUDIT_FAILED : 'the guard could not judge this call, so it was refused', false),
        };
      }
    },
    disconnected: parts.disconnected,
    refusedMessage(client, what) {
      const event: AuditInput = { type: 'call.refused', decision: 'deny', rule: 'error', why: what.reason };
      if (client?.agent !== undefined) event.agent_id = client.agent;
      if (what.method !== undefined) event.method = what.method.slice(0, 128);
      void audit.append(event).catch(() => undefined);
    },
  };
}

function names(who: Identity, found: Found | undefined): Partial<AuditInput> {
  const fields: Partial<AuditInput> = { agent_id: who.agent, session_id: who.session_id, user: who.user };
  return found ? { ...fields, server: found.server.server, tool: found.tool } : fields;
}

/** What an event says of a judged call. Arguments are there as a digest only. */
function describe(
  { who, context }: Pick<Sight, 'who' | 'context'>,
  decision: Decision,
  policy_digest: string,
  found: Found | undefined,
  verdict?: Verdict,
  measured?: Measured,
): Partial<AuditInput> {
  const [first] = decision.actions;
  const fields: Partial<AuditInput> = {
    ...names(who, found),
    actions: decision.actions,
    decision: decision.decision,
    rule: decision.rule,
    rules: decision.rules,
    why: decision.why,
    failed: decision.failed,
    policy_digest,
    risk: decision.risk,
    facts: decision.facts,
  };
  if (first) fields.action = first.action;
  if (verdict) fields.args_digest = verdict.call_digest;
  if (verdict?.reading) {
    Object.assign(fields, riskRecord(verdict.reading, context));
    fields.scope = verdict.reading.actions.map(deriveScope);
    const resources = verdict.reading.actions.map((action) => action.resource).filter((resource) => resource !== undefined);
    if (resources.length > 0) fields.resource = resources.slice(0, 20).join(' ');
  }
  if (decision.where !== undefined) fields.where = decision.where;
  const [grant] = decision.grants;
  if (grant !== undefined) fields.grant_id = grant;
  if (measured?.impact.measured !== undefined && measured.impact.measured !== null)
    fields.records = { measured: measured.impact.measured };
  return fields;
}

function pastCall(found: Found, { reading }: Partial<Pick<Verdict, 'reading'>> = {}, at: number, effect: Effect): PastCall {
  return {
    at,
    server: found.server.server,
    tool: found.tool,
    actions: reading?.actions ?? [],
    refused: effect !== 'allow',
    denied: effect === 'deny',
    untrusted: reading?.untrusted === true,
    sensitive: reading !== undefined && readsSensitive(reading),
  };
}
