// Personal data in the arguments raises, by the whole family of classes; another family does not.
import { pii } from '../../../../policies/risk/data/pii.ts';
import { carrying, cases } from '../cases.ts';

cases(pii, {
  yes: { 'an address': carrying('pii.email'), 'what a binding says': carrying('pii') },
  no: { nothing: carrying(), 'another family': carrying('health.record') },
});
