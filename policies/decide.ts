// The judgement: rules, grants and risk over one reading. Deny beats ask beats allow; nothing matched is ask; what can't be judged is deny.
import type { Baseline } from './baseline.ts';
import { clauseName, judgeClause, judgeWhile } from './conditions.ts';
import { FACTS } from './facts.ts';
import type { History } from './history.ts';
import type { Reading } from './reading.ts';
import { assess, isAbove, responseTo } from './risk.ts';
import { actionText, nameMatches, parseScope, RECURSIVE, scopeCovers } from './scope.ts';
import type {
  Action,
  Context,
  Decision,
  Effect,
  Facts,
  GrantView,
  Identity,
  JudgedAction,
  Limits,
  Policy,
  Proof,
  Reach,
  Risk,
  Rule,
  Strength,
  While,
} from './types.ts';
import { PROOFS, STRENGTHS } from './types.ts';

export type Judged = {
  policy: Policy;
  who: Identity;
  reading: Reading;
  context: Context;
  history: History;
  /** What is usual for the agent; without it what the history tells counts. */
  baseline?: Baseline;
  grants: readonly GrantView[];
  /** Digest of the canonical call, for exact grants. */
  call_digest: string;
  /** Why everything is locked, if it is. */
  locked?: string;
  /** Whether an absolute canonical path belongs to the guard itself, or the reach from it touches something that does. */
  isProtected(absolute: string, reach: Reach): boolean;
  /** The port of this machine on which people answer the guard. */
  own_port?: number;
};

const STRICTNESS: Record<Effect, number> = { allow: 0, ask: 1, deny: 2 };
const DEFAULT_WHY = 'no rule covers this, so a person decides';
/** What a grant may give where no rule says otherwise. */
export const DEFAULT_LIMITS: Limits = { for: 15 * 60_000, at_most: 30 * 60_000, uses: 1, exact: true };
/** What puts bytes somewhere. */
const FILLS: ReadonlySet<string> = new Set(['write', 'create', 'share', 'execute']);
/** Facts that a grant's budget counts. */
export const COUNTED = ['records', 'recipients', 'files', 'bytes', 'amount'] as const;

/** What one rule says of one action. */
type Voice = { rule: Rule | undefined; id: string; effect: Effect; why: string; failed: string[] };

/** Judges a call. Pure: the same input gives the same answer. Never throws on a reading; a fault in judging is the caller's deny. */
export function decide(input: Judged): Decision {
  const { policy, reading, context, history } = input;
  const risk = assess({
    reading,
    context,
    history,
    policy: policy.risk,
    ...(input.baseline ? { baseline: input.baseline } : {}),
  });
  const stop = barrier(input);
  if (stop) return refusal(stop.rule, stop.why, risk, reading);

  const failed = new Set<string>();
  const unmeasured = new Set<string>();
  const voices = reading.actions.map((action) => listen(input, action, failed, unmeasured));
  const response = responseTo(risk.level, policy.risk);
  const riskVoice = riskSays(response, risk);
  if (riskVoice) for (const each of voices) each.push(riskVoice);

  const actions: JudgedAction[] = [];
  const used = new Set<string>();
  const spoke: Voice[] = [];
  const redact = new Set<string>();
  for (const [index, action] of reading.actions.entries()) {
    const heard = voices[index] ?? [];
    const effect = strictest(heard);
    const loud = heard.filter((voice) => voice.effect === effect);
    const rule = lowest(loud);
    for (const voice of heard) for (const path of voice.rule?.redact ?? []) redact.add(path);
    const grant = effect === 'ask' ? findGrant(input, action, loud, risk, used) : undefined;
    if (grant) used.add(grant.grant_id);
    spoke.push(...(grant ? loud.map((voice) => ({ ...voice, effect: 'allow' as const })) : loud));
    actions.push({
      action: actionText(action),
      decision: grant ? 'allow' : effect,
      rule,
      ...(grant ? { grant_id: grant.grant_id } : {}),
    });
  }
  return conclude(input, { actions, spoke, used, failed, unmeasured, redact, risk });
}

