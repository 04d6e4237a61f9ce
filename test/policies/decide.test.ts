// How rules, grants and risk combine over one reading; every sentence of docs/policies.md on it, once.
import { describe, expect, test } from 'vitest';
import type { Judged } from '../../policies/decide.ts';
import { DEFAULT_LIMITS, decide } from '../../policies/decide.ts';
import { DEFAULT_RISK } from '../../policies/risk-defaults.ts';
import type { Clause, GrantView, Rule } from '../../policies/types.ts';
import { action, context, grant, judged, NOON, policy, reading, rule } from './sample.ts';

const holds: Clause = { fact: 'recipients', operator: 'at_most', value: 3, where: '' };
const fails: Clause = { fact: 'recipients', operator: 'above', value: 3, where: '' };
const missing: Clause = { fact: 'records', operator: 'below', value: 5, where: '' };
const call = reading([action('read:files:m/a')], { facts: { recipients: 2 } });
const answer = (rules: Rule[], more: Partial<Judged> = {}) =>
  decide(judged({ policy: policy(...rules), reading: call, ...more }));
const said = (rules: Rule[], more: Partial<Judged> = {}) => {
  const { decision, rule: id } = answer(rules, more);
  return `${decision} ${id}`;
};
const r = (
  id: string,
  effect: Rule['effect'],
  extra: Partial<Omit<Rule, 'scope'>> = {},
  scope: string | string[] = 'read:files',
) => rule({ id, effect, scope, ...extra });

describe('among the rules that match', () => {
  test.each<[string, Rule[], string]>([
    ['none is an ask', [], 'ask default'],
    ['an allow allows', [r('a', 'allow')], 'allow a'],
    ['ask beats allow', [r('a', 'allow'), r('b', 'ask')], 'ask b'],
    ['deny beats ask', [r('a', 'allow'), r('b', 'ask'), r('c', 'deny')], 'deny c'],
    ['whatever the order', [r('c', 'deny'), r('a', 'allow')], 'deny c'],
    ['the lowest id speaks for several', [r('z', 'ask'), r('b', 'ask')], 'ask b'],
    ['another scope is silent', [r('a', 'deny', {}, 'write:files')], 'ask default'],
    ['two allows are an or', [r('a', 'allow', { when: [fails] }), r('b', 'allow', { when: [holds] })], 'allow b'],
  ])('%s', (_what, rules, expected) => {
    expect(said(rules)).toBe(expected);
  });

  test('every action is judged, and the strictest answer holds', () => {
    const both = reading([action('read:files:m/a'), action('read:files:hr/b')]);
    const {
      decision,
      rule: id,
      actions,
    } = answer([r('m', 'allow', {}, 'read:files:m/**'), r('hr', 'deny', {}, 'read:files:hr/**')], { reading: both });
    expect([decision, id]).toEqual(['deny', 'hr']);
    expect(actions).toEqual([
      { action: 'read:files:m/a', decision: 'allow', rule: 'm' },
      { action: 'read:files:hr/b', decision: 'deny', rule: 'hr' },
    ]);
  });
});

describe('a condition', () => {
  test.each<[string, Rule[], string]>([
    ['that holds lets an allow speak', [r('a', 'allow', { when: [holds] })], 'allow a'],
    ['that fails silences it', [r('a', 'allow', { when: [fails] })], 'ask default'],
    ['that nobody can judge silences it', [r('a', 'allow', { when: [missing] })], 'ask default'],
    ['that fails silences an ask', [r('x', 'allow'), r('a', 'ask', { when: [fails] })], 'allow x'],
    ['that nobody can judge lets an ask speak', [r('x', 'allow'), r('a', 'ask', { when: [missing] })], 'ask a'],
    ['that nobody can judge lets a deny speak', [r('a', 'deny', { when: [missing] })], 'deny a'],
    ['has to hold with all others', [r('a', 'allow', { when: [holds, fails] })], 'ask default'],
    ['`unless` exempts from a deny', [r('x', 'allow'), r('a', 'deny', { unless: [holds] })], 'allow x'],
    ['`unless` that fails does not', [r('a', 'deny', { unless: [fails] })], 'deny a'],
    ['`unless` that nobody can judge does not', [r('a', 'deny', { unless: [missing] })], 'deny a'],
    ['`unless` exempts only with all of it', [r('a', 'deny', { unless: [holds, fails] })], 'deny a'],
    ['`unless` takes an allow back', [r('a', 'allow', { unless: [holds] })], 'ask default'],
    ['`unless` that nobody can judge takes it back too', [r('a', 'allow', { unless: [missing] })], 'ask default'],
    ['`unless` with a part that fails does not', [r('a', 'allow', { unless: [holds, fails] })], 'allow a'],
  ])('%s', (_what, rules, expected) => {
    expect(said(rules)).toBe(expected);
  });

  test('that fails is named, as fact and operator', () => {
    expect(answer([r('a', 'allow', { when: [fails, missing] })]).failed).toEqual(['recipients above', 'records below']);
    expect(answer([r('a', 'ask', { unless: [fails] })]).failed).toEqual(['recipients above']);
    expect(answer([r('a', 'allow', { unless: [holds] })]).failed).toEqual(['recipients at_most']);
    expect(answer([r('a', 'allow', { while: { vpn: true } })]).failed).toEqual(['while vpn']);
    expect(answer([r('a', 'allow'), r('b', 'allow', { when: [fails] })]).failed).toEqual([]);
  });

  test('on what is measured asks for the measure where it is not there', () => {
    expect(answer([r('a', 'allow', { when: [missing] })]).unmeasured).toEqual(['records']);
    expect(answer([r('a', 'allow', { when: [holds] })]).unmeasured).toEqual([]);
  });
});

