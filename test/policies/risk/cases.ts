// The cases of risk factors: what each needs to apply, and what comes close and doesn't.
import { describe, expect, test } from 'vitest';
import type { PastCall } from '../../../policies/history.ts';
import type { Reading } from '../../../policies/reading.ts';
import { assess, FACTORS, type Factor, type ToAssess } from '../../../policies/risk.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';
import type { Action, Context, RiskPolicy } from '../../../policies/types.ts';
import { action, context, NOON, reading } from '../sample.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

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

/** A situation at this moment, an ISO time. */
export const at = (moment: string, policy: Partial<RiskPolicy> = {}): Given => ({ context: { now: Date.parse(moment) }, policy });

/** Arguments in which these classes of data were found. */
export const carrying = (...classes: string[]): Given => ({ reading: { facts: { 'data.classes': classes } } });

/** A mail to one mailbox, as the action it is. */
export const mail = (to: string): Action => ({ verb: 'send', domain: 'email', kind: 'address', resource: to, segments: [to] });

/** A mail that goes to such a destination. */
export const send = (destination: string): Given => ({ actions: [action('send:email')], reading: { facts: { destination } } });

/** A mail to somebody outside. */
export const outside: Given = { reading: { facts: { destination: 'external' } }, actions: [mail('x@y.example')] };

/** A request to a host outside. */
export const web = (verb: 'read' | 'write', host: string): Given => ({
  actions: [{ verb, domain: 'web', kind: 'url', resource: `${host}/a`, segments: [host, 'a'] }],
  reading: { facts: { 'url.host': host, destination: 'external' } },
});

/** A read that was denied, or asked about, a minute ago. */
export const refused = (target: string, denied = true): PastCall =>
  past({ ago: MINUTE, refused: true, denied, actions: [action(`read:files:${target}`)] });

/** Something sensitive that was read an hour ago. */
export const secretRead = past({ ago: HOUR, sensitive: true });

/** `yes`: it applies, with its default points; `no`: it doesn't. Every factor needs both. */
export function cases(factor: Factor, { yes, no }: { yes: Record<string, Given>; no: Record<string, Given> }): void {
  const { name } = factor;
  describe(name, () => {
    test('is weighed, and has cases of both kinds', () => {
      expect(FACTORS).toContain(factor);
      expect([Object.keys(yes).length, Object.keys(no).length]).not.toContain(0);
    });
    test.each(Object.entries(yes))('applies: %s', (_what, given) => {
      const found = assess(toAssess(given)).factors.find((one) => one.name === name);
      expect(found).toEqual({ name, points: DEFAULT_RISK.points[name] });
    });
    test.each(Object.entries(no))('does not: %s', (_what, given) => expect(factorsOf(given)).not.toContain(name));
    test('is silent when the policy gives it no points', () => {
      for (const given of Object.values(yes))
        expect(factorsOf({ ...given, policy: { ...given.policy, points: { ...DEFAULT_RISK.points, [name]: 0 } } })).not.toContain(
          name,
        );
    });
  });
}
