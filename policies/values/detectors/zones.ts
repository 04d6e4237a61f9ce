// Where in a text something sensitive could stand at all: one quick pass, so that the patterns read a small part of it.
import { TRIGGERS } from './triggers.ts';

/** What each character below 128 is. */
const OTHER = 0;
const DIGIT = 1;
const UPPER = 2;
const LOWER = 3;
/** Joins the parts of a key: `_ - + / = . ~ %`. */
const JOINT = 4;
const KIND = Uint8Array.from({ length: 65_536 }, (_, code) => {
  // letters of other scripts are letters
  if (code > 127) return LOWER;
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return UPPER;
  if (/[a-z]/.test(character)) return LOWER;
  return /[_+/=.~%-]/.test(character) ? JOINT : OTHER;
});
/** Whether any trigger ends in these 16 bits: most words stop here. */
const MAY_TRIGGER = new Uint8Array(65_536);
for (const hash of TRIGGERS) MAY_TRIGGER[hash & 0xffff] = 1;

const AT = 64;
const COLON = 58;
const EQUALS = 61;
const LESS = 60;
const BACKTICK = 96;
/** So many digits with little between them may be a number of somebody. */
const MIN_DIGITS = 4;
const MAX_GAP = 4;
/** So many characters in a row may be a key. */
const MIN_TOKEN = 16;
const MIN_ALNUM = 10;
/** What a pattern may look at around a find, before and behind. */
const AROUND = 112;
const MAX_WORD = 80;
/** Parts are kept apart by what no pattern crosses. */
const BORDER = '\n\u0001\n';
const NAMES = /(?:pass|pwd|pw|secret|token|key|cred|auth|wort|senha)[a-z_.\s"'`\])-]{0,12}$/i;

/** The parts of a text worth looking at, in one text; the text itself when that is most of it, an empty one when there are none. */
export function zonesOf(text: string): string {
  const spans = spansOf(text);
  if (spans.length === 0) return '';
  let length = 0;
  for (let index = 0; index < spans.length; index += 2) length += (spans[index + 1] ?? 0) - (spans[index] ?? 0);
  if (length > text.length * 0.8) return text;
  const parts: string[] = [];
  for (let index = 0; index < spans.length; index += 2) parts.push(text.slice(spans[index], spans[index + 1]));
  return parts.join(BORDER);
}

/** Starts and ends, in order, not overlapping. One loop over the characters, since it runs over everything that goes in or out. */
function spansOf(text: string): number[] {
  const spans = new Spans(text);
  const codes = codesOf(text);
  const length = codes.length;
  let digits = 0;
  let lastDigit = -100;
  let clusterStart = 0;
  let lastColon = -100;
  let at = 0;
  while (at < length) {
    let code = codes[at] ?? 0;
    let kind = KIND[code] ?? OTHER;
    if (kind === OTHER) {
      if (code === AT || (code === LESS && codes[at + 1] === LESS)) spans.mark(at, at);
      else if (code === COLON) {
        if (at - lastColon <= 5 || names(text, at)) spans.mark(Math.max(0, lastColon), at);
        lastColon = at;
      }
      at += 1;
      continue;
    }
    // a token: what stands without blanks
    const start = at;
    let others = 0;
    let mixed = false;
    do {
      if (kind === LOWER || kind === UPPER) {
        // a word: letters of one hump
        const word = at;
        let hash = 0;
        let low = false;
        do {
          if (kind === UPPER) {
            if (low) break;
            if (at > start) mixed = true;
            code += 32;
          } else low = true;
          hash = (Math.imul(hash, 31) + code) | 0;
          at += 1;
          code = at < length ? (codes[at] ?? 0) : 0;
          kind = KIND[code] ?? OTHER;
        } while (kind === LOWER || kind === UPPER);
        if (MAY_TRIGGER[hash & 0xffff] === 1 && TRIGGERS.has(hash)) spans.mark(word, at);
        continue;
      }
      mixed ||= at > start;
      if (kind === DIGIT) {
        if (at - lastDigit > MAX_GAP) {
          digits = 0;
          clusterStart = at;
        }
        digits += 1;
        lastDigit = at;
        if (digits >= MIN_DIGITS && !(digits === MIN_DIGITS && isYear(text, at))) spans.mark(clusterStart, at);
      } else {
        others += 1;
        if (code === EQUALS && names(text, at)) spans.mark(at, at);
      }
      at += 1;
      code = at < length ? (codes[at] ?? 0) : 0;
      kind = KIND[code] ?? OTHER;
    } while (kind !== OTHER);
    if (mixed && at - start >= MIN_TOKEN && at - start - others >= MIN_ALNUM) spans.mark(start, at);
  }
  return spans.all;
}

/** The characters as numbers: reading an array costs half of asking the text for each. */
function codesOf(text: string): Uint16Array {
  const bytes = Buffer.from(text, 'utf16le');
  return bytes.byteOffset % 2 === 0
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, text.length)
    : Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

/** Marked parts, widened by what patterns look at around a find, joined where they meet. */
class Spans {
  readonly all: number[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  mark(from: number, to: number): void {
    const { all } = this;
    const last = all.length - 1;
    const reached = last < 0 ? -1 : (all[last] ?? 0);
    // well inside what is marked: the usual case where everything is worth a look
    if (from - AROUND - MAX_WORD >= (all[last - 1] ?? Number.POSITIVE_INFINITY) && to + AROUND + MAX_WORD <= reached) return;
    const start = wordStart(this.#text, Math.max(0, from - AROUND));
    const end = wordEnd(this.#text, Math.min(this.#text.length, to + AROUND));
    if (last < 0 || start > reached) {
      all.push(start, end);
      return;
    }
    if (end > reached) all[last] = end;
    // a long find may begin before parts that were marked in it
    while (all.length > 2 && start <= (all[all.length - 3] ?? -1)) all.splice(-3, 2);
    if (start < (all[all.length - 2] ?? 0)) all[all.length - 2] = start;
  }
}

/** Whether what stands before `=` or `:` could be the name of a secret. */
function names(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1);
  // after a digit, a bracket or a blank that follows none of its letters it is none
  return (
    (code > BACKTICK || code === 34 || code === 39 || code === 32 || code === 93 || (code > 64 && code < 91)) &&
    NAMES.test(text.slice(Math.max(0, at - 24), at))
  );
}

/** The end of a plain year, which stands in every text. */
function isYear(text: string, at: number): boolean {
  const century = text.charCodeAt(at - 3) * 256 + text.charCodeAt(at - 2);
  if (century !== 0x3139 && century !== 0x3230) return false;
  const next = text.charCodeAt(at + 1);
  const previous = text.charCodeAt(at - 4);
  return isApart(previous) && isApart(next);
}

function isApart(code: number): boolean {
  return Number.isNaN(code) || code === 32 || code === 10 || code === 44 || code === 41 || code === 40 || code === 59;
}

/** Back to a blank, so that no word is cut; a very long one is. */
function wordStart(text: string, from: number): number {
  for (let at = from; at > 0 && from - at < MAX_WORD; at -= 1) if (text.charCodeAt(at - 1) <= 32) return at;
  return Math.max(0, from - MAX_WORD);
}

function wordEnd(text: string, from: number): number {
  for (let at = from; at < text.length && at - from < MAX_WORD; at += 1) if (text.charCodeAt(at) <= 32) return at;
  return Math.min(text.length, from + MAX_WORD);
}
