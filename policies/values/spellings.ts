// The other ways a program might read the text of a path: decoded, unescaped, expanded, cleaned. None is preferred; all are judged.
import { isAscii } from 'node:buffer';
import { hasControl, withoutInvisible } from './characters.ts';
import { Unreadable } from './unreadable.ts';

type Os = 'posix' | 'windows';
type Respelling = (text: string, os: Os) => string[];

/** Every respelling may apply to the result of every other, so the set is closed under them; a text with more is hiding something. */
const MAX_SPELLINGS = 256;
const MAX_BRACE_RANGE = 64;
const MAX_BRACES = 32;

/** Characters that look like a separator and become one where text is squeezed into a smaller character set. */
const SLASHES = /[\u2044\u2215\u29f8]/g;
const BACKSLASHES = /[\u2216\u29f5\u29f9]/g;

const WINDOWS_VARIABLE = /%[A-Za-z_][A-Za-z0-9_()]*(?::[^%]*)?%/;
const VARIABLE = /%(?![0-9a-f]{2})[A-Za-z_][A-Za-z0-9_()]*(?::[^%]*)?%/i;

const RESPELLINGS: readonly Respelling[] = [
  fileUri,
  (text) => [percentDecoded(text)],
  (text) => [withoutEntities(text)],
  (text, os) => (os === 'posix' ? [text.replaceAll('\\', '/'), unescaped(text), text.replace(/\\([^\\])/g, '$1')] : []),
  (text) => [text.normalize('NFKC').replace(SLASHES, '/').replace(BACKSLASHES, '\\')],
  (text) => [withoutInvisible(text)],
  (text) => [text.trim()],
  (text) => [/^(["'`]).*\1$|^<.*>$/s.test(text) ? text.slice(1, -1) : text],
  // a shell drops quotes wherever they stand, in pairs; an apostrophe alone is part of a name
  (text) => [/(["'])[^"']*\1/.test(text) ? text.replace(/\$?["']/g, '') : text],
  (text) => [text.replace(/(?<=^|[\\/])\s*(\.{1,2})\s*(?=[\\/]|$)/g, '$1')],
  (text) => [/\.{3}[\\/.]/.test(text) ? text.replace(/\.\.[\\/]/g, '') : text],
  (text) => [text.replace(/(^|[\\/])(\.{1,2});[^\\/]*/g, '$1$2')],
  braces,
  parents,
];

/**
 * All spellings of a path, the given one first, the others NFC.
 * Throws Unreadable when one of them holds a control character, or when there are more than 256.
 */
export function spellingsOf(raw: string, os: Os): string[] {
  const seen = new Set([raw, raw.normalize('NFC')]);
  for (const text of seen) {
    for (const respell of RESPELLINGS) {
      for (const other of respell(text, os)) {
        const spelling = other.normalize('NFC');
        if (seen.has(spelling) || spelling === '') continue;
        if (hasControl(spelling)) throw new Unreadable('the path hides a control character; write the plain name');
        if (seen.size >= MAX_SPELLINGS) throw new Unreadable('the path can be read in too many ways; write one plain path');
        seen.add(spelling);
      }
    }
  }
  return [...seen];
}

/**
 * Whether a program would fill something in that is not in the text: a home folder, a variable, a command's output, or a place
 * on another machine.
 */
export function leavesTheText(text: string, os: Os): boolean {
  if (text.startsWith('~')) return true;
  if (/\$[A-Za-z_{(]|`/.test(text)) return true;
  // behind a percent sign a pair of hex digits starts a name only on Windows (`%DATE%`), else it is an encoded character
  if ((os === 'windows' ? WINDOWS_VARIABLE : VARIABLE).test(text)) return true;
  if (os === 'windows' && /![A-Za-z_][A-Za-z0-9_()]*!/.test(text)) return true;
  // `netdoc:/x` and `jar:file:/x` lead elsewhere as `http://x` does; `10:30.md` is a name
  if (/^(?!file:)[a-z][a-z0-9+._-]+:(?:\/|[a-z][a-z0-9+.-]+:)/i.test(text) || /^data:/i.test(text)) return true;
  return os === 'posix' && /^[A-Za-z]:(?:[\\/]|$)/.test(text);
}

/** The path a `file:` URI names (RFC 8089), still percent-encoded; a host other than this machine gives `//host/…`. */
function fileUri(text: string): string[] {
  const rest = /^file:(.*)$/is.exec(text)?.[1];
  if (rest === undefined) return [];
  const local = rest.replace(/^\/\/(?:localhost|127\.0\.0\.1)?(?=[\\/])/i, '').replace(/^\/(?=[A-Za-z]:)/, '');
  return [local, local.replace(/[?#].*$/s, '')];
}

/** One round of `%XX` decoding, as the most careless decoder does it: overlong UTF-8 and `%uXXXX` included. */
export function percentDecoded(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => lenientUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')))
    .replace(/%u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** UTF-8 read without the checks of RFC 3629 §3, so that an overlong slash is a slash; other stray bytes are Latin-1. */
function lenientUtf8(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    const tail = bytes.subarray(at + 1, at + length);
    if (length > 1 && byte < 0xf8 && tail.length === length - 1 && tail.every((next) => (next & 0xc0) === 0x80)) {
      const code = tail.reduce((sum, next) => (sum << 6) | (next & 0x3f), byte & (0xff >> (length + 1)));
      text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
      at += length;
    } else {
      text += String.fromCharCode(byte);
      at += 1;
    }
  }
  return text;
}

/** `\uXXXX`, `\u{X}`, `\xXX` and `\OOO` as a string literal would read them. */
function unescaped(text: string): string {
  return text.replace(
    /\\u(?:([0-9a-f]{4})|\{0*([0-9a-f]{1,5})\})|\\x([0-9a-f]{2})|\\0?([0-3][0-7]{2})/gi,
    (_, four?: string, braced?: string, two?: string, octal?: string) =>
      String.fromCodePoint(octal === undefined ? Number.parseInt(four ?? braced ?? two ?? '', 16) : Number.parseInt(octal, 8)),
  );
}

/** Dots and separators as markup (`&#46;`, `&sol;`) and mail (`=2E`) write them; of these only what changes a path matters. */
function withoutEntities(text: string): string {
  return text.replace(
    /&#(?:0*(46|47|92)|x0*(2e|2f|5c));?|&(period|sol|bsol);|=(2e|2f|5c)/gi,
    (_, decimal?: string, hex?: string, name?: string, quoted?: string) => {
      if (name !== undefined) return name.toLowerCase() === 'period' ? '.' : name.toLowerCase() === 'sol' ? '/' : '\\';
      return String.fromCharCode(decimal === undefined ? Number.parseInt(hex ?? quoted ?? '', 16) : Number(decimal));
    },
  );
}

/** A name such as `.*`, `.?`, `[.][.]` or `@(..)`, which a shell that fills in patterns takes for `..` too. */
function parents(text: string): string[] {
  const plain = text.replace(/(?<=^|[\\/])(?=[^\\/]*\()(?=[^\\/]*\.)[.?*+@!()|]+(?=[\\/]|$)/g, '..');
  return [plain.replace(/(?<=^|[\\/])(?:\.|\[[^\]\\/]{1,16}\])(?:[.?*]|\[[^\]\\/]{1,16}\])\*?(?=[\\/]|$)/g, '..')];
}

/** The first brace group expanded as a shell does: `{a,b}` and `{1..3}`; a group without a comma or range is literal. */
function braces(text: string): string[] {
  let tries = 0;
  for (let open = text.indexOf('{'); open >= 0; open = text.indexOf('{', open + 1)) {
    tries += 1;
    if (tries > MAX_BRACES) throw new Unreadable('the path holds too many braces; write one plain path');
    const group = braceGroup(text, open);
    if (group === undefined) continue;
    return group.choices.map((choice) => text.slice(0, open) + choice + text.slice(group.end));
  }
  return [];
}

function braceGroup(text: string, open: number): { choices: string[]; end: number } | undefined {
  const commas: number[] = [];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at];
    if (character === '{') depth += 1;
    else if (character === ',' && depth === 1) commas.push(at);
    else if (character === '}') depth -= 1;
    if (depth > 0) continue;
    const inner = text.slice(open + 1, at);
    if (commas.length === 0) return rangeGroup(inner, at + 1);
    const cuts = [open, ...commas, at];
    return { choices: cuts.slice(1).map((cut, index) => text.slice((cuts[index] ?? open) + 1, cut)), end: at + 1 };
  }
  return undefined;
}

function rangeGroup(inner: string, end: number): { choices: string[]; end: number } | undefined {
  const range = /^(?:(-?\d{1,9})\.\.(-?\d{1,9})|([A-Za-z])\.\.([A-Za-z]))(?:\.\.-?\d+)?$/.exec(inner);
  if (!range) return undefined;
  const letters = range[3] !== undefined;
  const from = letters ? (range[3] ?? '').charCodeAt(0) : Number(range[1]);
  const to = letters ? (range[4] ?? '').charCodeAt(0) : Number(range[2]);
  const low = Math.min(from, to);
  const count = Math.abs(to - from) + 1;
  if (count > MAX_BRACE_RANGE) throw new Unreadable('the path holds a long range in braces; name the files one by one');
  return {
    choices: Array.from({ length: count }, (_, step) => (letters ? String.fromCharCode(low + step) : String(low + step))),
    end,
  };
}
