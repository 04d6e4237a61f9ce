// The one error of canonicalisation: a value that different programs would read differently, so it can't be judged.

/** Thrown when a value has no single safe reading. The message says what is wrong, in the reader's words, without the value. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
