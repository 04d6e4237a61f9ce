// The cases of risk factors: what each needs to apply, and what comes close and doesn't.
import { describe, expect, test } from 'vitest';
import type { PastCall } from '../../../policies/history.ts';
import type { Reading } from '../../../policies/reading.ts';
import { assess, FACTORS, type Factor, type ToAssess } from '../../../policies/risk.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';
import type { Action, Context, RiskPolicy } from '../../../policies/types.ts';
import { action, context, NOON, reading } from '../sample.ts';

export const MINUTE = 60_000;

export function past(extra: Partial<PastCall> & { ago?: number } = {}): PastCall {
  const { ago = 0, ...more } = extra;
  return {
    at: NOON - ago,
    server: 'files',
    tool: 'read',
    actions: [action('read:files:a/b')],
    refused: false,
    untrusted: false,
    sensitive: false,
    ...more,
  };
}

export function many(count: number, make: (index: number) => PastCall): PastCall[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export type Given = {
  actions?: Action[];
  reading?: Partial<Reading>;
  context?: Partial<Context>;
  history?: PastCall[];
  policy?: Partial<RiskPolicy>;
};

export function toAssess({
  actions = [action('read:files:a/b')],
  reading: more = {},
  context: situation = {},
  history = [],
  policy = {},
}: Given): ToAssess {
  return { reading: reading(actions, more), context: context(situation), history, policy: { ...DEFAULT_RISK, ...policy } };
}

/** Names of the factors that apply, at the default points. */
export function factorsOf(given: Given): string[] {
  return assess(toAssess(given)).factors.map(({ name }) => name);
}

/** `yes`: it applies, with its default points; `no`: it doesn't. Every factor of the group needs both. */
export function cases(
  group: readonly Factor[],
  table: Record<string, { yes: Record<string, Given>; no: Record<string, Given> }>,
): void {
  test('every factor of the group has its cases', () => {
    expect(Object.keys(table).sort()).toEqual(group.map(({ name }) => name).sort());
    expect(group.every((factor) => FACTORS.includes(factor))).toBe(true);
  });
  for (const [name, { yes, no }] of Object.entries(table)) {
    describe(name, () => {
      test.each(Object.entries(yes))('applies: %s', (_what, given) => {
        const found = assess(toAssess(given)).factors.find((one) => one.name === name);
        expect(found).toEqual({ name, points: DEFAULT_RISK.points[name] });
      });
      test.each(Object.entries(no))('does not: %s', (_what, given) => expect(factorsOf(given)).not.toContain(name));
      test('is silent when the policy gives it no points', () => {
        for (const given of Object.values(yes))
          expect(
            factorsOf({ ...given, policy: { ...given.policy, points: { ...DEFAULT_RISK.points, [name]: 0 } } }),
          ).not.toContain(name);
      });
    });
  }
}
