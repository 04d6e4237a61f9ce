// The handoff: the agent asks with context, the guard judges and measures what is planned, writes the question, and says how it ended.
import { digestOf } from '../policies/canonical-json.ts';
import { COUNTED, DEFAULT_LIMITS, refusal } from '../policies/decide.ts';
import type { Verdict } from '../policies/judge.ts';
import { isAbove } from '../policies/risk.ts';
import { deriveScope, nameMatches, parseScope, scopeCovers } from '../policies/scope.ts';
import { scopesOverlap } from '../policies/scopes.ts';
import type { Budget, Decision, Identity, Limits, Policy, Proof, Risk, Strength } from '../policies/types.ts';
import { PROOFS, STRENGTHS } from '../policies/types.ts';
import { isOwn } from '../policies/values/address.ts';
import { BadInput, type ElevationInput } from '../tools/guard/tool.ts';
import { definitionDigest } from './catalog.ts';
import { CEILING_MS, CEILINGS, UNKNOWN_MS } from './ceilings.ts';
import type { Draft, Elevations } from './elevations.ts';
import type { Found, Judging, Sight } from './judging.ts';
import type { Measured } from './measure.ts';
import { type Asking, writeMessage } from './message.ts';
import type { Impact, IncomingCall, RequestRecord } from './ports.ts';

const MAX_USES = 100;
const READING = new Set(['read', 'list', 'search']);
const NO_RISK: Risk = { level: 'low', score: 0, factors: [] };

type Plan = { found: Found; args: Record<string, unknown>; verdict: Verdict; measured: Measured | undefined };
/** Either a draft to put to a human, or how it ended without one. */
export type Prepared =
  | { draft: Draft; impacts: Impact[]; withheld: boolean }
  | { status: 'granted' | 'denied'; rule?: string; message: string; next: string };

export type HandoffParts = { judging: Judging; policy: () => Policy; elevations: Elevations };

/** Judges and measures what was asked. Throws BadInput with what to send instead. */
export async function prepare(
  { judging, policy }: HandoffParts,
  input: ElevationInput,
  sight: Sight,
  signal: AbortSignal,
  progress?: IncomingCall['progress'],
): Promise<Prepared> {
  if ((input.calls?.length ?? 0) === 0 && input.scope === undefined)
    throw new BadInput(
      'give `calls` (the calls you plan, as you would make them) or a `scope` such as `read:files:marketing/**`',
    );
  // a scope is judged by no call, and nothing new may come to be while everything is locked
  const locked = judging.locked();
  if (locked) return denied(locked);
  const wide = input.scope === undefined ? undefined : wanted(input.scope);
  const plans: Plan[] = [];
  for (const { tool, arguments: args } of input.calls ?? []) {
    const planned = await planOne(judging, tool, args, sight, signal, progress);
    if ('refused' in planned) return denied(planned.refused);
    if (planned.verdict.decision.decision === 'ask') plans.push(planned);
  }
  if (plans.length === 0 && wide === undefined)
    return {
      status: 'granted',
      message: 'These calls are allowed already; no new permission was made.',
      next: 'Make the calls.',
    };
  for (const plan of plans) {
    const stray =
      wide &&
      plan.verdict.reading?.actions.find(
        (action, index) => plan.verdict.decision.actions[index]?.decision === 'ask' && !scopeCovers(wide, action, 'permit'),
      );
    if (stray)
      throw new BadInput(
        `the scope \`${input.scope}\` does not cover the planned ${deriveScope(stray)}; widen it, or leave it out`,
      );
  }
  const terms =
    wide === undefined
      ? termsOf(plans.map((plan) => plan.verdict.decision))
      : union(termsOf(plans.map((plan) => plan.verdict.decision)), scopeTerms(wide, policy(), sight.who));
  if ('refused' in terms) return denied(terms.refused);
  if (plans.length === 0 && terms.limits.exact === true)
    return {
      status: 'denied',
      rule: terms.rules.find((id) => id !== 'default') ?? 'default',
      message: "This can't be approved as a scope: a rule lets a person approve exactly the calls shown, and nothing wider.",
      next: 'Ask again with the `calls` you plan.',
    };
  return draftOf(input, plans, terms, sight, policy().digest, judging);
}

