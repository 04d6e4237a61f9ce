// docs/policies.md stays true: its examples load as one policy and pass their tests, and its tables name what there is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FACTS, operatorsOf } from '../../policies/facts.ts';
import { judge } from '../../policies/judge.ts';
import { loadPolicy, type PolicyFile } from '../../policies/load.ts';
import { FACTORS } from '../../policies/risk.ts';
import { DEFAULT_RISK } from '../../policies/risk-defaults.ts';
import { RESERVED_IDS } from '../../policies/rule.ts';
import { formatProblem } from '../../policies/source.ts';
import { loadSqlParsers } from '../../policies/sql/index.ts';
import { RESOURCE_KINDS, VERBS } from '../../policies/types.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/policies.md'), 'utf8');
const kindOf = (path: string) => (path.includes('/bindings/') ? 'bindings' : path.endsWith('lists.yaml') ? 'lists' : 'rules');
const files: PolicyFile[] = [...text.matchAll(/```yaml\n# (policies\/\S+)\n([\s\S]*?)```/g)].map(([, path = '', body = '']) => ({
  path,
  text: `\n${body}`,
  kind: kindOf(path),
}));
const result = loadPolicy(files, { factors: FACTORS.map((factor) => factor.name) });

test('every example is one that loads', () => {
  expect(result.problems.map(formatProblem)).toEqual([]);
  expect(files).toHaveLength((text.match(/```yaml/g) ?? []).length);
});

describe('its tests hold', () => {
  beforeAll(loadSqlParsers);
  test.each((result.policy?.tests ?? []).map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const policy = result.policy;
    if (!policy) throw new Error('the examples do not load');
    const context = { now: one.at ?? Date.parse('2026-11-23T10:00:00Z'), zone: 'UTC', session: 'active' as const };
    const { decision } = judge(
      {
        policy,
        who: { agent: 'felix-prod', user: 'ann', role: 'user', session_id: 's' },
        server: { server: 'crm', binding: policy.bindings[0], root: '/srv/share' },
        tool: one.call.tool,
        args: one.call.arguments,
        definition_digest: '',
        context: one.context?.user_present === true ? { ...context, user_present: true } : context,
        history: [],
        grants: [],
        isProtected: () => false,
      },
      { realpath: (path) => path, isFolder: () => false },
    );
    expect({ decision: decision.decision, rule: decision.rule }).toEqual(one.expect);
  });
});

describe('its tables are complete', () => {
  const rows = new Set([...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name));
  test('facts with their operators', () => {
    for (const [name, info] of Object.entries(FACTS)) {
      const operators = operatorsOf(info).map((one) => `\`${one}\``);
      expect(text).toContain(`| \`${name}\` | ${name === 'recent' ? 'its own, see below' : operators.join(' ')} | ${info.what}`);
    }
  });
  test('risk factors and default points', () => {
    for (const { name } of FACTORS) expect(rows.has(name), name).toBe(true);
    const { zone: _zone, ...written } = result.policy?.risk ?? {};
    expect(written).toEqual(DEFAULT_RISK);
  });
  test('verbs, kinds of resource and reserved ids', () => {
    expect(text).toContain(`\`${VERBS.join(' ')}\``);
    expect(text).toContain(`\`${RESERVED_IDS.join(' ')}\``);
    for (const kind of RESOURCE_KINDS) expect(rows.has(kind), kind).toBe(true);
  });
});
