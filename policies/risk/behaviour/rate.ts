// Calls come fast: for anybody, or for this agent by its own habit.
import { usualRate } from '../../baseline.ts';
import { type Asked, type Factor, MINUTE } from '../factor.ts';

const FAST = 60;
const FASTER = { least: 20, times: 3 };

export const rate: Factor = {
  name: 'rate',
  what: '60 calls or more in a minute, or 20 and three times its own habit',
  applies: isFast,
};

function isFast({ recent, baseline, context }: Asked): boolean {
  let calls = 0;
  for (let index = recent.length - 1; index >= 0; index -= 1) {
    const call = recent[index];
    if (call === undefined || call.at <= context.now - MINUTE) break;
    calls += 1;
  }
  if (calls >= FAST) return true;
  const usual = calls >= FASTER.least ? usualRate(baseline, context.now) : undefined;
  return usual !== undefined && calls >= usual * FASTER.times;
}