function wanted(text: string): ReturnType<typeof parseScope> {
  try {
    const scope = parseScope(text);
    if (scope.verb === '*' || scope.domain === '*')
      throw new Error('name one verb and one domain; `*` there would be everything');
    return scope;
  } catch (error) {
    throw new BadInput(`the scope \`${text.slice(0, 200)}\` can't be used: ${(error as Error).message}`);
  }
}

async function planOne(
  judging: Judging,
  tool: string,
  args: Record<string, unknown>,
  sight: Sight,
  signal: AbortSignal,
  progress: IncomingCall['progress'],
): Promise<Plan | { refused: Decision }> {
  const found = judging.find(tool);
  if ('decision' in found) return { refused: found };
  const problem = judging.fit(found, args);
  if (problem) return { refused: problem };
  let verdict = judging.judge(found, args, sight);
  let measured: Measured | undefined;
  if (verdict.decision.decision === 'deny') return { refused: verdict.decision };
  if (changes(verdict)) {
    measured = await judging.measure(found, args, verdict, sight, signal, progress);
    if (measured) verdict = judging.judge(found, args, sight, { measured });
    if (verdict.decision.decision === 'deny') return { refused: verdict.decision };
  }
  return { found, args, verdict, measured };
}

const changes = (verdict: Verdict) => verdict.reading?.actions.some((action) => !READING.has(action.verb)) === true;

function denied(decision: Decision): Prepared {
  const where = decision.where === undefined ? '' : ` (${decision.where})`;
  return {
    status: 'denied',
    rule: decision.rule,
    message: `Rule \`${decision.rule}\`${where} forbids this: ${decision.why}.`,
    next: 'Nobody was asked, because this answer cannot be lifted. Do something else.',
  };
}

type Terms = { rules: string[]; whys: string[]; limits: Limits; proof: Proof; approvals: number; strength: Strength; risk: Risk };

/** What the asks of several calls demand together: the least of each limit, the strictest proof and strength. */
function termsOf(decisions: readonly Decision[]): Terms {
  const terms: Terms = { rules: [], whys: [], limits: {}, proof: 'none', approvals: 1, strength: 'unknown', risk: NO_RISK };
  return decisions.reduce<Terms>(
    (all, one) =>
      merge(all, {
        rules: one.rules,
        whys: [one.why],
        limits: one.limits,
        proof: one.proof,
        approvals: one.approvals ?? 1,
        strength: one.strength,
        risk: one.risk,
      }),
    terms,
  );
}

function merge(a: Terms, b: Terms): Terms {
  const limits: Limits = { ...a.limits };
  for (const key of ['records', 'recipients', 'files', 'bytes', 'amount', 'uses', 'for', 'at_most'] as const) {
    const values = [a.limits[key], b.limits[key]].filter((value) => value !== undefined);
    if (values.length > 0) limits[key] = Math.min(...values);
  }
  if (b.limits.exact) limits.exact = true;
  if (b.limits.while)
    limits.while = a.limits.while
      ? { ...a.limits.while, also: [...(a.limits.while.also ?? []), b.limits.while] }
      : b.limits.while;
  return {
    rules: [...new Set([...a.rules, ...b.rules])],
    whys: [...new Set([...a.whys, ...b.whys])],
    limits,
    proof: PROOFS.indexOf(a.proof) >= PROOFS.indexOf(b.proof) ? a.proof : b.proof,
    approvals: Math.max(a.approvals, b.approvals),
    strength: STRENGTHS.indexOf(a.strength) <= STRENGTHS.indexOf(b.strength) ? a.strength : b.strength,
    risk: isAbove(b.risk.level, a.risk.level) || (b.risk.level === a.risk.level && b.risk.score > a.risk.score) ? b.risk : a.risk,
  };
}

function union(a: Terms, b: Terms | { refused: Decision }): Terms | { refused: Decision } {
  return 'refused' in b ? b : merge(a, b);
}

