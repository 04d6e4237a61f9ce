// What keeps a human from being asked too often: the same again, nearly the same, or simply too much. Pure: reads and changes the data it is given.
import { digestOf } from '../policies/canonical-json.ts';
import { formatDuration } from '../policies/durations.ts';
import { epoch, iso } from './clock.ts';
import type { RequestRecord, RuleStats, StateData } from './ports.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After a no: the identical request, and one that differs in its arguments, time or uses only. */
const SAME_MS = 5 * MINUTE_MS;
const NEAR_MS = MINUTE_MS;
/** Three times no (or nobody) within the hour for the same scope and rules, or five times for the same rules. */
const NEAR_STRIKES = 3;
const NEAR_LONG_MS = HOUR_MS;
const RULE_STRIKES = 5;
const RULE_MS = 10 * MINUTE_MS;
export const MAX_PENDING = 10;
export const MAX_PROMPTS_AN_HOUR = 30;
const MAX_RULES = 200;
const MAX_SCOPES = 20;

type Asked = Pick<RequestRecord, 'user' | 'agent' | 'digest' | 'scope' | 'rules'>;

/** Requests that differ in their arguments, time or uses share `near`; those that only the same rules ask about share `rule`. */
const nearOf = ({ user, agent, scope, rules }: Asked): string =>
  digestOf({ near: { user, agent, scope: [...scope].sort(), rules: [...rules].sort() } });
const ruleOf = ({ user, agent, rules }: Asked): string => digestOf({ rule: { user, agent, rules: [...rules].sort() } });

/** Why a human is not asked now, if so. */
export function tooMuch(data: StateData, asked: Asked, requests: readonly RequestRecord[], now: number): string | undefined {
  const quiet = Math.max(
    ...[asked.digest, nearOf(asked), ruleOf(asked)].map((key) => epoch(data.cooldowns[key] ?? '1970-01-01T00:00:00.000Z')),
  );
  // a stored time that can't be read is no reason to ask
  if (!(quiet <= now))
    return `a person said no to this; it is not asked again for ${Number.isNaN(quiet) ? 'a while' : formatDuration(quiet - now)}`;
  if (requests.filter((one) => one.state === 'pending').length >= MAX_PENDING)
    return `${MAX_PENDING} requests are waiting already; wait for them, or withdraw one`;
  if (requests.filter((one) => wasPut(one) && epoch(one.created_at) > now - HOUR_MS).length >= MAX_PROMPTS_AN_HOUR)
    return `a person was asked ${MAX_PROMPTS_AN_HOUR} times within the hour; ask again later`;
  return undefined;
}

/** Denied by the guard itself means that nobody saw it. */
const wasPut = (request: RequestRecord): boolean => request.state !== 'denied' || request.approver !== undefined;

/** Sets the cool-downs after a no, or after nobody answered. `request` stands in `data` as decided already. */
export function coolDown(data: StateData, request: RequestRecord, now: number, quiet_ms?: number): void {
  const no = Object.values(data.requests).filter(
    (one) =>
      (one.state === 'denied' || one.state === 'expired') &&
      wasPut(one) &&
      epoch(one.decided_at ?? one.created_at) > now - HOUR_MS,
  );
  const near = nearOf(request);
  const rule = ruleOf(request);
  const strikes = no.filter((one) => nearOf(one) === near).length;
  const quiet = (key: string, ms: number) => {
    const before = data.cooldowns[key];
    if (before === undefined || epoch(before) < now + ms) data.cooldowns[key] = iso(now + ms);
  };
  if (request.state === 'denied') {
    quiet(request.digest, quiet_ms ?? SAME_MS);
    quiet(near, quiet_ms ?? NEAR_MS);
  }
  if (strikes >= NEAR_STRIKES) quiet(near, NEAR_LONG_MS);
  if (no.filter((one) => ruleOf(one) === rule).length >= RULE_STRIKES) quiet(rule, RULE_MS);
}

/** How often each rule asked and what became of it, for `policy suggest`. `edited`: approved, but for less than was asked. */
export function count(
  data: StateData,
  request: Pick<RequestRecord, 'rules' | 'scope'>,
  what: 'asked' | 'approved' | 'denied' | 'expired',
  edited = false,
): void {
  data.rule_stats ??= {};
  const all = data.rule_stats;
  for (const rule of request.rules) {
    if (!Object.hasOwn(all, rule) && Object.keys(all).length >= MAX_RULES) continue;
    all[rule] ??= { asked: 0, approved: 0, denied: 0, expired: 0, edited: 0, scopes: {} };
    const stats: RuleStats = all[rule];
    stats[what] += 1;
    if (edited) stats.edited += 1;
    if (what === 'approved') tally(stats.scopes, request.scope);
    if (what === 'denied') {
      stats.refused ??= {};
      tally(stats.refused, request.scope);
    }
  }
}

function tally(counts: Record<string, number>, scopes: readonly string[]): void {
  for (const scope of scopes)
    if (Object.hasOwn(counts, scope) || Object.keys(counts).length < MAX_SCOPES) counts[scope] = (counts[scope] ?? 0) + 1;
}
