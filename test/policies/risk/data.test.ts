// Data: families of classes in the arguments, marks of the operator, and text too long to look through.
import { describe, expect, test } from 'vitest';
import { DATA } from '../../../policies/risk/data.ts';
import { assessResult } from '../../../policies/risk.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';
import { isSensitive, marksOf, openedBy } from '../../../policies/sensitivity.ts';
import { action, reading } from '../sample.ts';
import { cases } from './cases.ts';

const carrying = (...classes: string[]) => ({ reading: { facts: { 'data.classes': classes } } });

cases(DATA, {
  pii: {
    yes: { 'an address': carrying('pii.email'), 'what a binding says': carrying('pii') },
    no: { nothing: carrying(), 'another family': carrying('health.record') },
  },
  financial: { yes: { 'a card': carrying('financial.card') }, no: { nothing: {}, 'a person': carrying('pii.email') } },
  credentials: { yes: { 'a key': carrying('credentials.aws_key') }, no: { nothing: carrying() } },
  health: { yes: { 'a diagnosis': carrying('health.diagnosis') }, no: { 'a name that begins alike': carrying('healthy') } },
  marked: { yes: { 'a table': { reading: { marked: ['tables:customers'] } } }, no: { nothing: { reading: { marked: [] } } } },
  unscanned: { yes: { 'too long': carrying('unscanned') }, no: { 'all looked through': carrying('pii.email') } },
});

describe('what an operator marks is met', () => {
  const table = reading([{ verb: 'read', domain: 'database', kind: 'table', resource: 'customers', segments: ['customers'] }], {
    facts: { 'sql.tables': ['customers'], 'sql.columns': ['customers.name', 'orders.*'] },
  });
  const file = (path: string, folder = false) => reading([action(`read:files:${path}`, folder ? { folder: true } : {})]);
  test.each([
    ['a table', table, { tables: ['Customers'] }, ['tables:Customers']],
    ['a table by a star', table, { tables: ['cust*'] }, ['tables:cust*']],
    ['another table', table, { tables: ['staff'] }, []],
    ['a column', table, { columns: ['customers.name'] }, ['columns:customers.name']],
    ['a column among all of a table', table, { columns: ['orders.total'] }, ['columns:orders.total']],
    ['another column', table, { columns: ['customers.phone'] }, []],
    ['a file in a folder', file('hr/pay/2026.csv'), { folders: ['hr'] }, ['folders:hr']],
    ['the folder itself, in another case', file('HR'), { folders: ['hr/'] }, ['folders:hr/']],
    ['a folder that is read whole and holds it', file('company', true), { folders: ['company/hr'] }, ['folders:company/hr']],
    ['a folder beside it', file('hr2/pay.csv'), { folders: ['hr'] }, []],
    [
      'a label in an argument',
      reading([action('read:email')], { args: { query: { labels: ['Inbox', 'Confidential'] } } }),
      { labels: ['confidential'] },
      ['labels:confidential'],
    ],
    [
      'a label as the resource',
      reading([{ verb: 'read', domain: 'calendar', kind: 'text', resource: 'Board', segments: ['Board'] }]),
      { labels: ['board'] },
      ['labels:board'],
    ],
    ['a word in a text', reading([action('send:email')], { args: { body: 'confidential' } }), { labels: ['confidential'] }, []],
  ])('%s', (_what, read, marks, met) => expect(marksOf(read, marks)).toEqual(met));
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

describe('what makes something public', () => {
  const opened = (args: Record<string, unknown>, verb = 'share:files:a') => openedBy(reading([action(verb)], { args }));
  test.each([
    [{ type: 'anyone', role: 'reader' }, 'type'],
    [{ visibility: 'public' }, 'visibility'],
    [{ permission: { scope: 'anyoneWithLink' } }, 'scope'],
    [{ isPublic: true }, 'isPublic'],
    [{ private: false }, 'private'],
    [{ access: 'public-read' }, 'access'],
    [{ title: 'public', text: 'everyone' }, undefined],
    [{ isPublic: false, private: true }, undefined],
    [{ visibility: 'internal' }, undefined],
  ])('%j', (args, by) => expect(opened(args)).toBe(by));
  test('but not when it only looks', () => expect(opened({ visibility: 'public' }, 'list:files')).toBeUndefined());
});

test('what a result carries is named with the same points', () => {
  expect(assessResult(['pii.email', 'pii.phone', 'financial.iban'], DEFAULT_RISK)).toEqual({
    level: 'high',
    score: 60,
    factors: [
      { name: 'pii', points: 30 },
      { name: 'financial', points: 30 },
    ],
  });
  expect(assessResult([], DEFAULT_RISK).score).toBe(0);
  const without = { ...DEFAULT_RISK, points: {} };
  expect(assessResult(['unscanned'], without).level).toBe('medium');
});
