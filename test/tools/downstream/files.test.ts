// The bundled file server: what it does inside its folder, and every way we know of getting out of it.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../tools/downstream/files/glob.ts';
import { filesTools } from '../../../tools/downstream/files/index.ts';
import { Root } from '../../../tools/downstream/files/root.ts';
import { manifestOf, unchangedFiles } from '../../../tools/downstream/files/walk.ts';
import { type BundledTool, callBundled } from '../../../tools/downstream/serve.ts';

let base: string;
let root: string;
let tools: BundledTool[];
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'files-')));
  root = join(base, 'work');
  for (const folder of ['marketing/2026', 'hr', 'empty']) mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(join(base, 'work-secret'));
  writeFileSync(join(base, 'secret.txt'), 'outside secret');
  writeFileSync(join(base, 'work-secret', 'secret.txt'), 'outside secret');
  put('marketing/plan.md', '# Plan\nBuy green apples\n');
  put('marketing/2026/a.txt', 'one');
  put('marketing/2026/b.txt', 'two');
  put('hr/pay.csv', 'name,pay\njohn,1\n');
  tools = filesTools({ root });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const put = (name: string, content: string | Buffer) => writeFileSync(join(root, name), content);
const got = (name: string) => readFileSync(join(root, name), 'utf8');
const call = (tool: string, input: Record<string, unknown>, bound?: unknown) =>
  callBundled(tools, tool, input, bound === undefined ? {} : { meta: { 'perimeter/bound': bound } });
const textOf = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';
const structured = (result: { structuredContent?: unknown }) => (result.structuredContent ?? {}) as Record<string, unknown>;
/** Every entry of the whole test folder, inside the root and out, with what would tell a change. */
function everything(folder = base): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = lstatSync(path);
    const line = `${path} ${stats.mode} ${stats.size} ${stats.mtimeMs}`;
    return stats.isDirectory() ? [line, ...everything(path)] : [line];
  });
}

