// The situation around the call: the user, the network, the machine, the session.
import { type Factor, MINUTE } from './factor.ts';

const NEAR_END = 5 * MINUTE;

export const CONTEXT: readonly Factor[] = [
  { name: 'user_absent', what: 'the user is known to be away', applies: ({ context }) => context.user_present === false },
  { name: 'vpn_off', what: 'the VPN is known to be down', applies: ({ context }) => context.vpn === false },
  { name: 'unknown_machine', what: 'a machine not seen before', applies: ({ context }) => context.machine_known === false },
  {
    name: 'session_near_end',
    what: 'less than five minutes left in the session',
    applies: ({ context }) => context.session_ends !== undefined && context.session_ends - context.now < NEAR_END,
  },
  {
    name: 'two_sessions',
    what: 'the agent is at work on another connection too',
    applies: ({ context }) => context.other_session === true,
  },
];
