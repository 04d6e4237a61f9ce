// A strange machine raises; one of which nothing is known does not.
import { unknownMachine } from '../../../../policies/risk/context/unknown_machine.ts';
import { cases } from '../cases.ts';

cases(unknownMachine, {
  yes: { new: { context: { machine_known: false } } },
  no: { known: { context: { machine_known: true } }, unknown: {} },
});
