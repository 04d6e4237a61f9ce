// One operator on one fact, with three answers: yes, no, and that it can't be said.
import { describe, expect, test } from 'vitest';
import { clauseName, judgeClause, judgeWhile, lookUp } from '../../policies/conditions.ts';
import type { PastCall } from '../../policies/history.ts';
import type { Reading } from '../../policies/reading.ts';
import type { Clause, FactValue, While } from '../../policies/types.ts';
import { action, context, NOON, reading } from './sample.ts';

const clause = (fact: string, operator: Clause['operator'], value: unknown): Clause => ({ fact, operator, value, where: '' });
const verdict = (fact: string, operator: Clause['operator'], value: unknown, known: Partial<Reading> = {}) =>
  judgeClause(clause(fact, operator, value), { reading: reading([], known), context: context(), history: [] });
const withFact = (fact: string, value: FactValue | undefined): Partial<Reading> => ({
  facts: value === undefined ? {} : { [fact]: value },
});

describe('numbers', () => {
  test.each<[Clause['operator'], number, FactValue | undefined, string]>([
    ['below', 5, 4, 'yes'],
    ['below', 5, 5, 'no'],
    ['at_most', 5, 5, 'yes'],
    ['at_most', 5, 6, 'no'],
    ['above', 5, 6, 'yes'],
    ['above', 5, 5, 'no'],
    ['at_least', 5, 5, 'yes'],
    ['at_least', 5, 4, 'no'],
    ['equals', 5, 5, 'yes'],
    ['below', 5, undefined, 'missing'],
    ['below', 5, '4', 'missing'],
    ['below', 5, Number.NaN, 'missing'],
    ['below', 5, true, 'missing'],
    ['below', 5, [1, 2], 'yes'],
    ['below', 5, [7, 8], 'no'],
    ['below', 5, [1, 8], 'missing'],
    ['above', 5, [1, 8], 'missing'],
    ['below', 5, [], 'no'],
    ['equals', 5, '5', 'missing'],
    ['none_of', 5, '5', 'missing'],
  ])('%s %j of %j: %s', (operator, limit, value, expected) => {
    expect(verdict('args.n', operator, limit, withFact('args.n', value))).toBe(expected);
  });
});

describe('lists', () => {
  test.each<[Clause['operator'], string[], string[] | undefined, string]>([
    ['in', ['a', 'b'], ['a', 'b'], 'yes'],
    ['in', ['a', 'b'], ['a', 'c'], 'no'],
    ['in', ['a'], [], 'no'],
    ['only', ['a'], [], 'yes'],
    ['only', ['a', 'b'], ['a'], 'yes'],
    ['only', ['a'], ['a', 'b'], 'no'],
    ['any_of', ['a', 'z'], ['a', 'b'], 'yes'],
    ['any_of', ['z'], ['a', 'b'], 'no'],
    ['any_of', ['z'], [], 'no'],
    ['none_of', ['z'], ['a', 'b'], 'yes'],
    ['none_of', ['b'], ['a', 'b'], 'no'],
    ['none_of', ['b'], [], 'yes'],
    ['not_in', ['b'], ['a', 'b'], 'no'],
    ['only', ['a'], undefined, 'missing'],
    ['none_of', ['a'], undefined, 'missing'],
    ['only', ['orders.*'], ['orders.id', 'orders.*'], 'yes'],
    ['only', ['orders.*'], ['orders.id', 'users.id'], 'no'],
  ])('%s %j of %j: %s', (operator, wanted, value, expected) => {
    expect(verdict('sql.columns', operator, wanted, withFact('sql.columns', value))).toBe(expected);
  });

  test('what must not be there is found in any case and any form', () => {
    for (const value of ['Owner', ' owner ', 'ｏｗｎｅｒ', 'own\u200ber'])
      expect(verdict('args.role', 'none_of', ['owner'], { args: { role: value } })).toBe('no');
    expect(verdict('args.role', 'any_of', ['owner'], { args: { role: 'Owner' } })).toBe('no');
  });

  test('a class of data covers its kinds, and no kind covers its class', () => {
    const known = withFact('data.classes', ['pii.phone']);
    expect(verdict('data.classes', 'any_of', ['pii'], known)).toBe('yes');
    expect(verdict('data.classes', 'any_of', ['pii.email'], known)).toBe('no');
    expect(verdict('data.classes', 'any_of', ['pii.phone'], withFact('data.classes', ['pii']))).toBe('no');
  });
});

