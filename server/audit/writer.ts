// The one writer of the trail: group commit, rotation, checkpoints, and the refusal of everything after the first failure.
import { randomBytes } from 'node:crypto';
import { iso } from '../clock.ts';
import type { AuditEvent, Clock } from '../ports.ts';
import type { NoteFile, Signer } from './checkpoint.ts';
import type { AppendFile, AuditFiles } from './files.ts';
import type { Place } from './index.ts';
import { encodeRecord, memberText } from './record.ts';
import { type Segment, segmentAt } from './segments.ts';

/** Events that may wait for the disk; more than this and the guard must slow down. */
const MAX_WAITING = 10_000;
/** Events in one write. */
const MAX_BATCH = 1024;
/** Notes kept for a copy that can't be written just now. */
const MAX_OWED_NOTES = 1000;

/** Where the chain stands: the last record, and the segment to go on in, when there is one. */
export type Standing = { seq: number; hash: string; segment?: Segment; size: number; lastNumber: number };

export type WriterOptions = {
  dir: string;
  files: AuditFiles;
  clock: Clock;
  signer: Signer;
  notes: NoteFile;
  copy?: NoteFile;
  maxSegmentBytes: number;
  checkpointEvery: number;
  random: () => string;
  onWritten: (event: AuditEvent, place: Place) => void;
};

