// A place is new until something in it was reached.
import { newTarget } from '../../../../policies/risk/behaviour/new_target.ts';
import { action } from '../../sample.ts';
import { cases, mail, past } from '../cases.ts';

cases(newTarget, {
  yes: {
    'a folder': { history: [past()], actions: [action('read:files:c/d')] },
    'a mailbox': { history: [past({ actions: [mail('a@b.example')] })], actions: [mail('x@y.example')] },
  },
  no: {
    'nothing is known': {},
    'a file beside it': { history: [past()], actions: [action('read:files:a/other')] },
    'no place at all': { history: [past()], actions: [action('list:calendar')] },
  },
});