/** What the rules say of a whole scope: a deny over all of it ends the asking; every ask that could touch it is answered by the grant. */
function scopeTerms(scope: ReturnType<typeof parseScope>, policy: Policy, who: Identity): Terms | { refused: Decision } {
  const touching = policy.rules.filter((rule) => rule.scope.some((one) => scopesOverlap(one, scope)));
  const probe = { verb: scope.verb as Exclude<typeof scope.verb, '*'>, domain: scope.domain, kind: 'none' as const };
  const barring = touching.find(
    (rule) =>
      rule.effect === 'deny' &&
      rule.when.length + rule.unless.length === 0 &&
      rule.while === undefined &&
      rule.agent === undefined &&
      rule.user === undefined &&
      rule.scope.some((one) => one.resource === undefined && scopeCovers(one, probe, 'restrict')),
  );
  if (barring) return { refused: { ...refusal(barring.id, barring.why, NO_RISK), where: barring.where } };
  const asks = touching.filter(
    (rule) =>
      (rule.effect === 'ask' || rule.otherwise === 'ask') &&
      nameMatches(rule.agent, who.agent) &&
      nameMatches(rule.user, who.user) &&
      nameMatches(rule.role, who.role),
  );
  const base: Terms = {
    rules: ['default', ...asks.map((rule) => rule.id)],
    whys: asks.length > 0 ? [] : ['no rule covers this, so a person decides'],
    limits: asks.length > 0 ? {} : DEFAULT_LIMITS_FOR_SCOPE,
    proof: 'none',
    approvals: 1,
    strength: 'unknown',
    risk: NO_RISK,
  };
  return asks.reduce<Terms>(
    (all, rule) =>
      merge(all, {
        rules: [rule.id],
        whys: [rule.why],
        limits: rule.effect === 'ask' ? rule.limits : {},
        proof: rule.proof,
        approvals: rule.approvals ?? 1,
        strength: rule.strength,
        risk: NO_RISK,
      }),
    base,
  );
}

/** The default terms, but for a scope: there are no calls to be exact about. */
const DEFAULT_LIMITS_FOR_SCOPE: Limits = { for: DEFAULT_LIMITS.for ?? UNKNOWN_MS, at_most: 2 * 60 * 60_000 };

