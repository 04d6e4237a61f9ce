// The trail: opens the log of a state directory for its one writer, and answers questions about it.
import { basename, dirname } from 'node:path';
import { iso } from '../clock.ts';
import type { AuditEvent, AuditInput, AuditLog, Clock } from '../ports.ts';
import { Archive, type AuditReader } from './archive.ts';
import { checkNote, nextSigner, openSigner, readVerifiers, type SignedNote } from './checkpoint.ts';
import { Copies, copyPlace } from './copies.ts';
import { Discretion } from './discreet.ts';
import { type AuditFiles, realFiles } from './files.ts';
import { EventIds } from './ids.ts';
import { NoteFile, newestSize } from './notes.ts';
import { AuditDamaged, type Survey, setAside, survey } from './recover.ts';
import { Reserve } from './reserve.ts';
import { readTombstone } from './tombstones.ts';
import { Upkeep } from './upkeep.ts';
import { type Standing, Writer } from './writer.ts';

export type AuditOptions = {
  /** `<state>/audit`; the signing key lies beside it, as `<state>/audit.key`. */
  dir: string;
  clock: Clock;
  /** The HMAC key of sensitive values; see `openHashKey`. */
  key: Buffer;
  /** IANA zone that words of time are read and stories are told in. */
  zone: string;
  files?: AuditFiles;
  maxSegmentBytes?: number;
  checkpointEvery?: number;
  /** Milliseconds that an event waits for a checkpoint at most. */
  checkpointAfter?: number;
  /** Eight random characters for an id. */
  random?: () => string;
  /** A second place for the signed checkpoints: a file path, best on another machine or volume, `stderr`, or a web address. */
  copy?: string;
  /** How long events are kept, in milliseconds; absent: for ever. */
  retain?: number;
  /** Go on after damage, in a new segment. `perimeter audit verify` will still report it. */
  acceptDamage?: boolean;
};

export type OpenAudit = AuditLog &
  Pick<AuditReader, 'events'> &
  Pick<Archive, 'scan' | 'endings'> & {
    /** The first record that is still there, and its time in milliseconds. */
    readonly begins: Archive['begins'];
    /** Of the newest durable event. */
    readonly seq: number;
    /** Why the copy of the checkpoints isn't up to date, if so. */
    readonly copyProblem: string | undefined;
    /** Why indexes or retention are behind, if so. */
    readonly upkeepProblem: string | undefined;
    /** The keyed hash that a sensitive value is stored as. */
    hash(value: unknown): string;
    /** Signs with a new key from now on; both keys have signed the change. Answers their ids. */
    changeKey(): Promise<{ from: string; to: string }>;
  };

const MAX_SEGMENT_BYTES = 16 * 1024 * 1024;
const CHECKPOINT_EVERY = 1000;
const CHECKPOINT_AFTER_MS = 60_000;

/**
 * Opens the log, repairs what a killed writer left, and writes `audit.opened`. The caller must be the only writer of the
 * directory. Throws AuditDamaged when records were changed, or are missing, and `acceptDamage` isn't set.
 */
