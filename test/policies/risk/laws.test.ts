// The laws of risk: points add up and only raise, whatever is added; the named levels of the product hold.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PastCall } from '../../../policies/history.ts';
import { assess, FACTORS, responseTo } from '../../../policies/risk.ts';
import { DEFAULT_RISK } from '../../../policies/risk-defaults.ts';
import { RISK_LEVELS } from '../../../policies/types.ts';
import { action, context, NOON, reading } from '../sample.ts';
import { factorsOf, MINUTE, past, toAssess } from './cases.ts';

const call = fc
  .record({
    ago: fc.integer({ min: 0, max: 20 * MINUTE }),
    refused: fc.boolean(),
    denied: fc.boolean(),
    untrusted: fc.boolean(),
    sensitive: fc.boolean(),
    unscanned: fc.boolean(),
    size: fc.integer({ min: 0, max: 2_000_000 }),
    tool: fc.constantFrom('read', 'send'),
    verb: fc.constantFrom('read', 'send', 'delete'),
    name: fc.constantFrom('a/1', 'a/2', 'b/1'),
  })
  .map(({ verb, name, ...rest }) => past({ ...rest, actions: [action(`${verb}:files:${name}`)] }));
const histories = fc.array(call, { maxLength: 40 }).map((list) => [...list].sort((a, b) => a.at - b.at));
const policies = fc
  .record({ points: fc.dictionary(fc.constantFrom(...FACTORS.map(({ name }) => name)), fc.nat(100)), bulk_over: fc.nat(30) })
  .map((more) => ({ ...DEFAULT_RISK, ...more }));
const calls = fc.record({
  history: histories,
  policy: policies,
  verb: fc.constantFrom('read', 'send', 'write', 'delete'),
  destination: fc.constantFrom('internal', 'external', 'unknown'),
  classes: fc.subarray(['pii.email', 'financial.card', 'health.record', 'credentials.jwt']),
  items: fc.nat(30),
});
type Call = {
  history: PastCall[];
  policy: typeof DEFAULT_RISK;
  verb: string;
  destination: string;
  classes: string[];
  items: number;
};
const asked = ({ history, policy, verb, destination, classes, items }: Call) => ({
  reading: reading([action(`${verb}:files:a/1`)], { facts: { destination, 'data.classes': classes, items } }),
  context: context(),
  history,
  policy,
});
const law = (name: string, worse: (given: ReturnType<typeof asked>) => void) =>
  test(name, () =>
    fc.assert(
      fc.property(calls, (given) => {
        const before = assess(asked(given));
        const made = asked(given);
        worse(made);
        const after = assess(made);
        expect(after.score).toBeGreaterThanOrEqual(before.score);
        const names = after.factors.map((one) => one.name);
        for (const one of before.factors) expect(names).toContain(one.name);
      }),
      { numRuns: 150 },
    ),
  );

describe('adding anything never lowers the score', () => {
  law(
    'another class of data',
    (made) =>
      (made.reading.facts['data.classes'] = [
        ...(made.reading.facts['data.classes'] as string[]),
        'credentials.aws_key',
        'unscanned',
      ]),
  );
  law('more items', (made) => (made.reading.facts.items = 1_000));
  law('a mark', (made) => (made.reading.marked = ['tables:x']));
  law('a further destination', (made) => (made.reading.facts.destination = 'external'));
  law('a destructive, unbound, changed tool', (made) =>
    Object.assign(made.reading, { destructive: true, unbound: true, changed: true }),
  );
  law('storage and a public link', (made) => Object.assign(made.reading, { opened: 'public' }));
  law('one more action', (made) => made.reading.actions.push(action('delete:files:z')));
  law('an absent user, no VPN, a strange machine, an ending session', (made) =>
    Object.assign(made.context, {
      user_present: false,
      vpn: false,
      machine_known: false,
      other_session: true,
      session_ends: NOON,
    }),
  );
  law('a refusal', (made) => (made.history = [...made.history, past({ refused: true, denied: true })]));
  law(
    'sensitive and outside content that was read',
    (made) =>
      (made.history = made.history.map((one) => ({
        ...one,
        sensitive: true,
        untrusted: true,
        unscanned: true,
        size: 3_000_000,
      }))),
  );
  test('points are what they were given, and the sum is capped', () => {
    fc.assert(
      fc.property(calls, (given) => {
        const { score, factors } = assess(asked(given));
        expect(score).toBe(
          Math.min(
            100,
            factors.reduce((sum, one) => sum + one.points, 0),
          ),
        );
        for (const { name, points } of factors) expect(given.policy.points[name]).toBe(points);
      }),
      { numRuns: 150 },
    );
  });
  test('more points for a factor', () => {
    fc.assert(
      fc.property(calls, fc.constantFrom(...FACTORS.map(({ name }) => name)), (given, name) => {
        const raised = { ...given, policy: { ...given.policy, points: { ...given.policy.points, [name]: 100 } } };
        expect(assess(asked(raised)).score).toBeGreaterThanOrEqual(assess(asked(given)).score);
      }),
      { numRuns: 150 },
    );
  });
  test.each(RISK_LEVELS)('a floor of %s', (floor) => {
    const given = toAssess({ reading: { floor } });
    expect(RISK_LEVELS.indexOf(assess(given).level)).toBeGreaterThanOrEqual(RISK_LEVELS.indexOf(floor));
  });
});

describe('what the product promises', () => {
  test('looking at a calendar is low', () => expect(assess(toAssess({ actions: [action('list:calendar')] })).level).toBe('low'));
  test('financial data at three in the morning is high', () => {
    const risk = assess(
      toAssess({
        context: { now: Date.parse('2026-11-24T03:00:00Z') },
        reading: { facts: { 'data.classes': ['financial.iban'] } },
      }),
    );
    expect(risk.level).toBe('high');
    expect(risk.factors.map(({ name }) => name)).toEqual(['outside_hours', 'night', 'financial']);
  });
  test('levels call for what the policy says', () => {
    expect(RISK_LEVELS.map((level) => responseTo(level, DEFAULT_RISK))).toEqual(['none', 'watch', 'ask', 'deny']);
  });
  test('every factor has points of its own', () =>
    expect(Object.keys(DEFAULT_RISK.points).sort()).toEqual(FACTORS.map(({ name }) => name).sort()));
  test('nothing known, nothing raised', () => expect(factorsOf({})).toEqual([]));
});

test('the page on risk has a line for every factor, with its group, points and meaning', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/risk.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (\d+) \| (.*) \|$/gm)].map(([, name, , points, what]) => ({
    name,
    points: Number(points),
    what,
  }));
  expect(rows).toEqual(FACTORS.map(({ name, what }) => ({ name, points: DEFAULT_RISK.points[name], what })));
});
