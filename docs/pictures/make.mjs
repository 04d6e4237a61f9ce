// Makes the README's pictures from what the demo really prints: `npm run build && node docs/pictures/make.mjs`.
// With `--check` it only says whether they still show that.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalSvg } from './terminal.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Which steps of the story each picture shows. */
const PICTURES = [
  {
    file: 'docs/pictures/handoff.svg',
    steps: [6, 10],
    title: 'The agent is refused, asks for permission, a person approves 23 records, and a wider update does not happen',
  },
  {
    file: 'docs/pictures/audit.svg',
    steps: [12, 13],
    title: 'Afterwards the audit tells who asked, who approved and what was done, and shows that nobody edited it',
  },
];

/** The demo's output with its colours, one text a step; what comes before the first is left out. */
function playDemo() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'dist/server/cli/main.js'), 'demo', '--auto'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' },
  });
  if (status !== 0) throw new Error(`the demo ended with ${status}: ${stderr}`);
  const [, ...steps] = stdout.split(/\n(?=\S*\[36m *\d+\S* {2})/);
  const last = steps.length - 1;
  return steps.map((step, index) => (index === last ? (step.split('\n\n')[0] ?? '') : step.trimEnd()));
}

/** What a picture says, without what differs from day to day: ids, times, and where lines break. */
function words(svg) {
  return svg
    .replace(/<[^>]*>/g, ' ')
    .replace(/(?:grant|evt)_[\w-]+/g, 'ID')
    .replace(/\w+day \d+ \w+ \d{4}, /g, '')
    .replace(/\d\d:\d\d(?::\d\d)?/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\d/g, 'DATE')
    .replace(/\b[\d.]+ m?s\b/g, 'SPAN')
    .replace(/\b\d+ events\b/g, 'N events')
    .replace(/[│─╭╮╰╯\s]+/g, ' ');
}

const check = process.argv.includes('--check');
const played = playDemo();
for (const { file, steps, title } of PICTURES) {
  const [from, to] = steps;
  const path = join(ROOT, file);
  const svg = terminalSvg(
    played
      .slice(from - 1, to)
      .join('\n\n')
      .split('\n'),
    title,
  );
  if (!check) writeFileSync(path, svg);
  else if (words(readFileSync(path, 'utf8')) !== words(svg)) {
    process.exitCode = 1;
    process.stdout.write(
      `\`${file}\` is not what the demo prints any more; make it again with \`node docs/pictures/make.mjs\`\n`,
    );
  }
}