describe('hosts', () => {
  const own = ['acme.example'];
  test.each<[Clause['operator'], string[], string[], string]>([
    ['only', ['$own'], ['acme.example', 'mail.acme.example'], 'yes'],
    ['only', ['$own'], ['acme.example', 'partner.example'], 'no'],
    ['only', ['$own'], [''], 'no'],
    ['only', ['$own', 'partner.example'], ['acme.example', 'partner.example'], 'yes'],
    ['in', ['partner.example'], ['sub.partner.example'], 'no'],
    ['within', ['*.partner.example'], ['sub.partner.example', 'a.b.partner.example'], 'yes'],
    ['within', ['*.partner.example'], ['partner.example'], 'no'],
    ['within', ['*.partner.example'], ['notpartner.example'], 'no'],
    ['within', ['Partner.Example'], ['partner.example'], 'yes'],
    ['none_of', ['partner.example'], ['PARTNER.example'], 'no'],
    ['any_of', ['*.evil.example'], ['acme.example', 'x.evil.example'], 'yes'],
    ['within', ['mail-*.acme.example'], ['mail-1.acme.example'], 'yes'],
  ])('%s %j of %j: %s', (operator, wanted, value, expected) => {
    expect(verdict('recipients.domains', operator, wanted, { ...withFact('recipients.domains', value), own })).toBe(expected);
  });
  test('without domains of our own nobody is one of us', () => {
    expect(verdict('recipients.domains', 'only', ['$own'], withFact('recipients.domains', ['acme.example']))).toBe('no');
  });
});

describe('paths', () => {
  test.each<[Clause['operator'], string[], string[], string]>([
    ['within', ['marketing/**'], ['marketing/a', 'marketing/b/c', 'marketing'], 'yes'],
    ['within', ['marketing/**'], ['marketing/a', 'hr/b'], 'no'],
    ['within', ['marketing/*'], ['marketing/a/b'], 'no'],
    ['within', ['**'], ['/etc/passwd'], 'no'],
    ['within', ['/etc/**'], ['/etc/passwd'], 'yes'],
    ['within', ['marketing/**'], [], 'no'],
    ['only', ['marketing/**'], [], 'yes'],
    ['in', ['marketing/a'], ['marketing/a'], 'yes'],
    ['none_of', ['hr/**'], ['marketing/a'], 'yes'],
    ['none_of', ['hr/**'], ['marketing/a', 'hr/b'], 'no'],
    ['none_of', ['**/.env'], ['a/b/.env'], 'no'],
    ['any_of', ['**/.env'], ['.env'], 'yes'],
    ['within', ['100%25/**'], ['100%/a'], 'yes'],
  ])('%s %j of %j: %s', (operator, wanted, value, expected) => {
    expect(verdict('paths', operator, wanted, withFact('paths', value))).toBe(expected);
  });

  test('a folder that is read whole is within only what takes in all below it', () => {
    const folder = reading([action('read:files:marketing/q3', { folder: true })], { facts: { paths: ['marketing/q3'] } });
    const say = (operator: Clause['operator'], wanted: string) =>
      judgeClause(clause('paths', operator, [wanted]), { reading: folder, context: context(), history: [] });
    expect(say('within', 'marketing/**')).toBe('yes');
    expect(say('within', 'marketing/*')).toBe('no');
    expect(say('none_of', 'marketing/q3/secret.md')).toBe('no');
    expect(say('none_of', 'hr/**')).toBe('yes');
  });

  test('case counts unless the volume ignores it', () => {
    expect(verdict('paths', 'within', ['hr/**'], withFact('paths', ['HR/a']))).toBe('no');
    expect(verdict('paths', 'within', ['hr/**'], { ...withFact('paths', ['HR/a']), fold: true })).toBe('yes');
  });
});

describe('texts', () => {
  test('words and pieces are looked for in the body, and without one nothing can be said', () => {
    expect(verdict('body.mentions', 'any_of', ['bank'], { body: 'our b\u0430nk' })).toBe('yes');
    expect(verdict('body.mentions', 'any_of', ['bank'], { body: 'the embankment' })).toBe('no');
    expect(verdict('body.contains', 'any_of', ['bank'], { body: 'the embankment' })).toBe('yes');
    expect(verdict('body.mentions', 'none_of', ['bank'], { body: '' })).toBe('yes');
    expect(verdict('body.mentions', 'none_of', ['bank'])).toBe('missing');
    expect(verdict('body.contains', 'any_of', ['bank'])).toBe('missing');
  });
});

