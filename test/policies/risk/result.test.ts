// What a result carries is assessed by the names and points of arguments.
import { expect, test } from 'vitest';
import { assessResult } from '../../../policies/risk.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';

test('what a result carries is named with the same points', () => {
  expect(assessResult(['pii.email', 'pii.phone', 'financial.iban'], DEFAULT_RISK)).toEqual({
    level: 'high',
    score: 60,
    factors: [
      { name: 'pii', points: 30 },
      { name: 'financial', points: 30 },
    ],
  });
  expect(assessResult([], DEFAULT_RISK).score).toBe(0);
  const without = { ...DEFAULT_RISK, points: {} };
  expect(assessResult(['unscanned'], without).level).toBe('medium');
});
