// The same agent is at work twice at once, as when somebody else holds its identity.
import type { Factor } from '../factor.ts';

export const twoSessions: Factor = {
  name: 'two_sessions',
  what: 'the agent is at work on another connection too',
  applies: ({ context }) => context.other_session === true,
};
