// The readable side of the trail: questions answered from the index and the segments. Shared by the running log and by readers.
import type { AuditEvent, AuditFilter, Clock, Eyes } from '../ports.ts';
import { COLUMN_NAMES, type ColumnName } from './columns.ts';
import type { Discretion } from './discreet.ts';
import type { AuditFiles } from './files.ts';
import { before, type Condition, EventIndex, from as fromSeq, ofCalls, ofId, type Place, where } from './index.ts';
import { readFilter } from './query.ts';
import { survey } from './recover.ts';
import type { Frozen, SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';
import { Shelf } from './shelf.ts';
import { explain } from './why.ts';

export type ArchiveOptions = { files: AuditFiles; clock: Clock; zone: string; discretion?: Discretion | undefined };
/** Which events to gather: those of one id, call, grant or request. */
export type Link = { kind: 'id' | 'grant' | 'request'; id: string };

/** So many rows are told of in one go; then whatever else waits has its turn. */
const STRIDE = 10_000;
/** A call that ended later than so many records after the last one asked about is not looked for. */
const MAX_LATER = 20_000;

export class Archive {
  readonly #options: ArchiveOptions;
  readonly #index = new EventIndex();
  readonly #shelf: Shelf;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#shelf = new Shelf(options.files);
  }

  add(event: AuditEvent, place: Place): void {
    this.#index.add(event, place);
  }

  addFrozen(segment: Segment, frozen: Frozen): void {
    this.#index.addFrozen(segment, frozen);
  }

  part(segment: Segment): SegmentIndex | undefined {
    return this.#index.part(segment);
  }

  /** The index of each segment, oldest first. */
  parts(): readonly SegmentIndex[] {
    return this.#index.parts;
  }

  drop(segment: Segment): void {
    this.#index.drop(segment);
  }

  /**
   * Newest first. `eyes` makes of an event what the asker may see of it, or undefined: only that is searched, counted and given.
   * Events of `hidden` types are passed over. Throws BadQuestion when a filter can't be read.
   */
  async query(
    filter: AuditFilter,
    eyes: Eyes = (event) => event,
    hidden?: ReadonlySet<string>,
  ): Promise<{ events: AuditEvent[]; next_cursor?: string }> {
    const { clock, zone, discretion } = this.#options;
    const { conditions, text, limit } = readFilter(filter, { now: clock.now(), zone, discretion });
    const places = this.#index.newest(hidden === undefined ? conditions : [...conditions, without(hidden)]);
    const events: AuditEvent[] = [];
    // One more than asked for tells whether there is another page.
    while (events.length <= limit) {
      const some = take(places, limit + 1 - events.length);
      if (some.length === 0) return { events };
      const lines = await Promise.all(some.map((place) => this.#shelf.line(place)));
      for (const line of text ? lines.filter(text.inLine) : lines) {
        const event = eyes(this.#shelf.read(line));
        if (event && (!text || text.matches(event))) events.push(event);
      }
    }
    const page = events.slice(0, limit);
    return { events: page, next_cursor: String(page.at(-1)!.seq) };
  }

  /** The chain behind an event, call, grant or request id, and its story; undefined when the log knows no such id. */
  why(id: string): Promise<{ story: string; chain: AuditEvent[] } | undefined> {
    return explain(
      id,
      (link) => this.#linked(link),
      (seq) => this.#startAfter(seq),
      this.#options.zone,
    );
  }

  /** Every event from this `seq` on, oldest first; with `types` only those. */
  async *events(from = 1, types?: ReadonlySet<string>): AsyncGenerator<AuditEvent> {
    const conditions = [fromSeq(from), ...(types ? [where('type', (type) => types.has(type))] : [])];
    for (const place of this.#index.oldest(conditions)) yield await this.eventAt(place);
  }

  /**
   * What these columns hold in every record up to `upTo`, oldest first, for whoever counts; several values of one column stand with
   * line feeds between them. Reads no record, and lets `pause` in between.
   */
  async scan(
    columns: readonly ColumnName[],
    upTo: number,
    pause: () => Promise<void>,
    see: (seq: number, time: number, texts: readonly string[]) => void,
  ): Promise<void> {
    const numbers = columns.map((name) => COLUMN_NAMES.indexOf(name));
    // a segment that retention takes away meanwhile is still told of
    for (const part of [...this.#index.parts]) {
      for (let row = 0; row < part.rows && part.firstSeq <= upTo; row += STRIDE) {
        part.tell(numbers, row, Math.min(row + STRIDE, part.rows), (seq, time, texts) => {
          if (seq <= upTo) see(seq, time, texts);
        });
        await pause();
      }
    }
  }

  /** The first record that is still there, and its time in milliseconds. */
  get begins(): { seq: number; time: number } | undefined {
    const first = this.#index.parts[0];
    return first && { seq: first.firstSeq, time: first.earliest };
  }

  /** How these calls ended, by call id, where the log says so not long after the last of them. */
  async endings(calls: readonly AuditEvent[]): Promise<Map<string, AuditEvent>> {
    const ids = calls.flatMap(({ call_id }) => (call_id === undefined ? [] : [call_id]));
    const found = new Map<string, AuditEvent>();
    if (ids.length === 0) return found;
    const numbers = calls.map(({ seq }) => seq);
    const conditions = [
      ofCalls(ids),
      where('type', (type) => type === 'call.outcome'),
      fromSeq(Math.min(...numbers)),
      before(Math.max(...numbers) + MAX_LATER),
    ];
    for (const place of this.#index.oldest(conditions)) {
      const event = await this.eventAt(place);
      if (event.call_id !== undefined && ids.includes(event.call_id)) found.set(event.call_id, event);
    }
    return found;
  }

  /** The event that lies there. */
  async eventAt(place: Place): Promise<AuditEvent> {
    return this.#shelf.read(await this.#shelf.line(place));
  }

  async #startAfter(seq: number): Promise<AuditEvent | undefined> {
    for (const place of this.#index.oldest([where('type', (type) => type === 'audit.opened'), fromSeq(seq + 1)]))
      return this.eventAt(place);
    return undefined;
  }

  async #linked({ kind, id }: Link): Promise<AuditEvent[]> {
    const condition: Condition = kind === 'id' ? ofId(id) : where(kind, (value) => value === id);
    const events: AuditEvent[] = [];
    for (const place of this.#index.oldest([condition])) events.push(await this.eventAt(place));
    return kind === 'id' ? events.filter((event) => event.id === id || event.call_id === id) : events;
  }
}

function without(types: ReadonlySet<string>): Condition {
  return where('type', (type) => !types.has(type));
}

/** The next of a generator, at most so many. */
function take<T>(from: Generator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = from.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

export type AuditReader = Pick<Archive, 'query' | 'why' | 'events'>;

/** Reads a log that nobody need be writing: takes no lock, changes nothing, and leaves a torn tail where it is. */
export async function openAuditReader(dir: string, options: ArchiveOptions): Promise<AuditReader> {
  const archive = new Archive(options);
  await survey(options.files, dir, { onEvent: (event, place) => archive.add(event, place) });
  return archive;
}
