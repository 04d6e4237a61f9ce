// Threat: the agent writes or reads the guard's own files (policy, state, keys, audit, mcp.json, clients' settings) through a tool it was given.
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { filesTools } from '../../tools/downstream/files/index.ts';
import { bundled, decisionOf, type World, world, yes } from '../world.ts';

/** The worst policy there could be for this: the whole disk is allowed. */
const ALL = `
  - { id: all, why: everything goes, effect: allow, scope: ["*:files", "*:files:/**", "*:notes", "*:notes:**", "*:web", "*:database"] }`;
const SPELLINGS: [string, (path: string, folder: string) => string][] = [
  ['as it is', (path) => path],
  ['with dots', (path) => `./x/../${path}`],
  ['with double slashes', (path) => path.replaceAll('/', '//')],
  ['absolute', (path, folder) => join(folder, path)],
  ['absolute with a climb', (path, folder) => `${folder}/nothing/../${path}`],
  ['in other case', (path) => path.toUpperCase()],
  ['in full-width letters', (path) => path.replace(/[a-z]/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0))],
  ['percent-encoded', (path) => path.replaceAll('/', '%2F').replace('m', '%6D').replace('s', '%73')],
  ['twice percent-encoded', (path) => path.replaceAll('/', '%252F').replace('m', '%256D').replace('s', '%2573')],
  ['with backslashes', (path) => path.replaceAll('/', '\\')],
  ['as a file address', (path, folder) => `file://${join(folder, path)}`],
  ['through a link to the folder', (path) => `link/${path}`],
  ['through the process file system', (path, folder) => `/proc/self/root${join(folder, path)}`],
];
const OWN = [
  'mcp.json',
  'policies/rules/test.yaml',
  'policies/rules/new.yaml',
  'policies/bindings/new.yaml',
  'state/state.json',
  'state/audit.key',
  'state/passphrase',
  'state/owner.key',
  'state/console.json',
  'state/audit/000001.jsonl',
  '.cursor/mcp.json',
  '.mcp.json',
  '.vscode/mcp.json',
  'home/.claude.json',
];

let open: World | undefined;
afterEach(() => open?.close());

async function guarded(rules = ALL): Promise<World> {
  open = await world({
    rules,
    human: () => yes(),
    servers: (folder) => {
      symlinkSync(folder, join(folder, 'link'));
      return {
        files: bundled(filesTools({ root: folder })),
        fs: {
          read_text_file: {},
          read_multiple_files: {},
          write_file: {},
          edit_file: {},
          move_file: {},
          create_directory: {},
          directory_tree: {},
          search_files: {},
        },
        notes: { save_note: {}, run: {}, open_database: {} },
      };
    },
    entries: {
      files: { command: 'perimeter', args: ['tool', 'files', '--root', '.'] },
      fs: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '.'] },
    },
  });
  return open;
}

async function refused(given: World, tool: string, args: Record<string, unknown>): Promise<void> {
  const before = given.forwarded.length;
  const decision = decisionOf(await given.call(tool, args));
  expect(decision, `${tool} ${JSON.stringify(args)}`).toBeDefined();
  expect(['deny', 'ask'], `${tool} ${JSON.stringify(args)}`).toContain(decision.decision);
  expect(given.forwarded.length, `${tool} ${JSON.stringify(args)}`).toBe(before);
}

describe.each(SPELLINGS)("the guard's own files, spelt %s", (_name, spelt) => {
  it('are neither read nor written by any file tool', async () => {
    const given = await guarded();
    for (const own of OWN) {
      const path = spelt(own, given.folder);
      await refused(given, 'files__read', { path });
      await refused(given, 'files__write', { path, content: 'rules: []' });
      await refused(given, 'fs__read_text_file', { path });
      await refused(given, 'fs__read_multiple_files', { paths: ['plan.md', path] });
      await refused(given, 'fs__edit_file', { path, edits: [{ oldText: 'a', newText: 'b' }] });
    }
  });
});