describe('nothing leads out of the root', () => {
  beforeEach(() => {
    symlinkSync('../secret.txt', join(root, 'link-file'));
    symlinkSync('..', join(root, 'link-up'));
    symlinkSync(join(base, 'work-secret'), join(root, 'link-folder'));
    symlinkSync(join(base, 'not-yet.txt'), join(root, 'dangling'));
    symlinkSync('/', join(root, 'link-root'));
    symlinkSync('link-up', join(root, 'link-chain'));
    symlinkSync('circle', join(root, 'circle'));
  });

  const ESCAPES = () => [
    '..',
    '../secret.txt',
    '../work-secret/secret.txt',
    'marketing/../../secret.txt',
    './/..//secret.txt',
    'marketing/2026/../../../secret.txt',
    join(base, 'secret.txt'),
    join(base, 'work-secret', 'secret.txt'),
    `${root}-secret/secret.txt`,
    `${root}/../secret.txt`,
    '/etc/passwd',
    '/',
    '/proc/self/environ',
    'link-file',
    'link-up',
    'link-up/secret.txt',
    'link-folder/secret.txt',
    'link-folder',
    'link-chain/secret.txt',
    'link-root/etc/passwd',
    'link-up/work-secret/secret.txt',
    'link-folder/../secret.txt',
    'dangling',
    'dangling/x',
    'circle',
    'link-folder/new.txt',
    'link-up/new.txt',
    '../secret.txt\0.md',
    'marketing\0',
    'a\nb',
    '\ud800',
    '',
    'marketing/plan.md/../../../secret.txt',
  ];

  it.each([
    ['list', (path: string) => ({ path })],
    ['read', (path: string) => ({ path })],
    ['stat', (path: string) => ({ path })],
    ['search', (path: string) => ({ path, text: 'secret' })],
    ['write', (path: string) => ({ path, content: 'x', create_folders: true })],
    ['delete', (path: string) => ({ path, recursive: true })],
    ['preview_delete', (path: string) => ({ path, recursive: true })],
    ['move', (path: string) => ({ source: path, destination: 'stolen', create_folders: true })],
    ['move', (path: string) => ({ source: 'hr/pay.csv', destination: path, overwrite: true, create_folders: true })],
    ['copy', (path: string) => ({ source: path, destination: 'stolen', overwrite: true })],
    ['copy', (path: string) => ({ source: 'hr', destination: path, overwrite: true, create_folders: true })],
    ['preview_copy', (path: string) => ({ source: path, destination: 'stolen' })],
  ])('%s refuses all of them and changes nothing', async (tool, input) => {
    const before = everything();
    for (const path of ESCAPES()) {
      const result = await call(tool, input(path));
      expect(result.isError, `${tool} ${JSON.stringify(path)}`).toBe(true);
      expect(textOf(result)).not.toContain('outside secret');
    }
    expect(everything()).toEqual(before);
  });

  it('does not tell what exists outside', async () => {
    const [there, notThere, through] = await Promise.all(
      ['../secret.txt', '../nothing.txt', '../secret.txt/x'].map((path) => call('stat', { path })),
    );
    expect(textOf(notThere!)).toBe(textOf(there!).replace('secret', 'nothing'));
    expect(textOf(through!)).toBe(textOf(there!).replace('secret.txt', 'secret.txt/x'));
  });

  it('reads look-alikes of dots and slashes as plain names', async () => {
    for (const path of [
      '．．/secret.txt',
      '‥/secret.txt',
      '..⁄secret.txt',
      '%2e%2e/secret.txt',
      '..\\secret.txt',
      '~/secret.txt',
      '$HOME',
      '. ./secret.txt',
    ]) {
      const result = await call('read', { path });
      expect(textOf(result), path).toContain('is not there');
    }
  });

  it('refuses `..` behind a link, which programs read differently', async () => {
    mkdirSync(join(root, 'hr/deep'));
    symlinkSync('../hr/deep', join(root, 'marketing/link'));
    const result = await call('read', { path: 'marketing/link/../plan.md' });
    expect(textOf(result)).toContain('goes up from a link');
    expect(textOf(await call('read', { path: 'marketing/2026/../plan.md' }))).toContain('# Plan');
  });

  it('searches and lists past links without following them', async () => {
    expect(structured(await call('search', { text: 'outside secret' })).results).toEqual([]);
    expect(structured(await call('list', {})).entries).toContainEqual(expect.objectContaining({ name: 'link-up', type: 'link' }));
  });

  it('copies and deletes folders without following links in them', async () => {
    symlinkSync(base, join(root, 'hr/out'));
    const copied = await call('copy', { source: 'hr', destination: 'hr2' });
    expect(structured(copied)).toMatchObject({ files: 1, left_out: 1 });
    expect(readdirSync(join(root, 'hr2'))).toEqual(['pay.csv']);
    await call('delete', { path: 'hr', recursive: true });
    expect(existsSync(join(root, 'hr'))).toBe(false);
    expect(readFileSync(join(base, 'secret.txt'), 'utf8')).toBe('outside secret');
  });

  it('follows a link that stays inside, and says where it leads', async () => {
    symlinkSync('../hr/pay.csv', join(root, 'marketing/pay'));
    expect(structured(await call('read', { path: 'marketing/pay' }))).toMatchObject({ path: 'hr/pay.csv' });
    expect(structured(await call('stat', { path: 'marketing/pay' }))).toMatchObject({ path: 'hr/pay.csv', via_link: true });
    expect(textOf(await call('delete', { path: 'marketing/pay' }))).toContain('is a link');
    expect(got('hr/pay.csv')).toContain('john');
  });

  it('accepts an absolute path inside, also where the root itself is reached by a link', async () => {
    symlinkSync(root, join(base, 'alias'));
    tools = filesTools({ root: join(base, 'alias') });
    for (const folder of [root, join(base, 'alias')]) {
      expect(structured(await call('read', { path: join(folder, 'hr/pay.csv') }))).toMatchObject({ path: 'hr/pay.csv' });
    }
  });

  it('notices a folder that was swapped for a link after it was located', async () => {
    const place = new Root(root).existing('marketing/plan.md');
    rmSync(join(root, 'marketing'), { recursive: true });
    symlinkSync(join(base, 'work-secret'), join(root, 'marketing'));
    expect(() => new Root(root).recheck(place.absolute)).toThrow('changed while it was worked on');
  });

  it('works through a list only while what it names is the same', async () => {
    const here = new Root(root);
    const manifest = await manifestOf(join(root, 'marketing'), 100, new AbortController().signal);
    rmSync(join(root, 'marketing/2026'), { recursive: true });
    symlinkSync(join(base, 'work-secret'), join(root, 'marketing/2026'));
    await expect(unchangedFiles(here, manifest).next()).rejects.toThrow('changed while it was worked on');
    rmSync(join(root, 'marketing/2026'));
    mkdirSync(join(root, 'marketing/2026'));
    put('marketing/2026/a.txt', 'another file of that name');
    await expect(unchangedFiles(here, manifest).next()).rejects.toThrow('changed meanwhile');
  });

  it('whatever the path, what is located lies inside and is canonical', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '',
      'marketing',
      '2026',
      'plan.md',
      'link-up',
      'link-folder',
      'link-chain',
      'dangling',
      'new',
      'hr',
      'ｅ',
      '…',
      '/',
      '\\',
      root,
    );
    const guard = new Root(root);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('/', '//', '/./'), (pieces, separator) => {
        let place: { absolute: string; stats: unknown };
        try {
          place = guard.locate(pieces.join(separator));
        } catch {
          return;
        }
        expect(`${place.absolute}/`.startsWith(`${root}/`)).toBe(true);
        if (place.stats) expect(realpathSync(place.absolute)).toBe(place.absolute);
      }),
      { numRuns: 500 },
    );
  });
});