/** What a refusal says while everything is locked; `reason` may be empty. */
export function lockedWhy(reason: string): string {
  return `everything is locked${reason === '' ? '' : `: ${reason}`}; a person can unlock it`;
}

/** What ends the judging before any rule: no session, a lock, the guard's own files. */
function barrier({ context, locked, reading, isProtected, own_port }: Judged): { rule: string; why: string } | undefined {
  if (locked !== undefined) return { rule: 'lock', why: lockedWhy(locked) };
  if (context.session !== 'active') {
    return {
      rule: 'session',
      why:
        context.session === 'expired'
          ? "the user's session is over; they sign in with `perimeter login`"
          : 'the user is not signed in; they sign in with `perimeter login`',
    };
  }
  // nothing to judge is nothing that a rule allowed
  if (reading.actions.length === 0) return { rule: 'error', why: "this call can't be judged: it names nothing that it acts on" };
  const touched = reading.actions.some(
    (action) => action.absolute !== undefined && isProtected(action.absolute, reachOf(action)),
  );
  if (touched || reading.absolutes.some((absolute) => isProtected(absolute, 'itself')))
    return { rule: 'protected', why: "this is one of the guard's own files, which no tool reads or writes" };
  if (own_port !== undefined && reading.ports_here?.includes(own_port))
    return { rule: 'protected', why: "this leads to the guard's own console, where people answer and no tool goes" };
  return undefined;
}

function reachOf(action: Action): Reach {
  if (action.folder !== true || !RECURSIVE.has(action.verb)) return 'itself';
  return action.verb === 'read' || action.verb === 'search' ? 'reads below' : 'changes below';
}

/** All that the rules say of one action; the rule `default` when none speaks. */
function listen(input: Judged, action: Action, failed: Set<string>, unmeasured: Set<string>): Voice[] {
  const voices: Voice[] = [];
  for (const rule of input.policy.rules) {
    const voice = hear(input, rule, action, failed, unmeasured);
    if (voice) voices.push(voice);
  }
  return voices.length > 0 ? voices : [{ rule: undefined, id: 'default', effect: 'ask', why: DEFAULT_WHY, failed: [] }];
}

function hear(input: Judged, rule: Rule, action: Action, failed: Set<string>, unmeasured: Set<string>): Voice | undefined {
  if (!concerns(rule, input)) return undefined;
  const permit = rule.effect === 'allow';
  const covers = (mode: 'permit' | 'restrict') => rule.scope.some((scope) => scopeCovers(scope, action, mode));
  const permits = permit && covers('permit');
  // an `otherwise` is an ask or deny of its own, so it reaches as far as one does
  if (!permits && ((permit && rule.otherwise === 'none') || !covers('restrict'))) return undefined;
  const situation = judgeWhile(rule.while, input.context);
  if (situation.verdict === 'no' || (situation.verdict === 'missing' && permit)) {
    if (permit) for (const name of situation.unmet) failed.add(`while ${name}`);
    return undefined;
  }
  const broken: string[] = [];
  for (const clause of rule.when) {
    const verdict = judgeClause(clause, input);
    if (verdict === 'missing' && FACTS[clause.fact]?.measured) unmeasured.add(clause.fact);
    if (verdict === 'no' || (verdict === 'missing' && permit)) broken.push(clauseName(clause));
  }
  /** What would have exempted the call from an ask or deny, and doesn't hold. */
  const stands = rule.unless.filter((clause) => {
    const verdict = judgeClause(clause, input);
    if (verdict === 'missing' && FACTS[clause.fact]?.measured) unmeasured.add(clause.fact);
    return verdict === 'no' || (verdict === 'missing' && !permit);
  });
  const exempt = rule.unless.length > 0 && stands.length === 0;
  if (broken.length === 0 && !exempt) {
    if (!permit) for (const clause of stands) failed.add(clauseName(clause));
    return permit && !permits ? undefined : { rule, id: rule.id, effect: rule.effect, why: rule.why, failed: [] };
  }
  const names = [...broken, ...(exempt ? rule.unless.map(clauseName) : [])];
  if (rule.otherwise === 'none') {
    if (permit) for (const name of names) failed.add(name);
    return undefined;
  }
  for (const name of names) failed.add(name);
  return { rule, id: rule.id, effect: rule.otherwise, why: rule.why, failed: names };
}

