// The tarball of `npm pack`, installed somewhere else, is the whole program: no file is missing, and none is there by mistake.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, read } from '../tree.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'perimeter-pack-'));
let packed: string[] = [];

const perimeter = (...args: string[]) =>
  run(join(folder, 'node_modules', '.bin', 'perimeter'), args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, NO_COLOR: '1' },
  });

beforeAll(async () => {
  // dist/ is there already: building it again would pull it away from tests that run at the same time
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [made] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  packed = made?.files.map(({ path }) => path) ?? [];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, made?.filename ?? '')], {
    cwd: folder,
  });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it holds the program, its policies, documents and example, and nothing else', () => {
  const tops = [
    ...new Set(
      packed.map((path) =>
        path
          .split('/')
          .slice(0, path.startsWith('policies/') ? 2 : 1)
          .join('/'),
      ),
    ),
  ];
  const EXPECTED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'package.json', 'dist', 'docs', 'examples', 'server'];
  expect(tops.sort()).toEqual([...EXPECTED, 'policies/bindings', 'policies/lists.yaml', 'policies/rules'].sort());
  expect(packed.filter((path) => /\.(?:tsx?|map|log|env)$|^dist\/test|^workspace|\.perimeter/.test(path))).toEqual([]);
});

test('it runs where it was installed', async () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect((await perimeter('--version')).stdout.trim()).toBe(version);
});

test('it finds the bundled rules and bindings', async () => {
  writeFileSync(
    join(folder, 'mcp.json'),
    '{ "mcpServers": { "files": { "command": "perimeter", "args": ["tool", "files", "--root", "."] } } }',
  );
  const { stdout } = await perimeter('policy', 'explain', 'files', 'read', '{"path":"notes.md"}');
  expect(stdout).toMatch(/^allow by rule files-look/);
});

test('it plays the whole story', async () => {
  const { stdout } = await perimeter('demo', '--auto', '--keep', join(folder, 'company'));
  expect(stdout).toMatch(/All \d+ steps went as they should/);
  expect(existsSync(join(folder, 'company', 'policies', 'rules'))).toBe(true);
}, 60_000);