describe('list, stat and search', () => {
  it('list is sorted and tells type, size and time', async () => {
    const result = structured(await call('list', { path: 'marketing' }));
    expect(result.entries).toEqual([
      { name: '2026', type: 'folder', modified: expect.stringMatching(/^\d{4}-.*Z$/) },
      { name: 'plan.md', type: 'file', size: 24, modified: expect.any(String) },
    ]);
  });

  it('list stops at 1,000 and says how many there are', async () => {
    for (let index = 0; index < 1_001; index += 1) put(`empty/${index}`, '');
    expect(structured(await call('list', { path: 'empty' }))).toMatchObject({ truncated: true, total: 1_001 });
  });

  it.each([
    [{ pattern: '*.TXT' }, ['marketing/2026/a.txt', 'marketing/2026/b.txt']],
    [{ pattern: 'marketing/*/?.txt' }, ['marketing/2026/a.txt', 'marketing/2026/b.txt']],
    [{ pattern: '**/a.txt' }, ['marketing/2026/a.txt']],
    [{ path: 'marketing', pattern: '2026/*' }, ['marketing/2026/a.txt', 'marketing/2026/b.txt']],
    [{ text: 'GREEN apples' }, ['marketing/plan.md']],
    [{ pattern: '*.md', text: 'john' }, []],
    [{ pattern: 'hr' }, ['hr']],
  ])('search for %j', async (input, paths) => {
    const found = structured(await call('search', input)).results as { path: string }[];
    expect(found.map((result) => result.path)).toEqual(paths);
  });

  it('search tells the line', async () => {
    expect(structured(await call('search', { text: 'green' })).results).toEqual([
      { path: 'marketing/plan.md', line: 2, text: 'Buy green apples' },
    ]);
  });

  it('search wants something to look for', async () => {
    expect((await call('search', {})).isError).toBe(true);
  });

  it('a pattern is never slow', () => {
    expect(matchesGlob('*a'.repeat(200), 'a'.repeat(3_000))).toBe(true);
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(3_000))).toBe(false);
    expect(matchesGlob(`${'**/'.repeat(100)}x`, 'y/'.repeat(500))).toBe(false);
  });

  it('a pattern without wildcards fits only itself', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z.]{1,8}$/), fc.stringMatching(/^[a-z.]{1,8}$/), (a, b) => {
        expect(matchesGlob(a, b)).toBe(a === b);
      }),
    );
  });
});

