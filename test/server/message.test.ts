// The order of the message: some clients show three lines of it and fold the rest away (docs/clients.md).
import { expect, test } from 'vitest';
import { type Asking, impactSentence, writeMessage } from '../../server/message.ts';

const ASKING: Asking = {
  agent: 'felix-prod',
  scope: ['write:database:customers'],
  tools: ['database__execute'],
  impact: { measured: 23, unit: 'records', per_resource: { customers: 23 }, claimed: 20, strength: 'enforced' },
  risk: { level: 'high', score: 60, factors: [{ name: 'bulk', points: 60 }] },
  whys: ['customers are real people'],
  for_ms: 30 * 60_000,
  uses: 1,
  exact_only: false,
  justification: 'for the campaign',
  proof: 'none',
  approvals: 2,
  writes: true,
  outside: ['partner.example'],
  calls: [{ tool: 'database__execute', arguments: { sql: 'UPDATE customers SET a = 1' } }],
  samples: ['customers: id=1', 'customers: id=2'],
};

test('the first three lines say who asks for what, how much it touches, and the very call', () => {
  const lines = writeMessage(ASKING).split('\n');
  expect(lines[0]).toBe('felix-prod asks to write database:customers.');
  expect(lines[1]).toMatch(/^This will affect 23 records in customers \(counted now/);
  expect(lines[2]).toBe('Call: database__execute {"sql":"UPDATE customers SET a = 1"}');
  expect(lines.at(-1)).toMatch(/^The agent says \(its claim, not checked\)/);
});

test('the promise says what is held one by one, what by its number, and what not at all', () => {
  const counted = { ...ASKING.impact, per_resource: { customers: 23, audit_log: 23 }, measured: 46, holds: 'each' as const };
  expect(impactSentence({ ...counted, by_number: ['audit_log'] })).toContain(
    'for exactly these records, in audit_log by their number',
  );
  expect(impactSentence({ ...counted, holds: 'counts', strength: 'rewritten', direct: true })).toContain(
    'enforced by rewriting the statement, by the numbers and not row by row; only the direct ones are counted and held',
  );
});

test('encoded words of a mail are read out, whatever they hold', () => {
  const shown = (args: Record<string, unknown>) =>
    writeMessage({ ...ASKING, calls: [{ tool: 'send', arguments: args }] })
      .split('\n')
      .find((line) => line.startsWith('A mail program'));
  expect(shown({ subject: '=?utf-8?B?SW52b2ljZSBwYWlk?=', to: ['=?iso-8859-1?q?B=F6ss_man?= <eve@evil.test>'] })).toBe(
    'A mail program shows in place of what is encoded there: "Invoice paid", "Böss man".',
  );
  expect(shown({ subject: '=?utf-8?q?a=0D=0ARisk:_low=E2=80=AE?=' })).not.toMatch(/[\r\u202e]/);
  expect(shown({ subject: 'plain', body: 'a =? b ?= c' })).toBeUndefined();
  expect(shown({ body: '=?utf-8?q?x?='.repeat(50) })).toContain('and 45 more');
});

test('what was too much to try is a floor, and says so', () => {
  const large = {
    ...ASKING.impact,
    claimed: null,
    strength: 'estimated',
    more: true,
    counted_at: '2026-11-23T12:00:00.000Z',
  } as const;
  expect(impactSentence({ ...large, direct: true })).toBe(
    'This will affect at least 23 records in customers (counted now, 12:00:00 UTC, without trying it: it is too much for that, so what follows by cascade or trigger is not in the number).',
  );
  expect(impactSentence(large)).toBe(
    'This will affect more than 23 records in customers (counted until it was too much to go on).',
  );
});

test('a place that begins like somebody else is named with who it belongs to', () => {
  const text = writeMessage({ ...ASKING, outside: ['acme.example.evil.test', 'partner.example'] });
  expect(text).toContain('Leaves your own domains, to acme.example.evil.test (part of evil.test), partner.example.');
});
