// The index of a complete segment on disk, so that a start need not read what is closed. It only ever saves time: a doubtful one is made again.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { COLUMN_NAMES } from './columns.ts';
import { type AuditFiles, writeWhole } from './files.ts';
import { type Frozen, numberCount, type SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';

/** What an index is of: the bytes of its segment, and the chain at both ends. Two hashes in hex. */
export type Ends = { bytes: number; prev: string; hash: string; lastSeq: number };
type Head = Ends & Pick<Frozen, 'rows' | 'firstSeq' | 'earliest' | 'latest'> & { version: number; columns: number };

const VERSION = 1;
/** 32 bytes of HMAC, four of the head's length and four of the words', then head and words, and the numbers at a multiple of eight. */
const MAC_BYTES = 32;
const PREFIX_BYTES = MAC_BYTES + 8;
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
const PURPOSE = 'perimeter audit index';

const pathOf = (segment: Segment) => segment.path.replace(/\.jsonl$/, '.index');

/** Writes the index of a segment that gets no more records. */
export async function writeIndex(files: AuditFiles, key: Buffer, part: SegmentIndex, ends: Ends): Promise<void> {
  const { rows, firstSeq, earliest, latest, times, numbers, words } = part.freeze();
  const head: Head = { version: VERSION, columns: COLUMN_NAMES.length, rows, firstSeq, earliest, latest, ...ends };
  const texts = [Buffer.from(JSON.stringify(head)), Buffer.from(JSON.stringify(words()))] as const;
  const start = aligned(PREFIX_BYTES + texts[0].length + texts[1].length);
  const bytes = Buffer.alloc(start + times.byteLength + numbers.byteLength);
  bytes.writeUInt32LE(texts[0].length, MAC_BYTES);
  bytes.writeUInt32LE(texts[1].length, MAC_BYTES + 4);
  Buffer.concat(texts).copy(bytes, PREFIX_BYTES);
  bytes.set(new Uint8Array(times.buffer, times.byteOffset, times.byteLength), start);
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), start + times.byteLength);
  mac(key, part.segment, bytes).copy(bytes);
  await files.remove(pathOf(part.segment));
  await writeWhole(files, pathOf(part.segment), bytes);
}

/** The index of a segment of this many bytes; undefined when there is none, or it isn't what this key wrote for it. */
export async function readIndex(
  files: AuditFiles,
  key: Buffer,
  segment: Segment,
  bytes: number,
): Promise<{ frozen: Frozen; ends: Ends } | undefined> {
  const found = await files.stat(pathOf(segment));
  if (!found || found.size < PREFIX_BYTES || found.size > MAX_INDEX_BYTES) return undefined;
  // Of its own memory, so that the numbers in it lie as a typed array needs them.
  const content = Buffer.from(new ArrayBuffer(found.size));
  const file = await files.read(pathOf(segment));
  try {
    if ((await file.read(content, 0)) !== found.size) return undefined;
  } finally {
    await file.close();
  }
  if (!timingSafeEqual(content.subarray(0, MAC_BYTES), mac(key, segment, content))) return undefined;
  const headEnd = PREFIX_BYTES + content.readUInt32LE(MAC_BYTES);
  const wordsEnd = headEnd + content.readUInt32LE(MAC_BYTES + 4);
  const head = JSON.parse(content.toString('utf8', PREFIX_BYTES, headEnd)) as Head;
  if (head.version !== VERSION || head.bytes !== bytes || head.columns !== COLUMN_NAMES.length) return undefined;
  const { rows, firstSeq, earliest, latest } = head;
  const start = aligned(wordsEnd);
  const times = new Float64Array(content.buffer, start, rows);
  const numbers = new Uint32Array(content.buffer, start + times.byteLength, numberCount(rows));
  const words = () => JSON.parse(content.toString('utf8', headEnd, wordsEnd)) as string[][];
  return { frozen: { rows, firstSeq, earliest, latest, times, numbers, words }, ends: head };
}

/** Removes the index of a segment that is gone. */
export async function removeIndex(files: AuditFiles, segment: Segment): Promise<void> {
  await files.remove(pathOf(segment));
}

function aligned(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

/** Over everything behind it, and the segment's name, so that no index passes for another's. */
function mac(key: Buffer, segment: Segment, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(`${PURPOSE} ${VERSION} ${segment.name}\n`).update(bytes.subarray(MAC_BYTES)).digest();
}
