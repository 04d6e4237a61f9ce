// Loading policies: what people write becomes one checked set, or a list of all that is wrong with file and line.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadPolicy, type PolicyFile } from '../../policies/load.ts';
import { FACTORS } from '../../policies/risk.ts';
import { DEFAULT_RISK, pointsOf } from '../../policies/risk-defaults.ts';
import { formatProblem } from '../../policies/source.ts';
import type { Rule } from '../../policies/types.ts';

const options = { factors: FACTORS.map((factor) => factor.name) };
const rulesFile = (text: string, path = 'rules/r.yaml'): PolicyFile => ({ path, text, kind: 'rules' });
const bindingFile = (text: string, path = 'bindings/b.yaml'): PolicyFile => ({ path, text, kind: 'bindings' });
const listsFile = (text: string): PolicyFile => ({ path: 'lists.yaml', text, kind: 'lists' });
const load = (...files: PolicyFile[]) => loadPolicy(files, options);
const problems = (...files: PolicyFile[]) => load(...files).problems.map(formatProblem);
const loaded = (...files: PolicyFile[]) => {
  const result = load(...files);
  if (!result.policy) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result;
};
/** A file with one rule of these lines. */
const rule = (...lines: string[]) =>
  rulesFile(`version: 1\nrules:\n  - id: a\n    why: because\n${lines.map((line) => `    ${line}\n`).join('')}`);
const oneRule = (...lines: string[]) => loaded(rule(...lines)).policy.rules[0] as Rule;

const CONTRACT_RULES = `
version: 1
rules:
  - id: marketing-read
    why: John works on the campaign          # required; shown to the agent and to the human
    effect: allow                            # allow | ask | deny
    scope: read:files:marketing/**           # one or a list
    agent: felix-*                           # optional; also user:, role:, server:, tool: (globs, one or a list)
    while: { user_present: true, session: active, vpn: true, hours: "Mon-Fri 09:00-18:00" }   # any subset
    until: 2026-12-31T00:00:00Z              # optional; also from:
  - id: short-safe-drafts
    why: short drafts about nothing financial are harmless
    effect: allow
    scope: draft:email
    when:                                    # all must hold; unless: takes the same facts
      body.words:      { below: 500 }
      body.mentions:   { none_of: $banking } # $name = a list in policies/lists.yaml
      recipients:      { at_most: 5 }
      recipients.domains: { only: [$own, partner.example] }
    otherwise: ask
  - id: customer-writes
    why: customers are real people
    effect: ask
    scope: write:database:customers
    ask: handoff
    limits: { records: 50, recipients: 5, files: 10, bytes: 1MB, amount: 100, uses: 1, for: 30m, at_most: 2h,
              exact: true, while: { user_present: true } }
    proof: typed
    strength: checked
    redact: [result.ssn]
risk:
  points: { outside_hours: 20, pii: 30, financial: 30, credentials: 50, bulk: 25, first_use: 15, user_absent: 20, vpn_off: 20, session_near_end: 10,
            untrusted_read: 25, sensitive_read: 25, foreign_destination: 20, external_storage: 90, destructive: 15, unbound_tool: 30, rate: 15, repeated_refusals: 20 }
  bulk_over: 20
  hours: "Mon-Fri 08:00-18:00"
  zone: Europe/Oslo
  levels: { medium: 25, high: 50, critical: 90 }
  responses: { medium: watch, high: ask, critical: deny }
tests:
  - name: nobody climbs out of marketing
    at: 2026-11-23T10:00:00Z
    call: { tool: files__read, arguments: { path: marketing/../hr/pay.csv } }
    expect: { decision: ask, rule: default }
`;
const CONTRACT_BINDING = `
server: crm
root: ./workspace
paths: { os: posix, case: insensitive }
own: { domains: [acme.example] }
tools:
  read_file:   { does: read:files,  resource: { path: path }, ignore: [limit] }
  move_file:   { does: move:files,  resource: { path: [source, destination] } }
  send_email:  { does: send:email,  resource: { address: [to, cc, bcc, reply_to] }, facts: { body: [subject, body], attachments: "files[].path" } }
  add_event:   { does: create:calendar, resource: { text: calendar }, facts: { body: [title, notes] },
                 also: [{ given: guests, does: send:invitation, resource: { address: guests } }] }
  fetch:       { does: read:web,    resource: { url: url } }
  query:       { does: sql, sql: { statement: sql, dialect: postgres, domain: database } }
  admin:       { does: { by: operation, list: read:crm, update: write:crm, "*": delete:crm } }
  pay:         { does: send:money,  resource: { text: iban }, facts: { amount: amount }, risk: critical, sensitive: [financial] }
  ping:        { does: read:crm,    resource: none }
resources: { "crm://{table}": { does: read:crm, resource: { text: table }, sensitive: [pii] } }
`;

