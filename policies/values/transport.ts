// Undoes the encodings a text can travel in: percent, quoted-printable, base64, and invisible tag characters.
import { percentDecoded } from './spellings.ts';

export { percentDecoded };

const MIN_BASE64 = 8;
const LINE = /^[A-Za-z0-9+/]{40,}={0,2}$/;

/** The texts that base64 runs (RFC 4648, both alphabets, wrapped lines joined) decode to; runs that decode to no text are left out. */
export function base64Texts(text: string): string[] {
  const texts: string[] = [];
  for (const [run] of unwrapped(text).matchAll(/[A-Za-z0-9+/_-]+={0,2}/g)) {
    if (run.length < MIN_BASE64) continue;
    const decoded = Buffer.from(run, 'base64').toString('utf8');
    if (decoded !== '' && !/[^\P{C}\s]|\ufffd/u.test(decoded)) texts.push(decoded);
  }
  return texts;
}

/** Joins the lines of a block that is wrapped at a fixed width. */
function unwrapped(text: string): string {
  if (!text.includes('\n')) return text;
  let joined = '';
  let open = false;
  for (const line of text.split(/\r?\n/)) {
    const body = LINE.test(line);
    joined += open && (body || /^[A-Za-z0-9+/]+={0,2}$/.test(line)) ? line : `\n${line}`;
    open = body && !line.endsWith('=');
  }
  return joined;
}

/** `=XX` and soft line breaks undone (RFC 2045 §6.7), and `\uXXXX`, `\xXX` escapes. */
export function quotedPrintable(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, (run) => Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8'))
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, long?: string, short?: string) =>
      String.fromCharCode(Number.parseInt(long ?? short ?? '', 16)),
    );
}

/** The bytes of an encoded word's text (RFC 2047 §4); `kind` is its `b` or `q`. */
export function encodedWordBytes(kind: string, body: string): Buffer {
  if (kind.toLowerCase() === 'b') return Buffer.from(body, 'base64');
  const spelt = body
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(spelt, 'latin1');
}

/** What the invisible tag characters U+E0020–E007E spell: a model reads them, a person doesn't. */
export function tagText(text: string): string {
  return (text.match(/[\u{e0020}-\u{e007e}]+/gu) ?? [])
    .map((run) => [...run].map((tag) => String.fromCharCode((tag.codePointAt(0) ?? 0) - 0xe0000)).join(''))
    .join(' ');
}
