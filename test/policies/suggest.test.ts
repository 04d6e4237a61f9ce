// Proposals from people's answers: only from many, only for what was approved as it stood, and always YAML that loads.
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../policies/load.ts';
import { type Answers, suggest } from '../../policies/suggest.ts';

const load = (text: string, bindings = '') =>
  loadPolicy(
    [
      { path: 'rules/a.yaml', text, kind: 'rules' },
      { path: 'bindings/b.yaml', text: bindings, kind: 'bindings' },
    ],
    { factors: [] },
  );
const policy = load(
  'version: 1\nrules:\n  - { id: writing, why: somebody looks, effect: ask, scope: write:files }\n  - { id: removing, why: somebody looks, effect: ask, scope: delete:files }\n',
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path } }\n',
).policy;
const answers = (more: Partial<Answers>): Answers => ({
  asked: 20,
  approved: 20,
  denied: 0,
  edited: 0,
  scopes: { 'write:files:notes/**': 20 },
  ...more,
});
const suggested = (all: Record<string, Answers>) => (policy ? suggest(policy, all) : []);

describe('what is always approved', () => {
  it('could be allowed, for the scopes that were approved and no others', () => {
    const [one] = suggested({ default: answers({ scopes: { 'read:calendar': 19, 'read:mail': 1 } }) });
    expect(one).toMatchObject({ rule: 'default', effect: 'allow' });
    const loaded = load(one?.yaml ?? '').policy;
    expect(loaded?.rules).toMatchObject([{ effect: 'allow', scope: [{ text: 'read:calendar' }] }]);
  });

  it('says what the rule that asks has to leave out, since an ask beats an allow', () => {
    const [one] = suggested({ writing: answers({}) });
    expect(one?.where).toMatch(/a\.yaml:3/);
    expect(one?.yaml).toContain('unless: { path: { within: ["notes/**"] } }');
    expect(load(one?.yaml ?? '').problems).toEqual([]);
  });

  it.each([
    ['few questions', { asked: 19, approved: 19 }],
    ['one refusal in twenty', { approved: 19, denied: 1 }],
    ['an approval for less', { edited: 1 }],
    ['a different scope every time', { scopes: { 'write:files:a': 1, 'write:files:b': 1 } }],
  ])('is not proposed after %s', (_name, more) => expect(suggested({ writing: answers(more) })).toEqual([]));
});

describe('what is always refused', () => {
  it('could be denied', () => {
    const [one] = suggested({ removing: answers({ asked: 5, approved: 0, denied: 5 }) });
    expect(one).toMatchObject({ effect: 'deny', rule: 'removing' });
    expect(load(one?.yaml ?? '').policy?.rules).toMatchObject([{ effect: 'deny', scope: [{ text: 'delete:files' }] }]);
  });

  it('is not proposed while somebody said yes, or nobody answered', () => {
    expect(suggested({ removing: answers({ asked: 6, approved: 0, denied: 5 }) })).toEqual([]);
    expect(suggested({ removing: answers({ asked: 6, approved: 1, denied: 5 }) })).toEqual([]);
  });
});

it('says nothing of risk, of rules that are gone, or of names that are no rules', () => {
  expect(suggested({ risk: answers({}), gone: answers({}), constructor: answers({}) })).toEqual([]);
});
