// Parts of a text, marked in order, widened by what patterns look at around a find, and joined where they meet.

/** What a pattern may look at around a find, before and behind. */
const AROUND = 112;
/** No word is cut, unless it is longer than this. */
const MAX_WORD = 80;
/** A long part grows by more than was asked for, so that it seldom has to. */
const LONG = 1_024;
const MORE = 512;

export class Spans {
  /** Starts and ends, in order, not overlapping. */
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
    const more = last > 0 && reached - (all[last - 1] ?? 0) > LONG ? MORE : 0;
    const end = wordEnd(this.#text, Math.min(this.#text.length, to + AROUND + more));
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

/** Back to a blank, so that no word is cut; a very long one is. */
function wordStart(text: string, from: number): number {
  for (let at = from; at > 0 && from - at < MAX_WORD; at -= 1) if (text.charCodeAt(at - 1) <= 32) return at;
  return Math.max(0, from - MAX_WORD);
}

function wordEnd(text: string, from: number): number {
  for (let at = from; at < text.length && at - from < MAX_WORD; at += 1) if (text.charCodeAt(at) <= 32) return at;
  return Math.min(text.length, from + MAX_WORD);
}
