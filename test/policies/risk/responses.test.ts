// What a level calls for: every response does what its name says, tightens only, and a grant holds up to the level it was given at.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../policies/decide.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';
import type { Effect, RiskLevel, RiskResponse } from '../../../policies/types.ts';
import { action, grant, judged, policy, reading, rule } from '../sample.ts';

const LEVELS = ['medium', 'high', 'critical'] as const;
const answer = (
  level: RiskLevel,
  response: RiskResponse,
  effect: Effect = 'allow',
  grants = [] as ReturnType<typeof grant>[],
) => {
  const risk = { ...DEFAULT_RISK, responses: { medium: response, high: response, critical: response } };
  const rules = { ...policy(rule({ id: 'it', effect, scope: 'read:files' })), risk };
  return decide(judged({ policy: rules, reading: reading([action('read:files:a')], { floor: level }), grants }));
};

describe.each(LEVELS)('at %s', (level) => {
  test.each([
    ['watch', 'allow', 'none'],
    ['ask', 'ask', 'none'],
    ['ask+typed', 'ask', 'typed'],
    ['ask+passphrase', 'ask', 'passphrase'],
    ['deny', 'deny', 'none'],
  ] as [RiskResponse, Effect, string][])('%s', (response, decision, proof) => {
    const given = answer(level, response);
    expect(given).toMatchObject({ decision, risk: { level } });
    if (decision === 'ask') expect(given).toMatchObject({ rule: 'risk', proof });
  });
  test('no response turns a no into anything else', () => {
    for (const response of ['watch', 'ask', 'ask+typed', 'ask+passphrase', 'deny'] as const)
      expect(answer(level, response, 'deny').decision).toBe('deny');
  });
  test('a deny is lifted by no grant', () =>
    expect(answer(level, 'deny', 'allow', [grant({ rules: ['*', 'risk'], risk: 'critical' })]).decision).toBe('deny'));
});

describe('a grant holds up to its level', () => {
  const ORDER: readonly RiskLevel[] = ['low', 'medium', 'high', 'critical'];
  test.each(LEVELS.flatMap((now) => ORDER.map((given) => [now, given] as const)))('at %s, given at %s', (now, given) => {
    const decision = answer(now, 'ask', 'allow', [grant({ rules: ['risk'], risk: given })]);
    expect(decision.decision).toBe(ORDER.indexOf(given) >= ORDER.indexOf(now) ? 'allow' : 'ask');
    if (decision.decision === 'ask') expect(decision.why).toContain(`approved up to ${given}`);
  });
  test('and one that was not given for risk at all carries none', () =>
    expect(answer('high', 'ask', 'allow', [grant({ rules: ['it'], risk: 'critical' })]).decision).toBe('ask'));
});
