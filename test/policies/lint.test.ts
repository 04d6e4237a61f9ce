// Lint: what loads and still looks like a mistake is told with its line, and good policies are left in peace.
import { describe, expect, test } from 'vitest';
import { type DescribedServer, lintPolicy, unknownNames } from '../../policies/lint.ts';
import { loadPolicy, type PolicyFile } from '../../policies/load.ts';
import { formatProblem } from '../../policies/source.ts';
import type { Policy } from '../../policies/types.ts';

function load(rules: string, bindings = ''): Policy {
  const files: PolicyFile[] = [
    { path: 'r.yaml', text: `version: 1\n${rules}`, kind: 'rules' },
    { path: 'b.yaml', text: bindings, kind: 'bindings' },
  ];
  const loaded = loadPolicy(files, { factors: [] });
  if (!loaded.policy) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
}
const lint = (rules: string) => lintPolicy(load(rules)).map(formatProblem);
const schema = (...names: string[]) => ({ type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) });

describe('rules', () => {
  test.each([
    [
      'everything below may be written',
      'rules: [{ id: a, why: x, effect: allow, scope: "write:files:**" }]',
      'r.yaml:2: `a` allows `write:files:**`',
    ],
    ['a bare scope of a deletion', 'rules: [{ id: a, why: x, effect: allow, scope: delete:files }]', '`a` allows `delete:files`'],
    ['all verbs', 'rules: [{ id: a, why: x, effect: allow, scope: "*:files:a/**" }]', '`a` allows `*:files:a/**`'],
    [
      'an allow under a deny of the same',
      'rules:\n  - { id: a, why: x, effect: allow, scope: read:files:hr/pay.csv }\n  - { id: b, why: x, effect: deny, scope: "*:files:hr/**" }',
      'r.yaml:3: `a` can never allow anything, since `b` (r.yaml:4) denies all of it',
    ],
    [
      'an ask without a time',
      'rules: [{ id: a, why: x, effect: ask, limits: { uses: 1 } }]',
      '`a` does not say how long a grant lasts',
    ],
    [
      'an otherwise that never applies',
      'rules: [{ id: a, why: x, effect: allow, scope: read:files, otherwise: ask }]',
      '`a` has an `otherwise` and no `when`',
    ],
    ['a list nobody uses', 'lists: { banking: [iban] }', 'r.yaml:2: no rule uses the list `banking`'],
  ])('%s', (_name, rules, message) => expect(lint(rules).join('\n')).toContain(message));

  test.each([
    ['a folder may be read', 'rules: [{ id: a, why: x, effect: allow, scope: "read:files:marketing/**" }]'],
    ['one table may be written', 'rules: [{ id: a, why: x, effect: allow, scope: write:database:notes }]'],
    [
      'a deny for somebody else',
      'rules:\n  - { id: a, why: x, effect: allow, scope: read:files }\n  - { id: b, why: x, effect: deny, scope: read:files, agent: other }',
    ],
    [
      'a deny with a condition',
      'rules:\n  - { id: a, why: x, effect: allow, scope: read:files }\n  - { id: b, why: x, effect: deny, scope: read:files, while: { vpn: false } }',
    ],
    [
      'a narrower deny',
      'rules:\n  - { id: a, why: x, effect: allow, scope: read:files }\n  - { id: b, why: x, effect: deny, scope: read:files:hr/** }',
    ],
    [
      'a list that is used',
      'lists: { banking: [iban] }\nrules: [{ id: a, why: x, effect: deny, when: { body.mentions: { any_of: $banking } } }]',
    ],
  ])('nothing is said when %s', (_name, rules) => expect(lint(rules)).toEqual([]));
});

describe('tools', () => {
  const policy = load(
    'rules: [{ id: a, why: x, effect: allow, scope: read:crm }]',
    'server: crm\ntools:\n  get: { does: read:crm, resource: { text: id } }\n  put: { does: write:crm, resource: { text: id }, ignore: [nmae] }\n',
  );
  const server: DescribedServer = {
    server: 'crm',
    binding: policy.bindings[0],
    tools: [
      { name: 'get', inputSchema: schema('id', 'format') },
      {
        name: 'put',
        inputSchema: schema('id', 'name'),
        _meta: { 'perimeter/impact': { preview: 'preview_put', unit: 'records' } },
      },
      { name: 'preview_put', inputSchema: schema('id') },
      { name: 'drop' },
    ],
  };

  test('are held against bindings and rules', () => {
    expect(lintPolicy(policy, [server]).map(formatProblem)).toEqual([
      "b.yaml:3: `crm/get` has an argument `format` that its binding doesn't cover; name it under `resource`, `facts` or `ignore`",
      'b.yaml:4: the binding of `crm/put` names the argument `nmae`, which the tool lacks; did you mean `name`?',
      "b.yaml:4: `crm/put` has an argument `name` that its binding doesn't cover; name it under `resource`, `facts` or `ignore`",
      'b.yaml:4: no rule says anything about `write:crm`, so `crm/put` always asks',
      'b.yaml:1: `crm` has a tool `drop` that no binding describes; what it does is guessed, so add it under `tools`',
    ]);
  });

  test('named in a policy must exist once all are known', () => {
    const names = (rules: string) => unknownNames(load(rules), [server]).map(formatProblem);
    expect(names('rules: [{ id: a, why: x, effect: deny, tool: [get, crm__put, "dr*"] }]')).toEqual([]);
    expect(names('rules: [{ id: a, why: x, effect: deny, tool: gte }]')).toEqual([
      'r.yaml:2: `a` names the tool `gte`, which no server has; did you mean `get`?',
    ]);
    expect(names('rules: [{ id: a, why: x, effect: deny, when: { args.fromat: { equals: x } } }]')).toEqual([
      'r.yaml:2: no tool has an argument `fromat`; did you mean `format`?',
    ]);
    expect(names('tests: [{ name: t, call: { tool: crm__gett }, expect: { decision: ask, rule: defalt } }]')).toEqual([
      'r.yaml:2: the test calls `crm__gett`, which no server has; did you mean `crm__get`?',
      'r.yaml:2: the test expects the rule `defalt`, which does not exist; did you mean `default`?',
    ]);
  });
});
