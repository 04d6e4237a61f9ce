// Ids of events: they sort by time of writing, also when the clock is set back.
import { randomBytes } from 'node:crypto';

// Crockford's alphabet in lower case: keeps the order of numbers, and no digit is mistaken for a letter.
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

export class EventIds {
  readonly #random: () => string;
  #time = 0;
  #count = 0;

  /** `random` gives eight characters. */
  constructor(random: () => string = randomDigits) {
    this.#random = random;
  }

  /** `evt_`, ten digits of time, four of a count and eight random ones. `now` in milliseconds. */
  next(now: number): string {
    this.#time = Math.max(this.#time, now);
    this.#count = (this.#count + 1) % 32 ** 4;
    return `evt_${base32(this.#time, 10)}${base32(this.#count, 4)}${this.#random()}`;
  }
}

function base32(value: number, length: number): string {
  let text = '';
  for (let left = value; text.length < length; left = Math.floor(left / 32)) text = DIGITS[left % 32]! + text;
  return text;
}

/** Drawn many at a time: each draw by itself would cost more than all else of an id. */
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

function randomDigits(): string {
  if (pool.length < 8) pool = randomBytes(POOL_BYTES);
  let digits = '';
  for (const byte of pool.subarray(0, 8)) digits += DIGITS[byte % 32]!;
  pool = pool.subarray(8);
  return digits;
}
