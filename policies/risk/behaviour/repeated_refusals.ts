// The agent goes on although it is refused, or asked about, time and again.
import { type Factor, refusals, STUBBORN } from '../factor.ts';

export const repeatedRefusals: Factor = {
  name: 'repeated_refusals',
  what: 'three refusals or more in ten minutes',
  applies: (asked) => refusals(asked).length >= STUBBORN,
};
