// Opening a log that is already there: reads it once, sets a torn tail aside, and refuses one that was damaged.
import { createHash } from 'node:crypto';
import type { AuditEvent } from '../ports.ts';
import { parseNote } from './checkpoint.ts';
import type { AuditFiles } from './files.ts';
import type { Place } from './index.ts';
import { NO_HASH, readRecord } from './record.ts';
import { isTornTail, type Line, listSegments, readLines, type Segment } from './segments.ts';

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
  torn?: Line;
  damage?: { seq: number; problem: string };
};

/**
 * Reads every record once. Sequence and links are checked everywhere; hashes are computed again in the last segment only,
 * since a start must stay quick: `perimeter audit verify` does it for all. A missing folder is an empty log.
 */
export async function survey(
  files: AuditFiles,
  dir: string,
  onEvent: (event: AuditEvent, place: Place) => void,
): Promise<Survey> {
  const segments = (await listSegments(files, dir)) ?? [];
  const found: Survey = { segments, seq: 0, hash: NO_HASH, size: 0 };
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    found.size = 0;
    const file = await files.read(segment.path);
    try {
      for await (const lines of readLines(file)) for (const line of lines) take(found, line, segment, isLast, onEvent);
    } finally {
      await file.close();
    }
  }
  return found;
}

function take(
  found: Survey,
  line: Line,
  segment: Segment,
  isLast: boolean,
  onEvent: (event: AuditEvent, place: Place) => void,
): void {
  const read = readRecord(line.bytes, isLast);
  const bad = 'problem' in read || !line.ended;
  if (bad && isLast && !found.torn && isTornTail(line, found.seq + 1)) {
    found.torn = line;
    return;
  }
  if (bad) {
    const problem = 'problem' in read ? `it ${read.problem}` : 'its line has no end';
    found.damage ??= { seq: found.seq + 1, problem: `${problem} (\`${segment.name}\` line ${line.number})` };
    return;
  }
  const { event } = read;
  const follows = event.seq === found.seq + 1 && event.prev === found.hash;
  if (event.type === 'audit.opened' && event.accepted_damage === true) delete found.damage;
  else if (!follows)
    found.damage ??= { seq: Math.min(event.seq, found.seq + 1), problem: `it doesn't follow record ${found.seq}` };
  found.seq = event.seq;
  found.hash = event.hash;
  found.size = line.offset + line.length + 1;
  if (event.type === 'audit.checkpoint' && typeof event.note === 'string') {
    const note = parseNote(event.note);
    if (note) found.note = { text: event.note, size: note.size };
  }
  onEvent(event, { segment, offset: line.offset, length: line.length });
}

/**
 * Copies the torn tail to `<segment>.torn-<time>`, makes the copy durable, then cuts it off the segment.
 * Answers what `audit.recovered` says of it.
 */
export async function setAside(
  files: AuditFiles,
  dir: string,
  segment: Segment,
  torn: Line,
  time: string,
): Promise<{ bytes: number; sha256: string; torn: string }> {
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
