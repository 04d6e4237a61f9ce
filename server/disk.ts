// The disk as judging sees it: where a path really leads, what is a folder, and which files are the guard's own.
import { type BigIntStats, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { PathReader } from '../policies/classify.ts';
import type { Reach } from '../policies/types.ts';
import { createVolumes } from './volumes.ts';

const MAX_LINKS = 40;
/** Entries of our own folders that are compared with a file of several names; with more than these it counts as one of them. */
const MAX_OWN_ENTRIES = 20_000;

/** The real disk. Reading it never fails: what can't be looked at is taken by its text. `own` folders lie on volumes of the user's. */
export function diskOf(own: readonly string[]): PathReader {
  return { ...localDisk, volume: createVolumes(own) };
}

/** The same where it doesn't matter what is stored where. */
export const localDisk: PathReader = {
  realpath: (absolute) => canonical(absolute, MAX_LINKS),
  isFolder(absolute) {
    try {
      return statSync(absolute).isDirectory();
    } catch {
      return false;
    }
  },
};

/** Resolves the nearest existing ancestor; a dangling link leads where it points, not where it lies. */
function canonical(path: string, links: number): string {
  if (!isAbsolute(path)) return path;
  try {
    return realpathSync.native(path);
  } catch {
    if (links > 0) {
      try {
        if (lstatSync(path).isSymbolicLink()) return canonical(resolve(dirname(path), readlinkSync(path)), links - 1);
      } catch {
        // it does not exist: its parent says where it would be
      }
    }
    const parent = dirname(path);
    return parent === path ? path : join(canonical(parent, links), basename(path));
  }
}

/** Where one of the protected paths leads at this moment. `file` tells a file from all others, whatever its name. */
type Kept = { folded: string; below: string; file?: string };
type Place = { real: string; missing: boolean; file?: string };

/**
 * A test for the guard's own files (mcp.json, policies, state, the program) and clients' settings, with everything below them, by any
 * spelling. Reaching below a folder counts when it holds one of ours; settings lie in many a project, so there only a change counts.
 * Where our own paths lead is looked up once for each judgement and never kept for the next: a link laid meanwhile is followed.
 */
export function protects(own: readonly string[], settings: readonly string[]): (absolute: string, reach: Reach) => boolean {
  let known: { own: Kept[]; settings: Kept[] } | undefined;
  const look = () => {
    if (known) return known;
    const places = new Map<string, Place>();
    const kept = (path: string): Kept => {
      const { real, file } = placeOf(path, places);
      const folded = fold(real);
      return { folded, below: `${folded}/`, ...(file === undefined ? {} : { file }) };
    };
    known = { own: own.map(kept), settings: settings.map(kept) };
    // a judgement is made without waiting, so this is over when it is
    queueMicrotask(() => {
      known = undefined;
    });
    return known;
  };
  return (absolute, reach) => {
    const real = fold(canonical(absolute, MAX_LINKS));
    const asked = fileAt(absolute);
    const touches = (kept: Kept, below: boolean) =>
      real === kept.folded ||
      real.startsWith(kept.below) ||
      (below && (real === '/' || kept.folded.startsWith(`${real}/`))) ||
      (asked !== undefined && asked.file === kept.file);
    const at = look();
    return (
      at.own.some((kept) => touches(kept, reach !== 'itself')) ||
      at.settings.some((kept) => touches(kept, reach === 'changes below')) ||
      (asked !== undefined && asked.names > 1n && isBelow(asked.file, own))
    );
  };
}

/** What `canonical` says of a path and which file lies there; what several paths have in common is looked at once. */
function placeOf(path: string, places: Map<string, Place>): Place {
  const seen = places.get(path);
  if (seen) return seen;
  const place = readPlace(path, places);
  places.set(path, place);
  return place;
}

function readPlace(path: string, places: Map<string, Place>): Place {
  const parent = dirname(path);
  // Windows has spellings of a folder that only the system itself can tell
  if (parent === path || !isAbsolute(path) || process.platform === 'win32') return followed(path);
  const { real: above, missing } = placeOf(parent, places);
  const real = join(above, basename(path));
  if (missing) return { real, missing };
  try {
    const found = lstatSync(real, { bigint: true });
    if (found.isSymbolicLink()) return followed(path);
    return found.isFile() ? { real, missing: false, file: nameOf(found) } : { real, missing: false };
  } catch {
    return { real, missing: true };
  }
}

/** A path that may be a link, looked at as a whole. */
function followed(path: string): Place {
  const file = fileAt(path)?.file;
  // below a link that leads nowhere everything is asked anew: `missing` would say too much
  return { real: canonical(path, MAX_LINKS), missing: false, ...(file === undefined ? {} : { file }) };
}

function nameOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Which file a path leads to, and how many names that has; undefined for all but files. */
function fileAt(path: string): { file: string; names: bigint } | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found?.isFile() ? { file: nameOf(found), names: found.nlink } : undefined;
  } catch {
    return undefined;
  }
}

/** Case and Unicode form are ignored: on some volumes they don't tell two files apart, and a false alarm here costs nothing. */
function fold(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}

/** Whether a file with several names has one of them below our own folders. A file with a single name is where its path says. */
function isBelow(file: string, own: readonly string[]): boolean {
  let left = MAX_OWN_ENTRIES;
  const waiting = [...own];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      left -= 1;
      if (left < 0 || (entry.isFile() && fileAt(path)?.file === file)) return true;
      if (entry.isDirectory()) waiting.push(path);
    }
  }
  return false;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // a file, or not there
    return [];
  }
}
