// Sensitive data was read, and what leaves now goes to somebody who is surely outside.
import { type Factor, leaves, remembers } from '../factor.ts';

export const leak: Factor = {
  name: 'leak',
  what: 'sensitive data was read, and now something goes to somebody outside',
  applies: ({ reading, baseline, context }) =>
    remembers(baseline.sensitive_at, context.now) && reading.facts.destination === 'external' && leaves(reading),
};
