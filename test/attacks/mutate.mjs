// `node test/attacks/mutate.mjs [WORD…]`: takes each defence out in a scratch copy and expects its test to go red. Ends 1 where one stays green.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CHEATS } from './cheats.mjs';

const root = resolve(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'perimeter-mutants-'));
const KEPT = /^(?:node_modules|\.git|\.clients|dist|dist-bench|\.perimeter)$/;
cpSync(root, copy, { recursive: true, filter: (path) => !KEPT.test(path.slice(root.length + 1)) });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

const run = (command, args) =>
  spawnSync(command, args, { cwd: copy, encoding: 'utf8', env: { ...process.env, PERIMETER_TEST_NO_BUILD: '1', CI: '' } });
const build = () =>
  execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json', '--noEmitOnError', 'false', '--noCheck'], { cwd: copy });
/** Whether the test is there and green. */
function green([file, name]) {
  const { status, stdout } = run('npx', ['vitest', 'run', `test/attacks/${file}.test.ts`, '-t', name]);
  return { passed: status === 0 && /Tests .*\d+ passed/.test(stdout), failed: /Tests .*\d+ failed/.test(stdout), stdout };
}

/** Puts the holes in; how to mend them again. A defence that moved is a list that lies. */
function open(cheat) {
  const holes = [cheat, ...(cheat.with ? [cheat.with] : [])].map(({ at, out, hole }) => {
    const file = join(copy, at);
    const text = readFileSync(file, 'utf8');
    if (text.split(out).length !== 2) throw new Error(`${cheat.cheat}: ${at} does not hold this once: ${out}`);
    writeFileSync(
      file,
      text.replace(out, () => hole),
    );
    return () => writeFileSync(file, text);
  });
  return () => {
    for (const mend of holes.reverse()) mend();
  };
}

const words = process.argv.slice(2);
const chosen = CHEATS.filter(({ cheat }) => words.every((word) => cheat.includes(word)));
let bad = 0;
const known = new Map();
try {
  if (chosen.some(({ built }) => built)) build();
  for (const cheat of chosen) {
    const key = cheat.test.join(' ');
    const before = known.get(key) ?? green(cheat.test);
    known.set(key, before);
    const mend = open(cheat);
    if (cheat.built) build();
    const after = green(cheat.test);
    mend();
    if (cheat.built) build();
    const good = before.passed && after.failed;
    if (!good) bad += 1;
    console.log(
      `${good ? 'red without it' : before.passed ? 'STILL GREEN   ' : 'RED BEFORE    '}  ${cheat.cheat}  (${cheat.test.join(': ')})`,
    );
    if (!good && process.env.VERBOSE) console.log((before.passed ? after : before).stdout);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.exit(bad === 0 && chosen.length > 0 ? 0 : 1);
