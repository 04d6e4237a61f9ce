// The readable side of the trail: questions answered from the index and the segments. Shared by the running log and by readers.
import type { AuditEvent, AuditFilter, Clock } from '../ports.ts';
import type { Discretion } from './discreet.ts';
import type { AuditFiles } from './files.ts';
import { EventIndex, type Place } from './index.ts';
import { readFilter } from './query.ts';
import { survey } from './recover.ts';
import { Shelf } from './shelf.ts';
import { explain } from './why.ts';

export type ArchiveOptions = { files: AuditFiles; clock: Clock; zone: string; discretion?: Discretion | undefined };
/** Which events to gather: those of one id, call, grant or request. */
export type Link = { kind: 'id' | 'grant' | 'request'; id: string };

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

  /** Newest first. Throws BadQuestion when a filter can't be read. */
  async query(filter: AuditFilter): Promise<{ events: AuditEvent[]; next_cursor?: string }> {
    const { clock, zone, discretion } = this.#options;
    const { rows, text, limit } = readFilter(filter, { index: this.#index, now: clock.now(), zone, discretion });
    const events: AuditEvent[] = [];
    for (const row of this.#index.newest(rows)) {
      // One more row than asked for is there, so there is another page.
      if (events.length === limit) return { events, next_cursor: String(events.at(-1)!.seq) };
      const line = await this.#shelf.line(this.#index.place(row));
      if (text && !text.inLine(line)) continue;
      const event = this.#shelf.read(line);
      if (!text || text.matches(event)) events.push(event);
    }
    return { events };
  }

  /** The chain behind an event, call, grant or request id, and its story; undefined when the log knows no such id. */
  why(id: string): Promise<{ story: string; chain: AuditEvent[] } | undefined> {
    return explain(id, (link) => this.#linked(link), this.#options.zone);
  }

  /** Every event from this `seq` on, oldest first. */
  async *events(from = 1): AsyncGenerator<AuditEvent> {
    for (let row = this.#index.firstFrom(from); row < this.#index.rows; row += 1) {
      yield this.#shelf.read(await this.#shelf.line(this.#index.place(row)));
    }
  }

  async #linked({ kind, id }: Link): Promise<AuditEvent[]> {
    const test = kind === 'id' ? this.#index.ofId(id) : this.#index.where(kind, (value) => value === id);
    const events: AuditEvent[] = [];
    for (const row of this.#index.newest([test])) events.push(this.#shelf.read(await this.#shelf.line(this.#index.place(row))));
    const exact = kind === 'id' ? events.filter((event) => event.id === id || event.call_id === id) : events;
    return exact.reverse();
  }
}

export type AuditReader = Pick<Archive, 'query' | 'why' | 'events'>;

/** Reads a log that nobody need be writing: takes no lock, changes nothing, and leaves a torn tail where it is. */
export async function openAuditReader(dir: string, options: ArchiveOptions): Promise<AuditReader> {
  const archive = new Archive(options);
  await survey(options.files, dir, (event, place) => archive.add(event, place));
  return archive;
}
