// The last five minutes of a session raise, and what comes after them.
import { sessionNearEnd } from '../../../../policies/risk/context/session_near_end.ts';
import { NOON } from '../../sample.ts';
import { cases, MINUTE } from '../cases.ts';

cases(sessionNearEnd, {
  yes: { 'four minutes': { context: { session_ends: NOON + 4 * MINUTE } }, over: { context: { session_ends: NOON - 1 } } },
  no: { 'five minutes': { context: { session_ends: NOON + 5 * MINUTE } }, unknown: {} },
});