describe('`otherwise`', () => {
  test.each<[string, Rule[], string]>([
    ['asks when `when` fails', [r('a', 'allow', { when: [fails], otherwise: 'ask' })], 'ask a'],
    ['denies when `when` fails', [r('a', 'allow', { when: [fails], otherwise: 'deny' })], 'deny a'],
    ['denies when `unless` holds', [r('a', 'allow', { unless: [holds], otherwise: 'deny' })], 'deny a'],
    ['says nothing when they hold', [r('a', 'allow', { when: [holds], otherwise: 'deny' })], 'allow a'],
    ['turns an ask into a deny', [r('a', 'ask', { when: [fails], otherwise: 'deny' })], 'deny a'],
    ['beats another allow', [r('x', 'allow'), r('a', 'allow', { when: [fails], otherwise: 'ask' })], 'ask a'],
    ['says nothing of another agent', [r('a', 'allow', { when: [fails], otherwise: 'deny', agent: ['other'] })], 'ask default'],
    ['says nothing of another scope', [r('a', 'allow', { when: [fails], otherwise: 'deny' }, 'write:files')], 'ask default'],
    [
      'says nothing when `while` fails',
      [r('a', 'allow', { when: [fails], otherwise: 'deny', while: { vpn: true } })],
      'ask default',
    ],
    ['says nothing when it is over', [r('a', 'allow', { when: [fails], otherwise: 'deny', until: NOON })], 'ask default'],
  ])('%s', (_what, rules, expected) => {
    expect(said(rules)).toBe(expected);
  });

  test('reaches as far as the ask or deny it is: outside a root, and a folder that holds some of it', () => {
    const outside = reading([action('read:files:/etc/passwd', { outside: true })], { facts: { recipients: 2 } });
    const deny = r('a', 'allow', { when: [fails], otherwise: 'deny' });
    const passes = r('a', 'allow', { when: [holds], otherwise: 'deny' });
    expect(said([deny], { reading: outside })).toBe('deny a');
    expect(said([passes], { reading: outside })).toBe('ask default');
    const folder = reading([action('read:files:m', { folder: true })], { facts: { recipients: 2 } });
    expect(said([r('a', 'allow', { when: [fails], otherwise: 'deny' }, 'read:files:m/*')], { reading: folder })).toBe('deny a');
    expect(said([r('a', 'allow', { when: [holds], otherwise: 'deny' }, 'read:files:m/*')], { reading: folder })).toBe(
      'ask default',
    );
  });
});

describe('who, through what, and when', () => {
  test.each<[string, Partial<Rule>, string]>([
    ['an agent by a glob', { agent: ['fel*'] }, 'allow a'],
    ['another agent', { agent: ['gina'] }, 'ask default'],
    ['a user', { user: ['john'] }, 'allow a'],
    ['another user', { user: ['ann'] }, 'ask default'],
    ['a role', { role: ['admin', 'user'] }, 'allow a'],
    ['another role', { role: ['admin'] }, 'ask default'],
    ['a server', { server: ['files'] }, 'allow a'],
    ['a tool by its own name', { tool: ['read'] }, 'allow a'],
    ['a tool by its shown name', { tool: ['files__read'] }, 'allow a'],
    ['another case of a tool', { tool: ['Read'] }, 'ask default'],
    ['from now on', { from: NOON }, 'allow a'],
    ['from a moment later', { from: NOON + 1 }, 'ask default'],
    ['until now', { until: NOON }, 'ask default'],
    ['until a moment later', { until: NOON + 1 }, 'allow a'],
  ])('%s', (_what, extra, expected) => {
    expect(said([r('a', 'allow', extra as Partial<Omit<Rule, 'scope'>>)])).toBe(expected);
  });

  test('what is not known of the situation never allows, and never lifts an ask or deny', () => {
    const both = [r('a', 'allow', { while: { vpn: true } }), r('d', 'deny', { while: { vpn: false } })];
    expect(said(both)).toBe('deny d');
    expect(said(both, { context: context({ vpn: true }) })).toBe('allow a');
    expect(said([r('a', 'allow', { while: { user_present: true } })])).toBe('ask default');
  });
});