describe('read', () => {
  it('gives text as it is', async () => {
    expect(textOf(await call('read', { path: 'hr/pay.csv' }))).toBe('name,pay\njohn,1\n');
  });

  it('goes on where it stopped, without cutting characters', async () => {
    put('u.txt', 'äöü€😀'.repeat(3));
    let text = '';
    for (let offset = 0; ; ) {
      const part = structured(await call('read', { path: 'u.txt', offset, limit: 5 }));
      text += part.content;
      if (part.next_offset === undefined) break;
      offset = part.next_offset as number;
    }
    expect(text).toBe('äöü€😀'.repeat(3));
    expect(textOf(await call('read', { path: 'u.txt', limit: 2 }))).toContain('more bytes: go on with offset 2');
  });

  it('says that a binary file is one, and gives its bytes on request', async () => {
    put('b.bin', Buffer.from([0, 255, 1]));
    put('latin1.txt', Buffer.from('caf\xe9 au lait', 'latin1'));
    expect(textOf(await call('read', { path: 'b.bin' }))).toContain('is not text (3 bytes)');
    expect(textOf(await call('read', { path: 'latin1.txt' }))).toContain('is not text');
    expect(structured(await call('read', { path: 'b.bin', encoding: 'base64' }))).toMatchObject({ content: 'AP8B', size: 3 });
  });

  it('reads at most 1 MB at a time', async () => {
    put('big.txt', 'x'.repeat(1_000_010));
    expect(structured(await call('read', { path: 'big.txt' }))).toMatchObject({ size: 1_000_010, next_offset: 1_000_000 });
    expect((await call('read', { path: 'big.txt', limit: 1_000_001 })).isError).toBe(true);
  });

  it('does not wait for a pipe', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(textOf(await call('read', { path: 'pipe' }))).toContain('is not a file');
    expect((await call('search', { text: 'x' })).isError).toBeUndefined();
  });

  it.each([
    ['marketing', 'is a folder'],
    ['nothing.txt', 'is not there'],
    ['hr/pay.csv/x', 'as if it were a folder'],
    [`${'x'.repeat(300)}.txt`, 'too long'],
  ])('%s', async (path, reason) => {
    expect(textOf(await call('read', { path }))).toContain(reason);
  });
});

