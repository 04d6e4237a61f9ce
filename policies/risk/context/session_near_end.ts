// The human's sign-in is nearly over, or is over.
import { type Factor, MINUTE } from '../factor.ts';

const NEAR_END = 5 * MINUTE;

export const sessionNearEnd: Factor = {
  name: 'session_near_end',
  what: 'less than five minutes left in the session',
  applies: ({ context }) => context.session_ends !== undefined && context.session_ends - context.now < NEAR_END,
};
