// What a scope reaches on folders: a recursive verb touches everything below, from the root of a binding too.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveScope, parseScope, scopeCovers } from '../../policies/scope.ts';
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