describe('write', () => {
  it('says whether the file is new', async () => {
    expect(textOf(await call('write', { path: 'note.txt', content: 'hi' }))).toBe('wrote the new file `note.txt` (2 bytes)');
    const again = await call('write', { path: 'note.txt', content: 'ho!' });
    expect(textOf(again)).toBe('overwrote `note.txt` (3 bytes)');
    expect(again._meta).toEqual({ 'perimeter/actual': { per_resource: { 'note.txt': 1 }, total: 1, unit: 'files' } });
    expect(got('note.txt')).toBe('ho!');
  });

  it('keeps the mode of a file and leaves nothing half written', async () => {
    chmodSync(join(root, 'hr/pay.csv'), 0o640);
    await call('write', { path: 'hr/pay.csv', content: 'new' });
    expect(statSync(join(root, 'hr/pay.csv')).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(root, 'hr'))).toEqual(['pay.csv']);
  });

  it('does not write through a second name of the file', async () => {
    linkSync(join(base, 'secret.txt'), join(root, 'hard'));
    await call('write', { path: 'hard', content: 'mine' });
    expect(readFileSync(join(base, 'secret.txt'), 'utf8')).toBe('outside secret');
  });

  it('makes folders only when told to', async () => {
    expect(textOf(await call('write', { path: 'x/y/z.txt', content: '' }))).toContain('`create_folders: true`');
    expect(existsSync(join(root, 'x'))).toBe(false);
    expect((await call('write', { path: 'x/y/z.txt', content: '', create_folders: true })).isError).toBeUndefined();
    expect(got('x/y/z.txt')).toBe('');
  });

  it('takes base64, and only whole content', async () => {
    await call('write', { path: 'b.bin', content: 'AP8B', encoding: 'base64' });
    expect(readFileSync(join(root, 'b.bin'))).toEqual(Buffer.from([0, 255, 1]));
    expect((await call('write', { path: 'b.bin', content: 'not base64!', encoding: 'base64' })).isError).toBe(true);
    expect((await call('write', { path: 'b.txt', content: '\ud800' })).isError).toBe(true);
    expect((await call('write', { path: 'marketing', content: 'x' })).isError).toBe(true);
  });

  it('is previewed', async () => {
    expect(structured(await call('preview_write', { path: 'new.txt', content: 'abc' }))).toEqual({
      set: { marks: [expect.any(String)] },
      also: { bytes: 3 },
      total: 1,
      unit: 'files',
      per_resource: { 'new.txt': 1 },
      strength: 'enforced',
      notes: ['new file `new.txt`, 3 bytes'],
    });
    expect(textOf(await call('preview_write', { path: 'hr/pay.csv', content: 'abc' }))).toContain(
      'overwrites `hr/pay.csv` (16 bytes',
    );
    expect(existsSync(join(root, 'new.txt'))).toBe(false);
  });
});

describe('move and copy', () => {
  it('move a file and a folder', async () => {
    expect((await call('move', { source: 'marketing', destination: 'campaign' }))._meta).toEqual({
      'perimeter/actual': { per_resource: { marketing: 3 }, total: 3, unit: 'files' },
    });
    expect(got('campaign/2026/a.txt')).toBe('one');
    await call('move', { source: 'campaign/plan.md', destination: 'deep/er/plan.md', create_folders: true });
    expect(got('deep/er/plan.md')).toContain('# Plan');
  });

  it('copy a file and a folder', async () => {
    chmodSync(join(root, 'marketing/plan.md'), 0o600);
    expect((await call('copy', { source: 'marketing', destination: 'copy' })).isError).toBeUndefined();
    expect(got('copy/2026/b.txt')).toBe('two');
    expect(got('marketing/2026/b.txt')).toBe('two');
    expect(statSync(join(root, 'copy/plan.md')).mode & 0o777).toBe(0o600);
    expect((await call('copy', { source: 'hr/pay.csv', destination: 'pay.csv' })).isError).toBeUndefined();
  });

  it.each(['move', 'copy'])('%s replaces a file only when told to', async (tool) => {
    const input = { source: 'marketing/plan.md', destination: 'hr/pay.csv' };
    expect(textOf(await call(tool, input))).toContain('is there already');
    expect(got('hr/pay.csv')).toContain('john');
    expect(structured(await call(tool, { ...input, overwrite: true }))).toMatchObject({ overwritten: true });
    expect(got('hr/pay.csv')).toContain('# Plan');
  });

  it.each([
    ['onto itself', { source: 'hr/pay.csv', destination: 'hr/../hr/pay.csv', overwrite: true }],
    ['a folder into itself', { source: 'marketing', destination: 'marketing/2026/x' }],
    ['the root', { source: '.', destination: 'x' }],
    ['onto the root', { source: 'hr', destination: '.', overwrite: true }],
    ['onto a folder', { source: 'hr/pay.csv', destination: 'marketing', overwrite: true }],
    ['a folder onto a file', { source: 'marketing', destination: 'hr/pay.csv', overwrite: true }],
    ['into a folder that is not there', { source: 'hr/pay.csv', destination: 'no/where' }],
    ['what is not there', { source: 'nothing', destination: 'x' }],
  ])('neither moves nor copies %s', async (_, input) => {
    const before = everything();
    for (const tool of ['move', 'copy', 'preview_move', 'preview_copy'])
      expect((await call(tool, input)).isError, tool).toBe(true);
    expect(everything()).toEqual(before);
  });

  it('are previewed with the same arguments', async () => {
    const input = { source: 'marketing', destination: 'x' };
    expect(structured(await call('preview_move', input))).toMatchObject({
      total: 3,
      per_resource: { marketing: 3 },
      strength: 'checked',
    });
    expect(structured(await call('preview_copy', input))).toMatchObject({
      total: 3,
      per_resource: { x: 3 },
      strength: 'enforced',
    });
    const replacing = { source: 'marketing/plan.md', destination: 'hr/pay.csv', overwrite: true };
    expect(structured(await call('preview_move', replacing))).toMatchObject({
      per_resource: { 'marketing/plan.md': 1, 'hr/pay.csv': 1 },
    });
    expect(existsSync(join(root, 'x'))).toBe(false);
  });
});

