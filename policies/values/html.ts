// What a person sees of a text that may be HTML.
import { decodeHTML } from 'entities';

/** Tags that end a line or a cell: the words around them are apart. */
const BLOCK =
  /^(?:address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|head|header|hr|html|li|main|nav|ol|option|p|pre|section|select|table|tbody|td|tfoot|th|thead|title|tr|ul)$/;
/** Elements whose content is never drawn. */
const HIDDEN = /^(?:script|style|template|noscript)$/;

/** The text without tags, comments and scripts, entities decoded. Linear; a `<` that opens nothing stays. */
export function stripHtml(text: string): string {
  return decodeHTML(withoutTags(text));
}

function withoutTags(text: string): string {
  let out = '';
  let kept = 0;
  // no `>` or comment end behind one place means none behind any later place: search for each only once
  let noEnd = false;
  let noCommentEnd = false;
  const neverClosed = new Set<string>();
  for (let open = text.indexOf('<'); open >= 0; open = text.indexOf('<', Math.max(open + 1, kept))) {
    if (text.startsWith('<!--', open) && !noCommentEnd) {
      const end = text.indexOf('-->', open + 4);
      noCommentEnd = end < 0;
      if (noCommentEnd) continue;
      out += text.slice(kept, open);
      kept = end + 3;
      continue;
    }
    const name = /^<[/!?]?([a-z][a-z0-9:-]{0,30})?/i.exec(text.slice(open, open + 34));
    if (noEnd || !name || (name[1] === undefined && name[0] === '<')) continue;
    const end = tagEnd(text, open);
    noEnd = end < 0;
    if (noEnd) continue;
    const tag = (name[1] ?? '').toLowerCase();
    out += text.slice(kept, open) + (BLOCK.test(tag) ? '\n' : '');
    kept = HIDDEN.test(tag) && name[0][1] !== '/' && !neverClosed.has(tag) ? hiddenEnd(text, tag, end) : end;
    if (kept < 0) {
      neverClosed.add(tag);
      kept = end;
    }
  }
  return out + text.slice(kept);
}

/** Just behind the `>` that closes a tag, quotes respected where they close; -1 without any `>`. */
function tagEnd(text: string, open: number): number {
  const plain = text.indexOf('>', open);
  if (plain < 0) return -1;
  const MAX_TAG = 4096;
  let quote = '';
  for (let at = open + 1; at < Math.min(text.length, open + MAX_TAG); at++) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at + 1;
  }
  return plain + 1;
}

/** Just behind the closing tag; -1 where there is none, and then the content counts as text. */
function hiddenEnd(text: string, tag: string, from: number): number {
  const close = new RegExp(`</${tag}[^<>]{0,50}>`, 'gi');
  close.lastIndex = from;
  const found = close.exec(text);
  return found ? found.index + found[0].length : -1;
}
