// The one writer of the trail: group commit, rotation, checkpoints, and the refusal of everything after the first failure.
import { iso } from '../clock.ts';
import type { AuditEvent, AuditInput, Clock } from '../ports.ts';
import { after, type Timer } from '../timers.ts';
import type { Signer } from './checkpoint.ts';
import type { Copies } from './copies.ts';
import type { Discretion } from './discreet.ts';
import type { AppendFile, AuditFiles } from './files.ts';
import type { EventIds } from './ids.ts';
import type { Place } from './index.ts';
import type { NoteFile } from './notes.ts';
import { type Draft, draftOf, encodeRecord, type Members, membersOf } from './record.ts';
import type { Reserve } from './reserve.ts';
import { type Segment, segmentAt } from './segments.ts';

/** Events that may wait for the disk; more than this and the guard must slow down. */
const MAX_WAITING = 10_000;
/** Events in one write. */
const MAX_BATCH = 1024;
/** How long closing waits for the copy of the last checkpoint. Milliseconds. */
const LAST_COPY_MS = 5000;

/** Where the chain stands: the last record, and the segment to go on in, when there is one. */
export type Standing = { seq: number; hash: string; segment?: Segment; size: number; lastNumber: number };

export type WriterOptions = {
  dir: string;
  files: AuditFiles;
  clock: Clock;
  discretion: Discretion;
  ids: EventIds;
  signer: Signer;
  notes: NoteFile;
  copies?: Copies;
  reserve: Reserve;
  maxSegmentBytes: number;
  /** A checkpoint after so many events, and so many milliseconds after the first event without one. */
  checkpointEvery: number;
  checkpointAfter: number;
  onWritten: (event: AuditEvent, place: Place) => void;
  /** A segment is complete. Must not throw. */
  onSealed: (segment: Segment) => void;
};

type Waiting = {
  asked: AuditInput;
  /** When it was asked for, milliseconds. */
  at: number;
  resolve: (event: AuditEvent) => void;
  reject: (error: Error) => void;
};
type Written = { event: AuditEvent; place: Place };

/** The open segment isn't the file that the guard wrote. */
class Moved extends Error {}

export class Writer {
  readonly #options: WriterOptions;
  #seq: number;
  #hash: string;
  #size: number;
  #lastNumber: number;
  #segment: Segment | undefined;
  #file: AppendFile | undefined;
  #ino = 0;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failed: Error | undefined;
  #sinceCheckpoint = 0;
  #signer: Signer;
  /** What is done between two writes: a checkpoint that is due, a new key. */
  #tasks: (() => Promise<void>)[] = [];
  #alarm: Timer | undefined;

  constructor(options: WriterOptions, standing: Standing) {
    this.#options = options;
    this.#signer = options.signer;
    this.#seq = standing.seq;
    this.#hash = standing.hash;
    this.#size = standing.size;
    this.#segment = standing.segment;
    this.#lastNumber = standing.lastNumber;
  }

