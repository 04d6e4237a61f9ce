// How fast texts are looked through for sensitive data, plain ones and ones made to be slow.
import { detectDataClasses } from '../policies/values/data-classes.ts';

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
  'prose of money and health': {
    text: text(
      `${PROSE}The account of the national bank was closed, and my heart sank when the card was declined; the doctor said that the patient in bed twelve had a stroke of luck. `,
    ),
  },
  'source code': {
    text: text(
      "export function createWatch({ clock, tell }: Parts): (event: AuditEvent) => void {\n  if (told.length >= MAX && left_out !== 0) return { level: 'low', score: 12 };\n",
    ),
  },
  'base64 of a picture': {
    text: text(
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg',
    ),
  },
  'lines with ids and digests': {
    text: text('commit 3f786850e387550fdab836ed7e6dc881de23001b 550e8400-e29b-41d4-a716-446655440000 2026-11-23\n'),
  },
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

/** Milliseconds of the processor the quickest of some rounds took: others may be at work on it. */
function quickest(rounds: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e3);
  }
  return best;
}

/** One figure, good or not. */
export function line(good: boolean, words: string): void {
  if (!good) process.exitCode = 1;
  process.stdout.write(`${good ? '✓' : '✗'} ${words}\n`);
}

/** Prints megabytes a second of every text, and milliseconds of every hostile one. */
export function scanning(): void {
  for (const [what, { text: given, wanted }] of Object.entries(TEXTS)) {
    // ten at a time, since the processor's clock is coarse
    const ten = () => {
      for (let round = 0; round < 10; round += 1) detectDataClasses(given);
    };
    const speed = (given.length * 10) / 1e3 / quickest(8, ten);
    line(
      wanted === undefined || speed >= wanted,
      `${what.padEnd(28)} ${speed.toFixed(0).padStart(5)} MB/s${wanted === undefined ? '' : `   wanted: ${wanted}`}`,
    );
  }
  process.stdout.write('\n1 MB made to be slow\n');
  for (const [what, given] of Object.entries(HOSTILE)) {
    const took = quickest(2, () => detectDataClasses(given));
    line(took < SLOWEST_MS, `${what.padEnd(28)} ${took.toFixed(0).padStart(5)} ms   wanted: less than ${SLOWEST_MS}`);
  }
}
