// The laws of judging, as properties over random rules and calls. Their names are the promises of the README.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../policies/decide.ts';
import type { Effect, Rule } from '../../policies/types.ts';
import { action, context, grant, judged, NOON, policy, reading, rule } from './sample.ts';

const verbs = fc.constantFrom('read', 'write', 'delete', 'send');
const domains = fc.constantFrom('files', 'email');
const names = fc.constantFrom('a', 'b', 'm/a', 'm/b', 'm/n/a', '.env');
const patterns = fc.constantFrom('a', '*', '**', 'm/*', 'm/**', '**/a', 'm/n/*', '.*');
const scopes = fc
  .tuple(fc.oneof(verbs, fc.constant('*')), fc.oneof(domains, fc.constant('*')), fc.option(patterns, { nil: undefined }))
  .map(([verb, domain, pattern]) => (pattern === undefined ? `${verb}:${domain}` : `${verb}:${domain}:${pattern}`));
const conditions = fc.constantFrom<Partial<Omit<Rule, 'scope'>>>(
  {},
  { when: [{ fact: 'recipients', operator: 'at_most', value: 3, where: '' }] },
  { unless: [{ fact: 'recipients', operator: 'above', value: 3, where: '' }] },
  { when: [{ fact: 'records', operator: 'below', value: 5, where: '' }] },
  { while: { user_present: true } },
  { while: { vpn: false } },
  { otherwise: 'ask', when: [{ fact: 'recipients', operator: 'at_most', value: 3, where: '' }] },
  { otherwise: 'deny', unless: [{ fact: 'items', operator: 'at_least', value: 2, where: '' }] },
  { until: NOON },
  { from: NOON },
);
const effects = fc.constantFrom<Effect>('allow', 'ask', 'deny');
const rules = fc
  .array(fc.tuple(effects, scopes, conditions), { maxLength: 8 })
  .map((list) => list.map(([effect, scope, extra], index) => rule({ id: `r${index}`, effect, scope, ...extra })));
const facts = fc.record({ recipients: fc.nat(6), items: fc.nat(4), records: fc.nat(9) }, { requiredKeys: [] });
const actions = fc.array(
  fc
    .tuple(verbs, domains, fc.option(names, { nil: undefined }))
    .map(([verb, domain, name]) => action(name === undefined ? `${verb}:${domain}` : `${verb}:${domain}:${name}`)),
  { minLength: 1, maxLength: 4 },
);
const contexts = fc
  .record({ user_present: fc.boolean(), vpn: fc.boolean() }, { requiredKeys: [] })
  .map((known) => context(known));
const calls = fc.record({ rules, facts, actions, context: contexts });

const RANK: Record<Effect, number> = { allow: 0, ask: 1, deny: 2 };
type Call = {
  rules: Rule[];
  facts: Record<string, number>;
  actions: ReturnType<typeof action>[];
  context: ReturnType<typeof context>;
};
const answer = (call: Call, more: { rules?: Rule[]; grants?: ReturnType<typeof grant>[] } = {}) =>
  decide(
    judged({
      policy: policy(...(more.rules ?? call.rules)),
      reading: reading(call.actions, { facts: { ...call.facts } }),
      context: call.context,
      grants: more.grants ?? [],
    }),
  );
/** All but the words and the conditions named: they say which grant came close. */
const verdictOf = ({ why: _why, failed: _failed, ...rest }: ReturnType<typeof answer>) => rest;
const law = (name: string, property: (call: Call) => void) =>
  it(name, () =>
    fc.assert(
      fc.property(calls, (call) => property(call as Call)),
      { numRuns: 400 },
    ),
  );

