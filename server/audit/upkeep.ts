// What a running log does beside writing: keeps the index of each complete segment on disk, and deletes segments whose time is over.
import { iso } from '../clock.ts';
import type { AuditEvent, AuditInput, Clock } from '../ports.ts';
import type { Archive } from './archive.ts';
import type { Signer } from './checkpoint.ts';
import type { AuditFiles } from './files.ts';
import { type Ends, removeIndex, writeIndex } from './index-file.ts';
import type { NoteFile } from './notes.ts';
import type { SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';
import { signTombstone } from './tombstones.ts';

export type UpkeepOptions = {
  dir: string;
  files: AuditFiles;
  clock: Clock;
  /** What indexes are signed with. */
  key: Buffer;
  archive: Archive;
  tombstones: NoteFile;
  signer: () => Signer;
  append: (event: AuditInput) => Promise<AuditEvent>;
  /** How long events are kept, in milliseconds; absent: for ever. */
  retain?: number;
};

export class Upkeep {
  readonly #options: UpkeepOptions;
  #turn: Promise<void> = Promise.resolve();
  #problem: string | undefined;
  #stopped = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** What could not be done, if so: the log itself is not touched by it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Indexes these complete segments, then deletes what is past its time. In the background; see `settle`. */
  start(segments: readonly Segment[]): void {
    this.#turn = this.#turn.then(async () => {
      try {
        for (const segment of segments) await this.#index(segment);
        await this.#retire();
        this.#problem = undefined;
      } catch (error) {
        this.#problem = (error as Error).message;
      }
    });
  }

  /** Resolves when what was begun is done; nothing more is deleted after it. */
  async settle(): Promise<void> {
    this.#stopped = true;
    await this.#turn;
  }

  async #index(segment: Segment): Promise<void> {
    const part = this.#options.archive.part(segment);
    const ends = part && (await this.#ends(part));
    if (part && ends) await writeIndex(this.#options.files, this.#options.key, part, ends);
  }

  async #ends(part: SegmentIndex): Promise<Ends | undefined> {
    if (part.rows === 0) return undefined;
    const { archive, files } = this.#options;
    const first = await archive.eventAt(part.place(0));
    const last = await archive.eventAt(part.place(part.rows - 1));
    const { size } = (await files.stat(part.segment.path)) ?? { size: 0 };
    return { bytes: size, prev: first.prev, hash: last.hash, lastSeq: last.seq };
  }

  /** Whole segments only, the oldest first, and never the newest: first the signed tombstone, then the event, then the file goes. */
  async #retire(): Promise<void> {
    const { retain, clock, archive, dir, files, tombstones, signer, append } = this.#options;
    if (retain === undefined) return;
    for (const part of archive.parts().slice(0, -1)) {
      if (this.#stopped || part.latest >= clock.now() - retain) return;
      const ends = await this.#ends(part);
      if (!ends) return;
      const retired = { first: part.firstSeq, last: ends.lastSeq, segment: part.segment.name };
      const note = signTombstone(signer(), retired, ends.hash);
      await tombstones.add(note);
      await append({ type: 'audit.retired', ...retired, count: part.rows, root: ends.hash, newest: iso(part.latest), note });
      archive.drop(part.segment);
      await files.remove(part.segment.path);
      await removeIndex(files, part.segment);
      await files.syncDir(dir);
    }
  }
}