describe('the documented example', () => {
  const { policy, notes } = loaded(
    rulesFile(CONTRACT_RULES),
    listsFile('banking: [iban, wire transfer]\n'),
    bindingFile(CONTRACT_BINDING),
  );
  const [read, draft, write] = policy.rules as [Rule, Rule, Rule];

  test('loads as written, rule by rule', () => {
    expect(notes).toEqual([]);
    expect(read).toMatchObject({
      id: 'marketing-read',
      effect: 'allow',
      agent: ['felix-*'],
      while: { user_present: true, session: 'active', vpn: true, hours: 'Mon-Fri 09:00-18:00' },
      until: Date.parse('2026-12-31T00:00:00Z'),
      otherwise: 'none',
      where: 'rules/r.yaml:4',
    });
    expect(read.scope.map((scope) => scope.text)).toEqual(['read:files:marketing/**']);
    expect(draft.when).toEqual([
      { fact: 'body.words', operator: 'below', value: 500, where: 'rules/r.yaml:16' },
      { fact: 'body.mentions', operator: 'none_of', value: ['iban', 'wire transfer'], where: 'rules/r.yaml:17' },
      { fact: 'recipients', operator: 'at_most', value: 5, where: 'rules/r.yaml:18' },
      { fact: 'recipients.domains', operator: 'only', value: ['$own', 'partner.example'], where: 'rules/r.yaml:19' },
    ]);
    expect(write).toMatchObject({
      ask: 'handoff',
      limits: {
        records: 50,
        recipients: 5,
        files: 10,
        bytes: 1_000_000,
        amount: 100,
        uses: 1,
        for: 1_800_000,
        at_most: 7_200_000,
        exact: true,
        while: { user_present: true },
      },
      proof: 'typed',
      strength: 'checked',
      redact: ['result.ssn'],
    });
  });

  test('risk, tests and lists', () => {
    expect(policy.risk).toMatchObject({ bulk_over: 20, zone: 'Europe/Oslo', levels: { medium: 25, high: 50, critical: 90 } });
    expect(policy.risk.points.external_storage).toBe(90);
    expect(policy.tests).toEqual([
      {
        name: 'nobody climbs out of marketing',
        at: Date.parse('2026-11-23T10:00:00Z'),
        call: { tool: 'files__read', arguments: { path: 'marketing/../hr/pay.csv' } },
        expect: { decision: 'ask', rule: 'default' },
        where: 'rules/r.yaml:40',
      },
    ]);
    expect(policy.lists).toEqual({ banking: ['iban', 'wire transfer'] });
  });

  test('the binding', () => {
    const [binding] = policy.bindings;
    expect(binding).toMatchObject({
      servers: ['crm'],
      packages: [],
      root: './workspace',
      paths: { os: 'posix', case: 'insensitive' },
      own: { domains: ['acme.example'] },
    });
    expect(binding?.tools.send_email).toEqual({
      does: { verb: 'send', domain: 'email' },
      resource: { kind: 'address', args: ['to', 'cc', 'bcc', 'reply_to'] },
      facts: { body: ['subject', 'body'], attachments: ['files[].path'] },
      also: [],
      ignore: [],
      sensitive: [],
      where: 'bindings/b.yaml:9',
    });
    expect(binding?.tools.query).toMatchObject({
      does: 'sql',
      sql: { statement: 'sql', dialect: 'postgres', domain: 'database' },
    });
    expect(binding?.tools.admin?.does).toEqual({
      by: 'operation',
      cases: { list: { verb: 'read', domain: 'crm' }, update: { verb: 'write', domain: 'crm' } },
      otherwise: { verb: 'delete', domain: 'crm' },
    });
    expect(binding?.tools.add_event?.also).toEqual([
      { given: 'guests', does: { verb: 'send', domain: 'invitation' }, resource: { kind: 'address', args: ['guests'] } },
    ]);
    expect(binding?.tools.pay).toMatchObject({ risk: 'critical', sensitive: ['financial'], facts: { amount: ['amount'] } });
    expect(binding?.tools.ping?.resource).toEqual({ kind: 'none', args: [] });
    expect(binding?.resources['crm://{table}']).toEqual({
      does: { verb: 'read', domain: 'crm' },
      resource: { kind: 'text', args: ['table'] },
      sensitive: ['pii'],
    });
  });
});

