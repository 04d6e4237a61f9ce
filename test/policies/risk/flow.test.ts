// Flow: what came in from outside or must not go out, and what would leave now.
import { expect, test } from 'vitest';
import { FLOW } from '../../../policies/risk/flow.ts';
import { assess } from '../../../policies/risk.ts';
import { action } from '../sample.ts';
import { cases, MINUTE, past, toAssess } from './cases.ts';

const HOUR = 60 * MINUTE;
const mailRead = past({ ago: HOUR, untrusted: true, actions: [action('read:email')] });
const secretRead = past({ ago: HOUR, sensitive: true });
const send = (destination: string) => ({ actions: [action('send:email')], reading: { facts: { destination } } });

cases(FLOW, {
  untrusted_read: {
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
  },
  sensitive_read: {
    yes: {
      'to an unknown place': { history: [secretRead], ...send('unknown') },
      'something unseen, then out': { history: [past({ unscanned: true })], ...send('external') },
    },
    no: { 'it stays inside': { history: [secretRead], ...send('internal') }, 'nothing leaves': { history: [secretRead] } },
  },
  leak: {
    yes: {
      'to somebody outside': { history: [secretRead], ...send('external') },
      'by asking a foreign host': {
        history: [secretRead],
        actions: [{ verb: 'read', domain: 'web', kind: 'url', resource: 'x.example/a', segments: ['x.example', 'a'] }],
        reading: { facts: { destination: 'external' } },
      },
    },
    no: {
      'to a colleague': { history: [secretRead], ...send('internal') },
      'nothing was read': send('external'),
      'only something unseen': { history: [past({ unscanned: true })], ...send('external') },
    },
  },
});

test('sensitive data read, then a foreign recipient, is critical by itself', () => {
  expect(assess(toAssess({ history: [secretRead], ...send('external') })).level).toBe('critical');
});
