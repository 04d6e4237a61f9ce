// Cuts a byte stream into lines with bounded memory: an overlong line is skipped to its end, and said to have been there.

/** An overlong line: how long it was, and the first and last bytes of it. */
export type Overlong = { bytes: number; head: Buffer; tail: Buffer };
export type LineHandlers = {
  line(bytes: Buffer): void;
  overlong(line: Overlong): void;
  /** Told once of a line that is far beyond the limit and has no end yet. */
  endless?(bytes: number): void;
};

const NEWLINE = 0x0a;
const HEAD_BYTES = 4096;
const TAIL_BYTES = 256;
/** So many times the limit, and a line is not waited for any more. */
const ENDLESS = 4;

/** Feeds lines (without their newline) to the handlers, in order. `maxBytes` is the longest line kept. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #handlers: LineHandlers;
  #parts: Buffer[] = [];
  #bytes = 0;
  #skipping: Overlong | undefined;

  constructor(maxBytes: number, handlers: LineHandlers) {
    this.#maxBytes = maxBytes;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  /** Hands over an unfinished last line, if there is one. */
  end(): void {
    if (this.#bytes > 0 || this.#skipping) this.#finish();
  }

  #add(part: Buffer): void {
    if (this.#skipping) {
      const before = this.#skipping.bytes;
      this.#skipping.bytes += part.length;
      const far = this.#maxBytes * ENDLESS;
      if (before <= far && this.#skipping.bytes > far) this.#handlers.endless?.(this.#skipping.bytes);
      this.#skipping.tail = lastBytes(this.#skipping.tail, part);
      return;
    }
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes <= this.#maxBytes) return;
    const whole = Buffer.concat(this.#parts);
    this.#skipping = {
      bytes: whole.length,
      head: Buffer.from(whole.subarray(0, HEAD_BYTES)),
      tail: lastBytes(Buffer.alloc(0), whole),
    };
    this.#reset();
  }

  #finish(): void {
    const skipped = this.#skipping;
    if (skipped) {
      this.#skipping = undefined;
      this.#handlers.overlong(skipped);
      return;
    }
    const line = this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#reset();
    this.#handlers.line(line);
  }

  #reset(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}

/** The last bytes of both, copied, so that the chunk they came in can be freed. */
function lastBytes(before: Buffer, part: Buffer): Buffer {
  const joined = part.length >= TAIL_BYTES ? part : Buffer.concat([before, part]);
  return Buffer.from(joined.subarray(Math.max(0, joined.length - TAIL_BYTES)));
}
