// Checking a log from outside: reads every byte once, in constant memory, changes nothing and takes no lock.
import { basename, dirname, join } from 'node:path';
import type { AuditEvent } from '../ports.ts';
import { parseNote, parseNotes, readVerifiers, type SignedNote } from './checkpoint.ts';
import { type AuditFiles, readText, realFiles } from './files.ts';
import { NO_HASH, readRecord } from './record.ts';
import { isTornTail, type Line, lastWritten, listSegments, readLines, type Segment } from './segments.ts';
import { Signatures } from './signatures.ts';
import { readTombstone } from './tombstones.ts';
import { Witness } from './witness.ts';

export type Problem = { seq?: number; segment: string; line: number; problem: string };
export type Verdict = {
  ok: boolean;
  /** 0 intact, 1 tampered, 3 cannot check. */
  code: 0 | 1 | 3;
  events: number;
  first_bad?: number;
  problems: Problem[];
  /** Bytes of a record that was being written when the writer was killed. */
  torn_tail?: number;
  /** Calls that were forwarded and whose end nobody recorded: call ids. */
  unknown_outcomes: string[];
  checkpoints: number;
  /** Records that retention deleted, as signed tombstones say. */
  retired?: number;
  /** What could not be checked, or needs a look, without being tampering. */
  warnings: string[];
};
export type VerifyOptions = {
  /** A file with the verifier key; default `<state>/audit.pub`, which whoever owns the state could have replaced. */
  pub?: string;
  /** The second place of the checkpoints. */
  copy?: string;
  /** Called now and then with the number of records checked so far, and the part of the log's bytes they are, 0 to 1. */
  progress?: (done: { events: number; share: number }) => void;
  /** Lets whatever else waits have its turn, after each quarter of a megabyte. */
  pause?: () => Promise<void>;
  files?: AuditFiles;
};

const MAX_PROBLEMS = 100;
/** A guard signs after so many records at the latest, and those that waited for the same write. */
const MAX_UNSIGNED = 1000 + 10_000;
/** What a segment begins with; `audit.stopped` where the one before was taken from under the guard. */
const FIRST_TYPES = new Set(['audit.opened', 'audit.rotated', 'audit.stopped']);

/** Never throws: what can't be read is code 3, and says why in `warnings`. */
export async function verifyAudit(dir: string, options: VerifyOptions = {}): Promise<Verdict> {
  const check = new Check();
  try {
    await check.run(dir, options);
  } catch (error) {
    check.unchecked(`\`${dir}\` can't be checked: ${(error as Error).message}`);
  }
  return check.verdict();
}

class Check {
  readonly #problems: Problem[] = [];
  readonly #warnings: string[] = [];
  readonly #witness = new Witness((event, problem) => this.#bad(event.seq, problem));
  /** Hashes that notes speak of, by seq, until the chain comes by. */
  readonly #awaited = new Map<number, { note: SignedNote; from: string }[]>();
  readonly #signatures = new Signatures();
  /** Tombstones by the number of the last record each stands for. */
  readonly #stones = new Map<number, SignedNote>();
  #retired = 0;
  #seq = 0;
  #hash = NO_HASH;
  /** After an unreadable record the next good one is believed about its place. */
  #lost = false;
  #events = 0;
  #bytes = 0;
  #checkpoints = 0;
  #newestNote = 0;
  /** The numbers of records that the notes in `checkpoints.txt` are for, and the checkpoints in the log that have none there. */
  readonly #filed = new Set<number>();
  #unfiled: number[] = [];
  #unsigned = 0;
  #torn: number | undefined;
  #unchecked = false;
  #place: { segment: string; line: number } = { segment: '', line: 0 };