describe('the laws of judging', () => {
  it('default is no: without a rule nothing is allowed', () => {
    fc.assert(
      fc.property(actions, (some) => {
        expect(decide(judged({ policy: policy(), reading: reading(some) })).decision).toBe('ask');
      }),
    );
  });

  law('deny beats everything: a deny over all of it denies, whatever else is written', (call) => {
    expect(
      answer(call, {
        rules: [...call.rules, rule({ id: 'no', effect: 'deny', scope: '*:*' })],
        grants: [
          grant({
            scope: [
              'read:files',
              'write:files',
              'delete:files',
              'send:files',
              'read:email',
              'write:email',
              'delete:email',
              'send:email',
            ],
            rules: ['*', 'risk'],
            remaining: { uses: 9 },
          }),
        ],
      }).decision,
    ).toBe('deny');
  });

  law('adding a deny never allows more', (call) => {
    const before = answer(call).decision;
    const after = answer(call, {
      rules: [...call.rules, rule({ id: 'extra', effect: 'deny', scope: 'read:files:m/**' })],
    }).decision;
    expect(RANK[after]).toBeGreaterThanOrEqual(RANK[before]);
  });

  law('adding an allow never turns a deny into anything else', (call) => {
    if (answer(call).decision !== 'deny') return;
    expect(answer(call, { rules: [...call.rules, rule({ id: 'extra', effect: 'allow', scope: '*:*' })] }).decision).toBe('deny');
  });

  law('order does not matter, and saying it twice changes nothing', (call) => {
    const once = answer(call);
    expect(answer(call, { rules: [...call.rules].reverse() })).toEqual(once);
    const { rules: _rules, ...twice } = answer(call, { rules: [...call.rules, ...call.rules] });
    expect(twice).toEqual((({ rules: _once, ...rest }) => rest)(once));
  });

  law('an allowed call has an allowing rule or a grant behind every action', (call) => {
    const decision = answer(call, { grants: [grant({ remaining: { uses: 1 } })] });
    if (decision.decision !== 'allow') return;
    for (const one of decision.actions)
      expect(one.grant_id !== undefined || call.rules.some((given) => given.id === one.rule && given.effect === 'allow')).toBe(
        true,
      );
  });

  law('a missing fact never allows: forgetting a fact never makes the answer milder', (call) => {
    const known = answer(call).decision;
    for (const fact of Object.keys(call.facts)) {
      const { [fact]: _gone, ...rest } = call.facts;
      const unknown = answer({ ...call, facts: rest }).decision;
      // forgetting may only hide a failed clause where a rule then asks or denies
      if (unknown === 'allow') expect(known).toBe('allow');
    }
  });

  law('unknown context never allows: what is allowed without knowing is allowed whatever turns out', (call) => {
    if (answer({ ...call, context: context() }).decision !== 'allow') return;
    for (const user_present of [true, false]) {
      for (const vpn of [true, false])
        expect(answer({ ...call, context: context({ user_present, vpn }) }).decision).toBe('allow');
    }
  });

  law('an ended grant is no grant, and neither is a spent one, or one whose condition is not known to hold', (call) => {
    const without = answer(call);
    const wide = {
      scope: [
        'read:files',
        'write:files',
        'delete:files',
        'send:files',
        'read:email',
        'write:email',
        'delete:email',
        'send:email',
      ],
      rules: ['*'],
    };
    const dead = [
      grant({ ...wide, expires_at: NOON }),
      grant({ ...wide, remaining: { uses: 0 } }),
      grant({ ...wide, while: { vpn: true } }),
      grant({ ...wide, exact: ['sha256:other'] }),
    ];
    const lame = { ...call, context: context() };
    expect(verdictOf(answer(lame, { grants: dead }))).toEqual(verdictOf(answer({ ...lame })));
    expect(without.grants).toEqual([]);
  });

  law('a grant never lifts a deny and never answers for a rule it was not given for', (call) => {
    const asked = answer(call);
    const given = answer(call, {
      grants: [grant({ scope: ['read:files', 'write:files'], rules: ['somebody-else'], remaining: { uses: 9 } })],
    });
    expect(verdictOf(given)).toEqual(verdictOf(asked));
  });

  law('a call that does nothing known is not allowed, whatever the rules', (call) => {
    expect(answer({ ...call, actions: [] })).toMatchObject({ decision: 'deny', rule: 'error' });
  });

  law('no session, no call', (call) => {
    for (const session of ['none', 'expired'] as const) {
      const decision = answer({ ...call, context: context({ session }) });
      expect([decision.decision, decision.rule]).toEqual(['deny', 'session']);
    }
  });
});
