// Threat: somebody else's file tool promises nothing, and the files are others than those that a person was shown.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, world, yes } from '../world.ts';

const BINDING = `
server: theirs
root: ROOT
tools:
  write: { does: write:files, resource: { path: path }, facts: { body: content } }
  remove: { does: delete:files, resource: { path: path } }
  move: { does: move:files, resource: { path: [from, to] } }
  copy: { does: create:files, resource: { path: to }, also: [{ does: read:files, resource: { path: from } }] }
`;
const RULES = `
  - { id: looked, why: a person looks first, effect: ask, scope: ["write:files", "delete:files", "move:files", "create:files"], limits: { uses: 4, for: 30m } }
  - { id: reading, why: looking is free, effect: allow, scope: "read:files" }`;

let root = '';
let open: World;
const at = (...names: string[]) => join(root, ...names);
const put = (file: string, text = file) => {
  mkdirSync(join(at(file), '..'), { recursive: true });
  writeFileSync(at(file), text);
};
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'perimeter-looked-'));
  for (const file of ['old/a.txt', 'old/deep/b.txt', 'old/deep/c.log', 'plan.md', 'tmp/1']) put(file);
  const remove = (args: Record<string, unknown>) => {
    rmSync(String(args.path).startsWith('/') ? String(args.path) : at(String(args.path)), { recursive: true, force: true });
    return { content: [] };
  };
  open = await world({
    rules: RULES,
    bindings: BINDING.replace('ROOT', root),
    servers: { theirs: { write: {}, move: {}, copy: {}, remove: { run: remove } } },
    human: () => yes('approve_once'),
  });
});
afterEach(async () => {
  await open.close();
  rmSync(root, { recursive: true, force: true });
});
type Call = [tool: string, args: Record<string, unknown>];
const ask = ([tool, args]: Call) => open.ask({ calls: [{ tool, arguments: args }] });
const message = () => open.questions.at(-1)?.message ?? '';
const REMOVE: Call = ['remove', { path: 'old' }];

describe('what a person is shown', () => {
  it.each<[Call, number, string[]]>([
    [
      REMOVE,
      3,
      [
        'This will affect 3 files in old (counted now, 12:00:00 UTC; checked just before, for exactly these files as they are now).',
        'deletes old (a folder)',
      ],
    ],
    [['write', { path: 'new/x.md', content: 'x' }], 1, ['This will affect 1 file: new/x.md', 'new: new/x.md']],
    [['write', { path: 'plan.md', content: 'x' }], 1, ['overwrites plan.md (7 bytes, changed 2']],
    [['move', { from: 'old', to: 'archive/old' }], 3, ['moves old (a folder)', 'to archive/old, where nothing is yet']],
    [['move', { from: 'plan.md', to: 'old/a.txt' }], 2, ['moves plan.md', 'moves old/a.txt']],
    [['copy', { from: 'old', to: 'new' }], 3, ['new: new, 3 files']],
    [['remove', { path: 'old/deep/*.log' }], 1, ['which as a pattern fits 1 files now']],
  ])('%j', async (call, measured, lines) => {
    expect(await ask(call)).toMatchObject({
      status: 'granted',
      impact: { measured, unit: 'files', strength: 'checked', holds: 'each' },
    });
    for (const line of lines) expect(message()).toContain(line);
  });

  it('more than it counts is told as more, and what lies outside the root as outside', async () => {
    for (let index = 0; index < 5_001; index += 1) put(`many/${index}`, '');
    expect(await ask(['remove', { path: 'many' }])).toMatchObject({ impact: { measured: 5_000 } });
    expect(message()).toContain('This will affect more than 5000 files in many');
    open.rules('  - { id: all, why: x, effect: ask, scope: ["write:files", "write:files:/**"] }');
    await ask(['write', { path: '/nowhere/x', content: '' }]);
    expect(message()).toContain('/nowhere/x, outside the folder of this server');
  });
});

describe('the call', () => {
  it('runs on what was shown', async () => {
    await ask(REMOVE);
    expect((await open.call(...REMOVE)).isError).toBeUndefined();
    expect(existsSync(at('old'))).toBe(false);
  });

  it.each<[string, () => void]>([
    ['one more file', () => put('old/new.txt')],
    [
      'another file in its place',
      () => {
        put('else', 'old/a.txt');
        renameSync(at('else'), at('old/a.txt'));
      },
    ],
    ['a file that was written to', () => put('old/deep/b.txt', 'something else altogether')],
  ])('does not leave with %s', async (_what, swap) => {
    await ask(REMOVE);
    swap();
    expect((await open.call(...REMOVE)).isError).toBe(true);
    expect(open.forwarded).toEqual([]);
  });

  it('does not leave when a file is swapped after the guard judged it', async () => {
    await ask(REMOVE);
    open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && put('old/a.txt', 'swapped just now'));
    const result = await open.call(...REMOVE);
    expect(JSON.stringify(result)).toContain('outside what was approved');
    expect(open.forwarded).toEqual([]);
    expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'outside_bound' }]);
  });

  it('does not overwrite what came where nothing was', async () => {
    const WRITE: Call = ['write', { path: 'new.md', content: 'x' }];
    await ask(WRITE);
    put('new.md', "somebody else's");
    expect((await open.call(...WRITE)).isError).toBe(true);
    expect(readFileSync(at('new.md'), 'utf8')).toBe("somebody else's");
  });
});

it('a rule may count the files of such a tool', async () => {
  open.rules(
    '  - { id: few, why: small changes are fine, effect: allow, scope: "delete:files:tmp/**", when: { files: { at_most: 2 } } }',
  );
  expect((await open.call('remove', { path: 'tmp' })).isError).toBeUndefined();
  for (const file of ['tmp/1', 'tmp/2', 'tmp/3']) put(file);
  expect(decisionOf(await open.call('remove', { path: 'tmp' }))).toMatchObject({ decision: 'ask' });
});

it('a rule may demand more than a look', async () => {
  open.rules('  - { id: sure, why: x, effect: ask, scope: "delete:files", strength: enforced }');
  expect(await ask(REMOVE)).toMatchObject({ status: 'denied' });
});
