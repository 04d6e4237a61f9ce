// Outside business hours, or on a day off, by the wall clock of the zone.
import { localDay, withinHours } from '../../durations.ts';
import type { Asked, Factor } from '../factor.ts';

export const outsideHours: Factor = {
  name: 'outside_hours',
  what: 'outside business hours, or on a day off',
  applies: (asked) => !isOpen(asked),
};

/** A named calendar that could not be read leaves no day known to be a working day. */
function isOpen({ context, policy }: Asked): boolean {
  const zone = policy.zone ?? context.zone;
  if (policy.holidays !== undefined) {
    const { days_off } = policy;
    if (days_off === undefined || days_off === 'unreadable' || days_off.includes(localDay(context.now, zone))) return false;
  }
  return withinHours(policy.hours, context.now, zone);
}
