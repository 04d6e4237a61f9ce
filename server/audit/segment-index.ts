// The index of one segment: columns in memory, and the same bytes on disk beside a segment that is complete.
import { BETWEEN, COLUMN_NAMES } from './columns.ts';
import type { Place, RowTest } from './index.ts';
import type { Segment } from './segments.ts';

export type Row = { seq: number; time: number; offset: number; length: number; id: number; call: number };
/** What a frozen index holds: its numbers, column after column, and the words that the columns of words point to. */
export type Frozen = {
  rows: number;
  firstSeq: number;
  earliest: number;
  latest: number;
  times: Float64Array;
  numbers: Uint32Array;
  /** Read when somebody first asks for one: a start needs none of them. */
  words: () => string[][];
};

const FIRST_CAPACITY = 1024;
/** seq (counted from the first), offset, length, id and call; then one column for each column of words. */
const PLAIN = { seq: 0, offset: 1, length: 2, id: 3, call: 4 } as const;
const PLAIN_COLUMNS = Object.keys(PLAIN).length;
const ALL_COLUMNS = PLAIN_COLUMNS + COLUMN_NAMES.length;

export class SegmentIndex {
  readonly segment: Segment;
  #rows = 0;
  #firstSeq = 0;
  #times: Float64Array;
  #columns: Uint32Array[];
  #words: string[][] | (() => string[][]);
  /** The codes of words, while words may still come. */
  readonly #codes: Map<string, number>[];
  #earliest: number;
  #latest: number;

  constructor(segment: Segment, frozen?: Frozen) {
    this.segment = segment;
    this.#rows = frozen?.rows ?? 0;
    this.#firstSeq = frozen?.firstSeq ?? 0;
    this.#earliest = frozen?.earliest ?? Number.POSITIVE_INFINITY;
    this.#latest = frozen?.latest ?? Number.NEGATIVE_INFINITY;
    this.#times = frozen?.times ?? new Float64Array(FIRST_CAPACITY);
    const column = (at: number) => frozen?.numbers.subarray(at * frozen.rows, (at + 1) * frozen.rows);
    this.#columns = Array.from({ length: ALL_COLUMNS }, (_, at) => column(at) ?? new Uint32Array(FIRST_CAPACITY));
    this.#words = frozen?.words ?? COLUMN_NAMES.map(() => []);
    this.#codes = frozen ? [] : COLUMN_NAMES.map(() => new Map());
  }

  get rows(): number {
    return this.#rows;
  }

  /** The newest time in the segment, milliseconds; -Infinity without rows. */
  get latest(): number {
    return this.#latest;
  }

  /** The oldest time in the segment, milliseconds; Infinity without rows. */
  get earliest(): number {
    return this.#earliest;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#rows === 0 ? 0 : this.#seq(this.#rows - 1);
  }

  add(row: Row, values: readonly string[]): void {
    if (this.#rows === 0) this.#firstSeq = row.seq;
    if (this.#rows >= this.#times.length) this.#grow();
    const at = this.#rows;
    this.#times[at] = row.time;
    this.#span(row.time);
    this.#columns[PLAIN.seq]![at] = row.seq - this.#firstSeq;
    this.#columns[PLAIN.offset]![at] = row.offset;
    this.#columns[PLAIN.length]![at] = row.length;
    this.#columns[PLAIN.id]![at] = row.id;
    this.#columns[PLAIN.call]![at] = row.call;
    for (const [column, value] of values.entries()) this.#columns[PLAIN_COLUMNS + column]![at] = this.#code(column, value);
    this.#rows += 1;
  }

  place(row: number): Place {
    return { segment: this.segment, offset: this.#columns[PLAIN.offset]![row]!, length: this.#columns[PLAIN.length]![row]! };
  }

  /** Rows where one of the values passes. The test is asked once for each distinct entry, not for each row. */
  where(column: number, test: (value: string) => boolean): RowTest | 'none' {
    const words = this.#read()[column]!;
    const passes = new Uint8Array(words.length);
    let some = false;
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      if (word === '' || !(word.includes(BETWEEN) ? word.split(BETWEEN).some(test) : test(word))) continue;
      passes[at] = 1;
      some = true;
    }
    const codes = this.#columns[PLAIN_COLUMNS + column]!;
    return some ? (row) => passes[codes[row]!] === 1 : 'none';
  }

  /** `from` to `to`: outside of it no time passes. */
  timed(test: (time: number) => boolean, from: number, to: number): RowTest | 'none' {
    if (this.#latest < from || this.#earliest > to) return 'none';
    return (row) => test(this.#times[row]!);
  }

  numbered(test: (seq: number) => boolean, from: number, to: number): RowTest | 'none' {
    if (this.lastSeq < from || this.#firstSeq > to) return 'none';
    return (row) => test(this.#seq(row));
  }

  hashed(hash: number): RowTest | 'none' {
    const ids = this.#columns[PLAIN.id]!;
    const calls = this.#columns[PLAIN.call]!;
    return (row) => ids[row] === hash || calls[row] === hash;
  }

  hashedAny(hashes: ReadonlySet<number>): RowTest {
    const calls = this.#columns[PLAIN.call]!;
    return (row) => hashes.has(calls[row]!);
  }

  /** What these columns hold in the rows from `from` up to `to`, exclusive. The texts are in an array that is filled anew for each row. */
  tell(columns: readonly number[], from: number, to: number, see: (seq: number, time: number, texts: readonly string[]) => void) {
    const words = this.#read();
    const sources = columns.map((column) => ({ codes: this.#columns[PLAIN_COLUMNS + column]!, words: words[column]! }));
    const texts = sources.map(() => '');
    for (let row = from; row < to; row += 1) {
      for (let at = 0; at < sources.length; at += 1) texts[at] = sources[at]!.words[sources[at]!.codes[row]!]!;
      see(this.#seq(row), this.#times[row]!, texts);
    }
  }

  freeze(): Frozen {
    const numbers = new Uint32Array(ALL_COLUMNS * this.#rows);
    for (const [at, column] of this.#columns.entries()) numbers.set(column.subarray(0, this.#rows), at * this.#rows);
    const times = this.#times.slice(0, this.#rows);
    const words = this.#words;
    return {
      ...{ rows: this.#rows, firstSeq: this.#firstSeq, earliest: this.#earliest, latest: this.#latest, times, numbers },
      words: typeof words === 'function' ? words : () => words,
    };
  }

  #read(): string[][] {
    if (typeof this.#words === 'function') this.#words = this.#words();
    return this.#words;
  }

  #seq(row: number): number {
    return this.#firstSeq + this.#columns[PLAIN.seq]![row]!;
  }

  #code(column: number, word: string): number {
    const [codes, words] = [this.#codes[column]!, this.#words as string[][]];
    let code = codes.get(word);
    if (code === undefined) {
      code = codes.size;
      codes.set(word, code);
      words[column]!.push(word);
    }
    return code;
  }

  #span(time: number): void {
    if (time < this.#earliest) this.#earliest = time;
    if (time > this.#latest) this.#latest = time;
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    const times = new Float64Array(capacity);
    times.set(this.#times);
    this.#times = times;
    this.#columns = this.#columns.map((column) => {
      const larger = new Uint32Array(capacity);
      larger.set(column);
      return larger;
    });
  }
}

/** The numbers in a frozen index of so many rows. */
export function numberCount(rows: number): number {
  return ALL_COLUMNS * rows;
}