describe('rules', () => {
  test('an ask or deny without a scope is about everything, an allow must say', () => {
    expect(oneRule('effect: deny').scope.map((scope) => scope.text)).toEqual(['*:*']);
    expect(problems(rule('effect: allow'))[0]).toMatch(
      /^rules\/r.yaml:3: `a` allows something and does not say what; add a `scope`/,
    );
  });

  test.each([
    ['a mistyped key', ['effect: deny', 'scop: read:files'], '6: unknown key `scop`; did you mean `scope`?'],
    ['a mistyped effect', ['effect: alow'], "5: `effect` can't be `alow`; did you mean `allow`?"],
    ['a mistyped verb', ['effect: deny', 'scope: raed:files'], '6: `raed` is no verb'],
    ['a scope with no domain', ['effect: deny', 'scope: read'], '6: `read` names no domain'],
    [
      'a scope with foreign globs',
      ['effect: deny', 'scope: [read:files, "read:files:{a,b}"]'],
      '6: `{a,b}` uses one of ? { } [ ]',
    ],
    [
      'a mistyped fact',
      ['effect: deny', 'when:', '  body.word: { below: 5 }'],
      '7: unknown fact `body.word`; did you mean `body.words`?',
    ],
    [
      'a mistyped operator',
      ['effect: deny', 'when:', '  body.words: { bellow: 5 }'],
      '7: unknown operator `bellow`; did you mean `below`?',
    ],
    [
      'an operator that makes no sense',
      ['effect: deny', 'when: { body.mentions: { below: 5 } }'],
      '6: `body.mentions` does not take `below`; it takes any_of none_of',
    ],
    ['a fact without an operator', ['effect: deny', 'when: { body.words: 500 }'], '6: `body.words` needs an operator'],
    ['a number that is none', ['effect: deny', 'when: { body.words: { below: "500" } }'], '6: `below` takes a number'],
    [
      'a text where numbers are',
      ['effect: deny', 'when: { recipients: { in: [one] } }'],
      '6: `recipients` is a number, and `one` is none',
    ],
    ['a number where texts are', ['effect: deny', 'when: { sql.tables: { any_of: [5] } }'], '6: `sql.tables` takes texts here'],
    [
      'an SQL kind that is none',
      ['effect: deny', 'when: { sql.kind: { any_of: [updat] } }'],
      '6: `sql.kind` is never `updat`; did you mean `update`?',
    ],
    ['a data class that is none', ['effect: deny', 'when: { data.classes: { any_of: [pi] } }'], 'did you mean `pii`?'],
    [
      'an address for a domain',
      ['effect: deny', 'when: { recipients.domains: { none_of: [a@b.example] } }'],
      'is no domain; write it alone',
    ],
    ['a bad glob', ['effect: deny', 'when: { path: { within: ["a/{b}"] } }'], 'uses one of ? { } [ ]'],
    ['$own where no domains are', ['effect: deny', 'when: { path: { any_of: [$own] } }'], '`$own` are domains'],
    ['an empty list', ['effect: deny', 'when: { path: { any_of: [] } }'], 'has an empty list'],
    ['a list that is missing', ['effect: deny', 'when: { body.mentions: { any_of: $bankin } }'], '6: there is no list `$bankin`'],
    [
      'recent without a time',
      ['effect: deny', 'when: { recent: { of: delete:calendar, above: 3 } }'],
      '`recent` needs to know how long back',
    ],
    ['recent without a number', ['effect: deny', 'when: { recent: { of: delete:calendar, in: 1h } }'], '`recent` needs a number'],
    [
      'recent with a bad scope',
      ['effect: deny', 'when: { recent: { of: erase:calendar, in: 1h, above: 3 } }'],
      '`erase` is no verb',
    ],
    [
      'recent with a mistyped key',
      ['effect: deny', 'when: { recent: { of: delete:calendar, within: 1h, above: 3 } }'],
      'unknown key `within` in `recent`',
    ],
    ['a duration without unit', ['effect: ask', 'limits: { for: 30 }'], '6: `30` has no unit; write `30m`'],
    ['a duration of forever', ['effect: ask', 'limits: { for: forever }'], '6: `forever` is no duration'],
    ['for above at_most', ['effect: ask', 'limits: { for: 2h, at_most: 1h }'], '6: `for` is longer than `at_most`'],
    ['no uses at all', ['effect: ask', 'limits: { uses: 0 }'], '6: `uses` is `0`, which is too small'],
    ['negative records', ['effect: ask', 'limits: { records: -1 }'], '6: `records` is `-1`, which is too small'],
    ['endless amounts', ['effect: ask', 'limits: { amount: .inf }'], '6: `amount` must be a number'],
    [
      'limits on an allow',
      ['effect: allow', 'scope: read:files', 'limits: { uses: 1 }'],
      '7: `limits` is for what a person approves',
    ],
    ['a proof on an allow', ['effect: allow', 'scope: read:files', 'proof: typed'], '7: `proof` is for what a person approves'],
    ['a strength on an allow', ['effect: allow', 'scope: read:files', 'strength: checked'], '7: `strength` is for'],
    [
      'an unknown condition',
      ['effect: deny', 'while: { user_presant: true }'],
      '6: unknown key `user_presant`; did you mean `user_present`?',
    ],
    ['a session that is not active', ['effect: deny', 'while: { session: expired }'], '6: `session` can only be `active`'],
    ['unreadable hours', ['effect: deny', 'while: { hours: 9to5 }'], '6: `9to5` are no hours'],
    ['a date without zone', ['effect: deny', 'until: 2026-12-31'], '6: `2026-12-31` is no moment'],
    ['a date that does not exist', ['effect: deny', 'until: 2026-02-31T00:00:00Z'], 'is no moment'],
    [
      'an end before the start',
      ['effect: deny', 'from: 2026-12-31T00:00:00Z', 'until: 2026-12-30T00:00:00Z'],
      '7: `until` is not after `from`',
    ],
    ['a path outside the result', ['effect: ask', 'redact: [ssn]'], '6: `ssn` is no part of a result'],
    ['an agent that is no text', ['effect: deny', 'agent: 5'], '6: `agent` must be a text or a list of texts'],
    ['an unknown proof', ['effect: ask', 'proof: type'], "6: `proof` can't be `type`; did you mean `typed`?"],
  ])('refuse %s', (_name, lines, message) => {
    const [first = ''] = problems(rule(...lines));
    expect(first).toContain(message);
    expect(first).toMatch(/^rules\/r\.yaml:\d+: [^A-Z]/);
  });

  test('need an id, a reason and an effect', () => {
    expect(problems(rulesFile('version: 1\nrules:\n  - effect: deny\n'))).toEqual([
      'rules/r.yaml:3: `id` is missing',
      'rules/r.yaml:3: `why` is missing',
    ]);
    expect(problems(rulesFile('version: 1\nrules:\n  - { id: a, why: " ", effect: deny }\n'))[0]).toContain('this is empty');
    expect(problems(rulesFile('version: 1\nrules:\n  - { id: a, why: "x\\u202ey", effect: deny }\n'))[0]).toContain(
      'invisible characters',
    );
    expect(problems(rulesFile('version: 2\n'))[0]).toBe('rules/r.yaml:1: `version` can only be `1`, not `2`');
    expect(problems(rulesFile('rules: []\n'))[0]).toBe('rules/r.yaml:1: `version` is missing; use one of 1');
    expect(problems(rulesFile('- a\n'))[0]).toContain('rules/r.yaml:1: this must be a map of keys, not a list');
  });

  test.each(['default', 'risk', 'schema', 'protected', 'lock', 'session', 'tool', 'error'])('may not be called `%s`', (id) => {
    expect(problems(rulesFile(`version: 1\nrules:\n  - { id: ${id}, why: x, effect: deny }\n`))[0]).toContain(
      'is an id that the guard itself uses',
    );
  });

  test('may not share an id, across files too', () => {
    const file = 'version: 1\nrules:\n  - { id: a, why: x, effect: deny }\n';
    expect(problems(rulesFile(file, 'rules/1.yaml'), rulesFile(file, 'rules/2.yaml'))).toEqual([
      'rules/2.yaml:3: the rule id `a` stands at rules/1.yaml:3 too; give one of them another id',
    ]);
  });

  test('tell all their mistakes at once, in order', () => {
    const lines = problems(
      rulesFile(
        'version: 1\nrules:\n  - { id: a, why: x, efect: deny }\n  - id: b\n    why: y\n    effect: ask\n    wen: {}\n    when: { body.wods: { below: 1 } }\n  - { id: c, why: z, effect: deny, scope: rd:x }\n',
      ),
      rulesFile('version: 1\nrisk: { points: { bluk: 5 } }\n', 'rules/s.yaml'),
    );
    expect(lines.map((line) => line.replace(/: .*/, ''))).toEqual([
      'rules/r.yaml:3',
      'rules/r.yaml:3',
      'rules/r.yaml:7',
      'rules/r.yaml:8',
      'rules/r.yaml:9',
      'rules/s.yaml:2',
    ]);
  });

  test('no grant lasts longer than a day, and that is said', () => {
    const result = loaded(rule('effect: ask', 'limits: { for: 30m, at_most: 7d }'));
    expect(result.policy.rules[0]?.limits).toEqual({ for: 1_800_000, at_most: 86_400_000 });
    expect(result.notes.map(formatProblem)).toEqual([
      'rules/r.yaml:6: `at_most` is 7 days; no grant lasts longer than 1 day, so that holds',
    ]);
  });

  test('every fact of the documentation takes its operators', () => {
    const clauses = [
      'args.day: { equals: monday }',
      'args.count: { at_most: 5, above: 1 }',
      'args.ids.length: { below: 10 }',
      '"args.files[].path": { none_of: [a] }',
      'args: { only: [day, hour] }',
      'path: { within: [marketing/**, "*.md"] }',
      'body.contains: { none_of: ["$100"] }',
      'recipients.domains: { within: [$own, "*.partner.example"] }',
      'attachments: { at_most: 0 }',
      'attendees.domains: { only: [$own] }',
      'sql.kind: { only: [read, update] }',
      'sql.columns: { only: ["orders.*", customers.name] }',
      'bytes: { at_most: 1MB }',
      'url.scheme: { equals: https }',
      'url.port: { in: [443, 8443] }',
      'url.host: { within: "*.acme.example" }',
      'data.classes: { none_of: [pii.phone, financial] }',
      'destination: { equals: internal }',
      'recent: { of: delete:calendar, at_most: 3, in: 1h, distinct: resource }',
      'recipients.domains: { only: [] }',
    ];
    for (const clause of clauses) expect(problems(rule('effect: deny', `when: { ${clause} }`)), clause).toEqual([]);
    expect(oneRule('effect: deny', 'when: { bytes: { at_most: 1MB } }').when[0]?.value).toBe(1_000_000);
    expect(oneRule('effect: deny', 'unless: { recent: { of: delete:calendar, at_most: 3, in: 1h } }').unless[0]).toEqual({
      fact: 'recent',
      operator: 'recent',
      value: { of: ['delete:calendar'], in: 3_600_000, at_most: 3 },
      where: 'rules/r.yaml:6',
    });
  });
});

