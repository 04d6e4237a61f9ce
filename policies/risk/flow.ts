// What was read before and what would leave now: the toxic flow behind most real incidents.
import { type Asked, changes, type Factor, leaves, REMEMBERED } from './factor.ts';

export const FLOW: readonly Factor[] = [
  {
    name: 'untrusted_read',
    what: 'content from outside was read, and now something leaves or is changed',
    applies: ({ reading, baseline, context }) => lately(baseline.untrusted_at, context.now) && changes(reading),
  },
  {
    name: 'sensitive_read',
    what: 'sensitive data, or something that could not be looked through, was read, and now something leaves',
    applies: (asked) => (knowsSecrets(asked) || lately(asked.baseline.unscanned_at, asked.context.now)) && leaves(asked.reading),
  },
  {
    name: 'leak',
    what: 'sensitive data was read, and now something goes to somebody outside',
    applies: (asked) => knowsSecrets(asked) && asked.reading.facts.destination === 'external' && leaves(asked.reading),
  },
];

function knowsSecrets({ baseline, context }: Asked): boolean {
  return lately(baseline.sensitive_at, context.now);
}

function lately(at: number | undefined, now: number): boolean {
  return at !== undefined && at > now - REMEMBERED;
}