function draftOf(
  input: ElevationInput,
  plans: readonly Plan[],
  terms: Terms,
  sight: Sight,
  policy_digest: string,
  judging: Judging,
): Prepared {
  const impacts = plans.map((plan) => impactOf(plan, input.claimed_records ?? null));
  const impact = summed(impacts, input.claimed_records ?? null);
  const writes =
    plans.length === 0 ? !READING.has((input.scope ?? '').split(':')[0] ?? '') : plans.some((plan) => changes(plan.verdict));
  // a guess at records is no count: it is shown, and gives no more than not knowing does
  const unknown = writes && (impact.measured === null || (impact.unit === 'records' && impact.strength === 'estimated'));
  if (unknown && terms.strength !== 'unknown' && terms.strength !== 'estimated') {
    const why = `what it would touch can't be measured, and a rule demands at least \`${terms.strength}\``;
    return {
      status: 'denied',
      rule: terms.rules[0] ?? 'default',
      message: `This can't be approved: ${why}.`,
      next: 'Ask for something whose effect can be counted.',
    };
  }
  if (writes && !unknown && STRENGTHS.indexOf(impact.strength) > STRENGTHS.indexOf(terms.strength)) {
    return {
      status: 'denied',
      rule: terms.rules[0] ?? 'default',
      message: `This can't be approved: its effect is only ${impact.strength}, and a rule demands \`${terms.strength}\`.`,
      next: 'Ask for something whose effect can be counted more surely.',
    };
  }
  const scope = input.scope === undefined ? [...new Set(plans.flatMap((plan) => askedScopes(plan.verdict)))] : [input.scope];
  const asked_ms = input.minutes === undefined ? undefined : input.minutes * 60_000;
  const cap = Math.min(
    CEILING_MS,
    terms.limits.at_most ?? Math.max(terms.limits.for ?? 0, DEFAULT_LIMITS.at_most ?? 0),
    unknown ? UNKNOWN_MS : writes ? CEILINGS[impact.strength] : CEILING_MS,
  );
  const for_ms = Math.min(cap, asked_ms ?? terms.limits.for ?? DEFAULT_LIMITS.for ?? UNKNOWN_MS);
  const exact_only = (terms.limits.exact === true || unknown) && plans.length > 0;
  // exactly these calls means one use each; a wider permission never gets more uses than the rule gives
  const planned = Math.max(1, plans.length);
  const most = terms.limits.uses ?? MAX_USES;
  const budget: Budget = {
    uses: Math.min(MAX_USES, input.uses ?? planned, unknown ? planned : exact_only ? Math.max(most, planned) : most),
  };
  if (exact_only) budget.uses = Math.max(budget.uses, plans.length);
  for (const fact of COUNTED) {
    const limit = terms.limits[fact];
    // what was counted and shown is what is given; a limit alone gives that much, and an estimate counts for nothing
    const counted =
      fact === impact.unit && impact.strength !== 'estimated' && !impact.more ? (impact.measured ?? undefined) : undefined;
    // who counts for itself says what one use would touch, and each use may touch as much
    const each = counted !== undefined && plans.every(({ measured }) => measured?.looked) ? counted * budget.uses : counted;
    const value = each ?? limit;
    if (value !== undefined) budget[fact] = limit === undefined ? value : Math.min(value, limit);
  }
  if (input.scope !== undefined && plans.length === 0 && writes && terms.limits.uses === undefined) budget.uses = 1;
  const bound = sumPerResource(
    impacts.filter((one) =>
      one.unit === 'events'
        ? one.holds !== undefined
        : one.unit === 'records' && (one.strength === 'enforced' || one.strength === 'rewritten'),
    ),
  );
  const sets = plans.flatMap(({ measured, verdict }) =>
    measured?.set === undefined ? [] : [{ call: verdict.call_digest, set: measured.set }],
  );
  const exact = plans.map((plan) => plan.verdict.call_digest);
  const tools = plans.map((plan) => plan.found.name);
  const asking: Asking = {
    agent: sight.who.agent,
    scope,
    tools,
    impact,
    writes,
    risk: terms.risk,
    whys: terms.whys,
    for_ms,
    ...(asked_ms !== undefined && asked_ms > for_ms ? { asked_ms } : {}),
    uses: budget.uses,
    exact_only,
    justification: input.justification,
    proof: terms.proof,
    approvals: terms.approvals,
    outside: [...new Set(plans.flatMap(outsideOf))],
    calls: plans.map((plan) => ({ tool: plan.found.name, arguments: plan.args })),
  };
  const message = writeMessage(asking);
  const samples = plans.flatMap((plan) => plan.measured?.samples ?? []);
  const notes = plans.flatMap(({ found, measured }) =>
    measured?.notes === undefined ? [] : [{ server: found.server.server, lines: measured.notes }],
  );
  const digest = digestOf({ user: sight.who.user, agent: sight.who.agent, exact, scope, for_ms, uses: budget.uses });
  const definition_digest = digestOf(plans.map((plan) => definitionDigest(plan.found.definition)));
  // when it was counted is told, but asking again a moment later is not another question
  const { counted_at: _when, ...untimed } = impact;
  const shown = digestOf({
    message: writeMessage({ ...asking, impact: untimed }),
    scope,
    rules: terms.rules,
    exact,
    exact_only,
    budget,
    for_ms,
    proof: terms.proof,
    approvals: terms.approvals,
    risk: terms.risk.level,
    while: terms.limits.while ?? null,
    bound,
    definition_digest,
  });
  const draft: Draft = {
    user: sight.who.user,
    agent: sight.who.agent,
    session_id: sight.who.session_id,
    digest,
    scope,
    rules: terms.rules,
    risk: terms.risk.level,
    exact,
    exact_only,
    budget,
    minutes: for_ms / 60_000,
    proof: terms.proof,
    impact,
    message,
    policy_digest,
    definition_digest,
    shown,
    justification: input.justification,
    tools,
    ...(samples.length + notes.length > 0 ? { full: writeMessage({ ...asking, samples, notes }) } : {}),
    asking: { ...asking, samples, notes },
    ...(sets.length > 0 ? { sets } : {}),
    ...(terms.approvals > 1 ? { approvals: terms.approvals } : {}),
    ...(Object.keys(bound).length > 0 ? { bound } : {}),
    ...(terms.limits.while ? { while: terms.limits.while } : {}),
  };
  return { draft, impacts, withheld: !plans.every((plan) => readable(plan, judging, sight)) };
}

/** Domains and hosts of a call that the binding doesn't call the user's own. */
function outsideOf({ verdict: { reading } }: Plan): string[] {
  if (!reading) return [];
  const places = ['recipients.domains', 'attendees.domains', 'url.host'].flatMap((fact) =>
    [reading.facts[fact] ?? []].flat().map(String),
  );
  return places.filter((place) => !isOwn(place, [...reading.own]));
}

function askedScopes(verdict: Verdict): string[] {
  return (verdict.reading?.actions ?? [])
    .filter((_, index) => verdict.decision.actions[index]?.decision === 'ask')
    .map(deriveScope);
}

