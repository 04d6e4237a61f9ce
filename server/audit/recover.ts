// Opening a log that is already there: reads it once, sets a torn tail aside, and refuses one that was damaged.
import { createHash } from 'node:crypto';
import type { AuditEvent } from '../ports.ts';
import { parseNote, type SignedNote } from './checkpoint.ts';
import type { AuditFiles } from './files.ts';
import type { Place } from './index.ts';
import { readIndex } from './index-file.ts';
import { NO_HASH, readRecord } from './record.ts';
import type { Frozen } from './segment-index.ts';
import { isTornTail, type Line, lastWritten, listSegments, readLines, type Segment } from './segments.ts';
import { lineAt } from './shelf.ts';

/** The log can't be trusted to go on from where it stands. `seq` is the first record that isn't as it was written. */
export class AuditDamaged extends Error {
  override readonly name = 'AuditDamaged';
  readonly seq: number;

  constructor(seq: number, problem: string) {
    super(
      `the audit log is damaged at record ${seq}: ${problem}; run \`perimeter audit verify\` and keep a copy of the audit folder, ` +
        'then start once with `--accept-damage` to begin a new segment after it',
    );
    this.seq = seq;
  }
}

/** What one reading of the whole log found. */
export type Survey = {
  segments: Segment[];
  /** Of the last good record; 0 and no hash for an empty log. */
  seq: number;
  hash: string;
  /** Bytes of good records in the last segment. */
  size: number;
  /** The newest checkpoint in the chain. */
  note?: { text: string; size: number };
  torn?: Line & { segment: Segment };
  /** Complete segments that were read for want of an index, and have nothing wrong with them. */
  unindexed: Segment[];
  damage?: { seq: number; problem: string };
};

export type SurveyOptions = {
  onEvent: (event: AuditEvent, place: Place) => void;
  /** Takes the index of a complete segment in place of its events. `key` is what indexes are signed with. */
  indexes?: { key: Buffer; onIndex: (segment: Segment, frozen: Frozen) => void };
  /** Checked notes of segments that retention deleted: where one ends the log may begin. */
  tombstones?: readonly SignedNote[];
};

/**
 * Reads the log once, or of complete segments the index. Sequence and links are checked everywhere; hashes are computed again in
 * the last segment only, since a start must stay quick: `perimeter audit verify` does it for all. A missing folder is an empty log.
 */
export async function survey(files: AuditFiles, dir: string, options: SurveyOptions): Promise<Survey> {
  const segments = (await listSegments(files, dir)) ?? [];
  const found: Survey = { segments, seq: 0, hash: NO_HASH, size: 0, unindexed: [] };
  const last = await lastWritten(files, segments);
  const index = async (segment: Segment | undefined): Promise<Index | undefined> => {
    if (segment === undefined || segment === last || options.indexes === undefined) return undefined;
    const there = await files.stat(segment.path);
    return there && readIndex(files, options.indexes.key, segment, there.size);
  };
  let coming = index(segments[0]);
  for (const [at, segment] of segments.entries()) {
    const isLast = segment === last;
    // While one is checked the next is read.
    const [now, next] = [coming, index(segments[at + 1])];
    next.catch(() => undefined);
    coming = next;
    if (await takeIndex(found, files, segment, await now, options)) continue;
    const damage = found.damage;
    found.size = 0;
    const file = await files.read(segment.path);
    try {
      for await (const lines of readLines(file)) for (const line of lines) take(found, line, segment, isLast, options);
    } finally {
      await file.close();
    }
    if (segment.number < (last?.number ?? 0) && found.damage === damage) found.unindexed.push(segment);
  }
  return found;
}

type Index = NonNullable<Awaited<ReturnType<typeof readIndex>>>;

