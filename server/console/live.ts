// What changed, told to the pages that are open: one stream each, nothing while nothing happens.
import type { Perimeter } from '../perimeter.ts';
import { after, type Timer } from '../timers.ts';

export const PARTS = ['requests', 'grants', 'activity', 'lock'] as const;
/** A part of what pages show. */
export type Part = (typeof PARTS)[number];

/** Several changes at once are told as one. */
const GATHER_MS = 30;
/** Calls may come a thousand a second: their list is told of this often at most. */
const ACTIVITY_MS = 1_000;
/** These come of looking at the log, and of nothing that happened: a page that looks must not be told to look again. */
const QUIET: ReadonlySet<string> = new Set(['audit.read', 'audit.checkpoint']);

export type Live = {
  /** Calls the listener with the parts that changed, until the function it gives is called. */
  listen(listener: (parts: readonly Part[]) => void): () => void;
  /** Tells of a change that no event of the guard stands for. */
  tell(parts: readonly Part[]): void;
  readonly listeners: number;
  close(): void;
};

export function createLive({
  store,
  audit,
  elevations,
}: Pick<Perimeter, 'elevations'> & {
  store: Pick<Perimeter['store'], 'data' | 'onWritten'>;
  audit: Pick<Perimeter['audit'], 'onEvent'>;
}): Live {
  const listeners = new Set<(parts: readonly Part[]) => void>();
  let before: Record<'requests' | 'grants' | 'lock', string> | undefined;
  let timers: Partial<Record<'state' | 'activity', Timer>> = {};

  const tell = (parts: readonly Part[]) => {
    for (const listener of listeners) listener(parts);
  };
  function look(): void {
    delete timers.state;
    const now = marks();
    const changed = (['requests', 'grants', 'lock'] as const).filter((part) => before?.[part] !== now[part]);
    before = now;
    if (changed.length > 0) tell(changed);
  }
  const stateChanged = () => {
    if (listeners.size > 0) timers.state ??= after(GATHER_MS, look);
  };
  /** What a person would see of the state, as short as it can be compared. */
  function marks(): Record<'requests' | 'grants' | 'lock', string> {
    const { requests, grants, lock, session, login_required } = store.data;
    return {
      requests: Object.values(requests)
        .map((one) => `${one.request_id} ${elevations.get(one.request_id)?.state} ${one.given?.length ?? 0}`)
        .join(),
      grants: Object.values(grants)
        .map(({ grant_id, state, remaining }) => `${grant_id} ${state} ${Object.values(remaining).join(' ')}`)
        .join(),
      lock: JSON.stringify([lock, session?.session_id, session?.closed_at, login_required]),
    };
  }

  const stops = [
    store.onWritten(stateChanged),
    audit.onEvent(({ type }) => {
      if (listeners.size > 0 && !QUIET.has(type))
        timers.activity ??= after(ACTIVITY_MS, () => {
          delete timers.activity;
          tell(['activity']);
        });
    }),
  ];
  // what the disk would not take has ended all the same
  elevations.onDecided(stateChanged);

  return {
    listen(listener) {
      if (listeners.size === 0) before = marks();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell,
    get listeners() {
      return listeners.size;
    },
    close() {
      for (const stop of stops) stop();
      for (const timer of Object.values(timers)) timer.cancel();
      timers = {};
      listeners.clear();
    },
  };
}
