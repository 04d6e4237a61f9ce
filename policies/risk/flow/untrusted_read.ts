// What somebody outside wrote was read, and may now be obeyed: the toxic flow behind most real incidents.
import { changes, type Factor, remembers } from '../factor.ts';

export const untrustedRead: Factor = {
  name: 'untrusted_read',
  what: 'content from outside was read, and now something leaves or is changed',
  applies: ({ reading, baseline, context }) => remembers(baseline.untrusted_at, context.now) && changes(reading),
};
