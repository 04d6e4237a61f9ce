// Something sensitive, or that nobody could look through, was read, and may now leave.
import { type Factor, leaves, remembers } from '../factor.ts';

export const sensitiveRead: Factor = {
  name: 'sensitive_read',
  what: 'sensitive data, or something that could not be looked through, was read, and now something leaves',
  applies: ({ reading, baseline, context }) =>
    (remembers(baseline.sensitive_at, context.now) || remembers(baseline.unscanned_at, context.now)) && leaves(reading),
};