type Prepared = { id: string; timestamp: string; members: string };
type Waiting = Prepared & { resolve: (event: AuditEvent) => void; reject: (error: Error) => void };
type Written = { event: AuditEvent; place: Place };

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
  #idTime = 0;
  #idCount = 0;
  #owed: string[] = [];
  #copyProblem: string | undefined;

  constructor(options: WriterOptions, standing: Standing) {
    this.#options = options;
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
    return this.#copyProblem;
  }

  /** Resolves once the event is on disk. Members must have been made discreet. */
  append(members: Record<string, unknown>, redacted: readonly string[]): Promise<AuditEvent> {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#closing) return Promise.reject(new Error('the audit log is closed'));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new Error(`the audit log is behind, ${MAX_WAITING} events wait for the disk, try again`));
    }
    const prepared = this.#prepare(memberText(members, redacted));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...prepared, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Writes what waits, signs a last checkpoint and closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#running;
    try {
      if (!this.#failed && this.#sinceCheckpoint > 0) await this.#seal();
    } catch (error) {
      this.#fail(error as Error, []);
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  async #run(): Promise<void> {
    // Whoever asks in the same turn shares the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#commit(batch);
      } catch (error) {
        this.#fail(error as Error, batch);
      }
    }
    this.#running = undefined;
  }

  /** A write that failed may be on disk in part, and a failed sync is not to be trusted when tried again: nothing more is taken. */
  #fail(error: Error, batch: Waiting[]): void {
    const failed = new Error(`the audit log can't be written, nothing is forwarded any more: ${error.message}`, { cause: error });
    this.#failed ??= failed;
    for (const one of [...batch, ...this.#waiting.splice(0)]) one.reject(this.#failed);
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const rotated = await this.#makeRoom();
    const records: Prepared[] = rotated ? [rotated, ...batch] : [...batch];
    const isDue = this.#sinceCheckpoint + records.length >= this.#options.checkpointEvery;
    const { written, note } = await this.#write(records, isDue);
    const events = rotated ? written.slice(1) : written;
    for (const [index, one] of batch.entries()) one.resolve(events[index]!.event);
    if (note) await this.#publish(note);
  }

  /** One write and one sync for all the records, then they are part of the log. */
  async #write(records: readonly Prepared[], withCheckpoint: boolean): Promise<{ written: Written[]; note?: string }> {
    const file = await this.#unmoved();
    const segment = this.#segment!;
    let [seq, hash, offset] = [this.#seq, this.#hash, this.#size];
    const lines: Buffer[] = [];
    const written: Written[] = [];
    const add = (record: Prepared) => {
      seq += 1;
      const { bytes, hash: next } = encodeRecord({ seq, id: record.id, timestamp: record.timestamp }, record.members, hash);
      hash = next;
      lines.push(bytes);
      const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
      written.push({ event, place: { segment, offset, length: bytes.length - 1 } });
      offset += bytes.length;
    };
    for (const record of records) add(record);
    let note: string | undefined;
    if (withCheckpoint) {
      note = this.#options.signer.sign({ size: seq, root: hash });
      const problem = this.#copyProblem;
      const members = { type: 'audit.checkpoint', size: seq, root: hash, key: this.#options.signer.key, note };
      add(this.#prepare(memberText({ ...members, ...(problem ? { copy_problem: problem } : {}) }, [])));
    }
    await file.write(Buffer.concat(lines));
    await file.sync();
    [this.#seq, this.#hash, this.#size] = [seq, hash, offset];
    this.#sinceCheckpoint = withCheckpoint ? 0 : this.#sinceCheckpoint + written.length;
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
    if (!there) throw new Error(`\`${segment.name}\` was deleted while the guard was writing it`);
    if (there.ino !== this.#ino) throw new Error(`\`${segment.name}\` was replaced while the guard was writing it`);
    if (there.size !== this.#size)
      throw new Error(`\`${segment.name}\` was changed by somebody else while the guard was writing it`);
    return this.#file;
  }

  /** Begins a new segment where there is none, the day is over, or it is full. Answers its first record when it follows another. */
  async #makeRoom(): Promise<Prepared | undefined> {
    const date = iso(this.#options.clock.now()).slice(0, 10);
    const old = this.#segment;
    if (old && old.date === date && this.#size < this.#options.maxSegmentBytes) return undefined;
    if (old && this.#size === 0) return undefined;
    if (old && this.#sinceCheckpoint > 0) await this.#seal();
    await this.#file?.close();
    const { files, dir } = this.#options;
    const segment = segmentAt(dir, this.#lastNumber + 1, date);
    this.#file = await files.create(segment.path);
    this.#ino = (await this.#file.stat()).ino;
    await files.syncDir(dir);
    [this.#segment, this.#lastNumber, this.#size] = [segment, segment.number, 0];
    return old && this.#prepare(memberText({ type: 'audit.rotated', segment: segment.name, from: old.name }, []));
  }

  async #seal(): Promise<void> {
    const { note } = await this.#write([], true);
    if (note) await this.#publish(note);
  }

  /** Puts a note beside the log, and in the second place. A second place that fails never stops the log; the next checkpoint says so. */
  async #publish(note: string): Promise<void> {
    await this.#options.notes.add(note);
    if (!this.#options.copy) return;
    this.#owed = [...this.#owed, note].slice(-MAX_OWED_NOTES);
    try {
      while (this.#owed.length > 0) {
        await this.#options.copy.add(this.#owed[0]!);
        this.#owed.shift();
      }
      this.#copyProblem = undefined;
    } catch (error) {
      this.#copyProblem = (error as Error).message;
    }
  }

  #prepare(members: string): Prepared {
    const now = this.#options.clock.now();
    return { id: this.#newId(now), timestamp: iso(now), members };
  }

  /** `evt_`, ten digits of time, four of a count and eight random ones: sorts by time of writing, also when the clock is set back. */
  #newId(now: number): string {
    this.#idTime = Math.max(this.#idTime, now);
    this.#idCount = (this.#idCount + 1) % 32 ** 4;
    return `evt_${base32(this.#idTime, 10)}${base32(this.#idCount, 4)}${this.#options.random()}`;
  }
}

// Crockford's alphabet in lower case: keeps the order of numbers, and no digit is mistaken for a letter.
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

function base32(value: number, length: number): string {
  let text = '';
  for (let left = value; text.length < length; left = Math.floor(left / 32)) text = DIGITS[left % 32]! + text;
  return text;
}

/** Eight random base32 digits. */
export function randomDigits(): string {
  return [...randomBytes(8)].map((byte) => DIGITS[byte % 32]!).join('');
}
