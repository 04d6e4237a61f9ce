// The index of a complete segment on disk, so that a start need not read what is closed. It only ever saves time: a doubtful one is made again.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { COLUMN_NAMES } from './columns.ts';
import { type AuditFiles, writeWhole } from './files.ts';
import { type Frozen, numberCount, type SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';

/** What an index is of: the bytes of its segment, and the chain at both ends. Two hashes in hex. */
export type Ends = { bytes: number; prev: string; hash: string; lastSeq: number };
type Head = Ends & { version: number; rows: number; firstSeq: number; words: string[][] };

const VERSION = 1;
/** 32 bytes of HMAC, four of the head's length, then the head, and the numbers at a multiple of eight. */
const MAC_BYTES = 32;
const PREFIX_BYTES = MAC_BYTES + 4;
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
const PURPOSE = 'perimeter audit index';

const pathOf = (segment: Segment) => segment.path.replace(/\.jsonl$/, '.index');

/** Writes the index of a segment that gets no more records. */
export async function writeIndex(files: AuditFiles, key: Buffer, part: SegmentIndex, ends: Ends): Promise<void> {
  const { rows, firstSeq, words, times, numbers } = part.freeze();
  const head: Head = { version: VERSION, rows, firstSeq, words, ...ends };
  const text = Buffer.from(JSON.stringify(head));
  const start = aligned(PREFIX_BYTES + text.length);
  const bytes = Buffer.alloc(start + times.byteLength + numbers.byteLength);
  bytes.writeUInt32LE(text.length, MAC_BYTES);
  text.copy(bytes, PREFIX_BYTES);
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
  const length = content.readUInt32LE(MAC_BYTES);
  const head = JSON.parse(content.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + length)) as Head;
  const { rows, firstSeq, words } = head;
  if (head.version !== VERSION || head.bytes !== bytes || words.length !== COLUMN_NAMES.length) return undefined;
  const start = aligned(PREFIX_BYTES + length);
  const times = new Float64Array(content.buffer, start, rows);
  const numbers = new Uint32Array(content.buffer, start + times.byteLength, numberCount(rows));
  return { frozen: { rows, firstSeq, words, times, numbers }, ends: head };
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