export async function openAudit(options: AuditOptions): Promise<OpenAudit> {
  const { dir, clock, zone, files = realFiles, checkpointEvery = CHECKPOINT_EVERY } = options;
  const state = dirname(dir);
  await files.makeDir(dir);
  await sweep(files, dir);
  let signer = await openSigner(files, state);
  const notes = new NoteFile(files, `${dir}/checkpoints.txt`);
  const tombstones = new NoteFile(files, `${dir}/tombstones.txt`);
  const discretion = new Discretion(options.key);
  const archive = new Archive({ files, clock, zone, discretion });
  const found = await survey(files, dir, {
    onEvent: (event, place) => archive.add(event, place),
    indexes: { key: options.key, onIndex: (segment, frozen) => archive.addFrozen(segment, frozen) },
    tombstones: await checkedTombstones(files, state, tombstones),
  });
  const covered = newestSize(await notes.repair());
  const damage = damageOf(found, covered);
  if (damage && !options.acceptDamage) throw new AuditDamaged(damage.seq, damage.problem);

  if (!damage && found.note && found.note.size > covered) await notes.add(found.note.text);
  // After damage everything stays as it was found.
  const recovered = !damage && found.torn && (await setAside(files, dir, found.torn, iso(clock.now())));
  const reserve = new Reserve(files, dir);
  await reserve.keep();
  const listeners = new Set<(event: AuditEvent) => void>();
  const writer = new Writer(
    {
      ...{ dir, files, clock, discretion, signer, notes, reserve, checkpointEvery },
      ids: new EventIds(options.random),
      ...(options.copy === undefined ? {} : { copies: new Copies(copyPlace(options.copy, files)) }),
      maxSegmentBytes: options.maxSegmentBytes ?? MAX_SEGMENT_BYTES,
      checkpointAfter: options.checkpointAfter ?? CHECKPOINT_AFTER_MS,
      onWritten: (event, place) => {
        archive.add(event, place);
        for (const listener of listeners) tryListener(listener, event);
      },
      onSealed: (segment) => upkeep.start([segment]),
    },
    standingAfter(found, damage && covered),
  );
  const append = (event: AuditInput) => writer.append(event);
  const upkeep = new Upkeep({
    ...{ dir, files, clock, key: options.key, archive, tombstones, append, signer: () => signer },
    ...(options.retain === undefined ? {} : { retain: options.retain }),
  });
  const accepted = damage ? { accepted_damage: true, damage: damage.problem } : {};
  const opening = [
    append({ type: 'audit.opened', key: signer.key, origin: signer.origin, checkpoint_every: checkpointEvery, ...accepted }),
  ];
  if (recovered && found.torn) opening.push(append({ type: 'audit.recovered', segment: found.torn.segment.name, ...recovered }));
  await Promise.all(opening);
  upkeep.start(found.unindexed);

  return {
    append,
    query: (...asked) => archive.query(...asked),
    scan: (columns, upTo, pause, see) => archive.scan(columns, upTo, pause, see),
    endings: (calls) => archive.endings(calls),
    why: (id) => archive.why(id),
    events: (from, types) => archive.events(from, types),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hash: (value) => discretion.hash(value),
    async changeKey() {
      const old = signer;
      const next = await nextSigner(files, state, old.origin);
      await writer.changeKey(next.signer, next.keep);
      signer = next.signer;
      return { from: old.key, to: signer.key };
    },
    get failed() {
      return writer.failed;
    },
    get seq() {
      return writer.seq;
    },
    get begins() {
      return archive.begins;
    },
    get copyProblem() {
      return writer.copyProblem;
    },
    get upkeepProblem() {
      return upkeep.problem;
    },
    async close() {
      await upkeep.settle();
      await writer.close();
    },
  };
}

const DRAFT = /\.[0-9a-f]{8}\.tmp$/;

/** Removes what a killed process left half written. */
async function sweep(files: AuditFiles, dir: string): Promise<void> {
  for (const name of (await files.list(dir)) ?? []) if (DRAFT.test(name)) await files.remove(`${dir}/${basename(name)}`);
}

/** Only a tombstone that this guard signed lets the log begin after it. */
async function checkedTombstones(files: AuditFiles, state: string, file: NoteFile): Promise<SignedNote[]> {
  const verifiers = (await readVerifiers(files, `${state}/audit.pub`)) ?? [];
  return (await file.repair()).filter((note) => readTombstone(note) && checkNote(note, verifiers) === true);
}

/** Damage in the chain, or a chain that ends before the newest of the checkpoints, which covers `covered` records. */
function damageOf(found: Survey, covered: number): Survey['damage'] {
  if (found.damage) return found.damage;
  // The record that carries a checkpoint follows the records it covers, and is on disk before the note is.
  if (covered === 0 || found.seq > covered) return undefined;
  return {
    seq: found.seq + 1,
    problem: `the log ends at record ${found.seq}, but a signed checkpoint covers ${covered} and was itself recorded`,
  };
}

/** Where to go on: at the end of the last segment; or after damage in a new one, past every number that was ever signed for. */
function standingAfter(found: Survey, coveredByDamaged: number | undefined): Standing {
  const last = found.segments.at(-1);
  const standing = { seq: found.seq, hash: found.hash, lastNumber: last?.number ?? 0, size: 0 };
  if (coveredByDamaged !== undefined)
    return { ...standing, seq: Math.max(found.seq, found.note?.size ?? 0, coveredByDamaged) + 1 };
  return last ? { ...standing, segment: last, size: found.size } : standing;
}

/** Whoever listens can't stop or thin the log. */
function tryListener(listener: (event: AuditEvent) => void, event: AuditEvent): void {
  try {
    listener(event);
  } catch {
    // The event is durable, and its listener's trouble is the listener's.
  }
}
