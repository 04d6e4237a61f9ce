// What a text looks like: letters that a person takes for one another become the same letter. Both sides of a comparison go through it.
import unhomoglyph from 'unhomoglyph';
import { foldCase } from './characters.ts';

/** Look-alikes that Unicode's confusables leave apart (small capitals, Greek and other letters people read as Latin). */
const LETTERS = new Map(
  Object.entries({
    a: 'ᴀɑ',
    b: 'ʙƅɓ',
    c: 'ᴄ',
    d: 'ᴅɖɗ',
    e: 'ᴇεɛəǝɘ',
    f: 'ꜰ',
    g: 'ɢɡ',
    h: 'ʜ',
    i: 'ɪ',
    j: 'ᴊ',
    k: 'ᴋĸ',
    l: 'ʟıɩ|',
    m: 'ᴍ',
    n: 'ɴηпŋ',
    o: 'ᴏɔ',
    p: 'ᴘ',
    r: 'ʀгɹ',
    s: 'ꜱ',
    t: 'ᴛτ',
    u: 'ᴜυʊ',
    v: 'ᴠ',
    w: 'ᴡω',
    x: 'χ',
    y: 'ʏ',
    z: 'ᴢʐ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);
const LETTER = new RegExp(`[${[...LETTERS.keys()].map((letter) => (letter === '|' ? '\\|' : letter)).join('')}]`, 'gu');
/** Letters drawn in a box, a disc or as a flag: first code point of each alphabet. */
const ALPHABETS = [0x1f130, 0x1f150, 0x1f170, 0x1f1e6];
const BOXED = /[\u{1f130}-\u{1f149}\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}\u{1f1e6}-\u{1f1ff}]/gu;
const DIGITS: Record<string, string> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
};
const SIGNS: Record<string, string> = { '@': 'a', $: 's', '!': 'l', '€': 'e', '£': 'l', '¢': 'c', '¥': 'y' };

/** The skeleton of a text, in lower case without accents. `i`, `l` and `1` are one letter, and so are `rn` and `m`. */
export function skeleton(text: string): string {
  const boxed = text.replace(BOXED, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    const first = ALPHABETS.findLast((start) => start <= code) ?? code;
    return String.fromCharCode(0x61 + code - first);
  });
  // twice: a capital and its small letter look like different others
  const folded = withoutAccents(foldCase(unhomoglyph(boxed)));
  return withoutAccents(foldCase(unhomoglyph(folded)))
    .replace(LETTER, (letter) => LETTERS.get(letter) ?? letter)
    .replace(/[@$!€£¢¥](?=\p{L})/gu, (sign) => SIGNS[sign] ?? sign)
    .replace(/[\p{L}\p{N}]+/gu, (word) =>
      /\p{L}/u.test(word) ? word.replace(/[013-9]/g, (digit) => DIGITS[digit] ?? digit) : word,
    )
    .replace(/i/g, 'l')
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w');
}

/** Letters without the marks on them. */
export function withoutAccents(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}+/gu, '');
}
