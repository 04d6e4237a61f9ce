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
  const pattern = fc
    .tuple(fc.constantFrom('', '/'), fc.array(piece, { minLength: 1, maxLength: 4 }))
    .map(([root, pieces]) => root + pieces.join('/'));
  const scope = fc.option(pattern).map((resource) => parseScope(resource === null ? 'delete:files' : `delete:files:${resource}`));
  const name = fc.constantFrom('a', 'A', 'ab', 'b', 'aab', 'abb', 'é', 'É', 'aé', 'ΑΣ', 'ας', 'ασ');
  const action = fc
    .record({
      names: fc.array(name, { minLength: 1, maxLength: 4 }),
      outside: fc.boolean(),
      fold: fc.boolean(),
      folder: fc.boolean(),
      whole: fc.boolean(),
    })
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
    fc.assert(
      fc.property(scope, (one) => scopeWithin(one, one)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        fc.pre(scopeWithin(a, b) && scopeWithin(b, c));
        expect(scopeWithin(a, c)).toBe(true);
      }),
      { numRuns: 100, maxSkipsPerRun: 5_000 },
    );
  });
});

describe('a scope as it is written', () => {
  test.each([
    ['read', 'names no domain'],
    ['peek:files', 'is no verb'],
    ['read:', 'names no domain'],
    ['read:files:', 'ends with a colon'],
    ['read:my files', 'is no domain'],
    ['read:files:a?', 'mean nothing here'],
    ['read:files:{a,b}', 'mean nothing here'],
    ['read:files:[a]', 'mean nothing here'],
    ['read:files:a/', 'ends with a slash'],
    ['read:files:a**', 'mixes `**`'],
    ['', 'is no verb'],
    [`read:files:${'a'.repeat(5000)}`, 'a scope is a text'],
  ])('%s: %s', (text, message) => {
    expect(() => parseScope(text)).toThrow(message);
  });
});

describe('what a scope covers', () => {
  const resource = (text: string): Action => {
    const [verb = 'read', domain = 'files', ...rest] = text.split(':');
    const name = rest.join(':');
    const segments = name.split('/');
    return {
      verb: verb as Action['verb'],
      domain,
      kind: 'path',
      ...(name === '' ? {} : { resource: name, segments }),
      ...(name.startsWith('/') ? { outside: true } : {}),
    };
  };
  test.each<[string, string, boolean, boolean]>([
    ['read:files', 'read:files:a/b', true, true],
    ['read:files', 'list:files:a', false, false],
    ['read:files', 'read:mail:a', false, false],
    ['*:files:hr/**', 'delete:files:hr/a', true, true],
    ['read:*', 'read:mail:a', true, true],
    ['read:files:m/*', 'read:files:m/a', true, true],
    ['read:files:m/*', 'read:files:m/a/b', false, false],
    ['read:files:m/**', 'read:files:m', true, true],
    ['read:files:m/**', 'read:files:m/a/b', true, true],
    ['read:files:m/**', 'read:files:m2/a', false, false],
    ['read:files:**/x', 'read:files:x', true, true],
    ['read:files:**/x', 'read:files:a/b/x', true, true],
    ['read:files:a*b', 'read:files:ab', true, true],
    ['read:files:a*b', 'read:files:a/b', false, false],
    ['read:files:*', 'read:files:.env', true, true],
    ['read:files:100%25', 'read:files:100%', true, true],
    ['read:files:%2A', 'read:files:abc', false, false],
    ['read:files', 'read:files:/etc/passwd', false, true],
    ['read:files:**', 'read:files:/etc/passwd', false, true],
    ['read:files:/**', 'read:files:/etc/passwd', true, true],
    ['read:files:/etc/*', 'read:files:/etc/passwd', true, true],
    ['read:files:etc/*', 'read:files:/etc/passwd', false, false],
    ['read:files:m/**', 'read:files', false, true],
    ['read:files', 'read:files', true, true],
    ['read:files:M/**', 'read:files:m/a', false, false],
  ])('%s, %s: permits %s, restricts %s', (scope, action, permitted, restricted) => {
    expect([permits(scope, resource(action)), denies(scope, resource(action))]).toEqual([permitted, restricted]);
  });

  const mail = (address: string): Action => ({
    verb: 'send',
    domain: 'email',
    kind: 'address',
    resource: address,
    segments: [address],
    fold: true,
  });
  test('addresses and hosts are written in any case', () => {
    expect(permits('send:email:Bob@Partner.example', mail('bob@partner.example'))).toBe(true);
    expect(permits('send:email:*@acme.example', mail('bob@partner.example'))).toBe(false);
    const page: Action = {
      verb: 'read',
      domain: 'web',
      kind: 'url',
      resource: 'docs.acme.example/A',
      segments: ['docs.acme.example', 'A'],
    };
    expect(permits('read:web:Docs.Acme.example/**', page)).toBe(true);
    expect(permits('read:web:docs.acme.example/a', page)).toBe(false);
  });

  test('other names are forbidden in any case, and permitted only as written', () => {
    const table: Action = { verb: 'read', domain: 'database', kind: 'table', resource: 'Users', segments: ['Users'] };
    expect(denies('read:database:users', table)).toBe(true);
    expect(permits('read:database:users', table)).toBe(false);
  });

  test('a statement without a table touches none, and a call on a whole domain each', () => {
    expect(denies('read:database:users', { verb: 'read', domain: 'database', kind: 'table' })).toBe(false);
    expect(denies('send:email:*@x.example', { verb: 'send', domain: 'email', kind: 'address' })).toBe(false);
    expect(denies('delete:calendar:e1', { verb: 'delete', domain: 'calendar', kind: 'event' })).toBe(true);
  });

  test('a pattern with many stars is no work', () => {
    const started = performance.now();
    expect(permits(`read:files:${'*a'.repeat(500)}b`, resource(`read:files:${'a'.repeat(20_000)}`))).toBe(false);
    expect(permits(`read:files:${'**/a/'.repeat(200)}b`, resource(`read:files:${'a/'.repeat(2000)}c`))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
