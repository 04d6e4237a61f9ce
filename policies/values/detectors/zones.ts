// Where in a text something sensitive could stand at all: one quick pass, so that each pattern reads only what could hold its like.
import { DIGIT, HEXADECIMAL, isYear, JOINT, KIND, LOWER, OTHER, skipped, UPPER } from './harmless.ts';
import { Spans } from './spans.ts';
import { ALONE, GATE, MAY_TRIGGER, NEEDS, type Need, TELLS, TRIGGERS } from './triggers.ts';

const AT = 64;
const COLON = 58;
const EQUALS = 61;
const LESS = 60;
const DASH = 45;
const COMMA = 44;
const SEMICOLON = 59;
const DOT = 46;
const BACKTICK = 96;
/** A word counts only with what has to stand near it: a number, a sign, another word. */
const NEAR = 112;
const FAR = 1_000_000_000;
/** So many digits with little between them may be a number of somebody. */
const MIN_DIGITS = 6;
const MAX_GAP = 4;
/** So many characters in a row may be a key. */
const MIN_TOKEN = 16;
const MIN_ALNUM = 10;
/** Parts are kept apart by what no pattern crosses. */
export const BORDER = '\n\u0001\n';
const NAMES = /(?:pass|pwd|pw|secret|token|key|cred|auth|wort|senha)[a-z_.\s"'`\])-]{0,12}$/i;
/** For each need the parts of a text worth looking at, in one text: the whole text when that is most of it; absent when there are none. */
export type Zones = ReadonlyMap<Need, string>;

export function zonesOf(text: string): Zones {
  const zones = new Map<Need, string>();
  for (const [index, spans] of scan(text).entries()) {
    const need = NEEDS[index];
    if (spans && need !== undefined) zones.set(need, cut(text, spans.all));
  }
  return zones;
}

/** The parts around what a pattern finds: a cheap look before many others. */
export function narrowed(text: string, pattern: RegExp): string {
  const spans = new Spans(text);
  for (const match of text.matchAll(pattern)) spans.mark(match.index, match.index + match[0].length);
  return cut(text, spans.all);
}

function cut(text: string, all: readonly number[]): string {
  let length = 0;
  for (let index = 0; index < all.length; index += 2) length += (all[index + 1] ?? 0) - (all[index] ?? 0);
  if (length > text.length * 0.8) return text;
  const parts: string[] = [];
  for (let index = 0; index < all.length; index += 2) parts.push(text.slice(all[index], all[index + 1]));
  return parts.join(BORDER);
}

/** One loop over the characters, since it runs over everything that goes in or out. */
function scan(text: string): (Spans | undefined)[] {
  const found: (Spans | undefined)[] = NEEDS.map(() => undefined);
  const mark = (need: number, from: number, to: number) => {
    let spans = found[need];
    if (spans === undefined) {
      spans = new Spans(text);
      found[need] = spans;
    }
    spans.mark(from, to);
  };
  const { length } = text;
  const codes = codesOf(text);
  /** Where the last word of each need stood, and the last of what has to stand near it. */
  const words = new Int32Array(NEEDS.length).fill(-FAR);
  const partners = new Int32Array(NEEDS.length).fill(-FAR);
  const partner = (need: number, here: number) => {
    partners[need] = here;
    if (here - words[need]! <= NEAR) mark(need, words[need]!, here);
  };
  const said = (bits: number, from: number, to: number) => {
    for (let need = SECRET; need < NEEDS.length; need += 1) {
      const means = (bits >> need) & 1;
      const tells = (bits >> (need + TELLS)) & 1;
      if (tells) partner(need, from);
      if (!means) continue;
      if (bits & ALONE || from - partners[need]! <= NEAR) mark(need, Math.max(0, Math.min(from, partners[need]!)), to);
      words[need] = from;
      // two words of the body tell as well
      if (need === HEALTH) partners[need] = from;
    }
  };
  let digits = 0;
  let lastDigit = -100;
  let clusterStart = 0;
  let lastColon = -100;
  let colons = 0;
  let idEnd = -100;
  let at = 0;
  while (at < length) {
    const first = codes[at]!;
    let kind = KIND[first]!;
    if (kind === OTHER) {
      if (first > 32 && first !== COMMA && first !== SEMICOLON) partner(SECRET, at);
      if (first === AT) mark(MAIL, at, at);
      else if (first === LESS && codes[at + 1] === LESS) mark(PERSON, at, at);
      else if (first === COLON) {
        colons = at - lastColon <= 5 ? colons + 1 : 1;
        if (colons > 2 || at - lastColon === 1) mark(HOST, Math.max(0, lastColon), at);
        if (isNamed(text, codes[at - 1], at)) mark(SECRET, at, at);
        lastColon = at;
      }
      at += 1;
      continue;
    }
    // a token: what stands without blanks
    const start = at;
    if (kind === DIGIT || HEXADECIMAL[codes[at + 7]!] === 1) {
      const past = skipped(text, codes, at);
      if (past > at) {
        partner(PERSON, at);
        at = past;
        lastDigit = -100;
        continue;
      }
    }
    let others = 0;
    let dots = 0;
    let numbers = 0;
    let mixed = false;
    do {
      if (kind === DIGIT) {
        mixed ||= at > start;
        numbers += 1;
        if (at - lastDigit > MAX_GAP) {
          digits = 0;
          clusterStart = at;
        }
        digits += 1;
        lastDigit = at;
        if (numbers === 1) partner(SECRET, at);
        if (digits === 2 && !isYear(codes, at + 1)) partner(HEALTH, at);
        if (digits === 3 || (digits & 31) === 31) {
          partner(PERSON, at);
          if (!isYear(codes, at)) {
            partner(MONEY, at);
            partner(NATIONAL, at);
          }
        }
        if (digits >= MIN_DIGITS) mark(NUMBER, clusterStart, at);
        at += 1;
      } else if (kind === JOINT) {
        const code = codes[at]!;
        mixed ||= at > start;
        others += 1;
        if (code === EQUALS) {
          partner(SECRET, at);
          if (isNamed(text, codes[at - 1], at)) mark(SECRET, at, at);
        } else if (code === DOT) dots += 1;
        at += 1;
      } else {
        // a word: letters of one hump
        const word = at;
        if (kind === UPPER) {
          mixed ||= at > start;
          do at += 1;
          while (KIND[codes[at]!] === UPPER);
          if (at - word > 1) {
            mixed = true;
            // the length of a bank's code
            if (at - word === 8 || at - word === 11) partner(MONEY, word);
          }
          kind = KIND[codes[at]!]!;
        }
        while (kind === LOWER) {
          at += 1;
          kind = KIND[codes[at]!]!;
        }
        if (GATE[((codes[word]! & 31) << 10) | ((codes[word + 1]! & 31) << 5) | (codes[word + 2]! & 31)] === 1) {
          const bits = bitsOf(codes, word, at);
          if (bits !== 0) said(bits, word, at);
          if (bits < 0) idEnd = at;
        }
        // "id number", "ID card": what an id is, the next word says
        if (word >= idEnd && word - idEnd <= 1) said(1 << NATIONAL, word, at);
      }
      kind = KIND[codes[at]!]!;
    } while (kind !== OTHER);
    if (others > 4) partner(SECRET, start);
    if (!mixed) continue;
    const size = at - start;
    if (size >= MIN_TOKEN && size - others >= MIN_ALNUM) mark(TOKEN, start, at);
    else if ((size === 8 || size === 11) && KIND[codes[start + 1]!] === UPPER) partner(MONEY, start);
    // a short code with a letter at either end is one of India's, of which the digits alone are too few
    else if (size === 10 && numbers === 4) mark(NUMBER, start, at);
    // "D.O.B." falls apart into letters
    else if (size < 7 && dots > 1 && (codes[start]! | 32) === 100) mark(PERSON, start, at);
    if (numbers > 3 && dots > 2) mark(HOST, start, at);
    // the ways to write a machine's address without colons
    else if ((size === 17 && codes[start + 2] === DASH) || (size === 14 && codes[start + 4] === DOT)) mark(HOST, start, at);
  }
  codes.fill(0, 0, length);
  return found;
}

const [NUMBER = 0, MAIL = 0, HOST = 0, TOKEN = 0, SECRET = 0, MONEY = 0, HEALTH = 0, PERSON = 0, NATIONAL = 0] = NEEDS.map(
  (_, index) => index,
);

/** The needs that a word meets, a bit each; 0 when it is no trigger. */
function bitsOf(codes: Uint16Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) {
    const code = codes[at]!;
    hash = (Math.imul(hash, 31) + (KIND[code] === UPPER ? code + 32 : code)) | 0;
  }
  return MAY_TRIGGER[hash & 0xffff] === 1 ? (TRIGGERS.get(hash) ?? 0) : 0;
}

/** Zeros behind a text, so that looking a little ahead needs no check. */
const AHEAD = 40;
/** Kept from text to text, since getting two fresh megabytes takes longer than the scan; nothing that was seen stays in it. */
let sheet = new Uint16Array(4_096);

/** The characters as numbers: reading an array costs half of asking the text for each. */
function codesOf(text: string): Uint16Array {
  if (sheet.length < text.length + AHEAD) sheet = new Uint16Array(text.length + AHEAD);
  Buffer.from(sheet.buffer).write(text, 'utf16le');
  return sheet;
}

/** Whether what stands before `=` or `:` could be the name of a secret. */
function isNamed(text: string, before: number | undefined, at: number): boolean {
  if (before === undefined) return false;
  // after a digit, a bracket or a blank that follows none of its letters it is none
  return (
    (before > BACKTICK ||
      before === 34 ||
      before === 39 ||
      before === 32 ||
      before === 93 ||
      before === 95 ||
      (before > 64 && before < 91)) &&
    NAMES.test(text.slice(Math.max(0, at - 24), at))
  );
}