describe('arguments', () => {
  const args = {
    day: 'monday',
    n: 5,
    on: true,
    none: null,
    to: ['a', 'b'],
    mixed: ['a', 1],
    rows: [{ qty: 1 }, { qty: 2 }],
    part: [{ qty: 1 }, {}],
    deep: { a: { b: 'c' } },
    empty: [],
  };
  test.each<[string, unknown]>([
    ['args.day', 'monday'],
    ['args.n', 5],
    ['args.on', true],
    ['args.none', undefined],
    ['args.nothing', undefined],
    ['args.constructor', undefined],
    ['args.to', ['a', 'b']],
    ['args.mixed', undefined],
    ['args.rows[].qty', [1, 2]],
    ['args.part[].qty', undefined],
    ['args.rows', undefined],
    ['args.deep.a.b', 'c'],
    ['args.empty', []],
    ['args.day.length', 6],
    ['args.to.length', 2],
    ['args.n.length', undefined],
    ['args.nothing.length', undefined],
    ['body.words', undefined],
  ])('%s is %j', (fact, value) => {
    expect(lookUp(fact, reading([], { args }))).toEqual(value);
  });
  test('what the binding computes comes before what was written', () => {
    expect(lookUp('args.day', reading([], { args, facts: { 'args.day': 'tuesday' } }))).toBe('tuesday');
  });
  test('a length is counted in characters, not in code units', () => {
    expect(lookUp('args.t.length', reading([], { args: { t: '👩👩' } }))).toBe(2);
  });
});

describe('what was done lately', () => {
  const past = (minutes: number, extra: Partial<PastCall> = {}): PastCall => ({
    at: NOON - minutes * 60_000,
    server: 's',
    tool: 't',
    actions: [action('delete:calendar:e1')],
    refused: false,
    untrusted: false,
    sensitive: false,
    ...extra,
  });
  const say = (history: PastCall[], value: Record<string, unknown>, now = [action('delete:calendar:e9')]) =>
    judgeClause(clause('recent', 'recent', { of: 'delete:calendar', in: 60 * 60_000, ...value }), {
      reading: reading(now),
      context: context(),
      history,
    });
  test.each<[string, PastCall[], Record<string, unknown>, string]>([
    ['this call alone', [], { at_most: 1 }, 'yes'],
    ['this call is one more', [past(5)], { at_most: 1 }, 'no'],
    ['at the limit', [past(5), past(9)], { at_most: 3 }, 'yes'],
    ['one outside the window', [past(60), past(9)], { at_most: 2 }, 'yes'],
    ['a refused one does not count', [past(5, { refused: true })], { at_most: 1 }, 'yes'],
    ['another verb does not count', [past(5, { actions: [action('read:calendar:e1')] })], { at_most: 1 }, 'yes'],
    [
      'each action counts',
      [past(5, { actions: [action('delete:calendar:a'), action('delete:calendar:b')] })],
      { at_most: 2 },
      'no',
    ],
    ['the same one twice is one', [past(5), past(6)], { at_most: 2, distinct: 'resource' }, 'yes'],
    ['in the future it has not happened', [past(-5)], { at_most: 1 }, 'yes'],
    ['two bounds', [past(5)], { at_least: 2, below: 3 }, 'yes'],
  ])('%s', (_what, history, value, expected) => {
    expect(say(history, value)).toBe(expected);
  });
});

describe('a situation', () => {
  test.each<[While | undefined, Parameters<typeof context>[0], string, string[]]>([
    [undefined, {}, 'yes', []],
    [{ vpn: true }, { vpn: true }, 'yes', []],
    [{ vpn: true }, { vpn: false }, 'no', ['vpn']],
    [{ vpn: true }, {}, 'missing', ['vpn']],
    [{ vpn: false }, {}, 'missing', ['vpn']],
    [{ user_present: true }, {}, 'missing', ['user_present']],
    [{ session: 'active' }, { session: 'expired' }, 'no', ['session']],
    [{ hours: 'Mon-Fri 09:00-17:00' }, {}, 'yes', []],
    [{ hours: 'Sat 09:00-17:00' }, {}, 'no', ['hours']],
    [{ vpn: true, user_present: true }, { vpn: false }, 'no', ['user_present', 'vpn']],
    [{ vpn: true, also: [{ user_present: true }] }, { vpn: true }, 'missing', ['user_present']],
    [{ vpn: true, also: [{ user_present: true }] }, { vpn: true, user_present: false }, 'no', ['user_present']],
  ])('%j with %j: %s', (conditions, known, expected, unmet) => {
    const answer = judgeWhile(conditions, context(known));
    expect(answer.verdict).toBe(expected);
    expect(answer.unmet.toSorted()).toEqual(unmet);
  });
});

test('a clause goes by its fact and operator', () => {
  expect(clauseName(clause('body.words', 'below', 5))).toBe('body.words below');
  expect(clauseName(clause('recent', 'recent', { of: 'delete:calendar', below: 3, in: 5 }))).toBe('recent below');
});
