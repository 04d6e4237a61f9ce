// Nobody watches: the user is known to be away. What is unknown raises nothing.
import type { Factor } from '../factor.ts';

export const userAbsent: Factor = {
  name: 'user_absent',
  what: 'the user is known to be away',
  applies: ({ context }) => context.user_present === false,
};
