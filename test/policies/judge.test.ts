// Reading and deciding as one step that fails closed.
import { describe, expect, test } from 'vitest';
import { type CallToJudge, judge } from '../../policies/judge.ts';
import { context, policy, rule } from './sample.ts';

const disk = { realpath: (path: string) => path, isFolder: () => false };
const call = (extra: Partial<CallToJudge> = {}): CallToJudge => ({
  policy: policy(rule({ id: 'all', scope: '*:*' })),
  who: { agent: 'felix', user: 'john', role: 'user', session_id: 's' },
  server: {
    server: 'files',
    root: '/srv/share',
    binding: {
      servers: ['files'],
      packages: [],
      paths: { os: 'posix', case: 'sensitive' },
      own: { domains: [] },
      resources: {},
      where: 'b.yaml:1',
      tools: {
        read: {
          does: { verb: 'read', domain: 'files' },
          resource: { kind: 'path', args: ['path'] },
          facts: {},
          also: [],
          ignore: [],
          sensitive: [],
          where: 'b.yaml:2',
        },
      },
    },
  },
  tool: 'read',
  args: { path: 'a' },
  definition_digest: 'd1',
  context: context(),
  history: [],
  grants: [],
  isProtected: () => false,
  ...extra,
});

describe('whatever goes wrong is a deny by the rule `error`', () => {
  test('a call that has no single reading: the reason is told', () => {
    const { decision, reading } = judge(call({ args: { path: 'a\0b' } }), disk);
    expect(decision).toMatchObject({ decision: 'deny', rule: 'error', actions: [] });
    expect(decision.why).toMatch(/^this call can't be judged: the path holds a control character/);
    expect(reading).toBeUndefined();
  });
  test('a disk that fails: its words are not told', () => {
    const { decision } = judge(call(), {
      ...disk,
      realpath: () => {
        throw new Error('EIO /srv/secret');
      },
    });
    expect(decision).toMatchObject({ decision: 'deny', rule: 'error', why: "this call can't be judged" });
  });
  test('a judgement that fails after the reading', () => {
    const { decision, reading } = judge(
      call({
        isProtected: () => {
          throw new Error('no');
        },
      }),
      disk,
    );
    expect(decision).toMatchObject({ decision: 'deny', rule: 'error' });
    expect(decision.actions).toEqual([{ action: 'read:files:a', decision: 'deny', rule: 'error' }]);
    expect(reading?.actions).toHaveLength(1);
  });
  test('a clause that can not be evaluated', () => {
    const broken = rule({ id: 'x', scope: '*:*', when: [{ fact: 'paths', operator: 'within', value: ['{'], where: '' }] });
    expect(judge(call({ policy: policy(broken) }), disk).decision).toMatchObject({ decision: 'deny', rule: 'error' });
  });
});

describe('the digest of a call', () => {
  const digest = (extra: Partial<CallToJudge> = {}) => judge(call(extra), disk).call_digest;
  test('is the same for the same call, however its arguments are ordered', () => {
    expect(digest({ args: { path: 'a', limit: 1 } })).toBe(digest({ args: { limit: 1, path: 'a' } }));
  });
  test.each<[string, Partial<CallToJudge>]>([
    ['other arguments', { args: { path: 'b' } }],
    ['another spelling of the same place', { args: { path: './a' } }],
    ['an argument more', { args: { path: 'a', x: null } }],
    ['another type', { args: { path: 'a', n: '1' } }],
    ['another definition', { definition_digest: 'd2' }],
    ['another tool', { tool: 'other' }],
  ])('differs for %s', (_what, extra) => {
    expect(digest(extra)).not.toBe(digest());
  });
  test('differs when the path leads elsewhere by now', () => {
    expect(judge(call(), { ...disk, realpath: (path) => path.replace('/share/a', '/share/hr') }).call_digest).not.toBe(digest());
  });
});

test('what was measured is a fact', () => {
  expect(judge(call({ measured: { records: 7 } }), disk).reading?.facts.records).toBe(7);
});