  get failed(): Error | undefined {
    return this.#failed;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Why the copy of the checkpoints isn't up to date, if so. */
  get copyProblem(): string | undefined {
    return this.#options.copies?.problem;
  }

  /**
   * Resolves once the event is on disk. It is read when its turn comes, with all that wait: nobody may change it any more. Rejects
   * when it can't be recorded.
   */
  append(asked: AuditInput): Promise<AuditEvent> {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#closing) return Promise.reject(new Error('the audit log is closed'));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new Error(`the audit log is behind, ${MAX_WAITING} events wait for the disk, try again`));
    }
    const at = this.#options.clock.now();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, at, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Writes what waits, signs a last checkpoint and closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Signs a checkpoint now. */
  checkpoint(): Promise<void> {
    return this.#between(() => this.#seal());
  }

  /**
   * Goes on under another key: the last words under the old one name the new one, and both have signed them. `keep` puts the
   * new key on disk, once they are there.
   */
  changeKey(next: Signer, keep: () => Promise<void>): Promise<void> {
    return this.#between(async () => {
      const standing = { size: this.#seq, root: this.#hash };
      const extra = [`next key ${next.verifier}`];
      const signed = { note: this.#signer.sign(standing, extra), next_note: next.sign(standing, extra) };
      const members = {
        type: 'audit.key_changed',
        key: this.#signer.key,
        next_key: next.key,
        verifier: next.verifier,
        ...signed,
      };
      await this.#write([this.#own(members)], false);
      await keep();
      this.#signer = next;
      await this.#seal();
    });
  }

  /** Runs a task when no write is under way. An error ends the log like a failed write. */
  #between(task: () => Promise<void>): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#closing) return Promise.reject(new Error('the audit log is closed'));
    return new Promise((resolve, reject) => {
      this.#tasks.push(async () => {
        try {
          if (this.#failed) throw this.#failed;
          resolve(await task());
        } catch (error) {
          reject(error);
          throw error;
        }
      });
      this.#running ??= this.#run();
    });
  }

  async #close(): Promise<void> {
    await this.#running;
    this.#alarm?.cancel();
    try {
      if (!this.#failed && this.#sinceCheckpoint > 0) await this.#seal();
    } catch (error) {
      await this.#fail(error as Error, []);
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    const copied = this.#options.copies?.settle();
    if (copied) await Promise.race([copied, new Promise<void>((resolve) => after(LAST_COPY_MS, resolve))]);
  }

  async #run(): Promise<void> {
    // Whoever asks in the same turn shares the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#tasks.length > 0) {
      const task = this.#tasks.shift();
      const batch = task ? [] : this.#waiting.splice(0, MAX_BATCH);
      try {
        await (task ? task() : this.#commit(batch));
      } catch (error) {
        await this.#fail(error as Error, batch);
      }
    }
    this.#running = undefined;
  }

  /** A write that failed may be on disk in part, and a failed sync is not to be trusted when tried again: nothing more is taken. */
  async #fail(error: Error, batch: Waiting[]): Promise<void> {
    const isFirst = this.#failed === undefined;
    this.#failed ??= new Error(`the audit log can't be written, nothing is forwarded any more: ${error.message}`, {
      cause: error,
    });
    for (const one of [...batch, ...this.#waiting.splice(0)]) one.reject(this.#failed);
    // Where even the last word can't be written, the failure has been told to all who wait.
    if (isFirst) await this.#lastWord(error).catch(() => undefined);
  }

  /**
   * Takes back what was never acknowledged, and writes why the log ends, in the space kept for it; after a file that is no longer
   * ours in a new segment. Nothing relies on this record.
   */
  async #lastWord(error: Error): Promise<void> {
    const { files, dir, reserve, clock } = this.#options;
    await reserve.release();
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    if (error instanceof Moved || !this.#segment) {
      await this.#begin(segmentAt(dir, this.#lastNumber + 1, iso(clock.now()).slice(0, 10)));
    } else {
      const file = await files.append(this.#segment.path);
      try {
        await file.truncate(this.#size);
      } finally {
        await file.close();
      }
    }
    const code = (error as NodeJS.ErrnoException).code;
    const members = { type: 'audit.stopped', problem: error.message, ...(code ? { code } : {}) };
    const { note } = await this.#write([this.#own(members)], true);
    if (note) await this.#publish(note);
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const { drafts, fit } = this.#read(batch);
    if (fit.length === 0) return;
    const rotated = await this.#makeRoom();
    const records = rotated ? [rotated, ...drafts] : drafts;
    const isDue = this.#sinceCheckpoint + records.length >= this.#options.checkpointEvery;
    const { written, note } = await this.#write(records, isDue);
    const events = rotated ? written.slice(1) : written;
    for (const [index, one] of fit.entries()) one.resolve(events[index]!.event);
    if (note) await this.#publish(note);
  }

  /** Makes the events discreet, one after the other, since what they have in common is then at hand. One that can't be recorded is told so. */
  #read(batch: readonly Waiting[]): { drafts: Draft[]; fit: Waiting[] } {
    const drafts: Draft[] = [];
    const fit: Waiting[] = [];
    for (const one of batch) {
      try {
        const { members, redacted } = this.#options.discretion.apply(one.asked);
        drafts.push(this.#draft(members, one.at, redacted));
        fit.push(one);
      } catch (error) {
        one.reject(error as Error);
      }
    }
    return { drafts, fit };
  }

  /** One write and one sync for all the records, then they are part of the log. */
  async #write(records: readonly Draft[], withCheckpoint: boolean): Promise<{ written: Written[]; note?: string }> {
    const file = await this.#unmoved();
    const segment = this.#segment!;
    let [seq, hash, offset] = [this.#seq, this.#hash, this.#size];
    const lines: Buffer[] = [];
    const written: Written[] = [];
    const add = (draft: Draft) => {
      seq += 1;
      const { line, hash: next } = encodeRecord(draft, seq, hash);
      hash = next;
      lines.push(line);
      written.push({ event: draft.event, place: { segment, offset, length: line.length - 1 } });
      offset += line.length;
    };
    for (const record of records) add(record);
    let note: string | undefined;
    if (withCheckpoint) {
      note = this.#signer.sign({ size: seq, root: hash });
      const problem = this.copyProblem;
      const members = { type: 'audit.checkpoint', size: seq, root: hash, key: this.#signer.key, note };
      add(this.#own({ ...members, ...(problem ? { copy_problem: problem } : {}) }));
    }
    await file.write(Buffer.concat(lines));
    await file.sync();
    [this.#seq, this.#hash, this.#size] = [seq, hash, offset];
    this.#sinceCheckpoint = withCheckpoint ? 0 : this.#sinceCheckpoint + written.length;
    this.#wind();
    for (const { event, place } of written) this.#options.onWritten(event, place);
    return note ? { written, note } : { written };
  }

  /** The open segment, if it still is the file at its path and as long as we left it. */
  async #unmoved(): Promise<AppendFile> {
    const segment = this.#segment!;
    if (!this.#file) {
      this.#file = await this.#options.files.append(segment.path);
      this.#ino = (await this.#file.stat()).ino;
    }
    const there = await this.#options.files.stat(segment.path);
    if (!there) throw new Moved(`\`${segment.name}\` was deleted while the guard was writing it`);
    if (there.ino !== this.#ino) throw new Moved(`\`${segment.name}\` was replaced while the guard was writing it`);
    if (there.size !== this.#size)
      throw new Moved(`\`${segment.name}\` was changed by somebody else while the guard was writing it`);
    return this.#file;
  }

  /** Begins a new segment where there is none, the day is over, or it is full. Answers its first record when it follows another. */
  async #makeRoom(): Promise<Draft | undefined> {
    const date = iso(this.#options.clock.now()).slice(0, 10);
    const old = this.#segment;
    if (old && old.date === date && this.#size < this.#options.maxSegmentBytes) return undefined;
    if (old && this.#size === 0) return undefined;
    if (old && this.#sinceCheckpoint > 0) await this.#seal();
    await this.#file?.close();
    this.#file = undefined;
    const segment = segmentAt(this.#options.dir, this.#lastNumber + 1, date);
    await this.#begin(segment);
    if (!old) return undefined;
    this.#options.onSealed(old);
    return this.#own({ type: 'audit.rotated', segment: segment.name, from: old.name });
  }

  async #begin(segment: Segment): Promise<void> {
    const { files, dir } = this.#options;
    this.#file = await files.create(segment.path);
    this.#ino = (await this.#file.stat()).ino;
    await files.syncDir(dir);
    [this.#segment, this.#lastNumber, this.#size] = [segment, segment.number, 0];
  }

  async #seal(): Promise<void> {
    const { note } = await this.#write([], true);
    if (note) await this.#publish(note);
  }

  /** Sets the alarm for the checkpoint that is due some time after the first event without one. */
  #wind(): void {
    if (this.#sinceCheckpoint === 0) {
      this.#alarm?.cancel();
      this.#alarm = undefined;
      return;
    }
    this.#alarm ??= after(this.#options.checkpointAfter, () => {
      this.#alarm = undefined;
      const due = async () => (this.#sinceCheckpoint > 0 ? this.#seal() : undefined);
      void this.#between(due).catch(() => undefined);
    });
  }

  /** Puts a note beside the log, and sends it to the second place without waiting: it can neither hold up nor stop the log. */
  async #publish(note: string): Promise<void> {
    await this.#options.notes.add(note);
    void this.#options.copies?.send(note);
  }

  /** A record of the log's own. */
  #own(members: Readonly<Record<string, unknown>>): Draft {
    return this.#draft(membersOf(members), this.#options.clock.now());
  }

  #draft(members: Members, at: number, redacted?: readonly string[]): Draft {
    return draftOf({ id: this.#options.ids.next(at), timestamp: iso(at) }, members, redacted);
  }
}
