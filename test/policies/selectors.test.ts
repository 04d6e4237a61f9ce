// Where an argument sits: what a selector picks from a call, and which leaves none of them covers.
import { describe, expect, test } from 'vitest';
import { longestList, pick, pickAll, uncoveredLeaves } from '../../policies/selectors.ts';

describe('a selector picks', () => {
  test.each([
    ['a text', { path: 'a' }, 'path', ['a']],
    ['a number', { amount: 5 }, 'amount', [5]],
    ['false, which is a value', { all: false }, 'all', [false]],
    ['zero, which is a value', { amount: 0 }, 'amount', [0]],
    ['every element of a list', { to: ['a', 'b'] }, 'to', ['a', 'b']],
    ['elements of lists in lists', { to: [['a'], ['b', ['c']]] }, 'to', ['a', 'b', 'c']],
    ['a field', { mail: { to: 'a' } }, 'mail.to', ['a']],
    ['a field of each element', { files: [{ path: 'a' }, { path: 'b' }] }, 'files[].path', ['a', 'b']],
    ['a text where an object is expected', { files: ['a', { path: 'b' }] }, 'files[].path', ['a', 'b']],
    ['one object where a list is expected', { files: { path: 'a' } }, 'files[].path', ['a']],
    ['one text where a list of objects is expected', { files: 'a' }, 'files[].path', ['a']],
    ['nothing of what is not there', { other: 'a' }, 'path', []],
    ['nothing of null, an empty text or an empty list', { a: null, b: '', c: [] }, 'a', []],
    ['nothing that is inherited', {}, 'constructor', []],
    ['nothing that is inherited further down', { a: {} }, 'a.toString', []],
  ])('%s', (_what, args, selector, values) => {
    expect(pick(args as Record<string, unknown>, selector).values).toEqual(values);
  });

  test.each([
    [{ path: 'a' }, 'path', true],
    [{ path: '' }, 'path', false],
    [{ path: null }, 'path', false],
    [{ path: [] }, 'path', false],
    [{ path: false }, 'path', true],
    [{}, 'path', false],
  ])('%j: whether %s was given: %s', (args, selector, given) => {
    expect(pick(args as Record<string, unknown>, selector).given).toBe(given);
  });

  test('elements without the field are counted, so that nobody takes them for none', () => {
    expect(pick({ files: [{ path: 'a' }, { href: 'x' }, {}] }, 'files[].path')).toMatchObject({ values: ['a'], holes: 2 });
    expect(pick({}, 'files[].path')).toMatchObject({ values: [], holes: 0 });
    expect(pickAll({ a: [{ x: 1 }, {}], b: [{}] }, ['a[].x', 'b[].x'])).toMatchObject({ values: [1], holes: 2, given: true });
  });
});

describe('leaves that no selector covers', () => {
  /** Names of arguments are leaves of their own, since they may carry something; here only the values count. */
  const leaves = (args: Record<string, unknown>, ...selectors: string[]) =>
    uncoveredLeaves(args, selectors)
      .filter((leaf) => leaf.path.split('.').at(-1) !== leaf.value)
      .map((leaf) => `${leaf.path} ${leaf.value}`);
  test.each<[string, Record<string, unknown>, string[], string[]]>([
    ['an argument nobody named', { path: 'a', proxy: 'b' }, ['path'], ['proxy b']],
    ['none where all are named', { path: 'a', to: ['b', 'c'] }, ['path', 'to'], []],
    ['fields of objects nobody named', { to: [{ address: 'a', via: 'b' }] }, ['to'], ['to.address a', 'to.via b']],
    ['the other fields of a list of objects', { files: [{ path: 'a', href: 'b' }] }, ['files[].path'], ['files.href b']],
    ['no text that stands for its field', { files: ['a', 'b'] }, ['files[].path'], []],
    ['elements of lists in lists', { a: [['b']] }, [], ['a b']],
    ['no numbers and no truth values', { n: 1, b: true }, [], []],
  ])('%s', (_what, args, selectors, expected) => {
    expect(leaves(args, ...selectors)).toEqual(expected);
  });

  test('names inside an object may carry something too', () => {
    const [, name] = uncoveredLeaves({ headers: { 'eve=attacker': '1' } }, []);
    expect(name).toEqual({ path: 'headers.eve=attacker', value: 'eve=attacker' });
  });
});

test.each([
  [{}, 0],
  [{ a: [1, 2] }, 2],
  [{ a: [[1, 2, 3]], b: [1, 2] }, 3],
  [{ a: { b: [1] } }, 1],
])('the longest list in %j has %i', (args, length) => {
  expect(longestList(args)).toBe(length);
});
