// How well the detectors do on labelled samples: of each kind how many are found, and how many finds are right.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectDataClasses } from '../../../policies/values/data-classes.ts';
import type { Sample } from './make.ts';

export type Row = { kind: string; samples: number; found: number; wrong: number; recall: number; precision: number };
export type Score = { rows: Row[]; missed: { kind: string; text: string }[]; wrong: { kind: string; text: string; shape: string }[] };

export function readSamples(name: string, folder = import.meta.dirname): Sample[] {
  return readFileSync(join(folder, `${name}.jsonl`), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Sample);
}

/** A find in a sample of another kind counts as wrong too, unless it is labelled with it. */
export function score(samples: readonly Sample[]): Score {
  const rows = new Map<string, Row>();
  const row = (kind: string) => rows.get(kind) ?? (rows.set(kind, { kind, samples: 0, found: 0, wrong: 0, recall: 1, precision: 1 }), rows.get(kind) as Row);
  const result: Score = { rows: [], missed: [], wrong: [] };
  for (const { kinds, shape, text: parts } of samples) {
    const text = parts.join('');
    const { classes } = detectDataClasses(text);
    const [main] = kinds;
    if (main !== undefined) {
      row(main).samples += 1;
      if (classes.includes(main)) row(main).found += 1;
      else result.missed.push({ kind: main, text });
    }
    for (const kind of classes.filter((one) => !kinds.includes(one))) {
      row(kind).wrong += 1;
      result.wrong.push({ kind, text, shape });
    }
  }
  result.rows = [...rows.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1)).map((one) => ({ ...one, recall: one.samples === 0 ? 1 : one.found / one.samples, precision: one.found + one.wrong === 0 ? 1 : one.found / (one.found + one.wrong) }));
  return result;
}
