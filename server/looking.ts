// What a call of somebody else's file tool would touch, counted by the guard itself on this machine's disk, and looked at again just before it leaves.
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Reading } from '../policies/reading.ts';
import type { Action, Verb } from '../policies/types.ts';
import { matchesGlob } from '../tools/downstream/files/glob.ts';
import { isLocal } from './places.ts';
import type { ServerEntry } from './ports.ts';

/** Counting stops here and says that there is more; so does looking for what a pattern fits. */
const FILES_MAX = 5_000;
const VISITED_MAX = 50_000;
const CHANGING: ReadonlySet<Verb> = new Set(['write', 'create', 'move', 'delete']);
const LOOKING: ReadonlySet<Verb> = new Set(['read', 'list', 'search']);
/** What takes in all that is below a folder. */
const WHOLE: ReadonlySet<Verb> = new Set(['move', 'delete', 'read']);
const PATTERN = /[*?]/;

/** In the form of a preview, see docs/impact-convention.md. */
type Looked = {
  total: number;
  per_resource: Record<string, number>;
  strength: 'checked';
  set?: { marks: string[] };
  notes: string[];
  more?: true;
};

/** Whether the guard can see what a call would touch: it changes files on this machine, and does nothing else. */
export function canLook(reading: Reading | undefined, entry: Pick<ServerEntry, 'command'>): boolean {
  if (!reading || reading.unbound || !isLocal(entry)) return false;
  const isPath = ({ kind, absolute }: Action) => kind === 'path' && absolute !== undefined;
  return (
    reading.actions.every((action) => isPath(action) && (CHANGING.has(action.verb) || LOOKING.has(action.verb))) &&
    reading.actions.some(({ verb }) => CHANGING.has(verb))
  );
}

/** Looks. Throws where the disk can't be read: what can't be counted is unknown. */
export async function lookAt(reading: Reading): Promise<Looked> {
  const look = new Look();
  const sources = reading.actions.filter(({ verb }) => verb === 'read');
  for (const action of reading.actions) if (CHANGING.has(action.verb)) await look.change(action, sources);
  // what is copied is part of what was seen
  for (const source of sources) await look.source(source);
  return look.result();
}

class Look {
  readonly #counts = new Map<string, number>();
  readonly #marks = new Set<string>();
  readonly #notes: string[] = [];
  #left = FILES_MAX;
  #visits = VISITED_MAX;
  #more = false;

  async change({ verb, absolute = '', resource = absolute, outside }: Action, sources: readonly Action[]): Promise<void> {
    const away = outside === true ? ', outside the folder of this server' : '';
    const stats = await statsOf(absolute);
    if (!stats) {
      if (PATTERN.test(absolute)) return this.#pattern(verb, absolute, resource, away);
      this.#mark(absolute, undefined);
      // where something is moved to is no further file
      if (verb === 'move') this.#notes.push(`to ${resource}, where nothing is yet${away}`);
      if (verb === 'move' || verb === 'delete') return;
      const copied = await this.#copied(sources);
      this.#count(resource, copied);
      this.#notes.push(`new: ${resource}${copied > 1 ? `, ${copied} files` : ''}${away}`);
      return;
    }
    const files = stats.isDirectory() && WHOLE.has(verb) ? await this.#below(absolute) : 1;
    if (!stats.isDirectory() || !WHOLE.has(verb)) this.#mark(absolute, stats);
    this.#count(resource, files);
    const state = stats.isDirectory() ? 'a folder' : `${stats.size} bytes, changed ${stats.mtime.toISOString()}`;
    this.#notes.push(`${WORDS[verb] ?? 'changes'} ${resource} (${state})${away}`);
  }

  async source({ absolute = '' }: Action): Promise<void> {
    const stats = await statsOf(absolute);
    if (stats?.isDirectory()) await this.#below(absolute);
    else this.#mark(absolute, stats);
  }

  result(): Looked {
    const per_resource = Object.fromEntries([...this.#counts].filter(([, count]) => count > 0));
    const total = Object.values(per_resource).reduce((sum, count) => sum + count, 0);
    const seen = { total, per_resource, strength: 'checked' as const };
    return this.#more
      ? { ...seen, more: true, notes: [`more than ${FILES_MAX} files`, ...this.#notes] }
      : { ...seen, set: { marks: [...this.#marks] }, notes: this.#notes };
  }

  #count(resource: string, files: number): void {
    this.#counts.set(resource, (this.#counts.get(resource) ?? 0) + files);
  }

  /** A digest of where it is, which file, its size and its time of change. */
  #mark(absolute: string, stats: BigIntStats | undefined): void {
    const state = stats
      ? [stats.dev, stats.ino, stats.isDirectory() ? 'folder' : [stats.size, stats.mtimeNs].join(' ')]
      : ['nothing'];
    this.#marks.add(
      createHash('sha256')
        .update([absolute, ...state].join('\0'))
        .digest('base64url')
        .slice(0, 22),
    );
  }

  async #copied(sources: readonly Action[]): Promise<number> {
    let files = 0;
    for (const { absolute = '' } of sources) {
      const stats = await statsOf(absolute);
      files += stats?.isDirectory() ? await this.#below(absolute) : 1;
    }
    return Math.max(1, files);
  }

  /** Files below a folder, links not followed. */
  async #below(folder: string, fits: (absolute: string) => boolean = () => true): Promise<number> {
    let files = 0;
    const waiting = [folder];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const entry of await readdir(at, { withFileTypes: true })) {
        const absolute = join(at, entry.name);
        this.#visits -= 1;
        if (this.#left <= 0 || this.#visits <= 0) {
          this.#more = true;
          return files;
        }
        if (entry.isDirectory()) waiting.push(absolute);
        else if (fits(absolute)) {
          this.#mark(absolute, await statsOf(absolute));
          this.#left -= 1;
          files += 1;
        }
      }
    }
    return files;
  }

  /** A name that is not there and holds a star: what it fits now, should the server take it for a pattern. */
  async #pattern(verb: Verb, absolute: string, resource: string, away: string): Promise<void> {
    let base = dirname(absolute);
    while (PATTERN.test(base)) base = dirname(base);
    const pattern = relative(base, absolute);
    const files = (await statsOf(base)) ? await this.#below(base, (path) => matchesGlob(pattern, relative(base, path))) : 0;
    this.#count(resource, Math.max(1, files));
    this.#notes.push(`${WORDS[verb] ?? 'changes'} ${resource}, which as a pattern fits ${files} files now${away}`);
  }
}

const WORDS: Partial<Record<Verb, string>> = { write: 'overwrites', create: 'overwrites', move: 'moves', delete: 'deletes' };

async function statsOf(absolute: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(absolute, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Whether all that is seen now was seen before, in the same state. */
export function sameSeen(now: Looked, sets: readonly unknown[]): boolean {
  const before = new Set(sets.flatMap((set) => (set as { marks?: unknown[] } | null)?.marks ?? []));
  return now.set?.marks.every((mark) => before.has(mark)) === true;
}
