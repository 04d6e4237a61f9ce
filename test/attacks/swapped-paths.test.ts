// Threat: a path is judged in one spelling and opened in another, or leads elsewhere by the time the server opens it.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type World, world } from '../world.ts';

const RULES = `
  - { id: marketing, why: the campaign, effect: allow, scope: ["read:files:marketing/**", "write:files:marketing/**"] }
  - { id: hr, why: closed, effect: deny, scope: "*:files:hr/**" }`;
const BINDING = `
server: [files, far]
root: ROOT
tools:
  read: { does: read:files, resource: { path: path } }
  read_many: { does: read:files, resource: { path: "files[].path" } }
  read_far: { does: read:files, resource: { path: path } }
  mail: { does: read:files, resource: { path: folder }, facts: { attachments: attachments } }
`;

let root = '';
let open: World;
let whileItRuns: () => void = () => undefined;
beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-paths-')));
  for (const folder of ['marketing/q3', 'hr']) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['marketing/plan.md', 'marketing/q3/budget.md', 'hr/pay.csv']) writeFileSync(join(root, file), file);
  symlinkSync(join(root, 'marketing/q3'), join(root, 'marketing/latest'));
  whileItRuns = () => undefined;
  const run = () => {
    whileItRuns();
    return { content: [{ type: 'text', text: 'SALARIES' }] };
  };
  open = await world({
    rules: RULES,
    bindings: BINDING.replace('ROOT', root),
    servers: { files: { read: { run }, read_many: { run }, mail: { run } }, far: { read_far: { run } } },
    entries: { far: { command: undefined, args: undefined, url: 'http://127.0.0.1:9/' } },
    settings: { prefix: 'none' },
  });
});
afterEach(async () => {
  await open.close();
  rmSync(root, { recursive: true, force: true });
});
const passed = async (tool: string, args: Record<string, unknown>) => {
  expect((await open.call(tool, args)).isError).toBeUndefined();
  return open.forwarded.at(-1)?.arguments;
};
const swap = () => {
  rmSync(join(root, 'marketing/q3'), { recursive: true });
  symlinkSync(join(root, 'hr'), join(root, 'marketing/q3'));
};

it.each([
  ['marketing/plan.md', 'marketing/plan.md'],
  ['./marketing//q3/../plan.md', 'marketing/plan.md'],
  ['marketing/latest/budget.md', 'marketing/q3/budget.md'],
  ['marketing/latest/new/file.md', 'marketing/q3/new/file.md'],
  ['hr/../marketing/plan.md', 'marketing/plan.md'],
  ['marketing/re\u0301sume\u0301.md', 'marketing/re\u0301sume\u0301.md'],
])('%s is passed on as %s', async (given, expected) => {
  expect(await passed('read', { path: given })).toEqual({ path: expected });
});

it('an absolute path stays absolute, and a dangling link is what it points to', async () => {
  symlinkSync(join(root, 'marketing/not-yet.md'), join(root, 'marketing/dangling'));
  expect(await passed('read', { path: `${root}/marketing/latest/./budget.md` })).toEqual({
    path: join(root, 'marketing/q3/budget.md'),
  });
  expect(await passed('read', { path: 'marketing/dangling' })).toEqual({ path: 'marketing/not-yet.md' });
});

it('in lists, objects and attachments too, and nothing else is touched', async () => {
  const file = { path: 'marketing/latest/budget.md', note: 'as it is' };
  expect(await passed('read_many', { files: [file, { path: 'marketing/plan.md' }] })).toEqual({
    files: [{ ...file, path: 'marketing/q3/budget.md' }, { path: 'marketing/plan.md' }],
  });
  expect(
    await passed('mail', { folder: 'marketing', attachments: ['marketing/./plan.md', { path: 'marketing/latest/budget.md' }] }),
  ).toEqual({
    folder: 'marketing',
    attachments: ['marketing/plan.md', { path: 'marketing/q3/budget.md' }],
  });
});

it('a server that is reached by URL has paths of its own, and gets them as they were given', async () => {
  expect(await passed('read_far', { path: 'marketing/latest/budget.md' })).toEqual({ path: 'marketing/latest/budget.md' });
});

it('what has several readings stays as it was judged, in all of them', async () => {
  expect(await passed('read', { path: 'marketing/./100%25.md' })).toEqual({ path: 'marketing/./100%25.md' });
});

it('a folder that is swapped for a link after it was judged: the call never leaves', async () => {
  open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && swap());
  const result = await open.call('read', { path: 'marketing/q3/budget.md' });
  expect(result.isError).toBe(true);
  expect(JSON.stringify(result)).toContain('leads elsewhere');
  expect(open.forwarded).toEqual([]);
});

it('one that is swapped while the server reads: what it read is withheld, and it is on record', async () => {
  whileItRuns = swap;
  const result = await open.call('read', { path: 'marketing/q3/budget.md' });
  expect(JSON.stringify(result)).not.toContain('SALARIES');
  expect(await open.events('impact.exceeded')).toMatchObject([{ why: 'one of its paths led elsewhere while it ran' }]);
});

it('a link that is made where it was judged to lead is no swap', async () => {
  whileItRuns = () => {
    unlinkSync(join(root, 'marketing/latest'));
    symlinkSync(join(root, 'marketing/q3'), join(root, 'marketing/latest'));
  };
  expect(JSON.stringify(await open.call('read', { path: 'marketing/latest/budget.md' }))).toContain('SALARIES');
});