describe("the guard's own files, by a detour", () => {
  it('are not reached by another name of the same file', async () => {
    const given = await guarded();
    linkSync(join(given.folder, 'mcp.json'), join(given.folder, 'innocent.txt'));
    linkSync(join(given.folder, 'state', 'audit.key'), join(given.folder, 'key.txt'));
    symlinkSync(join(given.folder, 'policies', 'rules', 'test.yaml'), join(given.folder, 'rules.txt'));
    symlinkSync(join(given.folder, 'policies', 'rules', 'not-there-yet.yaml'), join(given.folder, 'later.txt'));
    for (const path of ['innocent.txt', 'key.txt', 'rules.txt', 'later.txt']) {
      await refused(given, 'files__read', { path });
      await refused(given, 'files__write', { path, content: 'x' });
      await refused(given, 'fs__write_file', { path, content: 'x' });
    }
  });

  it('are not copied out, nor anything copied or moved over them', async () => {
    const given = await guarded();
    writeFileSync(join(given.folder, 'mine.yaml'), 'version: 1\nrules: []\n');
    await refused(given, 'files__copy', { source: 'state/audit.key', destination: 'key.txt' });
    await refused(given, 'files__move', { source: 'state/audit', destination: 'old' });
    await refused(given, 'files__move', { source: 'mine.yaml', destination: 'policies/rules/mine.yaml' });
    await refused(given, 'files__copy', { source: 'mine.yaml', destination: 'policies/bindings/mine.yaml' });
    await refused(given, 'files__move', { source: 'mine.yaml', destination: 'mcp.json', overwrite: true });
    await refused(given, 'fs__move_file', { source: 'policies', destination: 'elsewhere' });
    await refused(given, 'fs__create_directory', { path: 'policies/rules/deep' });
    expect(existsSync(join(given.folder, 'policies', 'rules', 'mine.yaml'))).toBe(false);
  });

  it('are not taken away, copied or searched with a folder above them', async () => {
    const given = await guarded();
    for (const path of ['.', given.folder, join(given.folder, '..'), '/', 'home', 'policies', 'link']) {
      await refused(given, 'files__delete', { path, recursive: true });
      await refused(given, 'files__move', { source: path, destination: 'elsewhere' });
      await refused(given, 'fs__move_file', { source: path, destination: 'elsewhere' });
    }
    for (const path of ['.', 'state', 'policies', 'link']) {
      await refused(given, 'files__copy', { source: path, destination: 'copied' });
      await refused(given, 'files__search', { path, text: 'a' });
    }
    expect(existsSync(join(given.folder, 'mcp.json'))).toBe(true);
  });

  it('are not reached by a tool that no binding describes, whatever its argument is called', async () => {
    const given = await guarded();
    for (const own of [
      'mcp.json',
      './mcp.json',
      'state/state.json',
      './policies/rules/test.yaml',
      join(given.folder, 'mcp.json'),
      `file://${given.folder}/mcp.json`,
      '.mcp.json',
    ]) {
      await refused(given, 'notes__save_note', { target: own, text: 'x' });
      await refused(given, 'notes__run', { options: { deep: [{ file: own }] } });
      await refused(given, 'notes__open_database', { database: own });
      await refused(given, 'notes__open_database', { connection: `sqlite://${own}` });
      await refused(given, 'notes__open_database', { [own]: true });
    }
  });

  it('no approval reaches them: there is nothing to ask', async () => {
    const given = await guarded('  - { id: asks, why: a look first, effect: ask, scope: "*:files" }');
    for (const args of [
      { path: 'mcp.json', content: '{}' },
      { path: 'policies/rules/x.yaml', content: 'version: 1' },
    ]) {
      expect(await given.ask({ calls: [{ tool: 'files__write', arguments: args }] })).toMatchObject({
        status: 'denied',
        rule: 'protected',
      });
    }
    // a permission for a whole scope doesn't either
    expect(await given.ask({ scope: 'write:files:**' })).toMatchObject({ status: 'granted' });
    await refused(given, 'files__write', { path: 'mcp.json', content: '{}' });
    await refused(given, 'files__write', { path: 'policies/rules/test.yaml', content: 'version: 1' });
    expect(JSON.parse(readFileSync(join(given.folder, 'mcp.json'), 'utf8'))).toHaveProperty('perimeter');
  });

  it("a file of the agent's own that becomes a link between asking and calling is not followed", async () => {
    const given = await guarded('  - { id: asks, why: a look first, effect: ask, scope: "*:files", limits: { uses: 5 } }');
    mkdirSync(join(given.folder, 'work'));
    expect(await given.ask({ scope: 'write:files:work/**', uses: 5 })).toMatchObject({ status: 'granted' });
    symlinkSync(join(given.folder, 'policies', 'rules'), join(given.folder, 'work', 'out'));
    await refused(given, 'files__write', { path: 'work/out/test.yaml', content: 'version: 1' });
    await refused(given, 'files__write', { path: 'work/out/new.yaml', content: 'version: 1' });
  });
});
