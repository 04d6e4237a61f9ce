// A user who is away raises; one of whom nothing is known does not.
import { userAbsent } from '../../../../policies/risk/context/user_absent.ts';
import { cases } from '../cases.ts';

cases(userAbsent, {
  yes: { away: { context: { user_present: false } } },
  no: { there: { context: { user_present: true } }, unknown: {} },
});