describe('lists', () => {
  test('stand in for words, alone or among others, in scopes too', () => {
    const { policy } = loaded(
      listsFile('version: 1\nlists:\n  secret: [.env, "*.pem"]\n  banking: [iban]\n'),
      rule('effect: deny', 'scope: ["read:files:**/$secret", read:web]', 'when: { body.mentions: { any_of: [$banking, loan] } }'),
    );
    expect(policy.rules[0]?.scope.map((scope) => scope.text)).toEqual(['read:files:**/.env', 'read:files:**/*.pem', 'read:web']);
    expect(policy.rules[0]?.when[0]?.value).toEqual(['iban', 'loan']);
  });

  test('must exist, in a scope too', () => {
    expect(problems(listsFile('secret: [.env]\n'), rule('effect: deny', 'scope: read:files:**/$secrt'))[0]).toBe(
      'rules/r.yaml:6: there is no list `$secrt`; did you mean `$secret`?',
    );
  });

  test('the user’s own take the place of bundled ones, and are never mixed among themselves', () => {
    const bundled = [listsFile('banking: [iban]\n')];
    const rules = rule('effect: deny', 'when: { body.mentions: { any_of: $banking } }');
    const words = (...files: PolicyFile[]) => loadPolicy(files, { ...options, bundled }).policy?.rules[0]?.when[0]?.value;
    expect(words(rules)).toEqual(['iban']);
    expect(words(rules, { ...listsFile('banking: [loan]\n'), path: 'mine.yaml' })).toEqual(['loan']);
    const twice = rulesFile('version: 1\nlists: { banking: [a] }\n');
    expect(problems(listsFile('banking: [b]\n'), twice)[0]).toContain('the list `banking` stands at lists.yaml:1 too');
  });

  test.each([
    ['own: [a.example]', '`$own` always means'],
    ['a: [$b]\nb: [x]', '`$b` is a list inside a list'],
    ['a: []', '`a` is empty'],
    ['a: word', '`a` must be a list'],
    ['a: [1]', 'must be a text'],
  ])('refuse %s', (text, message) => expect(problems(listsFile(text)).join('\n')).toContain(message));
});

