// The index in memory: where each event lies on disk and the fields a question filters by, in columns of small numbers.
import type { AuditEvent } from '../ports.ts';
import type { Segment } from './segments.ts';

/** Where an event lies. `length` is without the line feed. */
export type Place = { segment: Segment; offset: number; length: number };
/** Answers for a row of the index whether an event passes. */
export type RowTest = (row: number) => boolean;

const FIRST_CAPACITY = 1024;
/** Parts of one entry of a column that holds several values. */
const BETWEEN = '\n';

/** A column of words, each distinct one stored once. A test is asked once for each distinct word, not for each row. */
class WordColumn {
  #codes = new Uint32Array(FIRST_CAPACITY);
  readonly #codeOf = new Map<string, number>();
  readonly #words: string[] = [];

  set(row: number, word: string): void {
    let code = this.#codeOf.get(word);
    if (code === undefined) {
      code = this.#words.length;
      this.#codeOf.set(word, code);
      this.#words.push(word);
    }
    if (row >= this.#codes.length) this.#codes = grown(this.#codes, Uint32Array);
    this.#codes[row] = code;
  }

  where(test: (values: readonly string[]) => boolean): RowTest {
    const passes = Uint8Array.from(this.#words, (word) => (word !== '' && test(word.split(BETWEEN)) ? 1 : 0));
    return (row) => passes[this.#codes[row]!] === 1;
  }
}

/** Values of an event by the name of the column they are found under. */
const COLUMNS = {
  type: (event: AuditEvent) => [event.type],
  who: (event: AuditEvent) => [event.user, event.approver],
  agent: (event: AuditEvent) => [event.agent_id],
  action: (event: AuditEvent) => [event.action, ...judged(event).map((one) => one.action), ...texts(event.scope)],
  resource: (event: AuditEvent) => [event.resource, ...judged(event).map((one) => resourceOf(one.action))],
  decision: (event: AuditEvent) => [event.decision],
  rule: (event: AuditEvent) => [event.rule, ...texts(event.rules), ...judged(event).map((one) => one.rule)],
  risk: (event: AuditEvent) => [event.risk?.level],
  grant: (event: AuditEvent) => [event.grant_id, ...judged(event).map((one) => one.grant_id)],
  request: (event: AuditEvent) => [event.request_id],
  tool: (event: AuditEvent) => [event.tool],
  server: (event: AuditEvent) => [event.server],
};
export type ColumnName = keyof typeof COLUMNS;
const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

export class EventIndex {
  #rows = 0;
  #seqs = new Float64Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  #offsets = new Float64Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  #segmentOf = new Uint32Array(FIRST_CAPACITY);
  /** Ids are as many as events: a 32-bit hash of each, and whoever asks compares the event itself. */
  #ids = new Uint32Array(FIRST_CAPACITY);
  #calls = new Uint32Array(FIRST_CAPACITY);
  readonly #segments: Segment[] = [];
  readonly #columns = Object.fromEntries(COLUMN_NAMES.map((name) => [name, new WordColumn()])) as Record<ColumnName, WordColumn>;

  get rows(): number {
    return this.#rows;
  }

  add(event: AuditEvent, place: Place): void {
    const row = this.#rows;
    if (row >= this.#seqs.length) this.#grow();
    if (this.#segments.at(-1)?.path !== place.segment.path) this.#segments.push(place.segment);
    this.#seqs[row] = event.seq;
    this.#times[row] = Date.parse(event.timestamp);
    this.#offsets[row] = place.offset;
    this.#lengths[row] = place.length;
    this.#segmentOf[row] = this.#segments.length - 1;
    this.#ids[row] = shortHash(event.id);
    this.#calls[row] = event.call_id === undefined ? 0 : shortHash(String(event.call_id));
    for (const name of COLUMN_NAMES) this.#columns[name].set(row, joined(COLUMNS[name](event)));
    this.#rows += 1;
  }

  /** The first row whose seq is this or more; rows are in the order of writing. */
  firstFrom(seq: number): number {
    let [low, high] = [0, this.#rows];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqs[middle]! < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  place(row: number): Place {
    return { segment: this.#segments[this.#segmentOf[row]!]!, offset: this.#offsets[row]!, length: this.#lengths[row]! };
  }

  /** Rows where one of the column's values passes. */
  where(column: ColumnName, test: (value: string) => boolean): RowTest {
    return this.#columns[column].where((values) => values.some(test));
  }

  /** Rows whose event happened in this span, `until` exclusive. */
  between(since: number, until: number): RowTest {
    return (row) => this.#times[row]! >= since && this.#times[row]! < until;
  }

  before(seq: number): RowTest {
    return (row) => this.#seqs[row]! < seq;
  }

  /** Rows that may be the event, or belong to the call, of this id. */
  ofId(id: string): RowTest {
    const hash = shortHash(id);
    return (row) => this.#ids[row] === hash || this.#calls[row] === hash;
  }

  /** Passing rows, newest first. */
  *newest(tests: readonly RowTest[]): Generator<number> {
    for (let row = this.#rows - 1; row >= 0; row -= 1) if (tests.every((test) => test(row))) yield row;
  }

  #grow(): void {
    this.#seqs = grown(this.#seqs, Float64Array);
    this.#times = grown(this.#times, Float64Array);
    this.#offsets = grown(this.#offsets, Float64Array);
    this.#lengths = grown(this.#lengths, Uint32Array);
    this.#segmentOf = grown(this.#segmentOf, Uint32Array);
    this.#ids = grown(this.#ids, Uint32Array);
    this.#calls = grown(this.#calls, Uint32Array);
  }
}

/** The resource of `verb:domain:resource`; undefined when the action is on its whole domain. */
export function resourceOf(action: unknown): string | undefined {
  return typeof action === 'string' ? /^[^:]*:[^:]*:(.*)$/s.exec(action)?.[1] : undefined;
}

function judged(event: AuditEvent): { action?: string; rule?: string; grant_id?: string }[] {
  return Array.isArray(event.actions) ? event.actions : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
}

function joined(values: readonly unknown[]): string {
  const present = values.filter((value): value is string => typeof value === 'string' && value !== '');
  return present.length < 2 ? (present[0] ?? '') : [...new Set(present)].join(BETWEEN);
}

function grown<T extends Float64Array | Uint32Array>(old: T, make: new (length: number) => T): T {
  const larger = new make(old.length * 2);
  larger.set(old);
  return larger;
}

/** FNV-1a, 32 bits, never 0: 0 stands for none. */
function shortHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0 || 1;
}
