// Speed counts for itself and against the agent's own habit, and a habit needs its time.
import { expect, test } from 'vitest';
import { baselineOf, usualRate } from '../../../../policies/baseline.ts';
import { rate } from '../../../../policies/risk/behaviour/rate.ts';
import { NOON } from '../../sample.ts';
import { cases, MINUTE, many, past } from '../cases.ts';

/** A quarter of an hour of one call a minute, until five minutes ago. */
const habit = many(15, (index) => past({ ago: (20 - index) * MINUTE }));

cases(rate, {
  yes: {
    '60 in a minute': { history: many(60, () => past({ ago: 1_000 })) },
    'three times its habit': { history: [...habit, ...many(20, () => past({ ago: 1_000 }))] },
  },
  no: {
    '59 in a minute, no habit': { history: many(59, () => past({ ago: 1_000 })) },
    '60 in two minutes': { history: many(60, (index) => past({ ago: 119_000 - index * 2_000 })) },
    'a little more than usual': { history: [...habit, ...many(10, () => past({ ago: 1_000 }))] },
  },
});

test('a habit is nine tenths of its minutes', () => {
  expect(usualRate(baselineOf(habit), NOON)).toBe(1);
  expect(usualRate(baselineOf(habit.slice(0, 9)), NOON)).toBeUndefined();
});