describe('what ends the judging before any rule', () => {
  const all = [r('a', 'allow')];
  test('no session', () => {
    expect(said(all, { context: context({ session: 'expired' }) })).toBe('deny session');
    expect(said(all, { context: context({ session: 'none' }) })).toBe('deny session');
  });
  test('a lock', () => {
    expect(said(all, { locked: '' })).toBe('deny lock');
    expect(answer(all, { locked: 'incident 7' }).why).toContain('incident 7');
  });
  test("the guard's own files", () => {
    const own = reading([action('read:files:mcp.json', { absolute: '/srv/mcp.json' })]);
    expect(said(all, { reading: own, isProtected: (path) => path === '/srv/mcp.json' })).toBe('deny protected');
    expect(
      said(all, { reading: reading([action('send:email')], { absolutes: ['/srv/mcp.json'] }), isProtected: () => true }),
    ).toBe('deny protected');
  });
});

describe('several asks', () => {
  test('give the least of each limit, all conditions, the strictest proof and strength, and hand over rather than wait', () => {
    const merged = answer([
      r('a', 'ask', {
        limits: { records: 50, uses: 3, for: 10, while: { vpn: true } },
        proof: 'typed',
        strength: 'estimated',
        ask: 'inline',
      }),
      r('b', 'ask', {
        limits: { records: 20, files: 5, at_most: 99, exact: true, while: { user_present: true } },
        proof: 'none',
        strength: 'enforced',
      }),
    ]);
    expect(merged.limits).toEqual({
      records: 20,
      uses: 3,
      files: 5,
      for: 10,
      at_most: 99,
      exact: true,
      while: { vpn: true, also: [{ user_present: true }] },
    });
    expect(merged).toMatchObject({
      decision: 'ask',
      rule: 'a',
      rules: ['a', 'b'],
      proof: 'typed',
      strength: 'enforced',
      mode: 'handoff',
    });
  });
  test('wait in the call only where all say so', () => {
    expect(answer([r('a', 'ask', { ask: 'inline' })]).mode).toBe('inline');
    expect(answer([r('a', 'ask', { ask: 'inline' }), r('b', 'ask')]).mode).toBe('handoff');
  });
  test('by no rule at all give what `default` gives', () => {
    expect(answer([]).limits).toEqual(DEFAULT_LIMITS);
    expect(answer([r('a', 'allow', { when: [fails], otherwise: 'ask' })]).limits).toEqual(DEFAULT_LIMITS);
  });
  test('what is to be taken out of the result is so for every rule that spoke', () => {
    expect(
      answer([r('a', 'allow', { redact: ['result.a'] }), r('b', 'ask', { redact: ['result.b'] })]).redact.toSorted(),
    ).toEqual(['result.a', 'result.b']);
  });
});

describe('measured above a limit', () => {
  const over = reading([action('write:files:m/a')], { facts: { records: 60, recipients: 2 } });
  const limited = r('a', 'ask', { limits: { records: 50 } }, 'write:files');
  test('is denied, nobody is asked, and the number is not told', () => {
    const { decision, rule: id, why, failed } = answer([limited], { reading: over });
    expect([decision, id, failed]).toEqual(['deny', 'over_limit', ['records at_most']]);
    expect(why).toContain('50');
    expect(why).not.toContain('60');
  });
  test('at the limit it is asked', () => {
    expect(said([limited], { reading: reading([action('write:files:m/a')], { facts: { records: 50 } }) })).toBe('ask a');
  });
  test('no grant lifts it', () => {
    expect(said([limited], { reading: over, grants: [grant({ scope: ['write:files'], rules: ['*'] })] })).toBe('deny over_limit');
  });
});

