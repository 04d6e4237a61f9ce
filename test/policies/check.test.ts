// `policy check` as outside programs drive it: the real command, one answer a line, whatever the line.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../dist/server/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'perimeter-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RULES = `version: 1
rules:
  - { id: reads, why: reading is free, effect: allow, scope: "read:files", agent: felix, role: admin }
  - { id: hr, why: closed, effect: deny, scope: "*:files:hr/**" }
  - { id: writes, why: looked at first, effect: ask, scope: "write:files", limits: { records: 50, uses: 2 } }
  - { id: page, why: the web is read, effect: allow, scope: "read:web" }
  - id: mail
    why: mail to us
    effect: allow
    scope: send:email
    when: { recipients.domains: { only: [$own] }, body.words: { below: 5 } }
  - id: changes
    why: rows are counted
    effect: ask
    scope: write:database
    limits: { records: 50, while: { user_present: true } }
  - id: deletes
    why: a run is stopped
    effect: ask
    scope: delete:files
    unless: { recent: { of: "delete:files", at_most: 2, in: 1h } }
  - { id: few-deletes, why: few are fine, effect: allow, scope: "delete:files" }
  - { id: office, why: only in the office, effect: allow, scope: "list:files", while: { vpn: true, hours: "Mon-Fri 09:00-17:00" } }
`;
const BINDINGS = `- server: files
  root: ./share
  own: { domains: [acme.example] }
  tools:
    read: { does: read:files, resource: { path: path } }
    list: { does: list:files, resource: { path: path } }
    write: { does: write:files, resource: { path: path }, facts: { body: content } }
    delete: { does: delete:files, resource: { path: path } }
    fetch: { does: read:web, resource: { url: url } }
    send: { does: send:email, resource: { address: [to] }, facts: { body: body } }
    query: { does: sql, sql: { statement: sql, dialect: sqlite } }
