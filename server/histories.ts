// What each agent and user did lately, in memory and bounded. Belongs to the pair, so reconnecting sheds nothing.
import type { History, PastCall } from '../policies/history.ts';
import type { Identity } from '../policies/types.ts';

const MAX_CALLS = 2_000;
const MAX_PRINCIPALS = 1_000;
const KEPT_MS = 24 * 60 * 60_000;

export type Histories = {
  of(who: Identity): History;
  /** Notes a call as it starts; what is learnt later is set on the returned entry. */
  note(who: Identity, call: PastCall): PastCall;
};

export function createHistories(): Histories {
  const calls = new Map<string, PastCall[]>();
  const key = (who: Identity) => JSON.stringify([who.user, who.agent]);
  return {
    of: (who) => calls.get(key(who)) ?? [],
    note(who, call) {
      const id = key(who);
      const list = calls.get(id) ?? [];
      // most recently active last, so the first is the one to forget
      calls.delete(id);
      calls.set(id, list);
      list.push(call);
      while (list.length > MAX_CALLS || (list[0] !== undefined && list[0].at < call.at - KEPT_MS)) list.shift();
      if (calls.size > MAX_PRINCIPALS) for (const oldest of calls.keys()) return calls.delete(oldest), call;
      return call;
    },
  };
}
