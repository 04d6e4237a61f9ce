// How risky a call is, from named factors. Points add up and only ever raise; a factor is one file of policies/risk/.
import { type Baseline, baselineOf } from './baseline.ts';
import type { History } from './history.ts';
import type { Reading } from './reading.ts';
import { type Asked, type Factor, LATELY } from './risk/factor.ts';
import { FACTORS } from './risk/index.ts';
import type { Context, Risk, RiskFactor, RiskLevel, RiskPolicy, RiskResponse } from './types.ts';
import { RISK_LEVELS } from './types.ts';
import { classCovers, UNSCANNED } from './values/data-classes.ts';

export { FACTORS, type Factor };

/** The newest calls that are looked at one by one, so that a flood of calls makes no call slow. */
const MOST_RECENT = 256;

export type ToAssess = {
  reading: Reading;
  context: Context;
  history: History;
  /** Kept beside the history; without it what the history tells counts. */
  baseline?: Baseline;
  policy: RiskPolicy;
};

/** Adds up the factors. `score` is 0 to 100; a binding's floor shows as the factor `floor` with the points it took to reach it. */
export function assess({ reading, context, history, policy, baseline = baselineOf(history) }: ToAssess): Risk {
  const asked: Asked = { reading, context, policy, baseline, recent: recentOf(history, context.now) };
  const factors: RiskFactor[] = [];
  for (const factor of FACTORS) {
    const points = policy.points[factor.name] ?? 0;
    if (points > 0 && factor.applies(asked)) factors.push({ name: factor.name, points });
  }
  return sum(factors, reading.floor, policy);
}

/** What a result carries, by the same names and points as for arguments; for the record of the call's outcome. */
export function assessResult(classes: readonly string[], policy: RiskPolicy): Risk {
  const factors = ['pii', 'financial', 'credentials', 'health'].filter((name) =>
    classes.some((found) => found !== UNSCANNED && classCovers(name, found)),
  );
  if (classes.includes(UNSCANNED)) factors.push('unscanned');
  const counted = factors.map((name) => ({ name, points: policy.points[name] ?? 0 })).filter(({ points }) => points > 0);
  return sum(counted, classes.includes(UNSCANNED) ? 'medium' : undefined, policy);
}

function sum(factors: RiskFactor[], floor: RiskLevel | undefined, policy: RiskPolicy): Risk {
  let score = Math.min(
    100,
    factors.reduce((total, factor) => total + factor.points, 0),
  );
  const least = floor === undefined || floor === 'low' ? 0 : policy.levels[floor];
  if (score < least) {
    factors.push({ name: 'floor', points: least - score });
    score = least;
  }
  return { level: levelOf(score, policy), score, factors };
}

function recentOf(history: History, now: number): History {
  let from = history.length;
  const first = Math.max(0, history.length - MOST_RECENT);
  while (from > first && (history[from - 1]?.at ?? 0) > now - LATELY) from -= 1;
  return from === 0 ? history : history.slice(from);
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