/** False when the segment has to be read. */
async function takeIndex(
  found: Survey,
  files: AuditFiles,
  segment: Segment,
  index: Index | undefined,
  options: SurveyOptions,
): Promise<boolean> {
  if (!index || index.frozen.rows === 0) return false;
  const { frozen, ends } = index;
  begin(found, frozen.firstSeq, ends.prev, options);
  if (frozen.firstSeq !== found.seq + 1 || ends.prev !== found.hash) return false;
  const newest = readRecord(await lineAt(files, segment, frozen, frozen.rows - 1), true);
  if ('problem' in newest || newest.event.hash !== ends.hash || newest.event.seq !== ends.lastSeq) return false;
  options.indexes?.onIndex(segment, frozen);
  [found.seq, found.hash, found.size] = [ends.lastSeq, ends.hash, ends.bytes];
  noteIn(found, newest.event);
  return true;
}

/** The log begins at its first record, or where a signed tombstone says that older ones were deleted. */
function begin(found: Survey, seq: number, prev: string, { tombstones = [] }: SurveyOptions): void {
  if (found.seq !== 0 || seq === 1) return;
  const stone = tombstones.find((one) => one.size === seq - 1 && one.root === prev);
  if (stone) [found.seq, found.hash] = [stone.size, stone.root];
}

function take(found: Survey, line: Line, segment: Segment, isLast: boolean, options: SurveyOptions): void {
  const read = readRecord(line.bytes, isLast);
  const bad = 'problem' in read || !line.ended;
  // In a segment that lost its first record to a killed writer, too, the log may begin after a tombstone.
  const next = found.seq === 0 ? [1, ...(options.tombstones ?? []).map((one) => one.size + 1)] : [found.seq + 1];
  if (bad && isLast && !found.torn && next.some((seq) => isTornTail(line, seq))) {
    found.torn = { ...line, segment };
    return;
  }
  if (bad) {
    const problem = 'problem' in read ? `it ${read.problem}` : 'its line has no end';
    found.damage ??= { seq: found.seq + 1, problem: `${problem} (\`${segment.name}\` line ${line.number})` };
    return;
  }
  const { event } = read;
  begin(found, event.seq, event.prev, options);
  const follows = event.seq === found.seq + 1 && event.prev === found.hash;
  if (event.type === 'audit.opened' && event.accepted_damage === true) delete found.damage;
  else if (!follows)
    found.damage ??= { seq: Math.min(event.seq, found.seq + 1), problem: `it doesn't follow record ${found.seq}` };
  found.seq = event.seq;
  found.hash = event.hash;
  found.size = line.offset + line.length + 1;
  noteIn(found, event);
  options.onEvent(event, { segment, offset: line.offset, length: line.length });
}

function noteIn(found: Survey, event: AuditEvent): void {
  if (event.type !== 'audit.checkpoint' || typeof event.note !== 'string') return;
  const note = parseNote(event.note);
  if (note) found.note = { text: event.note, size: note.size };
}

/**
 * Copies the torn tail to `<segment>.torn-<time>`, makes the copy durable, then cuts it off the segment.
 * Answers what `audit.recovered` says of it.
 */
export async function setAside(
  files: AuditFiles,
  dir: string,
  torn: Line & { segment: Segment },
  time: string,
): Promise<{ bytes: number; sha256: string; torn: string }> {
  const { segment } = torn;
  const suffix = `.torn-${time.replace(/[:.]/g, '-')}`;
  const taken = new Set(await files.list(dir));
  let name = `${segment.name}${suffix}`;
  for (let again = 2; taken.has(name); again += 1) name = `${segment.name}${suffix}-${again}`;
  const copy = await files.create(segment.path.slice(0, -segment.name.length) + name);
  try {
    await copy.write(torn.bytes);
    await copy.sync();
  } finally {
    await copy.close();
  }
  await files.syncDir(dir);
  const file = await files.append(segment.path);
  try {
    await file.truncate(torn.offset);
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes: torn.length, sha256: createHash('sha256').update(torn.bytes).digest('hex'), torn: name };
}
