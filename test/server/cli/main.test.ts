// The command as a shell uses it: exit codes for wrong use, and a reader that stops early.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram, FAMILIES } from '../../../server/cli/program.ts';
import { ROOT } from '../../tree.ts';

const PROGRAM = join(ROOT, 'dist', 'server', 'cli', 'main.js');

/** Runs the command; `deaf` stops reading at once, as `head` does when it has enough. */
function perimeter(args: readonly string[], deaf = false): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    if (deaf) child.stdout.destroy();
    else child.stdout.resume();
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

test('help and version are fine, an unknown command or option is wrong use', async () => {
  expect(await perimeter(['--version'])).toEqual({ code: 0, stderr: '' });
  expect(await perimeter(['help', 'approve'])).toEqual({ code: 0, stderr: '' });
  expect((await perimeter(['aprove'])).code).toBe(2);
  expect((await perimeter(['pending', '--jsn'])).code).toBe(2);
});

test('a reader that stops early gets no stack trace', async () => {
  expect(await perimeter(['--help'], true)).toEqual({ code: 0, stderr: '' });
  expect(await perimeter(['demo', '--auto'], true)).toEqual({ code: 0, stderr: '' });
});

test('a Node that is too old is told so, and it is the one that the package names', async () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node)!;
  const run = (version: string) => {
    const older = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
    return spawnSync(process.execPath, ['--import', older, PROGRAM, '--version'], { encoding: 'utf8' });
  };
  const tooOld = run(`${major}.${Number(minor) - 1}.9`);
  expect([tooOld.status, tooOld.stdout]).toEqual([3, '']);
  expect(tooOld.stderr).toMatch(/^perimeter: this is Node \S+, and Perimeter needs \S+ or newer; get one at \S+\n$/);
  expect(tooOld.stderr).toContain(`needs ${major}.${minor} or newer`);
  expect(run(`${major}.${minor}.0`).status).toBe(0);
});

test('each command is loaded by its own name, and with nothing that belongs to another', async () => {
  for (const { names } of FAMILIES) {
    for (const name of names) expect((await createProgram(name)).commands.map((one) => one.name())).toEqual(names);
  }
  const whole = await createProgram();
  expect(whole.commands.map((one) => one.name())).toEqual(FAMILIES.flatMap(({ names }) => names));
});