describe('risk', () => {
  test('has defaults, merged point by point', () => {
    expect(loaded().policy.risk).toEqual(DEFAULT_RISK);
    const { risk } = loaded(
      rulesFile('version: 1\nrisk: { points: { pii: 5 }, responses: { critical: ask+passphrase } }\n'),
    ).policy;
    expect(risk.points).toEqual({ ...DEFAULT_RISK.points, pii: 5 });
    // who weighed a factor anew has weighed what refines it
    expect(pointsOf({ outside_hours: 20, rate: 15 })).toMatchObject({ night: 0, repetition: 0, new_target: 5, probing: 20 });
    expect(pointsOf({ outside_hours: 20, night: 7 })).toMatchObject({ night: 7 });
    expect(risk.responses).toEqual({ medium: 'watch', high: 'ask', critical: 'ask+passphrase' });
  });

  test.each([
    ['risk: { points: { pi: 5 } }', '2: unknown risk factor `pi`; did you mean `pii`?'],
    ['risk: { points: { pii: 500 } }', '2: `pii` is too large'],
    ['risk: { zone: Europe/Olso }', '2: `Europe/Olso` is no time zone'],
    ['risk: { hours: never }', '2: `never` are no hours'],
    ['risk: { levels: { medium: 60 } }', '2: the levels must rise'],
    ['risk: { responses: { high: allow } }', "2: `high` can't be `allow`"],
    ['risk: { responses: { low: deny } }', '2: unknown key `low`'],
  ])('refuses %s', (text, message) => expect(problems(rulesFile(`version: 1\n${text}\n`))[0]).toContain(message));

  test('stands in one file only', () => {
    const file = 'version: 1\nrisk: { bulk_over: 5 }\n';
    expect(problems(rulesFile(file, 'rules/1.yaml'), rulesFile(file, 'rules/2.yaml'))).toEqual([
      'rules/2.yaml:2: `risk` stands at rules/1.yaml:2 too; keep it in one file',
    ]);
  });

  test('a factor that is not computed yet says so', () => {
    const result = loadPolicy([rulesFile('version: 1\nrisk: { points: { rate: 5 } }\n')], { factors: ['pii'] });
    expect(result.problems.map(formatProblem)).toEqual([
      'rules/r.yaml:2: the risk factor `rate` is not computed yet; leave it off',
    ]);
  });
});

