// Makes the README's pictures from what the demo really prints: `npm run build && node docs/pictures/make.mjs`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalSvg } from './terminal.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Which steps of the story each picture shows. */
export const PICTURES = [
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
export function playDemo() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'dist/server/cli/main.js'), 'demo', '--auto'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' },
  });
  if (status !== 0) throw new Error(`the demo ended with ${status}: ${stderr}`);
  const [, ...steps] = stdout.split(/\n(?=\S*\[36m *\d+\S*  )/);
  const last = steps.length - 1;
  return steps.map((step, index) => (index === last ? (step.split('\n\n')[0] ?? '') : step.trimEnd()));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const steps = playDemo();
  for (const { file, steps: [from, to], title } of PICTURES) {
    writeFileSync(join(ROOT, file), terminalSvg(steps.slice(from - 1, to).join('\n\n').split('\n'), title));
    process.stdout.write(`${file}\n`);
  }
}
