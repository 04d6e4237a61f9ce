// Words in a text, with disguises undone: what a `when` on a body compares, and how long the body is.
import { foldCase, withoutInvisible } from './characters.ts';
import { stripHtml } from './html.ts';
import { skeleton, withoutAccents } from './skeleton.ts';
import { base64Texts, percentDecoded, quotedPrintable, tagText } from './transport.ts';
import { Unreadable } from './unreadable.ts';

export { stripHtml } from './html.ts';
export { visible } from './visible.ts';

/** Characters. A longer text is refused where its words decide: what isn't read can't be vouched for. */
const MAX_TEXT = 1024 * 1024;
/** A shorter word spelt backwards is too often another word. */
const MIN_REVERSED = 4;

type View = { text: string; fold: (word: string) => string };

/**
 * The text in every normalised reading: as it stands, as HTML shows it, decoded from base64, percent, quoted-printable and invisible
 * tags, with spaced-out letters joined; each plain and by its looks. Throws Unreadable above 1 MB.
 */
export function views(text: string): string[] {
  return viewsOf(text).map((view) => view.text);
}

/**
 * The words and phrases, as given, that the text mentions: whole words on any view, so `embankment` doesn't mention `bank`. A word
 * of four letters or more counts backwards too. Words of a script without spaces count anywhere.
 */
export function mentions(text: string, words: readonly string[]): string[] {
  const found = new Set<string>();
  for (const view of viewsOf(text)) {
    const tokens = wordsOf(view.text);
    const single = new Set(tokens);
    const line = ` ${tokens.join(' ')} `;
    const has = (phrase: string) => (phrase.includes(' ') ? line.includes(` ${phrase} `) : single.has(phrase));
    for (const word of words) {
      if (found.has(word)) continue;
      const phrase = wordsOf(view.fold(word)).join(' ');
      if (phrase === '' || SPACELESS.test(phrase)) {
        const part = view.fold(word).trim();
        if (part !== '' && view.text.includes(part)) found.add(word);
        continue;
      }
      const joined = phrase.replaceAll(' ', '');
      if (has(phrase) || single.has(joined) || (joined.length >= MIN_REVERSED && has([...phrase].reverse().join(''))))
        found.add(word);
    }
  }
  return words.filter((word) => found.has(word));
}

/** The pieces of text, as given, that stand anywhere in any view. Blanks count as one space. */
export function contains(text: string, parts: readonly string[]): string[] {
  const all = viewsOf(text).map((view) => ({ text: view.text.replace(/\s+/g, ' '), fold: view.fold }));
  return parts.filter((part) =>
    all.some((view) => {
      const piece = view.fold(part).replace(/\s+/g, ' ');
      return piece.trim() !== '' && view.text.includes(piece);
    }),
  );
}

/** Scripts written without spaces between words. */
const SPACELESS = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}\p{sc=Tibt}]/u;
const WORD = new RegExp(`${SPACELESS.source}|(?:(?!${SPACELESS.source})[\\p{L}\\p{N}\\p{M}])+(?:['’][\\p{L}]+)*`, 'gu');

/**
 * How many words: runs of letters and digits (`don't` is one, `well-known` two); each character of a script without spaces is one.
 * The larger of the text as it stands and as HTML shows it, so that neither markup nor its lack hides words.
 */
export function countWords(text: string): number {
  const count = (reading: string) => {
    let words = 0;
    for (const _ of reading.matchAll(WORD)) words += 1;
    return words;
  };
  // invisible characters can part words or hide inside them, so both ways are counted
  const apart = text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, ' ');
  const shown = text.includes('<') || text.includes('&') ? stripHtml(text) : text;
  return Math.max(count(withoutInvisible(text)), apart === text ? 0 : count(apart), shown === text ? 0 : count(shown));
}

function viewsOf(text: string): View[] {
  if (text.length > MAX_TEXT)
    throw new Unreadable('the text is longer than 1 MB, too long to look for words in; make it shorter');
  const sources = new Set([text]);
  if (/[<&]/.test(text)) sources.add(stripHtml(text));
  sources.add(percentDecoded(text)).add(quotedPrintable(text));
  for (const hidden of [tagText(text), ...[...sources].map((source) => base64Texts(source).join('\n'))])
    if (hidden !== '') sources.add(hidden);
  for (const source of [...sources]) sources.add(lettersJoined(source));
  const found = new Map<string, View>();
  for (const source of sources) {
    const clean = withoutInvisible(source);
    for (const fold of [plain, skeleton]) {
      const view = fold(clean);
      if (!found.has(view)) found.set(view, { text: view, fold });
    }
  }
  return [...found.values()];
}

function plain(text: string): string {
  return withoutAccents(foldCase(text.normalize('NFKC')));
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** `b a n k`, `b.a.n.k` and `ba**nk**` as one word; two blanks still part words. */
function lettersJoined(text: string): string {
  return withoutInvisible(text)
    .replace(/-\r?\n[ \t]{0,8}/g, '')
    .replace(/(?<=\p{L})[*_~`]{1,3}(?=\p{L})/gu, '')
    .replace(/(?<![\p{L}\p{N}])[\p{L}\p{N}](?:(?:[.\-_*·•|/,:][ \t]?|[ \t\r\n])[\p{L}\p{N}](?![\p{L}\p{N}])){2,}/gu, (run) =>
      run.replace(/[^\p{L}\p{N}]+/gu, ''),
    );
}
