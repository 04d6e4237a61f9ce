// How risky a call is, from named factors. Points add up and only ever raise; one factor is one entry in the list.
import { withinHours } from './durations.ts';
import { countRecent, type History } from './history.ts';
import type { Reading } from './reading.ts';
import { parseScope } from './scope.ts';
import type { Context, Risk, RiskFactor, RiskLevel, RiskPolicy, RiskResponse } from './types.ts';
import { RISK_LEVELS } from './types.ts';
import { classCovers } from './values/data-classes.ts';

type Asked = { reading: Reading; context: Context; history: History; policy: RiskPolicy };
type Factor = { name: string; what: string; applies(asked: Asked): boolean };

const MINUTE = 60_000;
const LATELY = 10 * MINUTE;
const CHANGING = new Set(['send', 'write', 'create', 'delete', 'move', 'share', 'execute']);
const LEAVING = new Set(['send', 'share', 'create', 'write', 'move', 'execute']);

const has = (reading: Reading, wanted: string) => [reading.facts['data.classes'] ?? []].flat().some((found) => classCovers(wanted, String(found)));
const number = (reading: Reading, fact: string) => (typeof reading.facts[fact] === 'number' ? (reading.facts[fact] as number) : 0);
const verbs = (reading: Reading, wanted: ReadonlySet<string>) => reading.actions.some((action) => wanted.has(action.verb));
const leaves = (reading: Reading) => reading.facts['destination'] !== 'internal' && (verbs(reading, LEAVING) || reading.actions.some((action) => action.kind === 'url'));

/** Every factor there is. Their points are the policy's; a factor the policy gives no points is silent. */
export const FACTORS: readonly Factor[] = [
  { name: 'outside_hours', what: 'outside business hours', applies: ({ context, policy }) => !withinHours(policy.hours, context.now, policy.zone ?? context.zone) },
  { name: 'pii', what: 'personal data in the arguments', applies: ({ reading }) => has(reading, 'pii') },
  { name: 'financial', what: 'payment or bank data in the arguments', applies: ({ reading }) => has(reading, 'financial') },
  { name: 'credentials', what: 'keys or passwords in the arguments', applies: ({ reading }) => has(reading, 'credentials') },
  { name: 'health', what: 'health data in the arguments', applies: ({ reading }) => has(reading, 'health') },
  { name: 'bulk', what: 'many items in one call, or in a run of like calls', applies: isBulk },
  { name: 'first_use', what: 'a tool this agent has not used before', applies: ({ reading, history }) => history.length > 0 && !history.some((call) => call.server === reading.server && call.tool === reading.tool) },
  { name: 'user_absent', what: 'the user is known to be away', applies: ({ context }) => context.user_present === false },
  { name: 'vpn_off', what: 'the VPN is known to be down', applies: ({ context }) => context.vpn === false },
  { name: 'unknown_machine', what: 'a machine not seen before', applies: ({ context }) => context.machine_known === false },
  { name: 'session_near_end', what: 'less than five minutes left in the session', applies: ({ context }) => context.session_ends !== undefined && context.session_ends - context.now < 5 * MINUTE },
  { name: 'untrusted_read', what: 'outside content was read, and now something leaves or is changed', applies: ({ reading, history }) => history.some((call) => call.untrusted && !call.refused) && verbs(reading, CHANGING) },
  { name: 'sensitive_read', what: 'sensitive data was read, and now something leaves', applies: ({ reading, history }) => history.some((call) => call.sensitive && !call.refused) && leaves(reading) },
  { name: 'foreign_destination', what: 'it goes to somebody outside', applies: ({ reading }) => reading.facts['destination'] === 'external' && reading.storage === undefined && leaves(reading) },
  { name: 'external_storage', what: 'it goes to a synced folder or removable storage', applies: ({ reading }) => reading.storage !== undefined },
  { name: 'destructive', what: 'it destroys', applies: ({ reading }) => reading.destructive || reading.actions.some((action) => action.verb === 'delete') },
  { name: 'unbound_tool', what: 'no binding describes this tool', applies: ({ reading }) => reading.unbound },
  { name: 'rate', what: 'more than 60 calls in a minute', applies: ({ history, context }) => history.filter((call) => call.at > context.now - MINUTE).length >= 60 },
  { name: 'repeated_refusals', what: 'three refusals or more in ten minutes', applies: ({ history, context }) => history.filter((call) => call.refused && call.at > context.now - LATELY).length >= 3 },
];

/** Adds up the factors. `score` is 0 to 100; a binding's floor shows as the factor `floor` with the points it took to reach it. */
export function assess(asked: Asked): Risk {
  const factors: RiskFactor[] = [];
  for (const factor of FACTORS) {
    const points = asked.policy.points[factor.name] ?? 0;
    if (points > 0 && factor.applies(asked)) factors.push({ name: factor.name, points });
  }
  let score = Math.min(100, factors.reduce((sum, factor) => sum + factor.points, 0));
  const floor = asked.reading.floor;
  const least = floor === undefined || floor === 'low' ? 0 : asked.policy.levels[floor];
  if (score < least) {
    factors.push({ name: 'floor', points: least - score });
    score = least;
  }
  return { level: levelOf(score, asked.policy), score, factors };
}

function levelOf(score: number, policy: RiskPolicy): RiskLevel {
  const { medium, high, critical } = policy.levels;
  return score >= critical ? 'critical' : score >= high ? 'high' : score >= medium ? 'medium' : 'low';
}

/** What the policy does at a level. */
export function responseTo(level: RiskLevel, policy: RiskPolicy): RiskResponse {
  return level === 'low' ? 'none' : policy.responses[level];
}

/** Whether `level` lies above `approved`. */
export function isAbove(level: RiskLevel, approved: RiskLevel): boolean {
  return RISK_LEVELS.indexOf(level) > RISK_LEVELS.indexOf(approved);
}

function isBulk({ reading, context, history, policy }: Asked): boolean {
  const counts = ['items', 'recipients', 'records', 'files', 'events', 'attachments'].map((fact) => number(reading, fact));
  if (Math.max(...counts) > policy.bulk_over) return true;
  const kinds = new Set(reading.actions.filter((action) => action.verb !== 'list').map((action) => `${action.verb}:${action.domain}`));
  return [...kinds].some((kind) => countRecent(history, context.now, LATELY, [parseScope(kind)], reading.actions, false) > policy.bulk_over);
}
