// Reading single events back from their segments, in blocks, so that a run of neighbours costs one read.
import type { AuditEvent } from '../ports.ts';
import type { AuditFiles } from './files.ts';
import type { Place } from './index.ts';
import { readRecord } from './record.ts';
import { type Frozen, SegmentIndex } from './segment-index.ts';
import type { Segment } from './segments.ts';

const BLOCK_BYTES = 32 * 1024;
const MAX_BLOCKS = 128;

export class Shelf {
  readonly #files: AuditFiles;
  readonly #blocks = new Map<string, Promise<Buffer>>();

  constructor(files: AuditFiles) {
    this.#files = files;
  }

  /**
   * The event in a line. One that was changed after it was written comes with `damaged`, which says so; where no event
   * can be read any more this throws.
   */
  read(line: Buffer): AuditEvent {
    const read = readRecord(line, true);
    if (!('problem' in read)) return read.event;
    if (read.event) return { ...read.event, damaged: `this record ${read.problem}` };
    throw new Error(`a record of the audit log ${read.problem}, run \`perimeter audit verify\``);
  }

  /** The bytes at this place. */
  async line(place: Place): Promise<Buffer> {
    const { path } = place.segment;
    const first = Math.floor(place.offset / BLOCK_BYTES);
    const last = Math.floor((place.offset + place.length - 1) / BLOCK_BYTES);
    const pieces: Buffer[] = [];
    for (let number = first; number <= last; number += 1) {
      const start = number * BLOCK_BYTES;
      const from = Math.max(place.offset - start, 0);
      const to = Math.min(place.offset + place.length - start, BLOCK_BYTES);
      pieces.push((await this.#block(path, number, to)).subarray(from, to));
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  /** A block that is at least `needed` bytes long; the last block of a growing file is read again when it has become longer. */
  async #block(path: string, number: number, needed: number): Promise<Buffer> {
    const name = `${path}:${number}`;
    const kept = this.#blocks.get(name);
    if (kept && (await kept).length >= needed) return kept;
    this.#blocks.delete(name);
    const read = this.#read(path, number * BLOCK_BYTES);
    this.#blocks.set(name, read);
    const oldest = this.#blocks.keys().next().value;
    if (this.#blocks.size > MAX_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    read.catch(() => this.#blocks.delete(name));
    return read;
  }

  async #read(path: string, position: number): Promise<Buffer> {
    const file = await this.#files.read(path);
    try {
      const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      return block.subarray(0, await file.read(block, position));
    } finally {
      await file.close();
    }
  }
}

/** The bytes of one record, read by themselves. */
export async function lineAt(files: AuditFiles, segment: Segment, frozen: Frozen, row: number): Promise<Buffer> {
  return new Shelf(files).line(new SegmentIndex(segment, frozen).place(row));
}