describe('bindings', () => {
  test.each([
    ['a verb that is none', 'server: a\ntools:\n  x: { does: raed:crm }', '3: `raed` is no verb; did you mean `read`?'],
    ['a verb of any kind', 'server: a\ntools: { x: { does: "*:crm" } }', '`*` is no verb'],
    ['no domain', 'server: a\ntools: { x: { does: read } }', '`read` is not `verb:domain`'],
    ['a scope for a domain', 'server: a\ntools: { x: { does: read:files:a } }', 'is not `verb:domain`'],
    ['no server', 'tools: { x: { does: read:crm } }', 'does not say whose tools'],
    ['a mistyped key', 'server: a\ntols: {}', '2: unknown key `tols`; did you mean `tools`?'],
    ['a mistyped key of a tool', 'server: a\ntools:\n  x: { dose: read:crm }', '3: unknown key `dose`; did you mean `does`?'],
    [
      'a kind that is none',
      'server: a\ntools: { x: { does: read:crm, resource: { pth: p } } }',
      '`pth` is no kind of resource; did you mean `path`?',
    ],
    ['two kinds', 'server: a\ntools: { x: { does: read:crm, resource: { path: p, url: u } } }', 'takes exactly one kind'],
    [
      'an argument that is none',
      'server: a\ntools: { x: { does: read:crm, resource: { path: "a..b" } } }',
      '`a..b` is no argument',
    ],
    ['sql without a statement', 'server: a\ntools: { x: { does: sql } }', '`does: sql` needs to know the statement'],
    [
      'a statement nobody reads',
      'server: a\ntools: { x: { does: read:db, sql: { statement: q, dialect: sqlite } } }',
      'only read where the tool says `does: sql`',
    ],
    [
      'a dialect that is none',
      'server: a\ntools: { x: { does: sql, sql: { statement: q, dialect: oracle } } }',
      "`dialect` can't be `oracle`",
    ],
    [
      'a fact the guard computes',
      'server: a\ntools: { x: { does: read:crm, facts: { records: n } } }',
      '`records` is computed by the guard',
    ],
    [
      'a class that is none',
      'server: a\ntools: { x: { does: read:crm, sensitive: [pi] } }',
      '`pi` is no data class; did you mean `pii`?',
    ],
    ['cases with a verb that is none', 'server: a\ntools:\n  x:\n    does: { by: op, list: raed:crm }', '4: `raed` is no verb'],
    ['a domain that is none', 'server: a\nown: { domains: ["a@b"] }', '`a@b` is no domain'],
    ["a domain that is everybody's", 'server: a\nown: { domains: [co.uk] }', 'anybody can register a name below `co.uk`'],
  ])('refuse %s', (_name, text, message) => expect(problems(bindingFile(text)).join('\n')).toContain(message));

  test('take a list, several documents, aliases of dialects, and roots on the command line', () => {
    const { bindings } = loaded(
      bindingFile(
        '- server: [a, b]\n  root: { option: --root }\n- package: p\n  root: { argument: 0 }\n  tools: { x: { does: sql, sql: { statement: q, dialect: mariadb } } }\n',
        'bindings/1.yaml',
      ),
      bindingFile('bundled: files\n---\nserver: c\n', 'bindings/2.yaml'),
    ).policy;
    expect(bindings.map(({ servers, packages, bundled, root }) => ({ servers, packages, bundled, root }))).toEqual([
      { servers: ['a', 'b'], packages: [], bundled: undefined, root: { option: '--root' } },
      { servers: [], packages: ['p'], bundled: undefined, root: { argument: 0 } },
      { servers: [], packages: [], bundled: 'files', root: undefined },
      { servers: ['c'], packages: [], bundled: undefined, root: undefined },
    ]);
    expect(bindings[1]?.tools.x?.sql).toEqual({ statement: 'q', dialect: 'mysql', domain: 'database' });
  });

  test('one server is bound once, but the user may bind what is bundled', () => {
    expect(problems(bindingFile('server: a\n', 'bindings/1.yaml'), bindingFile('server: [b, a]\n', 'bindings/2.yaml'))).toEqual([
      'bindings/2.yaml:1: the server `a` is bound at bindings/1.yaml:1 too; put its tools into one binding',
    ]);
    const bundled = [bindingFile('package: p\n', 'bundled/p.yaml')];
    const result = loadPolicy([bindingFile('package: p\n')], { ...options, bundled });
    expect(result.policy?.bindings.map((binding) => binding.where)).toEqual(['bundled/p.yaml:1', 'bindings/b.yaml:1']);
  });
});