  async run(dir: string, { pub, copy, progress, pause, files = realFiles }: VerifyOptions): Promise<void> {
    await this.#readKeys(files, dir, pub);
    await this.#readStones(files, join(dir, 'tombstones.txt'));
    await this.#readNotes(files, join(dir, 'checkpoints.txt'), this.#filed);
    const isFile = copy !== undefined && copy !== 'stderr' && !/^https?:/.test(copy);
    const hasCopy = !isFile || (await this.#readNotes(files, copy));
    if (copy !== undefined && !isFile)
      this.#warnings.push(
        'the copies of the checkpoints went elsewhere: compare the newest with `checkpoints.txt`, or name a file of them',
      );
    const segments = await listSegments(files, dir);
    if (!segments || (segments.length === 0 && this.#awaited.size === 0)) {
      this.unchecked(segments ? `there is no audit log in \`${dir}\`` : `there is no folder \`${dir}\``);
      return;
    }
    const last = await lastWritten(files, segments);
    const bytes = await Promise.all(segments.map(async ({ path }) => (await files.stat(path))?.size ?? 0));
    const total = bytes.reduce((sum, size) => sum + size, 0);
    const tell = () => progress?.({ events: this.#events, share: total === 0 ? 1 : Math.min(1, this.#bytes / total) });
    for (const segment of segments) await this.#segment(files, segment, segment === last, { tell, pause });
    if (!hasCopy && this.#checkpoints > 0) this.unchecked(`there is no checkpoint copy at \`${copy}\``);
    this.#finish();
  }

  unchecked(why: string): void {
    this.#unchecked = true;
    this.#warnings.push(why);
  }

  verdict(): Verdict {
    const bad = this.#problems.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
    const code = this.#problems.length > 0 ? 1 : this.#unchecked ? 3 : 0;
    return {
      ok: code === 0,
      code,
      events: this.#events,
      ...(bad.length > 0 ? { first_bad: Math.min(...bad) } : {}),
      problems: this.#problems,
      ...(this.#torn === undefined ? {} : { torn_tail: this.#torn }),
      unknown_outcomes: this.#witness.unknownOutcomes(),
      checkpoints: this.#checkpoints,
      ...(this.#retired > 0 ? { retired: this.#retired } : {}),
      warnings: this.#warnings,
    };
  }

  async #readKeys(files: AuditFiles, dir: string, pub: string | undefined): Promise<void> {
    const path = pub ?? join(dirname(dir), 'audit.pub');
    this.#signatures.trust((await readVerifiers(files, path)) ?? []);
    if (this.#signatures.canCheck) return;
    const why = `there is no verifier key in \`${path}\``;
    if (pub === undefined) this.#warnings.push(`${why}, so signatures are not checked`);
    else this.unchecked(why);
  }

  async #readStones(files: AuditFiles, path: string): Promise<void> {
    const { notes, bad } = parseNotes((await readText(files, path)) ?? '');
    for (const index of bad) this.#add({ segment: 'tombstones.txt', line: index, problem: `note ${index} can't be read` });
    for (const note of notes) {
      if (readTombstone(note)) this.#stones.set(note.size, note);
      else this.#add({ segment: 'tombstones.txt', line: 0, problem: `the note for ${note.size} records is no tombstone` });
      this.#signatures.await(note, 'tombstones.txt');
    }
  }

  /** False when there is no such file. */
  async #readNotes(files: AuditFiles, path: string, filed?: Set<number>): Promise<boolean> {
    const name = basename(path);
    const text = await readText(files, path);
    if (text === undefined) return false;
    const { notes, bad, torn } = parseNotes(text);
    if (torn > 0) this.#warnings.push(`the last note in \`${name}\` was not finished (${torn} bytes)`);
    for (const index of bad) this.#add({ segment: name, line: index, problem: `note ${index} can't be read` });
    let before = 0;
    for (const note of notes) {
      if (note.size < before)
        this.#add({ segment: name, line: 0, problem: `the note for ${note.size} records stands after the one for ${before}` });
      before = Math.max(before, note.size);
      filed?.add(note.size);
      this.#signatures.await(note, name);
      this.#newestNote = Math.max(this.#newestNote, note.size);
      this.#awaited.set(note.size, [...(this.#awaited.get(note.size) ?? []), { note, from: name }]);
    }
    return true;
  }

  async #segment(
    files: AuditFiles,
    segment: Segment,
    isLast: boolean,
    { tell, pause }: { tell: () => void; pause: VerifyOptions['pause'] | undefined },
  ): Promise<void> {
    const file = await files.read(segment.path);
    try {
      for await (const lines of readLines(file)) {
        for (const line of lines) {
          this.#line(line, segment, isLast);
          this.#bytes += line.length + 1;
        }
        tell();
        await pause?.();
      }
    } finally {
      await file.close();
    }
  }

  #line(line: Line, segment: Segment, isLast: boolean): void {
    this.#place = { segment: segment.name, line: line.number };
    if (isLast && !line.ended && isTornTail(line, this.#seq + 1)) {
      this.#torn = line.length;
      return;
    }
    const read = readRecord(line.bytes, true);
    if ('problem' in read) this.#unreadable(read.problem, read.event);
    else if (!line.ended) this.#unreadable('has no end of line');
    else this.#record(read.event, line.number === 1);
  }

  #unreadable(problem: string, event?: AuditEvent): void {
    this.#bad(this.#seq + 1, `record ${this.#seq + 1} ${problem}`);
    this.#seq += 1;
    // With its place and its claimed hash the ones after it can still be held against it.
    if (event?.seq === this.#seq) this.#hash = event.hash;
    else this.#lost = true;
  }

  #record(event: AuditEvent, isFirst: boolean): void {
    const { seq } = event;
    this.#begin(event);
    this.#events += 1;
    if (seq <= this.#seq && !this.#lost) {
      this.#bad(seq, seq === this.#seq ? `record ${seq} stands twice` : `record ${seq} stands after record ${this.#seq}`);
      return;
    }
    if (seq > this.#seq + 1) this.#bad(this.#seq + 1, missing(this.#seq + 1, seq - 1));
    else if (event.prev !== this.#hash && !this.#lost) this.#bad(seq, `record ${seq} does not follow from record ${seq - 1}`);
    if (isFirst && !FIRST_TYPES.has(event.type)) this.#bad(seq, `a segment begins with \`${event.type}\``);
    this.#seq = seq;
    this.#hash = event.hash;
    this.#lost = false;
    this.#witness.see(event);
    this.#unsigned = event.type === 'audit.opened' || event.type === 'audit.checkpoint' ? 0 : this.#unsigned + 1;
    if (this.#unsigned === MAX_UNSIGNED)
      this.#bad(seq, `record ${seq} has ${MAX_UNSIGNED} records before it that no checkpoint was signed for`);
    if (event.type === 'audit.checkpoint') this.#checkpoint(event);
    if (event.type === 'audit.key_changed') this.#keyChanged(event);
    for (const { note, from } of this.#take(seq)) {
      if (note.root !== event.hash)
        this.#bad(seq, `record ${seq} is not the one that a checkpoint in \`${from}\` was signed for`);
    }
  }

  /** The log begins at record 1, or after records that a tombstone stands for. */
  #begin({ seq, prev }: AuditEvent): void {
    const stone = this.#stones.get(seq - 1);
    if (this.#seq !== 0 || !stone || stone.root !== prev) return;
    [this.#seq, this.#hash, this.#retired] = [stone.size, stone.root, stone.size];
    this.#witness.beginsLate();
    for (const size of this.#awaited.keys()) if (size < stone.size) this.#awaited.delete(size);
    for (const { note, from } of this.#take(stone.size)) {
      if (note.root !== stone.root) this.#bad(seq, `a checkpoint in \`${from}\` was signed for other records than the tombstone`);
    }
  }

  /** A checkpoint in the chain speaks of the record right before it. */
  #checkpoint(event: AuditEvent): void {
    this.#checkpoints += 1;
    const note = this.#noteBefore(event, event.note);
    if (note) this.#signed(note, `record ${event.seq}`, event.seq);
    if (note && !this.#filed.has(note.size)) this.#unfiled.push(event.seq);
  }

  /** The old key says which one comes after it, and the new one agrees. */
  #keyChanged(event: AuditEvent): void {
    const old = this.#noteBefore(event, event.note);
    const next = this.#noteBefore(event, event.next_note);
    const said = `next key ${String(event.verifier)}`;
    if (!old || !next) return;
    if (old.extra[0] !== said || next.extra[0] !== said)
      this.#bad(event.seq, `record ${event.seq} changes the key without naming it`);
    this.#signed(old, `record ${event.seq}`, event.seq);
    if (this.#signatures.follow(old, String(event.verifier))) this.#signed(next, `record ${event.seq}`, event.seq);
  }

  /** A note in the chain, when it was signed for the records before it. */
  #noteBefore(event: AuditEvent, text: unknown): SignedNote | undefined {
    const note = typeof text === 'string' ? parseNote(text) : undefined;
    if (!note) this.#bad(event.seq, `the checkpoint in record ${event.seq} can't be read`);
    else if (note.size !== event.seq - 1 || note.root !== event.prev)
      this.#bad(event.seq, `the checkpoint in record ${event.seq} was signed for other records than those before it`);
    return note;
  }

  #signed(note: SignedNote, from: string, seq?: number): void {
    const problem = this.#signatures.problem(note);
    if (problem === undefined) return;
    const place = seq === undefined ? { segment: from, line: 0 } : { seq, ...this.#place };
    this.#add({ ...place, problem: `the checkpoint for ${note.size} records in ${from} ${problem}` });
  }

  #take(seq: number): { note: SignedNote; from: string }[] {
    const awaited = this.#awaited.get(seq) ?? [];
    this.#awaited.delete(seq);
    return awaited;
  }

  #finish(): void {
    // Only now are all the keys known that the log itself names.
    for (const { note, from } of this.#signatures.awaited) this.#signed(note, from);
    // the note of the very last one may be on its way
    const lost = this.#unfiled.filter((seq) => seq < this.#seq);
    if (lost.length > 0)
      this.#warnings.push(
        `\`checkpoints.txt\` lacks the notes of ${lost.length} checkpoint(s) that the log holds, the first in record ${lost[0]}`,
      );
    for (const replaced of this.#signatures.stale()) this.#warnings.push(replaced);
    if (this.#witness.unproven > 0)
      this.#warnings.push(`${this.#witness.unproven} use(s) of grants that were given in records deleted since can't be checked`);
    for (const [size, [first]] of this.#awaited) {
      if (size <= this.#seq) continue;
      this.#bad(
        this.#seq + 1,
        `the log ends at record ${this.#seq}, but a checkpoint in \`${first!.from}\` was signed for ${size}`,
      );
    }
    // The record that carries a checkpoint is on disk before its note is, so it can't be missing while the note is there.
    if (this.#newestNote > 0 && this.#newestNote === this.#seq) {
      this.#bad(this.#seq + 1, `record ${this.#seq + 1}, which held the checkpoint for ${this.#seq} records, is gone`);
    }
    if (this.#checkpoints === 0)
      this.#warnings.push('there is no signed checkpoint yet, so a log rewritten from the start would not be noticed');
  }

  #bad(seq: number, problem: string): void {
    this.#add({ seq, ...this.#place, problem });
  }

  #add(problem: Problem): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
  }
}

function missing(from: number, to: number): string {
  return from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`;
}