describe('a grant', () => {
  const ask = r('a', 'ask');
  const lifts = (given: Partial<GrantView>, rules: Rule[] = [ask], more: Partial<Judged> = {}) =>
    answer(rules, { grants: [grant({ rules: ['a'], ...given })], ...more }).decision;
  test.each<[string, Partial<GrantView>, string]>([
    ['for this rule', {}, 'allow'],
    ['for another rule', { rules: ['b'] }, 'ask'],
    ['for any rule', { rules: ['*'] }, 'allow'],
    ['for a narrower scope that fits', { scope: ['read:files:m/*'] }, 'allow'],
    ['for another scope', { scope: ['read:files:hr/**'] }, 'ask'],
    ['for another verb', { scope: ['write:files'] }, 'ask'],
    ['that is over', { expires_at: NOON }, 'ask'],
    ['that is spent', { remaining: { uses: 0 } }, 'ask'],
    ['whose condition fails', { while: { vpn: true } }, 'ask'],
    ['for exactly this call', { exact: ['sha256:call'] }, 'allow'],
    ['for exactly another call', { exact: ['sha256:other'] }, 'ask'],
    ['with enough left', { remaining: { uses: 1, recipients: 2 } }, 'allow'],
    ['with too little left', { remaining: { uses: 1, recipients: 1 } }, 'ask'],
  ])('%s', (_what, given, expected) => {
    expect(lifts(given)).toBe(expected);
  });

  test('answers every rule that asks, or none', () => {
    expect(lifts({}, [ask, r('b', 'ask')])).toBe('ask');
    expect(lifts({ rules: ['a', 'b'] }, [ask, r('b', 'ask')])).toBe('allow');
  });
  test('never lifts a deny', () => {
    expect(lifts({ rules: ['*', 'risk'] }, [ask, r('d', 'deny')])).toBe('deny');
  });
  test('gives no more than the rule lets it, now', () => {
    expect(lifts({}, [r('a', 'ask', { limits: { while: { user_present: true } } })])).toBe('ask');
    expect(
      lifts({}, [r('a', 'ask', { limits: { while: { user_present: true } } })], { context: context({ user_present: true }) }),
    ).toBe('allow');
  });
  test('that fits nothing known of an amount does not carry it', () => {
    const unknown = reading([action('read:files:m/a')], { sql: { text: '', dialect: 'sqlite', countable: false } });
    expect(lifts({ remaining: { uses: 1, records: 5 } }, [ask], { reading: unknown })).toBe('ask');
  });
  test('one takes a use of a call, however many actions', () => {
    const two = reading([action('read:files:a'), action('read:files:b')]);
    expect(
      answer([ask], {
        reading: two,
        grants: [grant({ rules: ['a'] }), grant({ grant_id: 'g2', rules: ['a'], scope: ['read:files:a'] })],
      }).grants,
    ).toEqual(['g1']);
  });
  test('is no reason to spend one where the rules allow anyway', () => {
    expect(answer([r('x', 'allow')], { grants: [grant({ rules: ['*'] })] }).grants).toEqual([]);
  });
});

describe('risk', () => {
  const risky = { ...policy(r('x', 'allow')), risk: { ...DEFAULT_RISK, points: { vpn_off: 60 } } };
  const vpn = context({ vpn: false });
  const withRisk = (rules: Rule[], responses: Partial<typeof DEFAULT_RISK.responses> = {}, grants: GrantView[] = []) =>
    decide(
      judged({
        policy: { ...risky, rules, risk: { ...risky.risk, responses: { ...DEFAULT_RISK.responses, ...responses } } },
        reading: call,
        context: vpn,
        grants,
      }),
    );
  test('turns an allow into an ask, and an ask stays one', () => {
    expect(withRisk([r('x', 'allow')])).toMatchObject({ decision: 'ask', rule: 'risk', risk: { level: 'high', score: 60 } });
    expect(withRisk([r('y', 'ask')])).toMatchObject({ decision: 'ask', rules: ['risk', 'y'] });
  });
  test('may only watch, or deny', () => {
    expect(withRisk([r('x', 'allow')], { high: 'watch' }).decision).toBe('allow');
    expect(withRisk([r('x', 'allow')], { high: 'deny' })).toMatchObject({ decision: 'deny', rule: 'risk' });
    expect(withRisk([r('y', 'ask')], { high: 'deny' }).decision).toBe('deny');
  });
  test('never softens a deny', () => {
    expect(withRisk([r('d', 'deny')])).toMatchObject({ decision: 'deny', rule: 'd' });
  });
  test('asks for the proof it names', () => {
    expect(withRisk([r('y', 'ask')], { high: 'ask+passphrase' }).proof).toBe('passphrase');
    expect(withRisk([r('y', 'ask', { proof: 'passphrase' })], { high: 'ask+typed' }).proof).toBe('passphrase');
  });
  test('is lifted by a grant up to the level it was approved at', () => {
    expect(withRisk([r('x', 'allow')], {}, [grant({ rules: ['risk'], risk: 'high' })]).decision).toBe('allow');
    expect(withRisk([r('x', 'allow')], {}, [grant({ rules: ['risk'], risk: 'medium' })]).decision).toBe('ask');
    expect(withRisk([r('x', 'allow')], {}, [grant({ rules: ['*'], risk: 'high' })]).decision).toBe('ask');
    expect(withRisk([r('y', 'ask')], {}, [grant({ rules: ['y'] })]).decision).toBe('ask');
  });
});
