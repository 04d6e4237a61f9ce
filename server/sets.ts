// What was counted one by one (rows, versions, a message), in the server's own form: kept in memory only, while a permission may need it.
import { createHash } from 'node:crypto';

const MAX_SET_CHARS = 1_000_000;
const MAX_KEPT_CHARS = 64_000_000;

/** Which planned call was shown with which set; the set by its digest, since state.json never holds what names rows. */
export type CallSet = { call: string; set: string };
export type Sets = {
  /** Keeps a set and gives its digest; undefined for one that is too large to keep. */
  keep(set: unknown): string | undefined;
  get(digest: string): unknown;
};

/** The sets of one guard. Past their room the oldest are forgotten, and what was approved with them no longer holds. */
export function createSets(): Sets {
  const kept = new Map<string, { set: unknown; size: number }>();
  let room = MAX_KEPT_CHARS;
  return {
    keep(set) {
      const text = JSON.stringify(set);
      if (text.length > MAX_SET_CHARS) return undefined;
      const digest = createHash('sha256').update(text).digest('hex');
      if (!kept.has(digest)) room -= text.length;
      kept.set(digest, { set, size: text.length });
      for (const [oldest, { size }] of kept) {
        if (room >= 0) break;
        kept.delete(oldest);
        room += size;
      }
      return digest;
    },
    get: (digest) => kept.get(digest)?.set,
  };
}

/** The sets a call must stay within: its own where it was planned, else those of all planned calls. Undefined when one is no longer known. */
export function setsFor(planned: readonly CallSet[], call: string, sets: Pick<Sets, 'get'>): unknown[] | undefined {
  const own = planned.filter((one) => one.call === call);
  const found = (own.length > 0 ? own : planned).map((one) => sets.get(one.set));
  return found.includes(undefined) ? undefined : found;
}
