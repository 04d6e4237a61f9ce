// Context: what is known to be wrong around a call raises; what is unknown doesn't (it never satisfies a condition either).
import { CONTEXT } from '../../../policies/risk/context.ts';
import { NOON } from '../sample.ts';
import { cases, MINUTE } from './cases.ts';

cases(CONTEXT, {
  user_absent: {
    yes: { away: { context: { user_present: false } } },
    no: { there: { context: { user_present: true } }, unknown: {} },
  },
  vpn_off: { yes: { down: { context: { vpn: false } } }, no: { up: { context: { vpn: true } }, unknown: {} } },
  unknown_machine: {
    yes: { new: { context: { machine_known: false } } },
    no: { known: { context: { machine_known: true } }, unknown: {} },
  },
  session_near_end: {
    yes: { 'four minutes': { context: { session_ends: NOON + 4 * MINUTE } }, over: { context: { session_ends: NOON - 1 } } },
    no: { 'five minutes': { context: { session_ends: NOON + 5 * MINUTE } }, unknown: {} },
  },
  two_sessions: {
    yes: { two: { context: { other_session: true } } },
    no: { one: { context: { other_session: false } }, unknown: {} },
  },
});
