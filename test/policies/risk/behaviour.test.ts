// Behaviour: amounts, novelty, speed, runs and stubbornness, against the agent's own habit.
import { expect, test } from 'vitest';
import { baselineOf, emptyBaseline, learnCall, usualRate } from '../../../policies/baseline.ts';
import { BEHAVIOUR } from '../../../policies/risk/behaviour.ts';
import { action, NOON } from '../sample.ts';
import { cases, factorsOf, MINUTE, many, past } from './cases.ts';

const mail = (to: string) => ({ verb: 'send' as const, domain: 'email', kind: 'address' as const, resource: to, segments: [to] });
const refused = (target: string, denied = true) =>
  past({ ago: MINUTE, refused: true, denied, actions: [action(`read:files:${target}`)] });
const outside = { reading: { facts: { destination: 'external' } }, actions: [mail('x@y.example')] };
/** A quarter of an hour of one call a minute, until five minutes ago. */
const habit = many(15, (index) => past({ ago: (20 - index) * MINUTE }));

cases(BEHAVIOUR, {
  bulk: {
    yes: {
      'many in one call': { reading: { facts: { recipients: 21 } } },
      'many actions': { actions: Array.from({ length: 21 }, (_, index) => action(`read:files:f${index}`)) },
      'many small calls': { history: many(20, (index) => past({ ago: 9 * MINUTE - index * 1_000 })) },
      'a policy that says when': { reading: { facts: { records: 6 } }, policy: { bulk_over: 5 } },
    },
    no: {
      twenty: { reading: { facts: { items: 20 } } },
      'the nineteenth before': { history: many(19, () => past({ ago: MINUTE })) },
      'long ago': { history: many(40, () => past({ ago: 11 * MINUTE })) },
      'refused ones': { history: many(40, () => refused('a')) },
    },
  },
  first_use: {
    yes: {
      'another tool was used': { history: [past({ tool: 'list' })] },
      'it was only refused before': { history: [past({ tool: 'list' }), past({ refused: true })] },
    },
    no: { 'nothing is known': {}, 'it was used': { history: [past({ ago: 60 * MINUTE })] } },
  },
  new_target: {
    yes: {
      'a folder': { history: [past()], actions: [action('read:files:c/d')] },
      'a mailbox': { history: [past({ actions: [mail('a@b.example')] })], actions: [mail('x@y.example')] },
    },
    no: {
      'nothing is known': {},
      'a file beside it': { history: [past()], actions: [action('read:files:a/other')] },
      'no place at all': { history: [past()], actions: [action('list:calendar')] },
    },
  },
  rate: {
    yes: {
      '60 in a minute': { history: many(60, () => past({ ago: 1_000 })) },
      'three times its habit': { history: [...habit, ...many(20, () => past({ ago: 1_000 }))] },
    },
    no: {
      '59 in a minute, no habit': { history: many(59, () => past({ ago: 1_000 })) },
      '60 in two minutes': { history: many(60, (index) => past({ ago: 119_000 - index * 2_000 })) },
      'a little more than usual': { history: [...habit, ...many(10, () => past({ ago: 1_000 }))] },
    },
  },
  repetition: {
    yes: {
      'numbered files': {
        history: many(24, (index) => past({ ago: MINUTE, actions: [action(`read:files:a/page-${index}`)] })),
        actions: [action('read:files:a/page-99')],
      },
    },
    no: {
      'other names': {
        history: many(40, (index) => past({ ago: MINUTE, actions: [action(`read:files:a/${'abcdefghij'[index % 10]}`)] })),
      },
      'long ago': { history: many(40, () => past({ ago: 11 * MINUTE })) },
    },
  },
  repeated_refusals: {
    yes: { 'asked for three times': { history: many(3, () => refused('a', false)) } },
    no: {
      two: { history: many(2, () => refused('a')) },
      'long ago': { history: many(9, () => past({ ago: 11 * MINUTE, refused: true })) },
    },
  },
  probing: {
    yes: {
      'three places': { history: [refused('a'), refused('b'), refused('c')] },
      'behind a flood of harmless calls': {
        history: [refused('a'), refused('b'), refused('c'), ...many(300, () => past({ ago: 1_000 }))],
      },
    },
    no: {
      'the same place': { history: many(5, () => refused('a')) },
      'asks, not denials': { history: [refused('a', false), refused('b', false), refused('c', false)] },
    },
  },
  read_much: {
    yes: {
      'many things': {
        ...outside,
        history: many(101, (index) => past({ ago: 30 * MINUTE, actions: [action(`read:files:a/${index}`)] })),
      },
      'much text': { ...outside, history: [past({ ago: MINUTE, size: 1_000_001 })] },
    },
    no: {
      'and it stays': { history: [past({ size: 2_000_000 })] },
      little: { ...outside, history: [past({ size: 50_000 })] },
      yesterday: { ...outside, history: [past({ ago: 90 * MINUTE, size: 2_000_000 })] },
    },
  },
});

test('what is known stays bounded, and the oldest goes first', () => {
  const baseline = emptyBaseline();
  for (let index = 0; index < 5_000; index += 1)
    learnCall(
      baseline,
      past({
        ago: (5_000 - index) * MINUTE,
        tool: `t${index}`,
        refused: index % 3 === 0,
        actions: [mail(`m${index}@x.example`)],
      }),
    );
  expect([baseline.tools.size, baseline.targets.size, baseline.refusals.length, baseline.minutes.length]).toEqual([
    200, 500, 32, 60,
  ]);
  expect(baseline.tools.has('files/t4999')).toBe(true);
  expect(baseline.tools.has('files/t1')).toBe(false);
});

test('a habit is nine tenths of its minutes', () => {
  expect(usualRate(baselineOf(habit), NOON)).toBe(1);
  expect(usualRate(baselineOf(habit.slice(0, 9)), NOON)).toBeUndefined();
});

test('a flood of calls pushes no refusal and no taint out of sight', () => {
  const history = [past({ ago: 60 * MINUTE, sensitive: true }), ...many(1_900, () => past({ ago: 30_000 }))];
  expect(factorsOf({ ...outside, history })).toContain('leak');
});
