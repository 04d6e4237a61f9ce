// The trail: opens the log of a state directory for its one writer, and answers questions about it.
import { dirname } from 'node:path';
import { iso } from '../clock.ts';
import type { AuditEvent, AuditInput, AuditLog, Clock } from '../ports.ts';
import { Archive, type AuditReader } from './archive.ts';
import { NoteFile, openSigner } from './checkpoint.ts';
import { Discretion } from './discreet.ts';
import { type AuditFiles, realFiles } from './files.ts';
import { AuditDamaged, type Survey, setAside, survey } from './recover.ts';
import { randomDigits, type Standing, Writer } from './writer.ts';

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
  /** Eight random characters for an id. */
  random?: () => string;
  /** A second place for the signed checkpoints: a file path, best on another machine or volume. */
  copy?: string;
  /** Go on after damage, in a new segment. `perimeter audit verify` will still report it. */
  acceptDamage?: boolean;
};

export type OpenAudit = AuditLog &
  Pick<AuditReader, 'events'> & {
    /** Of the newest durable event. */
    readonly seq: number;
    /** Why the copy of the checkpoints isn't up to date, if so. */
    readonly copyProblem: string | undefined;
    /** The keyed hash that a sensitive value is stored as. */
    hash(value: unknown): string;
  };

const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_EVERY = 1000;

/**
 * Opens the log, repairs what a killed writer left, and writes `audit.opened`. The caller must be the only writer of the
 * directory. Throws AuditDamaged when records were changed, or are missing, and `acceptDamage` isn't set.
 */
export async function openAudit(options: AuditOptions): Promise<OpenAudit> {
  const { dir, clock, zone, files = realFiles, checkpointEvery = CHECKPOINT_EVERY } = options;
  await files.makeDir(dir);
  const signer = await openSigner(files, dirname(dir));
  const notes = new NoteFile(files, `${dir}/checkpoints.txt`);
  const discretion = new Discretion(options.key);
  const archive = new Archive({ files, clock, zone, discretion });
  const found = await survey(files, dir, (event, place) => archive.add(event, place));
  const covered = await notes.repair();
  const damage = damageOf(found, covered);
  if (damage && !options.acceptDamage) throw new AuditDamaged(damage.seq, damage.problem);

  const last = found.segments.at(-1);
  if (!damage && found.note && found.note.size > covered) await notes.add(found.note.text);
  // After damage everything stays as it was found.
  const recovered = !damage && found.torn && last && (await setAside(files, dir, last, found.torn, iso(clock.now())));
  const listeners = new Set<(event: AuditEvent) => void>();
  const writer = new Writer(
    {
      ...{ dir, files, clock, signer, notes, checkpointEvery },
      ...(options.copy === undefined ? {} : { copy: new NoteFile(files, options.copy) }),
      maxSegmentBytes: options.maxSegmentBytes ?? MAX_SEGMENT_BYTES,
      random: options.random ?? randomDigits,
      onWritten: (event, place) => {
        archive.add(event, place);
        for (const listener of listeners) tryListener(listener, event);
      },
    },
    standingAfter(found, damage && covered),
  );
  const append = async (event: AuditInput) => {
    if (writer.failed) throw writer.failed;
    const { members, redacted } = discretion.apply(event);
    return writer.append(members, redacted);
  };
  const accepted = damage ? { accepted_damage: true, damage: damage.problem } : {};
  const opening = [
    append({ type: 'audit.opened', key: signer.key, origin: signer.origin, checkpoint_every: checkpointEvery, ...accepted }),
  ];
  if (recovered && last) opening.push(append({ type: 'audit.recovered', segment: last.name, ...recovered }));
  await Promise.all(opening);

  return {
    append,
    query: (filter) => archive.query(filter),
    why: (id) => archive.why(id),
    events: (from) => archive.events(from),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hash: (value) => discretion.hash(value),
    get failed() {
      return writer.failed;
    },
    get seq() {
      return writer.seq;
    },
    get copyProblem() {
      return writer.copyProblem;
    },
    close: () => writer.close(),
  };
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
