// The index: where each event lies on disk and the fields a question filters by, segment by segment, in columns of small numbers.
import type { AuditEvent } from '../ports.ts';
import { COLUMN_NAMES, type ColumnName, valuesOf } from './columns.ts';
import { type Frozen, type Row, SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';

/** Where an event lies. `length` is without the line feed. */
export type Place = { segment: Segment; offset: number; length: number };
/** Answers for a row of a segment whether an event passes. */
export type RowTest = (row: number) => boolean;
/** A condition: its test for the rows of one segment, or `none` where no row of it can pass. */
export type Condition = (part: SegmentIndex) => RowTest | 'none';

export class EventIndex {
  #parts: SegmentIndex[] = [];

  /** One for each segment with events, oldest first. */
  get parts(): readonly SegmentIndex[] {
    return this.#parts;
  }

  add(event: AuditEvent, place: Place): void {
    let part = this.#parts.at(-1);
    if (part?.segment.path !== place.segment.path) {
      part = new SegmentIndex(place.segment);
      this.#parts.push(part);
    }
    const row: Row = {
      seq: event.seq,
      time: Date.parse(event.timestamp),
      offset: place.offset,
      length: place.length,
      id: shortHash(event.id),
      call: event.call_id === undefined ? 0 : shortHash(String(event.call_id)),
    };
    part.add(row, valuesOf(event));
  }

  /** The rows of a segment that was indexed before. */
  addFrozen(segment: Segment, frozen: Frozen): void {
    this.#parts.push(new SegmentIndex(segment, frozen));
  }

  part(segment: Segment): SegmentIndex | undefined {
    return this.#parts.find((part) => part.segment.path === segment.path);
  }

  /** Forgets a segment that is gone. */
  drop(segment: Segment): void {
    this.#parts = this.#parts.filter((part) => part.segment.path !== segment.path);
  }

  /** Events that pass all conditions, newest first. */
  *newest(conditions: readonly Condition[]): Generator<Place> {
    for (let at = this.#parts.length - 1; at >= 0; at -= 1) {
      const part = this.#parts[at]!;
      const tests = testsOf(part, conditions);
      if (tests) for (let row = part.rows - 1; row >= 0; row -= 1) if (passes(tests, row)) yield part.place(row);
    }
  }

  /** Events that pass all conditions, oldest first. */
  *oldest(conditions: readonly Condition[]): Generator<Place> {
    for (const part of this.#parts) {
      const tests = testsOf(part, conditions);
      // Rows that are added while somebody reads come too.
      if (tests) for (let row = 0; row < part.rows; row += 1) if (passes(tests, row)) yield part.place(row);
    }
  }
}

function testsOf(part: SegmentIndex, conditions: readonly Condition[]): RowTest[] | undefined {
  const tests: RowTest[] = [];
  for (const condition of conditions) {
    const test = condition(part);
    if (test === 'none') return undefined;
    tests.push(test);
  }
  return tests;
}

function passes(tests: readonly RowTest[], row: number): boolean {
  for (const test of tests) if (!test(row)) return false;
  return true;
}

/** Events where one of the column's values passes. */
export function where(column: ColumnName, test: (value: string) => boolean): Condition {
  const at = COLUMN_NAMES.indexOf(column);
  return (part) => part.where(at, test);
}

/** Events that happened in this span (milliseconds), `until` exclusive. */
export function between(since: number, until: number): Condition {
  return (part) => part.timed((time) => time >= since && time < until, since, until);
}

export function before(seq: number): Condition {
  return (part) => part.numbered((one) => one < seq, Number.NEGATIVE_INFINITY, seq - 1);
}

export function from(seq: number): Condition {
  return (part) => part.numbered((one) => one >= seq, seq, Number.POSITIVE_INFINITY);
}

/** Events that may be the one, or belong to the call, of this id: whoever asks compares the event itself. */
export function ofId(id: string): Condition {
  const hash = shortHash(id);
  return (part) => part.hashed(hash);
}

/** Events that may belong to one of these calls: whoever asks compares the events themselves. */
export function ofCalls(ids: readonly string[]): Condition {
  const hashes = new Set(ids.map(shortHash));
  return (part) => part.hashedAny(hashes);
}

/** FNV-1a, 32 bits, never 0: 0 stands for none. */
function shortHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0 || 1;
}
