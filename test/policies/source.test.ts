// YAML with positions: what is refused, where, and the nearest word.
import { describe, expect, test } from 'vitest';
import { closest, formatProblem, readYaml, suggestion } from '../../policies/source.ts';

const problems = (text: string) => readYaml(text, 'p.yaml').problems.map(formatProblem);

describe('reading YAML', () => {
  test('gives a plain value and the line of every part of it', () => {
    const [source] = readYaml('version: 1\nrules:\n  - id: a\n    why: b\n  - id: c\n', 'p.yaml').sources;
    expect(source?.value).toEqual({ version: 1, rules: [{ id: 'a', why: 'b' }, { id: 'c' }] });
    expect(source?.at(['rules', 0, 'why'])).toBe('p.yaml:4');
    expect(source?.at(['rules', 1])).toBe('p.yaml:5');
    expect(source?.at(['rules', 1, 'nope', 'deeper'])).toBe('p.yaml:5');
  });

  test('reads several documents, each with its own lines', () => {
    const { sources } = readYaml('a: 1\n---\nb: 2\n', 'p.yaml');
    expect(sources.map((source) => source.value)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(sources[1]?.at(['b'])).toBe('p.yaml:3');
  });

  test('an empty file has no documents, and yes/no/on stay words', () => {
    expect(readYaml('', 'p.yaml')).toEqual({ sources: [], problems: [] });
    expect(readYaml('a: yes\nb: on\n', 'p.yaml').sources[0]?.value).toEqual({ a: 'yes', b: 'on' });
  });

  test.each([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 'p.yaml:3: a key stands here twice'],
    ['an anchor', 'a: &x 1\n', 'p.yaml:1: `&x` is an anchor'],
    ['an alias', 'a: &x 1\nb: *x\n', 'p.yaml:2: `*x` is an alias'],
    ['a merge', 'a: 1\n<<: { b: 2 }\n', 'p.yaml:2: `<<` is a merge'],
    ['a tag', 'a: !!str 1\n', 'is a tag'],
    ['a tag of its own', 'a: 1\nb: !run 2\n', 'p.yaml:2:'],
    ['a key that is no word', 'a: 1\n2: b\n', 'p.yaml:2: the key `2` is not a word; put it in quotes'],
    ['a key that is a list', '? [a]\n: b\n', 'p.yaml:1: the key is not a word'],
    ['__proto__', 'a: 1\n__proto__: { b: 2 }\n', 'p.yaml:2: `__proto__` is no key'],
    ['broken quoting', 'a: 1\nb: "x\n', 'p.yaml:'],
    ['a bracket left open', 'a: [1,\nb: 2', 'not valid YAML'],
    ['endless nesting', '['.repeat(100_000), 'p.yaml:1:'],
    ['a huge file', `a: ${'x'.repeat(1_000_001)}`, 'larger than 1 MB'],
  ])('refuses %s', (_name, text, message) => {
    expect(problems(text).join('\n')).toContain(message);
    expect(readYaml(text, 'p.yaml').sources).toEqual([]);
  });
});

describe('the nearest word', () => {
  test.each([
    ['efect', ['effect', 'scope'], 'effect'],
    ['alow', ['allow', 'ask', 'deny'], 'allow'],
    ['wrods', ['words', 'mentions'], 'words'],
    ['body.word', ['body.words', 'body.mentions'], 'body.words'],
    ['words', ['body.words', 'recipients'], 'body.words'],
    ['Allow', ['allow'], 'allow'],
    ['xyzzy', ['allow', 'ask', 'deny'], undefined],
    ['', ['a'], 'a'],
  ])('of %s', (word, known, nearest) => {
    expect(closest(word, known)).toBe(nearest);
  });

  test('is offered, or else the words there are', () => {
    expect(suggestion('alow', ['allow', 'ask'])).toBe('; did you mean `allow`?');
    expect(suggestion('quux', ['allow', 'ask'])).toBe('; use one of allow ask');
    expect(suggestion('quux', [])).toBe('');
  });
});