`;
const text = { type: 'string' };
const tool = (name: string, ...names: string[]) => ({
  name,
  inputSchema: {
    type: 'object',
    properties: Object.fromEntries(names.map((one) => [one, text])),
    required: names,
    additionalProperties: false,
  },
});
const TOOLS = {
  files: [
    tool('read', 'path'),
    tool('list', 'path'),
    tool('write', 'path', 'content'),
    tool('delete', 'path'),
    tool('fetch', 'url'),
    tool('send', 'to', 'body'),
    tool('query', 'sql'),
  ],
};

beforeAll(() => {
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  mkdirSync(join(folder, 'policies', 'bindings'));
  mkdirSync(join(folder, 'share'));
  writeFileSync(join(folder, 'policies', 'rules', 'rules.yaml'), RULES);
  writeFileSync(join(folder, 'policies', 'bindings', 'files.yaml'), BINDINGS);
  writeFileSync(join(folder, 'tools.json'), JSON.stringify(TOOLS));
  writeFileSync(
    join(folder, 'mcp.json'),
    JSON.stringify({
      mcpServers: { files: { command: 'true' } },
      perimeter: { policies: './policies', agent: 'felix', user: { name: 'john', role: 'admin' }, timezone: 'UTC' },
    }),
  );
});

type Answer = {
  id: unknown;
  decision: string;
  rule: string;
  rules: string[];
  why: string;
  failed: string[];
  risk: { level: string; score: number; factors: { name: string; points: number }[] };
  actions: { action: string; decision: string; rule: string }[];
  facts: Record<string, unknown>;
};

/** Answers to the bytes of a file of calls. Fails when the command does. */
function run(file: string | Buffer, env: Record<string, string> = {}, more: string[] = ['--tools', 'tools.json']): Answer[] {
  writeFileSync(join(folder, 'calls.jsonl'), file);
  const out = execFileSync(
    process.execPath,
    [PROGRAM, 'policy', 'check', '--calls', 'calls.jsonl', '--config', 'mcp.json', '--json', ...more],
    {
      cwd: folder,
      env: { ...process.env, PERIMETER_NOW: '2026-11-23T10:00:00Z', ...env },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
}
const lines = (...list: Record<string, unknown>[]) =>
  run(list.map((one, index) => JSON.stringify({ id: index, server: 'files', ...one })).join('\n'));
const decisions = (answers: readonly Answer[]) => answers.map((one) => [one.decision, one.rule]);
const read = (path: string, more: object = {}) => ({ tool: 'read', arguments: { path }, ...more });

describe('an answer', () => {
  let answers: Answer[] = [];
  beforeAll(() => {
    answers = lines(
      read('a.txt'),
      read('hr/pay.csv'),
      { tool: 'files__read', arguments: { path: 'a.txt' } },
      { tool: 'send', arguments: { to: 'bob@partner.example', body: 'one two three four five six' } },
      { tool: 'query', arguments: { sql: 'UPDATE t SET a = 1; SELECT * FROM u' }, context: { records: 3 } },
      { tool: 'read', arguments: { path: 'a.txt', extra: 'x' } },
      { tool: 'read', arguments: {} },
      { tool: 'nothing', arguments: {} },
      { server: 'elsewhere', tool: 'read', arguments: {} },
    );
  });

  test('has every key of the contract, in every case', () => {
    for (const answer of answers) {
      for (const key of ['id', 'decision', 'rule', 'rules', 'why', 'failed', 'risk', 'actions', 'facts'])
        expect(answer).toHaveProperty(key);
      expect(['allow', 'ask', 'deny']).toContain(answer.decision);
      expect(['low', 'medium', 'high', 'critical']).toContain(answer.risk.level);
      expect(typeof answer.risk.score).toBe('number');
      expect(answer.why).not.toBe('');
      expect(answer.rules).toContain(answer.rule);
      for (const action of answer.actions)
        expect(action).toMatchObject({ action: expect.any(String), decision: expect.any(String), rule: expect.any(String) });
    }
  });

  test('comes in the order of the lines', () => {
    expect(answers.map((one) => one.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('names the strictest rule', () => {
    expect(decisions(answers)).toEqual([
      ['allow', 'reads'],
      ['deny', 'hr'],
      ['allow', 'reads'],
      ['ask', 'default'],
      ['ask', 'changes'],
      ['deny', 'schema'],
      ['deny', 'schema'],
      ['deny', 'tool'],
      ['deny', 'tool'],
    ]);
  });

  test('names the clauses that failed, as fact and operator', () => {
    expect(answers[3]?.failed).toEqual(['body.words below', 'recipients.domains only']);
  });

  test('lists every action with its own decision, and the facts behind it', () => {
    expect(answers[4]?.actions.map((one) => one.action)).toEqual(['write:database:t', 'read:database:u']);
    expect(answers[4]?.facts).toMatchObject({ 'sql.kind': ['update', 'read'], records: 3 });
    expect(answers[1]?.actions[0]).toMatchObject({ action: 'read:files:hr/pay.csv', decision: 'deny', rule: 'hr' });
  });
});

describe('a line that can not be judged is denied with a reason, and the run goes on', () => {
  const good = '{"id":"good","server":"files","tool":"read","arguments":{"path":"a.txt"}}';
  const bad: [string, string | Buffer][] = [
    ['no JSON', 'not json'],
    ['a key twice', '{"id":"x","server":"files","tool":"read","arguments":{"path":"a","path":"hr/b"}}'],
    ['a key that reaches the prototype', '{"id":"x","server":"files","tool":"read","arguments":{"path":"a","__proto__":{}}}'],
    ['no id', '{"server":"files","tool":"read","arguments":{"path":"a"}}'],
    [
      'an unknown key of the context',
      '{"id":"x","server":"files","tool":"read","arguments":{"path":"a"},"context":{"vnp":true}}',
    ],
    ['a context of the wrong kind', '{"id":"x","server":"files","tool":"read","arguments":{"path":"a"},"context":{"vpn":"yes"}}'],
    ['a time without a zone', '{"id":"x","server":"files","tool":"read","arguments":{"path":"a"},"at":"2026-11-23T10:00:00"}'],
    [
      'a grant that reaches everything',
      '{"id":"x","server":"files","tool":"read","arguments":{"path":"a"},"context":{"grants":[{"scope":"*:files"}]}}',
    ],
    [
      'a grant whose scope is none',
      '{"id":"x","server":"files","tool":"read","arguments":{"path":"a"},"context":{"grants":[{"scope":"everything"}]}}',
    ],
    ['arguments that are a text', '{"id":"x","server":"files","tool":"read","arguments":"{\\"path\\":\\"a\\"}"}'],
    ['arguments that are a list', '{"id":"x","server":"files","tool":"read","arguments":[{"path":"a"}]}'],
    ['a number for a tool', '{"id":"x","server":"files","tool":5,"arguments":{}}'],
    ['a number too large', '{"id":"x","server":"files","tool":"read","arguments":{"path":1e999}}'],
    ['two messages', `${good} ${good}`],
    ['half a character', '{"id":"x","server":"files","tool":"read","arguments":{"path":"\\ud800"}}'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([
        Buffer.from('{"id":"x","server":"files","tool":"read","arguments":{"path":"a'),
        Buffer.from([0xff]),
        Buffer.from('"}}'),
      ]),
    ],
    ['a list', '[]'],
    ['null', 'null'],
    [
      'nesting without end',
      `{"id":"x","server":"files","tool":"read","arguments":{"path":${'['.repeat(5000)}${']'.repeat(5000)}}}`,
    ],
  ];
  let answers: Answer[] = [];
  beforeAll(() => {
    answers = run(
      Buffer.concat(
        [...bad.map(([, line]) => Buffer.from(line)), Buffer.from(good)].flatMap((line) => [line, Buffer.from('\n')]),
      ),
    );
  });

  test.each(bad.map(([what], index) => [what, index] as const))('%s', (_what, index) => {
    const answer = answers[index];
    expect(answer).toMatchObject({ decision: 'deny', rule: 'error', actions: [], facts: {} });
    expect(answer?.why).toMatch(/^this line can't be judged: ./);
  });

  test('the good line after all of them is answered', () => {
    expect(answers).toHaveLength(bad.length + 1);
    expect(answers.at(-1)).toMatchObject({ id: 'good', decision: 'allow' });
  });

  test('the id is kept where there is one for sure', () => {
    expect(answers[2]?.id).toBe('x');
    expect(answers[3]?.id).toBe(null);
  });
});

test('an empty file has no answers', () => {
  expect(run('')).toEqual([]);
  expect(run('\n\r\n  \n')).toEqual([]);
});

test('line ends of Windows, blank lines and a missing last line end are no matter', () => {
  const line = JSON.stringify({ id: 1, server: 'files', tool: 'read', arguments: { path: 'a.txt' } });
  expect(decisions(run(`${line}\r\n\r\n${line}\r\n${line}`))).toEqual([
    ['allow', 'reads'],
    ['allow', 'reads'],
    ['allow', 'reads'],
  ]);
});

test('a megabyte of argument is judged, or refused with a reason', () => {
  const [long, path, mail] = lines(
    { tool: 'write', arguments: { path: 'a.txt', content: 'x '.repeat(500_000) } },
    read('a/'.repeat(500_000)),
    { tool: 'send', arguments: { to: 'ann@acme.example', body: 'word '.repeat(300_000) } },
  );
  expect(long?.decision).toBe('ask');
  expect(path).toMatchObject({ decision: 'deny', rule: 'error' });
  expect(mail?.decision).not.toBe('allow');
});

test('without definitions the tools of a binding are judged all the same', () => {
  const calls = JSON.stringify({ id: 1, server: 'files', tool: 'read', arguments: { path: 'hr/a' } });
  expect(decisions(run(calls, {}, []))).toEqual([['deny', 'hr']]);
});

describe('the context', () => {
  test('session, presence, VPN and who it is', () => {
    const answers = lines(
      read('a', { context: { session: 'expired' } }),
      read('a', { context: { session: 'none' } }),
      read('a', { context: { agent: 'other' } }),
      read('a', { context: { role: 'guest' } }),
      { tool: 'list', arguments: { path: 'a' } },
      { tool: 'list', arguments: { path: 'a' }, context: { vpn: true } },
      { tool: 'list', arguments: { path: 'a' }, context: { vpn: false } },
      { tool: 'list', arguments: { path: 'a' }, context: { vpn: true }, at: '2026-11-23T17:00:00Z' },
      { tool: 'list', arguments: { path: 'a' }, context: { vpn: true }, at: '2026-11-23T17:30:00+01:00' },
      read('a', { context: { machine: 'unknown', user_present: false } }),
    );
    expect(decisions(answers)).toEqual([
      ['deny', 'session'],
      ['deny', 'session'],
      ['ask', 'default'],
      ['ask', 'default'],
      ['ask', 'default'],
      ['allow', 'office'],
      ['ask', 'default'],
      ['ask', 'default'],
      ['allow', 'office'],
      ['allow', 'reads'],
    ]);
    expect(answers[9]?.risk.factors.map((one) => one.name)).toEqual(expect.arrayContaining(['unknown_machine', 'user_absent']));
    expect(answers[5]?.risk.factors).toEqual([]);
  });

  test('PERIMETER_NOW is the time of lines that say none', () => {
    const line = JSON.stringify({ id: 1, server: 'files', tool: 'list', arguments: { path: 'a' }, context: { vpn: true } });
    expect(decisions(run(line, { PERIMETER_NOW: '2026-11-22T10:00:00Z' }))).toEqual([['ask', 'default']]);
    const wrong = spawnSync(process.execPath, [PROGRAM, 'policy', 'check', '--calls', 'calls.jsonl', '--json'], {
      cwd: folder,
      env: { ...process.env, PERIMETER_NOW: 'noon' },
      encoding: 'utf8',
    });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('PERIMETER_NOW');
  });
});

describe('the lines of a session', () => {
  const at = (minute: number) => `2026-11-23T10:${String(minute).padStart(2, '0')}:00Z`;
  const remove = (path: string, minute: number, session = 's') => ({
    tool: 'delete',
    arguments: { path },
    session,
    at: at(minute),
  });

  test('are counted together, refused ones left out, others apart', () => {
    const answers = lines(remove('a', 0), remove('hr/x', 1), remove('b', 2), remove('c', 3), remove('d', 4, 'other'), {
      ...remove('e', 5),
      at: '2026-11-23T11:30:00Z',
    });
    expect(decisions(answers)).toEqual([
      ['allow', 'few-deletes'],
      ['deny', 'hr'],
      ['allow', 'few-deletes'],
      ['ask', 'deletes'],
      ['allow', 'few-deletes'],
      ['allow', 'few-deletes'],
    ]);
    expect(answers[3]?.failed).toEqual(['recent at_most']);
  });

  const names = (answer: Answer | undefined) => answer?.risk.factors.map((one) => one.name);

  test('remember what was read: untrusted and sensitive content raise what follows', () => {
    const send = { tool: 'send', arguments: { to: 'bob@partner.example', body: 'x' }, session: 's' };
    const answers = lines(
      { ...send, session: 'fresh' },
      { tool: 'fetch', arguments: { url: 'https://attacker.example/' }, session: 's' },
      send,
      read('people.csv', { session: 't', result: 'Ann, ann@acme.example, NO93 8601 1117 947' }),
      { ...send, session: 't' },
      read('hr/people.csv', { session: 'u', result: 'Ann, NO93 8601 1117 947' }),
      { ...send, session: 'u' },
    );
    expect(names(answers[0])).not.toContain('untrusted_read');
    expect(names(answers[2])).toContain('untrusted_read');
    expect(names(answers[4])).toContain('sensitive_read');
    // it was refused, so nothing was read
    expect(names(answers[6])).not.toContain('sensitive_read');
  });

  test('a first use needs something to be first against', () => {
    const answers = lines(read('a', { session: 's' }), {
      tool: 'fetch',
      arguments: { url: 'https://www.acme.example/' },
      session: 's',
    });
    expect(names(answers[0])).not.toContain('first_use');
    expect(names(answers[1])).toContain('first_use');
  });
});

describe('grants', () => {
  const write = (path: string, more: object = {}) => ({
    tool: 'write',
    arguments: { path, content: 'x' },
    session: 's',
    ...more,
  });
  const given = (...grants: object[]) => ({ context: { grants } });

  test('answer from their own line on, are drawn down by what is allowed, and are spent', () => {
    const answers = lines(
      write('a'),
      write('a', given({ scope: 'write:files:a', minutes: 10, uses: 2 })),
      write('b'),
      write('a'),
      write('a'),
      write('a', { session: 'other' }),
    );
    expect(answers.map((one) => one.decision)).toEqual(['ask', 'allow', 'ask', 'allow', 'ask', 'ask']);
    expect(answers[1]?.actions[0]).toMatchObject({ decision: 'allow', rule: 'writes' });
  });

  test('end with their time, and hold for nothing before they were given', () => {
    const grant = given({ scope: 'write:files', minutes: 10, uses: 9 });
    const times = ['10:09:59.999', '10:10:00.000', '09:59:59.999'].map((time) => write('a', { at: `2026-11-23T${time}Z` }));
    expect(lines(write('x', { at: '2026-11-23T10:00:00Z', ...grant }), ...times).map((one) => one.decision)).toEqual([
      'allow',
      'allow',
      'ask',
      'ask',
    ]);
  });

  test('last no longer than a day, whatever is asked for', () => {
    const grant = given({ scope: 'write:files', minutes: 999_999, uses: 9 });
    const answers = lines(
      write('a', { at: '2026-11-23T10:00:00Z', ...grant }),
      write('a', { at: '2026-11-24T09:00:00Z' }),
      write('a', { at: '2026-11-24T10:00:00Z' }),
    );
    expect(answers.map((one) => one.decision)).toEqual(['allow', 'allow', 'ask']);
  });

  test('lift only the rules they answer, never a deny, and a higher risk only where they say so', () => {
    const risky = { tool: 'write', arguments: { path: 'a', content: 'AKIAIOSFODNN7EXAMPLE' }, session: 's' };
    const answers = lines(
      write('a', given({ scope: 'write:files', rules: ['default'] })),
      write('a', { session: 't', ...given({ scope: 'write:files', rules: ['writes'] }) }),
      write('hr/a', { session: 'u', ...given({ scope: 'write:files:hr/**' }) }),
      { ...risky, session: 'v', ...given({ scope: 'write:files' }) },
      { ...risky, session: 'w', ...given({ scope: 'write:files', risk: 'high' }) },
      { ...risky, session: 'x', ...given({ scope: 'write:files', rules: ['writes'], risk: 'high' }) },
      { ...risky, session: 'y', ...given({ scope: 'write:files', risk: 'medium' }) },
    );
    expect(answers.map((one) => one.decision)).toEqual(['ask', 'allow', 'deny', 'ask', 'allow', 'allow', 'ask']);
  });

  const update = (records: number | undefined, more: object = {}) => ({
    tool: 'query',
    arguments: { sql: 'UPDATE t SET a = 1' },
    session: 's',
    context: { user_present: true, ...(records === undefined ? {} : { records }), ...more },
  });

  test('are a budget of records', () => {
    const answers = lines(
      update(20, { grants: [{ scope: 'write:database:t', uses: 5, records: 23 }] }),
      update(4),
      update(3),
      update(undefined),
      update(0),
    );
    expect(answers.map((one) => one.decision)).toEqual(['allow', 'ask', 'allow', 'ask', 'allow']);
  });

  test('never give more than the rule lets them, nor outlive its condition', () => {
    const grants = [{ scope: 'write:database:t', uses: 9 }];
    const answers = lines(
      update(51),
      update(51, { grants }),
      update(50),
      { ...update(5), context: { records: 5 } },
      { ...update(5), context: { records: 5, user_present: false } },
    );
    expect(decisions(answers)).toEqual([
      ['deny', 'over_limit'],
      ['deny', 'over_limit'],
      ['allow', 'changes'],
      ['ask', 'changes'],
      ['ask', 'changes'],
    ]);
  });
});

test('it writes nothing and contacts nobody: no state, nothing but answers on the output', () => {
  lines(read('a'));
  expect(() => readFileSync(join(folder, '.perimeter', 'state.json'))).toThrow();
});

test('a policy that can not be used stops the run with its file and line', () => {
  writeFileSync(join(folder, 'policies', 'rules', 'broken.yaml'), 'version: 1\nrules:\n  - { id: x, why: y, effect: permit }\n');
  try {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [PROGRAM, 'policy', 'check', '--calls', 'calls.jsonl', '--json'],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('policies/rules/broken.yaml:3: `effect`');
  } finally {
    rmSync(join(folder, 'policies', 'rules', 'broken.yaml'));
  }
});