describe('delete', () => {
  it('takes a file, an empty folder, and a full one only when told to', async () => {
    expect((await call('delete', { path: 'hr/pay.csv' }))._meta).toMatchObject({
      'perimeter/actual': { per_resource: { 'hr/pay.csv': 1 } },
    });
    expect((await call('delete', { path: 'empty' })).isError).toBeUndefined();
    expect(textOf(await call('delete', { path: 'marketing' }))).toContain('`recursive: true`');
    expect(got('marketing/plan.md')).toContain('# Plan');
    expect((await call('delete', { path: 'marketing', recursive: true })).isError).toBeUndefined();
    expect(readdirSync(root)).toEqual(['hr']);
  });

  it('never takes the root', async () => {
    for (const path of ['.', './', root, 'hr/..'])
      expect((await call('delete', { path, recursive: true })).isError, path).toBe(true);
    expect(lstatSync(root).isDirectory()).toBe(true);
  });

  it('counts in its preview, and stops counting at 5,000', async () => {
    expect(structured(await call('preview_delete', { path: 'marketing', recursive: true }))).toMatchObject({
      total: 3,
      unit: 'files',
      per_resource: { marketing: 3 },
      strength: 'enforced',
      notes: [expect.stringContaining('3 files in 2 folders, 30 bytes'), expect.stringContaining('in marketing')],
    });
    for (let index = 0; index < 5_001; index += 1) put(`empty/${index}`, '');
    expect(structured(await call('preview_delete', { path: 'empty', recursive: true }))).toMatchObject({
      total: 5_000,
      more: true,
      strength: 'estimated',
    });
    expect(readdirSync(join(root, 'empty'))).toHaveLength(5_001);
  });

  it('keeps inside what was approved', async () => {
    const input = { path: 'marketing', recursive: true };
    put('marketing/2026/c.txt', 'one more');
    const refused = await call('delete', input, { per_resource: { marketing: 3 }, total: 3 });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { 'perimeter/outside_bound': { per_resource: { marketing: 4 }, total: 4 } },
    });
    expect(got('marketing/2026/a.txt')).toBe('one');
    for (const bound of [{ per_resource: { hr: 4 }, total: 4 }, {}, null])
      expect((await call('delete', input, bound)).isError).toBe(true);
    expect((await call('delete', input, { per_resource: { marketing: 4 }, total: 4 })).isError).toBeUndefined();
    expect(existsSync(join(root, 'marketing'))).toBe(false);
  });

  it('says what was done when it has to stop half way', async () => {
    const stop = new AbortController();
    stop.abort();
    const result = await callBundled(tools, 'delete', { path: 'marketing', recursive: true }, { signal: stop.signal });
    expect(result.isError).toBe(true);
    expect(got('marketing/2026/a.txt')).toBe('one');
  });
});