/** Who, through what and when: with the scope, the parts of a rule that `otherwise` doesn't answer for. */
function concerns(rule: Rule, { who, reading, context }: Judged): boolean {
  if (!nameMatches(rule.agent, who.agent) || !nameMatches(rule.user, who.user) || !nameMatches(rule.role, who.role)) return false;
  if (!nameMatches(rule.server, reading.server)) return false;
  if (!nameMatches(rule.tool, reading.tool) && !nameMatches(rule.tool, `${reading.server}__${reading.tool}`)) return false;
  if (rule.from !== undefined && context.now < rule.from) return false;
  return rule.until === undefined || context.now < rule.until;
}

function riskSays(response: string, risk: Risk): Voice | undefined {
  if (response === 'none' || response === 'watch') return undefined;
  const why = `the risk is ${risk.level}: ${risk.factors.map((factor) => `${factor.name} ${factor.points}`).join(', ')}`;
  return { rule: undefined, id: 'risk', effect: response === 'deny' ? 'deny' : 'ask', why, failed: [] };
}

function strictest(voices: readonly Voice[]): Effect {
  return voices.reduce<Effect>((worst, voice) => (STRICTNESS[voice.effect] > STRICTNESS[worst] ? voice.effect : worst), 'allow');
}

function lowest(voices: readonly Voice[]): string {
  return voices.map((voice) => voice.id).sort()[0] ?? 'default';
}

/** A grant that answers every rule asking about this action, at this risk, now. One already used by this call is preferred. */
function findGrant(
  input: Judged,
  action: Action,
  asking: readonly Voice[],
  risk: Risk,
  used: ReadonlySet<string>,
): GrantView | undefined {
  const fitting = input.grants.filter(
    (grant) => grantCovers(grant, action, input) && asking.every((voice) => answers(grant, voice, risk, input)),
  );
  // one grant for the whole call where there is one: a call takes one use, however many actions
  const reach = (grant: GrantView) => input.reading.actions.filter((one) => grantCovers(grant, one, input)).length;
  return fitting.find((grant) => used.has(grant.grant_id)) ?? fitting.sort((a, b) => reach(b) - reach(a))[0];
}

/** Whether a grant answers what asks. What a rule lets a grant give holds at every use, whatever the grant says. */
function answers(grant: GrantView, { id, rule }: Voice, risk: Risk, { context, reading }: Judged): boolean {
  if (id === 'risk') return grant.rules.includes('risk') && !isAbove(risk.level, grant.risk);
  if (!givenFor(grant, id)) return false;
  return (
    rule === undefined ||
    (judgeWhile(rule.limits.while, context).verdict === 'yes' && exceeded(rule.limits, reading.facts) === undefined)
  );
}

function givenFor(grant: GrantView, rule: string): boolean {
  return grant.rules.includes(rule) || grant.rules.includes('*');
}

/** The first count that is known to lie above a limit. */
function exceeded(limits: Limits, facts: Facts): (typeof COUNTED)[number] | undefined {
  return COUNTED.find((fact) => {
    const limit = limits[fact];
    const value = facts[fact];
    return limit !== undefined && typeof value === 'number' && value > limit;
  });
}

/** Whether a grant reaches this action of this call, lives, and has enough left for all that the call would do. */
export function grantCovers(
  grant: GrantView,
  action: Action,
  input: Pick<Judged, 'context' | 'reading' | 'call_digest'>,
): boolean {
  return grant.scope.some((text) => scopeCovers(parseScope(text), action, 'permit')) && whyNot(grant, input) === undefined;
}

