// How well and how fast sensitive data is found: a table of every kind on the labelled set, and megabytes a second. Run with `npm run bench:detectors`.
import { fileURLToPath } from 'node:url';
import { readSamples, score } from '../test/cases/detectors/score.ts';
import { line, scanning } from './scanning.ts';

/** From where this runs after it is built: dist-bench/bench. */
const SAMPLES = fileURLToPath(new URL('../../test/cases/detectors', import.meta.url));
const WANTED = 0.95;

const samples = [...readSamples('positives', SAMPLES), ...readSamples('negatives', SAMPLES)];
const { rows, missed, wrong } = score(samples);
process.stdout.write(
  `${samples.filter((one) => one.kinds.length > 0).length} samples of ${rows.filter((row) => row.samples > 0).length} kinds, ${samples.filter((one) => one.kinds.length === 0).length} hard negatives\n\n`,
);
process.stdout.write(`  ${'kind'.padEnd(28)} samples   found   wrong   recall  precision\n`);
for (const { kind, samples: count, found, wrong: false_, recall, precision } of rows)
  line(
    recall >= WANTED && precision >= WANTED,
    `${kind.padEnd(28)} ${String(count).padStart(7)} ${String(found).padStart(7)} ${String(false_).padStart(7)}   ${recall.toFixed(3)}      ${precision.toFixed(3)}`,
  );
for (const { kind, text: sample } of [...missed, ...wrong].slice(0, 20))
  process.stdout.write(`    ${kind}: ${JSON.stringify(sample.slice(0, 100))}\n`);

process.stdout.write('\n');
scanning();
