// What is learnt of an agent has an end, however long it works.
import { expect, test } from 'vitest';
import { emptyBaseline, learnCall } from '../../policies/baseline.ts';
import { MINUTE, mail, past } from './risk/cases.ts';

test('what is known stays bounded, and the oldest goes first', () => {
  const baseline = emptyBaseline();
  for (let index = 0; index < 5_000; index += 1)
    learnCall(
      baseline,
      past({
        ago: (5_000 - index) * MINUTE,
        tool: `t${index}`,
        refused: index % 3 === 0,
        actions: [mail(`m${index}@x.example`)],
      }),
    );
  expect([baseline.tools.size, baseline.targets.size, baseline.refusals.length, baseline.minutes.length]).toEqual([
    200, 500, 32, 60,
  ]);
  expect(baseline.tools.has('files/t4999')).toBe(true);
  expect(baseline.tools.has('files/t1')).toBe(false);
});
