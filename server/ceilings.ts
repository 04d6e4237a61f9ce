// How long a permission may last at most: the weaker the promise about its effect, the shorter.
import type { Strength } from '../policies/types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** No grant outlives this, whatever a policy says. */
export const CEILING_MS = 24 * HOUR_MS;
/** Nobody knows what it does. */
export const UNKNOWN_MS = 5 * MINUTE_MS;
/** For what changes or sends something. */
export const CEILINGS: Readonly<Record<Strength, number>> = {
  enforced: CEILING_MS,
  rewritten: CEILING_MS,
  checked: 8 * HOUR_MS,
  estimated: 2 * HOUR_MS,
  unknown: UNKNOWN_MS,
};
