// Whether the user is there: known only from what a human did, and only for a while.

import { epoch, iso } from './clock.ts';
import { Deadline } from './clock-guard.ts';
import type { Clock, Store } from './ports.ts';

const PRESENT_MS = 15 * 60_000;

export type Presence = {
  /** A human did something on a channel that the agent can't use: answered a form, typed a code, signed in. */
  humanActed(channel: string): Promise<void>;
  /** True within 15 minutes after a human act; else unknown, since nobody can see that somebody is away. */
  userPresent(): true | undefined;
};

export function createPresence({ store, clock }: { store: Store; clock: Clock }): Presence {
  let lastAct: Deadline | undefined;
  return {
    async humanActed() {
      lastAct = Deadline.in(PRESENT_MS, clock);
      const at = iso(clock.now());
      await store.update((data) => {
        data.last_human_act = at;
      });
    },
    userPresent() {
      const since = clock.now() - epoch(store.data.last_human_act ?? '');
      if (!(since >= 0 && since < PRESENT_MS)) return undefined;
      // An act of this run counts on the monotonic clock as well, so setting the wall clock back doesn't make it young again.
      return lastAct?.passed(clock) ? undefined : true;
    },
  };
}
