// The detectors on the labelled set: of every kind at least 95 of 100 are found, and at least 95 of 100 finds are right.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detectDataClasses } from '../../../policies/values/data-classes.ts';
import { zonesOf } from '../../../policies/values/detectors/zones.ts';
import { lines, negatives, positives } from '../../cases/detectors/make.ts';
import { readSamples, score } from '../../cases/detectors/score.ts';

const FOLDER = join(import.meta.dirname, '../../cases/detectors');
const made = { positives: lines(positives()), negatives: lines(negatives()) };
/** `PERIMETER_MAKE_SAMPLES=1` writes the files anew, after a change of the maker. */
if (process.env.PERIMETER_MAKE_SAMPLES === '1')
  for (const [name, text] of Object.entries(made)) writeFileSync(join(FOLDER, `${name}.jsonl`), text);

test.each(Object.entries(made))('%s are what their maker makes', (name, text) =>
  expect(readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8')).toBe(text),
);

describe('on 500 samples of 25 kinds and 2,000 hard negatives', () => {
  const known = [...readSamples('positives'), ...readSamples('negatives')];
  const { rows, missed, wrong } = score(known);
  test('there are as many', () => {
    expect(known.filter((one) => one.kinds.length > 0).length).toBeGreaterThanOrEqual(500);
    expect(known.filter((one) => one.kinds.length === 0).length).toBeGreaterThanOrEqual(2_000);
    expect(rows.filter((row) => row.samples > 0).length).toBeGreaterThanOrEqual(25);
  });
  test.each(rows.map((row) => [row.kind, row] as const))('%s', (kind, { recall, precision }) => {
    const examples = JSON.stringify([...missed, ...wrong].filter((one) => one.kind === kind).slice(0, 6));
    expect(recall, examples).toBeGreaterThanOrEqual(0.95);
    expect(precision, examples).toBeGreaterThanOrEqual(0.95);
  });
});

describe('looking quickly first hides nothing', () => {
  const prose = 'The committee met to talk about the garden, and nobody could say when the roof would be finished. '.repeat(40);
  const samples = positives();
  const kinds = [...new Set(samples.map((one) => one.kinds[0] ?? ''))];
  test.each(kinds)('%s, deep in a long text', (kind) => {
    const some = samples.filter((one) => one.kinds[0] === kind);
    const hidden = some.filter(
      (one) =>
        detectDataClasses(one.text.join('')).classes.includes(kind) &&
        !detectDataClasses(`${prose}${one.text.join('')}\n${prose}`).classes.includes(kind),
    );
    expect(hidden.map((one) => one.text.join(''))).toEqual([]);
  });
  test('parts that meet are joined, in any order and number', () => {
    expect(zonesOf('').size).toBe(0);
    expect(zonesOf(prose).size).toBe(0);
    const many = Array.from({ length: 50 }, (_, index) => `${'quiet words here '.repeat(index % 30)}4111 1111 1111 1111`).join(
      ' ',
    );
    expect(detectDataClasses(many).counts['financial.card']).toBe(50);
  });
});
