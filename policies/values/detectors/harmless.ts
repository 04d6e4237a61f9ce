// What stands in every log and is nobody's: moments, ids, digests, years. And what each character is, for those who read one by one.

/** What each character is. */
export const OTHER = 0;
export const DIGIT = 1;
export const UPPER = 2;
export const LOWER = 3;
/** Joins the parts of a key: `_ - + / = . ~ %`. */
export const JOINT = 4;
export const KIND = Uint8Array.from({ length: 65_536 }, (_, code) => {
  // letters of other scripts are letters
  if (code > 127) return LOWER;
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return UPPER;
  if (/[a-z]/.test(character)) return LOWER;
  return /[_+/=.~%-]/.test(character) ? JOINT : OTHER;
});

const COLON = 58;
const DASH = 45;
/** A day, a time of day, both (RFC 3339), an id (RFC 9562), a digest in hexadecimal. */
const MOMENT =
  /(?:(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ](?=\d\d:))?)?(?:\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w:-]|\.\w)/y;
const UUID = /[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])/y;
const DIGEST = /(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![\w-])/y;

export const HEXADECIMAL = Uint8Array.from({ length: 65_536 }, (_, code) =>
  /[0-9a-fA-F]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Behind a moment, an id or a digest that starts here; here when none does. */
export function skipped(text: string, codes: Uint16Array, at: number): number {
  if (codes[at + 8] === DASH && codes[at + 13] === DASH) {
    UUID.lastIndex = at;
    if (UUID.test(text)) return UUID.lastIndex;
  }
  if (codes[at + 2] === COLON || (codes[at + 4] === DASH && codes[at + 7] === DASH)) {
    MOMENT.lastIndex = at;
    return KIND[codes[at - 1] ?? 0] === OTHER && codes[at - 1] !== COLON && MOMENT.test(text) ? MOMENT.lastIndex : at;
  }
  if (HEXADECIMAL[codes[at + 15]!] === 1 && HEXADECIMAL[codes[at + 31]!] === 1) {
    DIGEST.lastIndex = at;
    if (DIGEST.test(text)) return DIGEST.lastIndex;
  }
  return at;
}

/** Whether the third digit of a plain year stands here: years are in every text. */
export function isYear(codes: Uint16Array, at: number): boolean {
  const century = (codes[at - 2] ?? 0) * 256 + codes[at - 1]!;
  return (
    (century === 0x3139 || century === 0x3230) &&
    KIND[codes[at]!] === DIGIT &&
    KIND[codes[at + 1]!] === DIGIT &&
    KIND[codes[at + 2]!] === OTHER &&
    KIND[codes[at - 3] ?? 32] === OTHER
  );
}
