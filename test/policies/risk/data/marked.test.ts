// What the operator marked is met by its whole name: tables, columns, folders, labels.
import { describe, expect, test } from 'vitest';
import { marked } from '../../../../policies/risk/data/marked.ts';
import { marksOf } from '../../../../policies/sensitivity.ts';
import { action, reading } from '../../sample.ts';
import { cases } from '../cases.ts';

cases(marked, {
  yes: { 'a table': { reading: { marked: ['tables:customers'] } } },
  no: { nothing: { reading: { marked: [] } } },
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