/** Why a grant that reaches a call does not carry it, in words for the agent; undefined when it does. Numbers are the grant's own, never the call's. */
function whyNot(
  grant: GrantView,
  { context, reading, call_digest }: Pick<Judged, 'context' | 'reading' | 'call_digest'>,
): string | undefined {
  if (grant.expires_at <= context.now) return 'its time is over';
  if (grant.remaining.uses < 1) return 'its uses are spent or taken by calls that still run';
  const conditions = judgeWhile(grant.while, context);
  if (conditions.verdict !== 'yes') return `its condition does not hold: ${conditions.unmet.join(', ')}`;
  if (grant.exact !== undefined && !grant.exact.includes(call_digest))
    return 'it holds for exactly the calls that were approved, and this is another';
  for (const fact of COUNTED) {
    const left = grant.remaining[fact];
    if (left === undefined) continue;
    const needed = reading.facts[fact];
    // an unknown amount fits no budget, unless the fact can't apply to this call at all
    if (needed === undefined ? applies(fact, reading.facts, reading) : typeof needed !== 'number' || needed > left)
      return `this is more than the ${left} ${fact} it has left`;
  }
  return undefined;
}

/** The conditions that ended, of grants that would reach this call: what a refusal names. */
function lapsedConditions({ grants, reading, context }: Judged): string[] {
  return grants
    .filter((grant) =>
      reading.actions.some((action) => grant.scope.some((text) => scopeCovers(parseScope(text), action, 'permit'))),
    )
    .flatMap((grant) => judgeWhile(grant.while, context).unmet.map((name) => `while ${name}`));
}

/** What stands between a call and a grant of the same scope, for the refusal to say. */
function nearMiss(input: Judged, risk: Risk, rules: readonly string[]): string | undefined {
  for (const grant of input.grants) {
    if (!input.reading.actions.some((action) => grant.scope.some((text) => scopeCovers(parseScope(text), action, 'permit'))))
      continue;
    const asked = rules.find((rule) => rule !== 'risk' && !givenFor(grant, rule));
    const reason =
      asked !== undefined
        ? `it was not given for the rule \`${asked}\``
        : (whyNot(grant, input) ??
          (rules.includes('risk') ? `the risk is ${risk.level} now, and it was approved up to ${grant.risk}` : undefined));
    if (reason !== undefined) return `grant \`${grant.grant_id}\` does not carry this: ${reason}`;
  }
  return undefined;
}

function applies(fact: (typeof COUNTED)[number], facts: Facts, reading: Reading): boolean {
  if (fact === 'records') return reading.sql !== undefined;
  if (fact === 'files') return facts.paths !== undefined;
  // what is read, moved or deleted writes none
  if (fact === 'bytes')
    return facts.paths !== undefined && reading.actions.some(({ kind, verb }) => kind === 'path' && FILLS.has(verb));
  return false;
}

type Sum = {
  actions: JudgedAction[];
  spoke: Voice[];
  used: Set<string>;
  failed: Set<string>;
  unmeasured: Set<string>;
  redact: Set<string>;
  risk: Risk;
};

function conclude(input: Judged, sum: Sum): Decision {
  const effect = sum.actions.reduce<Effect>(
    (worst, one) => (STRICTNESS[one.decision] > STRICTNESS[worst] ? one.decision : worst),
    'allow',
  );
  const loud = sum.spoke.filter((voice) => voice.effect === effect);
  const rule = lowest(loud);
  const voice = loud.find((one) => one.id === rule);
  const asking = loud.map((one) => one.rule).filter((one) => one !== undefined);
  const fromDefault = loud.some((one) => one.id === 'default' || one.rule?.effect === 'allow');
  const terms = mergeTerms(asking, fromDefault, input, sum.risk);
  const decision: Decision = {
    decision: effect,
    rule,
    rules: [...new Set(loud.map((one) => one.id))].sort(),
    why: voice?.why ?? DEFAULT_WHY,
    failed: effect === 'allow' ? [] : [...sum.failed].sort(),
    risk: sum.risk,
    actions: sum.actions,
    facts: input.reading.facts,
    ...terms,
    redact: [...sum.redact],
    grants: effect === 'allow' ? [...sum.used] : [],
    unmeasured: [...sum.unmeasured],
  };
  if (voice?.rule) decision.where = voice.rule.where;
  if (effect !== 'ask') return decision;
  const miss = nearMiss(input, sum.risk, decision.rules);
  const lapsed = [...new Set([...decision.failed, ...lapsedConditions(input)])].sort();
  return overLimit(miss === undefined ? decision : { ...decision, failed: lapsed, why: `${decision.why}; ${miss}` });
}

