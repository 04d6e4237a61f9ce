// lowdb's adapter for state.json: checked before it is written and after it is read, replaced whole, the former one kept as `.bak`.
import { basename, dirname, join } from 'node:path';
import type { Adapter } from 'lowdb';
import type { StateData } from '../ports.ts';
import { besides, errorCode, type Files, LEFTOVER, StateError } from './files.ts';
import { emptyState, parseState, stateSchema } from './schema.ts';
import type { Seal } from './sealed.ts';

/** `recovered` is set by `read` when the file found couldn't be used: what was wrong, and what to do, in words for the user. */
export type StateFile = Adapter<StateData> & { recovered?: string };

/** @throws StateError from both, when the disk says no */
export function stateFile(path: string, files: Files, seal?: Seal): StateFile {
  const reveal = seal && ((raw: unknown) => seal.reveal(raw));
  const file: StateFile = {
    async read() {
      try {
        await sweep(path, files);
        const text = await files.read(path);
        const spare = await files.read(`${path}.bak`);
        if (text === undefined && spare === undefined) return null;
        const read = text === undefined ? { problem: 'it is gone' } : parseState(text, reveal);
        if ('state' in read) return read.state;
        const kept = text === undefined ? '' : `; it was kept as \`${await moveAside(path, files)}\``;
        file.recovered = `\`${path}\` could not be used (${read.problem})${kept}: its grants and requests have ended, run \`perimeter login\` to go on`;
        return afterLoss(spare, reveal);
      } catch (error) {
        throw new StateError(
          `cannot read \`${path}\` (${errorCode(error) ?? 'unknown error'}): make it readable for this account`,
          { cause: error },
        );
      }
    },
    async write(data) {
      const checked = stateSchema.safeParse(data);
      if (!checked.success)
        throw new StateError(`the state would not be readable again: \`${checked.error.issues[0]?.path.join('.')}\``);
      await replaceAndKeep(path, `${JSON.stringify(seal ? seal.conceal(data) : data, null, 1)}\n`, files);
    },
  };
  return file;
}

async function replaceAndKeep(path: string, text: string, files: Files): Promise<void> {
  const spare = `${path}.bak`;
  const fresh = besides(path);
  const former = besides(spare);
  let kept = false;
  let replaced = false;
  try {
    await files.create(fresh, text);
    kept = await nameAgain(path, former, files);
    if (kept) await files.rename(former, spare);
    await files.rename(fresh, path);
    replaced = true;
    await files.syncFolder(dirname(path));
  } catch (error) {
    // A change that was refused must not come back after a restart, so the former file takes its place again.
    if (replaced) await (kept ? files.rename(spare, path) : files.remove(path)).catch(() => undefined);
    for (const left of [fresh, former]) await files.remove(left).catch(() => undefined);
    throw new StateError(
      `cannot write \`${path}\` (${errorCode(error) ?? 'unknown error'}): free some space or make it writable, then try again`,
      {
        cause: error,
      },
    );
  }
}

/** Gives the present file a second name. False when there is none yet. */
async function nameAgain(path: string, name: string, files: Files): Promise<boolean> {
  try {
    await files.link(path, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * An empty state that is no wider than the lost one: nobody is signed in, and what the last good file held back stays held back.
 * Permissions are never taken from that older file: a grant in it may since have been spent or revoked.
 */
function afterLoss(spare: string | undefined, reveal: ((raw: unknown) => unknown) | undefined): StateData {
  const state = { ...emptyState(), login_required: true };
  const last = spare === undefined ? undefined : parseState(spare, reveal);
  if (!last || !('state' in last)) return state;
  const { lock, pins, cooldowns, seq, wall_mark } = last.state;
  return { ...state, lock, pins, cooldowns, seq, ...(wall_mark === undefined ? {} : { wall_mark }) };
}

async function moveAside(path: string, files: Files): Promise<string> {
  for (let n = 1; ; n += 1) {
    const aside = `${path}.corrupt-${n}`;
    try {
      await files.link(path, aside);
      await files.remove(path);
      return aside;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Removes what a killed process left half written. */
async function sweep(path: string, files: Files): Promise<void> {
  for (const name of await files.list(dirname(path)))
    if (name.startsWith(`${basename(path)}.`) && LEFTOVER.test(name)) await files.remove(join(dirname(path), name));
}
