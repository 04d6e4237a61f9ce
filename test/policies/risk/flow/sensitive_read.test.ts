// Sensitive and unseen content raise what leaves after them; and what counts as sensitive.
import { describe, expect, test } from 'vitest';
import { sensitiveRead } from '../../../../policies/risk/flow/sensitive_read.ts';
import { isSensitive } from '../../../../policies/sensitivity.ts';
import { cases, past, secretRead, send } from '../cases.ts';

cases(sensitiveRead, {
  yes: {
    'to an unknown place': { history: [secretRead], ...send('unknown') },
    'something unseen, then out': { history: [past({ unscanned: true })], ...send('external') },
  },
  no: { 'it stays inside': { history: [secretRead], ...send('internal') }, 'nothing leaves': { history: [secretRead] } },
});

describe('what was read is sensitive', () => {
  const found = (counts: Record<string, number>) => ({ classes: Object.keys(counts), counts });
  test.each([
    ['one address', { 'pii.email': 1 }, ['files'], false],
    ['a line of log', { 'pii.ip': 40, 'pii.mac': 3 }, ['files'], false],
    ['a few colleagues', { 'pii.email': 4, 'pii.phone': 4 }, ['database'], false],
    ['a list of people', { 'pii.email': 5 }, ['database'], true],
    ['a list of phones', { 'pii.phone': 9 }, ['files'], true],
    ['the senders of a mailbox', { 'pii.email': 12 }, ['email'], false],
    ['the address book in a mail', { 'pii.email': 25 }, ['email'], true],
    ['one card', { 'financial.card': 1 }, ['email'], true],
    ['one key', { 'credentials.password': 1 }, ['calendar'], true],
    ['one diagnosis', { 'health.diagnosis': 1 }, ['files'], true],
    ['nothing', {}, ['files'], false],
  ])('%s', (_what, counts, domains, sensitive) =>
    expect(isSensitive(found(counts as Record<string, number>), domains)).toBe(sensitive),
  );
});
