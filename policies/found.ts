// What looks like a resource in a text nobody described: addresses of the web, mailboxes, and paths.
export type Found = { kind: 'path' | 'url' | 'address'; value: string };

const MAX_TEXT = 64 * 1024;
const MAX_FOUND = 50;
const URL_TEXT = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>()[\]{}]+/gi;
const ADDRESS_TEXT = /[^\s<>()[\],;:"@]{1,64}@[^\s<>()[\],;:"@]{1,255}/g;
const ABSOLUTE = /^(?:\/|~|\.\.?[\\/]|[a-z]:[\\/]|\\\\)|(?:^|[\\/])\.\.(?:[\\/]|$)/i;
/** `a/b.txt`: one word with a slash that is no date, fraction, media type or sentence. */
const RELATIVE =
  /^(?!\d+\/\d)(?!(?:text|image|audio|video|application|multipart)\/[a-z0-9.+-]+$)[\p{L}\p{N}_.$%-][^\s:*?"<>|]*[\\/][^\s:*?"<>|]*$/iu;

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
    const bare = word.replace(/^["'(<[]+|["')>\],.;!?]+$/g, '');
    if (bare.length < 2 || bare.length > 4096) continue;
    if (ABSOLUTE.test(bare) || (words.length === 1 && RELATIVE.test(bare))) found.push({ kind: 'path', value: bare });
    if (found.length >= MAX_FOUND) return found;
  }
  return found;
}
