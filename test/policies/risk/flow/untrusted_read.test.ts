// Content from outside raises what is sent or changed after it, for a day, whatever lies between.
import { untrustedRead } from '../../../../policies/risk/flow/untrusted_read.ts';
import { action } from '../../sample.ts';
import { cases, HOUR, MINUTE, past, send } from '../cases.ts';

const mailRead = past({ ago: HOUR, untrusted: true, actions: [action('read:email')] });

cases(untrustedRead, {
  yes: {
    'a mail, then a send': { history: [mailRead], ...send('external') },
    'a mail, then a delete': { history: [mailRead], actions: [action('delete:files:a')] },
    'and much in between': {
      history: [mailRead, ...Array.from({ length: 400 }, () => past({ ago: MINUTE }))],
      ...send('internal'),
    },
  },
  no: {
    'a mail, then a look': { history: [mailRead] },
    'a mail that was refused': { history: [past({ untrusted: true, refused: true })], ...send('external') },
    yesterday: { history: [past({ ago: 25 * HOUR, untrusted: true })], ...send('external') },
  },
});
