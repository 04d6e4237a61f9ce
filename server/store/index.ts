// The store: the guard's small state in state.json, changed whole or not at all. One process at a time owns it (server/owner).
import { join } from 'node:path';
import { Low } from 'lowdb';
import { systemClock } from '../clock.ts';
import { frozen } from '../frozen.ts';
import type { Clock, StateData, Store } from '../ports.ts';
import { stateFile } from './adapter.ts';
import { disk, type Files, privateFolder, StateError } from './files.ts';
import { prune } from './prune.ts';
import { emptyState } from './schema.ts';
import type { Seal } from './sealed.ts';

/** `recovered` says, in words for the user, what was wrong with the state that was found, if it couldn't be used. */
export type OpenedStore = Store & {
  recovered?: string;
  /** From now on every write says which record of the audit it reflects. */
  follow(newest: () => number): void;
  /** Called after every write that succeeded. Gives a function that ends it. */
  onWritten(listener: () => void): () => void;
};

type Change = { apply(draft: StateData): unknown; resolve(value: unknown): void; reject(error: unknown): void };

/**
 * Opens `<dir>/state.json`. A file that can't be trusted is moved aside as `state.json.corrupt-<n>`; what follows allows nothing until
 * somebody signs in, since the lost file may have said so.
 * @throws StateError when the folder can't be used
 */
export async function openStore(
  dir: string,
  options: { files?: Files; clock?: Clock; seal?: () => Promise<Seal> } = {},
): Promise<OpenedStore> {
  const clock = options.clock ?? systemClock;
  await privateFolder(dir);
  const file = stateFile(join(dir, 'state.json'), options.files ?? disk, await options.seal?.());
  const low = new Low<StateData>(file, emptyState());
  await low.read();
  const { recovered } = file;
  if (recovered) await low.write();

  let live = frozen(low.data);
  let waiting: Change[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;
  let newest = () => live.seq;
  const listeners = new Set<() => void>();

  /** Takes all changes that wait, writes them at once, and goes on until none waits. */
  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      let draft = live;
      const done: { change: Change; value: unknown }[] = [];
      for (const change of batch) {
        try {
          const next = structuredClone(draft);
          const value = change.apply(next);
          if (value instanceof Promise) throw new Error('a change of the state must not wait: do the waiting before `update`');
          draft = next;
          done.push({ change, value });
        } catch (error) {
          change.reject(error);
        }
      }
      if (done.length === 0) continue;
      try {
        prune(draft, clock.now());
        draft.seq = Math.max(draft.seq, newest());
        low.data = draft;
        await low.write();
        live = frozen(draft);
        for (const { change, value } of done) change.resolve(value);
        for (const listener of listeners) listener();
      } catch (error) {
        low.data = live;
        for (const { change } of done) change.reject(error);
      }
    }
    // In the same breath as the last look at the queue: a change that comes a moment later starts the next round itself.
    draining = undefined;
  };

  return {
    ...(recovered === undefined ? {} : { recovered }),
    get data() {
      return live;
    },
    update<T>(apply: (data: StateData) => T): Promise<T> {
      if (closed) return Promise.reject(new StateError('the state is closed: the guard is shutting down'));
      return new Promise<T>((resolve, reject) => {
        waiting.push({ apply, resolve: (value) => resolve(value as T), reject });
        draining ??= Promise.resolve().then(drain);
      });
    },
    follow(seq) {
      newest = seq;
    },
    onWritten(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      await draining;
    },
  };
}