describe('laws', () => {
  const files = [
    rulesFile(CONTRACT_RULES),
    rulesFile('version: 1\nrules: []\n', 'rules/z.yaml'),
    listsFile('banking: [iban]\n'),
    bindingFile(CONTRACT_BINDING),
  ];

  test('the digest does not depend on the order of files, and on nothing else but what they say', () => {
    const digest = loaded(...files).policy.digest;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(files, { minLength: files.length }),
        (shuffled) => loaded(...shuffled).policy.digest === digest,
      ),
      { numRuns: 20 },
    );
    expect(loaded(...files.slice(0, 3), bindingFile(`${CONTRACT_BINDING}\n`)).policy.digest).not.toBe(digest);
  });

  test('no text makes loading throw, and what is wrong always has a line', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'rules:\n -{}[]&*!|>"\'#id: a,$1') }), fc.json());
    fc.assert(
      fc.property(text, fc.constantFrom('rules' as const, 'lists' as const, 'bindings' as const), (written, kind) => {
        for (const problem of load({ path: 'f.yaml', text: written, kind }).problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.message).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a rule with any one key mistyped never loads', () => {
    const keys = [
      'id',
      'why',
      'effect',
      'scope',
      'agent',
      'while',
      'when',
      'unless',
      'otherwise',
      'until',
      'limits',
      'proof',
      'redact',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.constantFrom('x', '_', 'S'), (key, extra) => {
        expect(problems(rule('effect: deny', `${key}${extra}: {}`)).join('\n')).toContain(
          `unknown key \`${key}${extra}\`; did you mean \`${key}\`?`,
        );
      }),
      { numRuns: 30 },
    );
  });
});
