// A second connection of the same agent raises; a single one does not.
import { twoSessions } from '../../../../policies/risk/context/two_sessions.ts';
import { cases } from '../cases.ts';

cases(twoSessions, {
  yes: { two: { context: { other_session: true } } },
  no: { one: { context: { other_session: false } }, unknown: {} },
});
