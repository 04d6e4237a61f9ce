// What a scope reaches on folders: a recursive verb touches everything below, from the root of a binding too.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveScope, parseScope, scopeCovers } from '../../policies/scope.ts';
import { scopeWithin } from '../../policies/scopes.ts';
import { type Action, VERBS } from '../../policies/types.ts';

type Place = { segments: string[]; outside: boolean };
const onFolder = (verb: Action['verb'], segments: string[], outside = false): Action => ({
  verb,
  domain: 'files',
  kind: 'path',
  resource: segments.join('/'),
  segments,
  folder: true,
  ...(outside ? { outside: true } : {}),
});
const denies = (scope: string, action: Action) => scopeCovers(parseScope(scope), action, 'restrict');
const permits = (scope: string, action: Action) => scopeCovers(parseScope(scope), action, 'permit');

describe('a recursive verb on a folder', () => {
  test.each([
    ['the root of a binding', ['.']],
    ['the folder itself', ['hr']],
    ['a folder below it', ['hr', 'old']],
  ])('%s meets a deny on hr', (_name, segments) => {
    expect(denies('*:files:hr/**', onFolder('search', segments))).toBe(true);
    expect(denies('delete:files:hr/salaries.csv', onFolder('delete', segments.slice(0, 1)))).toBe(true);
  });

  test('the root of the disk meets a deny on a folder of it', () => {
    expect(denies('delete:files:/etc/**', onFolder('delete', ['', ''], true))).toBe(true);
  });

  test('a verb that stays on top of the folder does not', () => {
    expect(denies('list:files:hr/**', onFolder('list', ['.']))).toBe(false);
  });

  test('the root is permitted only with everything below it', () => {
    expect(permits('search:files:**', onFolder('search', ['.']))).toBe(true);
    expect(permits('search:files:.', onFolder('search', ['.']))).toBe(false);
    expect(permits('search:files:marketing/**', onFolder('search', ['.']))).toBe(false);
    expect(permits('list:files:.', onFolder('list', ['.']))).toBe(true);
    expect(permits('read:files:/**', onFolder('read', ['', ''], true))).toBe(true);
  });
});

describe('the scope derived from an action', () => {
  test.each([
    [['.'], 'delete:files:**'],
    [['old'], 'delete:files:old/**'],
    [['', 'srv', 'x*y'], 'delete:files:/srv/x%2Ay/**'],
    [['', ''], 'delete:files:/**'],
  ])('names all below a folder: %j', (segments, scope) => {
    expect(deriveScope(onFolder('delete', segments, segments[0] === ''))).toBe(scope);
  });

  test('covers that action, so that what was approved for it is enough', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 12 })
      .filter((text) => text !== '.' && text !== '..' && !text.includes('/'));
    const places = fc.oneof(
      fc.constant<Place>({ segments: ['.'], outside: false }),
      fc.constant<Place>({ segments: ['', ''], outside: true }),
      fc.array(name, { minLength: 1, maxLength: 4 }).map((segments) => ({ segments, outside: false })),
      fc.array(name, { minLength: 1, maxLength: 4 }).map((segments) => ({ segments: ['', ...segments], outside: true })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...VERBS), places, fc.boolean(), (verb, { segments, outside }, folder) => {
        const action: Action = { ...onFolder(verb, segments, outside), folder };
        expect(permits(deriveScope(action), action)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a scope within another', () => {
  const within = (inner: string, outer: string) => scopeWithin(parseScope(inner), parseScope(outer));

  test.each([
    ['write:files:a/b.md', 'write:files:a/**'],
    ['write:files:a/b/**', 'write:files:a/**'],
    ['write:files:a/*.md', 'write:files:a/*'],
    ['write:files:a/x*.md', 'write:files:a/*.md'],
    ['write:files:a/**', 'write:files'],
    ['write:files', 'write:files'],
    ['write:files:a', 'write:files:a/**'],
    ['write:files:/etc/x', 'write:files:/etc/**'],
  ])('%s is in %s', (inner, outer) => expect(within(inner, outer)).toBe(true));

  test.each([
    ['write:files:a/**', 'write:files:a/*'],
    ['write:files:a/*', 'write:files:a/*.md'],
    ['write:files', 'write:files:**'],
    ['write:files', 'write:files:a/**'],
    ['write:files:/etc/x', 'write:files'],
    ['write:files:/etc/x', 'write:files:**'],
    ['write:files:b', 'write:files:a/**'],
    ['delete:files:a', 'write:files:a'],
    ['write:crm:a', 'write:files:a'],
    ['delete:files:m/x/**', 'delete:files:m/**/*'],
  ])('%s is not in %s', (inner, outer) => expect(within(inner, outer)).toBe(false));

  const piece = fc.constantFrom('a', 'A', 'ab', 'a*', '*', '*b', 'a*b', '**', 'b', 'é*', 'É', '*é', 'ΑΣ', 'Α*');
  const pattern = fc.tuple(fc.constantFrom('', '/'), fc.array(piece, { minLength: 1, maxLength: 4 })).map(([root, pieces]) => root + pieces.join('/'));
  const scope = fc.option(pattern).map((resource) => parseScope(resource === null ? 'delete:files' : `delete:files:${resource}`));
  const name = fc.constantFrom('a', 'A', 'ab', 'b', 'aab', 'abb', 'é', 'É', 'aé', 'ΑΣ', 'ας', 'ασ');
  const action = fc
    .record({ names: fc.array(name, { minLength: 1, maxLength: 4 }), outside: fc.boolean(), fold: fc.boolean(), folder: fc.boolean(), whole: fc.boolean() })
    .map(({ names, outside, fold, folder, whole }): Action => {
      if (whole) return { verb: 'delete', domain: 'files', kind: 'path' };
      return { ...onFolder('delete', outside ? ['', ...names] : names, outside), fold, folder };
    });

  test('permits nothing that the other does not', () => {
    fc.assert(
      fc.property(scope, scope, action, (inner, outer, one) => {
        fc.pre(scopeWithin(inner, outer) && scopeCovers(inner, one, 'permit'));
        expect(scopeCovers(outer, one, 'permit')).toBe(true);
      }),
      { numRuns: 400, maxSkipsPerRun: 1_000 },
    );
  });

  test('every scope is in itself, and what is in a part is in the whole', () => {
    fc.assert(fc.property(scope, (one) => scopeWithin(one, one)), { numRuns: 200 });
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        fc.pre(scopeWithin(a, b) && scopeWithin(b, c));
        expect(scopeWithin(a, c)).toBe(true);
      }),
      { numRuns: 100, maxSkipsPerRun: 5_000 },
    );
  });
});
