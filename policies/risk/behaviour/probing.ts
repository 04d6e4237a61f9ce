// The agent feels for what is open: it was denied on one thing after the other. Refines repeated refusals.
import { type Factor, refusals, STUBBORN } from '../factor.ts';

export const probing: Factor = {
  name: 'probing',
  what: 'denied on three different things or more in ten minutes',
  applies: (asked) =>
    new Set(
      refusals(asked)
        .filter((one) => one.denied)
        .map((one) => one.target),
    ).size >= STUBBORN,
};