/** Measured above a limit is denied, and nobody is asked. */
function overLimit(decision: Decision): Decision {
  const fact = exceeded(decision.limits, decision.facts);
  if (fact === undefined) return decision;
  // the number itself stays out: a refusal is read by the agent, and a count is an oracle
  const why = `this would touch more ${fact} than the ${decision.limits[fact]} that \`${decision.rule}\` lets anybody approve; ask for less`;
  const actions = decision.actions.map((one) =>
    one.decision === 'ask' ? { ...one, decision: 'deny' as const, rule: 'over_limit' } : one,
  );
  return { ...decision, decision: 'deny', rule: 'over_limit', rules: ['over_limit'], why, failed: [`${fact} at_most`], actions };
}

/** Several asks: the least of each limit, the strictest proof and strength, the union of conditions, handoff before inline. */
function mergeTerms(
  rules: readonly Rule[],
  fromDefault: boolean,
  input: Judged,
  risk: Risk,
): Pick<Decision, 'limits' | 'proof' | 'approvals' | 'strength' | 'mode'> {
  const all = [
    ...rules.filter((rule) => rule.effect !== 'allow').map((rule) => rule.limits),
    ...(fromDefault || rules.length === 0 ? [DEFAULT_LIMITS] : []),
  ];
  const limits: Limits = {};
  for (const key of ['records', 'recipients', 'files', 'bytes', 'amount', 'uses', 'for', 'at_most'] as const) {
    const values = all.map((one) => one[key]).filter((value) => value !== undefined);
    if (values.length > 0) limits[key] = Math.min(...values);
  }
  if (all.some((one) => one.exact === true)) limits.exact = true;
  const conditions = all.map((one) => one.while).filter((one) => one !== undefined);
  if (conditions.length > 0) limits.while = mergeWhile(conditions);
  const response = responseTo(risk.level, input.policy.risk);
  const fromRisk: Proof = response === 'ask+passphrase' ? 'passphrase' : response === 'ask+typed' ? 'typed' : 'none';
  const proof = [fromRisk, ...rules.map((rule) => rule.proof)].reduce<Proof>(
    (worst, one) => (PROOFS.indexOf(one) > PROOFS.indexOf(worst) ? one : worst),
    'none',
  );
  const strength = rules
    .map((rule) => rule.strength)
    .reduce<Strength>((best, one) => (STRENGTHS.indexOf(one) < STRENGTHS.indexOf(best) ? one : best), 'unknown');
  const mode = rules.length > 0 && rules.every((rule) => rule.ask === 'inline') && !fromDefault ? 'inline' : 'handoff';
  const approvals = Math.max(1, ...rules.map((rule) => rule.approvals ?? 1));
  return { limits, proof, ...(approvals > 1 ? { approvals } : {}), strength, mode };
}

/** All of several conditions at once; what two of them say differently is kept side by side. */
function mergeWhile(conditions: readonly While[]): While {
  const [first = {}, ...rest] = conditions;
  return rest.length === 0 ? first : { ...first, also: rest };
}

/** A deny by a reserved rule. */
export function refusal(rule: string, why: string, risk: Risk, reading?: Pick<Reading, 'actions' | 'facts'>): Decision {
  return {
    decision: 'deny',
    rule,
    rules: [rule],
    why,
    failed: [],
    risk,
    actions: (reading?.actions ?? []).map((action) => ({ action: actionText(action), decision: 'deny', rule })),
    facts: reading?.facts ?? {},
    limits: {},
    proof: 'none',
    strength: 'unknown',
    mode: 'handoff',
    redact: [],
    grants: [],
    unmeasured: [],
  };
}

/** What is assumed of the risk of a call that could not be read. */
export const UNREAD_RISK: Risk = { level: 'high', score: 0, factors: [] };
