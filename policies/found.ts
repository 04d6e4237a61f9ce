// What looks like a resource in a text nobody described: addresses of the web, mailboxes, and paths.
import { spellingsOf } from './values/spellings.ts';

export type Found = { kind: 'path' | 'url' | 'address'; value: string };

const MAX_TEXT = 64 * 1024;
const MAX_FOUND = 50;
const URL_TEXT = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>()[\]{}]+/gi;
const ADDRESS_TEXT = /[^\s<>()[\],;:"@]{1,64}@[^\s<>()[\],;:"@]{1,255}/g;
const ABSOLUTE = /^(?:\/|~|\.\.?[\\/]|[a-z]:[\\/]|\\\\)|(?:^|[\\/])\.\.(?:[\\/]|$)/i;
/** `a/b.txt`: one word with a slash that is no date, fraction, media type or sentence. */
const RELATIVE =
  /^(?!\d+\/\d)(?!(?:text|image|audio|video|application|multipart)\/[a-z0-9.+-]+$)[\p{L}\p{N}_.$%-][^\s:*?"<>|]*[\\/][^\s:*?"<>|]*$/iu;

/** A place by itself, with no separator to tell it by: only as the whole of a value. */
const PLACE =
  /^(?:[/\\~]|[a-z]:|\$\{?(?:HOME|PWD|OLDPWD|TMPDIR|APPDATA|USERPROFILE)\}?|\$env:\w+|%(?:USERPROFILE|HOMEPATH|APPDATA|TEMP|SYSTEMROOT|PROGRAMDATA)%)$/i;
/** Signs around a path in options, lists and JSON: `--out=/x`, `a,../b`, `{"path":"/x"}`. */
const AROUND = /[=,;:|"'`]+/;
const ENCODED_SEPARATOR = /%(?:25)*(?:2f|5c)/i;
/** A separator, plain or encoded, in what can't be read in all its spellings. */
const SEPARATED = /[\\/\u2215\u2044\uff0f\uff3c]|%(?:25)*(?:2f|5c)/i;
const MAX_WORD = 4096;

/** Finds them. What is found is judged, so a false find costs a question; only the first 50 count, and more than that counts as a find too. */
export function findResources(value: string): Found[] {
  const text = value.slice(0, MAX_TEXT);
  const found: Found[] = [];
  let rest = text;
  for (const [url] of text.matchAll(URL_TEXT)) {
    found.push({ kind: 'url', value: url.replace(/[.,;!?]+$/, '') });
    rest = rest.replace(url, ' ');
    if (found.length >= MAX_FOUND) return found;
  }
  for (const [address] of rest.matchAll(ADDRESS_TEXT)) {
    found.push({ kind: 'address', value: address.replace(/[.,;!?]+$/, '') });
    rest = rest.replace(address, ' ');
    if (found.length >= MAX_FOUND) return found;
  }
  const whole = rest.trim();
  const words = whole.split(/\s+/);
  for (const word of words) {
    found.push(...pathsIn(word, words.length === 1).map((path): Found => ({ kind: 'path', value: path })));
    if (found.length >= MAX_FOUND) return found.slice(0, MAX_FOUND);
  }
  return found;
}

/** The paths a word is or holds; a word that is all of the value is looked at more closely. */
function pathsIn(word: string, alone: boolean): string[] {
  if (alone && PLACE.test(word)) return [word];
  const bare = word.replace(/^["'(<[]+|["')>\],.;!?]+$/g, '');
  if (bare.length < 2) return [];
  if (bare.length > MAX_WORD) return isLongPath(bare, alone) ? [bare] : [];
  const parts = bare.split(AROUND).filter((part) => part.length > 1 && ABSOLUTE.test(part));
  const whole = ABSOLUTE.test(bare) || (alone && (RELATIVE.test(bare) || isSpelledPath(bare)));
  return [...new Set(whole ? [bare, ...parts] : parts)];
}

/** Whether some program would read a path in it: encoded, escaped, in braces. */
function isSpelledPath(word: string): boolean {
  if (/^data:/i.test(word)) return false;
  try {
    return spellingsOf(word, 'posix').some((spelling) => ABSOLUTE.test(spelling) || RELATIVE.test(spelling));
  } catch {
    return SEPARATED.test(word);
  }
}

/** What is longer than a path may be can still come down to one, by its `.` and `..` or once decoded; other long words are data. */
function isLongPath(word: string, alone: boolean): boolean {
  const shorter = word.replace(/[\\/](?:\.?[\\/])+/g, '/');
  if (/(?:^|[\\/])\.\.(?:[\\/]|$)/.test(shorter) || (alone && ENCODED_SEPARATOR.test(shorter))) return true;
  return shorter.length <= MAX_WORD && ABSOLUTE.test(shorter);
}
