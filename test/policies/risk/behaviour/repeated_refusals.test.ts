// Refusals add up, asked about or denied, for ten minutes.
import { repeatedRefusals } from '../../../../policies/risk/behaviour/repeated_refusals.ts';
import { cases, MINUTE, many, past, refused } from '../cases.ts';

cases(repeatedRefusals, {
  yes: { 'asked for three times': { history: many(3, () => refused('a', false)) } },
  no: {
    two: { history: many(2, () => refused('a')) },
    'long ago': { history: many(9, () => past({ ago: 11 * MINUTE, refused: true })) },
  },
});
