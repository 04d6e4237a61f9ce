// How well and how fast sensitive data is found: a table of every kind on the labelled set, and megabytes a second. Run with `npm run bench:detectors`.
import { fileURLToPath } from 'node:url';
import { detectDataClasses } from '../policies/values/data-classes.ts';
import { readSamples, score } from '../test/cases/detectors/score.ts';

/** From where this runs after it is built: dist-bench/bench. */
const SAMPLES = fileURLToPath(new URL('../../test/cases/detectors', import.meta.url));
const WANTED = 0.95;
const WANTED_SPEED = 100;
const SLOWEST_MS = 1_000;

const PROSE =
  'The committee met on Thursday to talk about the garden. Nobody could say when the roof would be finished, though the carpenter had promised it twice; the rain had come early, and the timber was late. "We wait", said the oldest member, and looked out of the window for a while. In 2026 there would be another harvest, with 12 rows of beans and perhaps a few apples. ';
const text = (part: string, size = 1_000_000) => part.repeat(Math.ceil(size / part.length)).slice(0, size);
const TEXTS: Record<string, { text: string; wanted?: number }> = {
  'plain text': { text: text(PROSE), wanted: WANTED_SPEED },
  'plain text with accents': { text: text(`${PROSE}Él y ella están aquí. `) },
  'lines of a log': { text: text('[2026-11-23T10:00:00.123Z] INFO worker-7 finished job 8812 in 120 ms\n') },
  'rows of a table': { text: text('4711;Anna Berg;anna.berg@mail.example;+49 30 901820;Berlin\n') },
  JSON: { text: text('{"id":4711,"name":"Anna","tags":["a","b"],"ok":true,"score":0.5},\n') },
};
/** Text made to be slow. */
const HOSTILE: Record<string, string> = {
  digits: text('1'),
  'digits and blanks': text('4 '),
  'digits and dashes': text('12-'),
  'phone starts': text('+49 30 '),
  'at signs': text('@'),
  'half mailboxes': text('a.b-c@d.'),
  colons: text('a:'),
  'password names': text('password '),
  'password equals': text('password='),
  'long name': text('a_'),
  'tag starts': text('<a '),
  ampersands: text('&#x41;'),
  base64: text('QUJD'),
  'percent signs': text('%41'),
  'key starts': text('eyJhbGciOi.'),
  patients: text('patient diabetes '),
  blanks: text(' '),
  'invisible characters': text('4\u200b'),
  'digits of another script': text('\u0664'),
};

/** Milliseconds of the processor: others may be at work on it. */
function spent(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

function line(good: boolean, words: string): void {
  if (!good) process.exitCode = 1;
  process.stdout.write(`${good ? '✓' : '✗'} ${words}\n`);
}

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
for (const [what, { text: given, wanted }] of Object.entries(TEXTS)) {
  for (let round = 0; round < 5; round += 1) detectDataClasses(given);
  const rounds = 10;
  const took = spent(() => {
    for (let round = 0; round < rounds; round += 1) detectDataClasses(given);
  });
  const speed = (given.length * rounds) / 1e3 / took;
  line(
    wanted === undefined || speed >= wanted,
    `${what.padEnd(28)} ${speed.toFixed(0).padStart(5)} MB/s${wanted === undefined ? '' : `   wanted: ${wanted}`}`,
  );
}
process.stdout.write('\n1 MB made to be slow\n');
for (const [what, given] of Object.entries(HOSTILE)) {
  const took = spent(() => detectDataClasses(given));
  line(took < SLOWEST_MS, `${what.padEnd(28)} ${took.toFixed(0).padStart(5)} ms   wanted: less than ${SLOWEST_MS}`);
}