function impactOf(plan: Plan, claimed: number | null): Impact {
  const impact = plan.measured?.impact ?? { measured: null, unit: 'records', per_resource: {}, strength: 'unknown' };
  return { ...impact, claimed };
}

/** One impact over several calls: added up when all have the same unit and a number, else unknown. */
function summed(impacts: readonly Impact[], claimed: number | null): Impact {
  const [first, ...rest] = impacts;
  if (!first) return { measured: null, unit: 'records', per_resource: {}, claimed, strength: 'unknown' };
  return rest.reduce<Impact>((sum, one) => {
    if (sum.measured === null || one.measured === null || sum.unit !== one.unit)
      return { ...sum, measured: null, per_resource: {}, strength: 'unknown' };
    const weakest = STRENGTHS.indexOf(one.strength) > STRENGTHS.indexOf(sum.strength) ? one.strength : sum.strength;
    return {
      ...sum,
      measured: sum.measured + one.measured,
      per_resource: sumPerResource([sum, one]),
      strength: weakest,
      ...(sum.holds && one.holds ? { holds: sum.holds === 'each' ? one.holds : sum.holds } : {}),
      ...(sum.more || one.more ? { more: true } : {}),
      ...(sum.by_number || one.by_number
        ? { by_number: [...new Set([...(sum.by_number ?? []), ...(one.by_number ?? [])])] }
        : {}),
      ...(sum.direct || one.direct ? { direct: true } : {}),
    };
  }, first);
}

function sumPerResource(impacts: readonly Impact[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const impact of impacts)
    for (const [name, count] of Object.entries(impact.per_resource)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** A count is an oracle: the agent sees it only where it may read all that the call touches anyway. */
function readable(plan: Plan, judging: Judging, sight: Sight): boolean {
  const { reading } = plan.verdict;
  if (!reading?.sql) return false;
  return judging.mayRead(plan.found, reading, sight);
}

/** What the agent is told of a request; `how` says what the human does to answer it. */
export function tell(
  request: RequestRecord,
  grant: Record<string, unknown> | undefined,
  impacts: readonly Impact[],
  withheld: boolean,
  how: string,
): { value: Record<string, unknown>; text: string } {
  const status = request.state === 'approved' ? 'granted' : request.state;
  const hide = withheld && status !== 'granted';
  const shown = (impact: Impact) =>
    hide && impact.measured !== null
      ? { measured: null, unit: impact.unit, per_resource: {}, claimed: impact.claimed, withheld: true }
      : {
          measured: impact.measured,
          unit: impact.unit,
          per_resource: impact.per_resource,
          claimed: impact.claimed,
          strength: impact.strength,
          ...(impact.holds ? { holds: impact.holds } : {}),
          ...(impact.by_number ? { by_number: impact.by_number } : {}),
          ...(impact.direct ? { direct: true } : {}),
          ...(impact.more ? { more: true } : {}),
        };
  const next = NEXT[status](request, how);
  const message =
    status === 'granted'
      ? 'A person approved this.'
      : status === 'pending'
        ? waitingFor(request)
        : `Not granted: ${request.reason ?? status}.`;
  const value: Record<string, unknown> = { status, request_id: request.request_id, message, impact: shown(request.impact), next };
  if (impacts.length > 1) value.impacts = impacts.map(shown);
  if (grant) value.grant = grant;
  return { value, text: `${status}: ${message} ${next}\n${JSON.stringify(value)}` };
}

function waitingFor({ approvals = 1, given = [] }: RequestRecord): string {
  if (approvals === 1) return 'A person is being asked. Nobody has answered yet.';
  return `${approvals} people are being asked. ${given.length} of them said yes so far.`;
}

const NEXT: Record<'granted' | 'denied' | 'pending' | 'expired' | 'cancelled', (request: RequestRecord, how: string) => string> =
  {
    granted: () => 'Make the calls now; the permission covers only what the grant says, and it lapses by itself.',
    denied: () => 'Do not ask for the same again. Do something else, or ask the user in the chat what they want.',
    pending: (request, how) =>
      `Tell the user: ${how}. Then call request_elevation again with {"justification": "", "request_id": "${request.request_id}"} to go on waiting; an answer that comes meanwhile counts.`,
    expired: () => 'Nobody answered. Ask the user in the chat whether they want this, then ask again.',
    cancelled: () => 'The request was withdrawn. Ask again if it is still needed.',
  };
