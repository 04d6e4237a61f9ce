// The files of the trail: their names, and reading them line by line in constant memory.
import { join } from 'node:path';
import type { AuditFiles, ReadFile } from './files.ts';
import { MAX_LINE_BYTES } from './record.ts';

/** One file of the log. `number` counts from 1; `date` is the UTC day it was begun on. */
export type Segment = { name: string; path: string; number: number; date: string };

const SEGMENT_NAME = /^(\d{6})-(\d{4}-\d{2}-\d{2})\.jsonl$/;
const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 10;

export function segmentAt(dir: string, number: number, date: string): Segment {
  const name = `${String(number).padStart(6, '0')}-${date}.jsonl`;
  return { name, path: join(dir, name), number, date };
}

/** The segments of a log, oldest first; undefined when there is no such folder. */
export async function listSegments(files: AuditFiles, dir: string): Promise<Segment[] | undefined> {
  const names = await files.list(dir);
  const found = names?.flatMap((name) => {
    const match = SEGMENT_NAME.exec(name);
    return match ? [segmentAt(dir, Number(match[1]), match[2]!)] : [];
  });
  return found?.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

/**
 * The segment that the newest records are in. Those after it are empty: a writer that was killed, or found the disk full, had begun
 * the next one and written nothing. Undefined when nothing was ever written.
 */
export async function lastWritten(files: AuditFiles, segments: readonly Segment[]): Promise<Segment | undefined> {
  for (const segment of segments.toReversed()) if (((await files.stat(segment.path))?.size ?? 0) > 0) return segment;
  return undefined;
}

/** One line without its line feed. `ended` is false for bytes after the last line feed. Of an over-long line only the start is kept. */
export type Line = { bytes: Buffer; offset: number; length: number; number: number; ended: boolean };

/** The lines of a file, a batch for every chunk read. */
export async function* readLines(file: ReadFile): AsyncGenerator<Line[]> {
  let position = 0;
  let start = 0;
  let number = 1;
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const filled = await file.read(chunk, position);
    if (filled === 0) break;
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(LINE_FEED, from);
      if (at < 0 || at >= filled) break;
      const piece = chunk.subarray(from, at);
      const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
      lines.push({ bytes, offset: start, length: position + at - start, number, ended: true });
      rest = Buffer.alloc(0);
      number += 1;
      start = position + at + 1;
      from = at + 1;
    }
    if (rest.length <= MAX_LINE_BYTES) rest = Buffer.concat([rest, chunk.subarray(from, filled)]);
    position += filled;
    yield lines;
  }
  if (position > start) yield [{ bytes: rest, offset: start, length: position - start, number, ended: false }];
}

const RECORD_START = '{"seq":';
const WHOLE_RECORD_AND_MORE = /"hash":"[0-9a-f]{64}"\}./s;

/**
 * Whether the bytes after the last good record are what a killed write leaves: the beginning of record `seq` and nothing else,
 * with zeros after it where the disk gave the space before the bytes. Anything else was put there by somebody, or by a broken disk.
 */
export function isTornTail(line: Line, seq: number): boolean {
  if (line.ended || line.length > MAX_LINE_BYTES) return false;
  const text = line.bytes.toString('latin1').replace(/\0+$/, '');
  const start = `${RECORD_START}${seq},`;
  return start.startsWith(text.slice(0, start.length)) && !WHOLE_RECORD_AND_MORE.test(text);
}
