// At night, by the wall clock of the zone. Refines being outside business hours.
import { withinHours } from '../../durations.ts';
import type { Factor } from '../factor.ts';

export const night: Factor = {
  name: 'night',
  what: 'at night',
  applies: ({ context, policy }) => withinHours(policy.night, context.now, policy.zone ?? context.zone),
};
