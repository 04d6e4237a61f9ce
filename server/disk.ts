// The disk as judging sees it: where a path really leads, what is a folder, and which files are the guard's own.
import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
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

/**
 * A test for the guard's own files (mcp.json, policies, state, the program) and clients' settings, with everything below them, by any
 * spelling. Reaching below a folder counts when it holds one of ours; settings lie in many a project, so there only a change counts.
 */
export function protects(own: readonly string[], settings: readonly string[]): (absolute: string, reach: Reach) => boolean {
  return (absolute, reach) => {
    const real = fold(canonical(absolute, MAX_LINKS));
    const touches = (path: string, below: boolean) => {
      const kept = fold(canonical(path, MAX_LINKS));
      return (
        real === kept ||
        real.startsWith(`${kept}/`) ||
        (below && (real === '/' || kept.startsWith(`${real}/`))) ||
        sameFile(absolute, path)
      );
    };
    if (isAlsoBelow(absolute, own)) return true;
    return (
      own.some((path) => touches(path, reach !== 'itself')) || settings.some((path) => touches(path, reach === 'changes below'))
    );
  };
}

/** Case and Unicode form are ignored: on some volumes they don't tell two files apart, and a false alarm here costs nothing. */
function fold(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}

/** A hard link, or another mount of the same file. */
function sameFile(a: string, b: string): boolean {
  try {
    const one = statSync(a, { bigint: true });
    const two = statSync(b, { bigint: true });
    return one.isFile() && one.dev === two.dev && one.ino === two.ino;
  } catch {
    return false;
  }
}

/** Whether a file with several names has one of them below our own folders. A file with a single name is where its path says. */
function isAlsoBelow(absolute: string, own: readonly string[]): boolean {
  try {
    const file = statSync(absolute, { bigint: true });
    if (!file.isFile() || file.nlink < 2n) return false;
    let left = MAX_OWN_ENTRIES;
    const waiting = [...own];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name);
        left -= 1;
        if (left < 0 || (entry.isFile() && sameFile(absolute, path))) return true;
        if (entry.isDirectory()) waiting.push(path);
      }
    }
    return false;
  } catch {
    return false;
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // a file, or not there
    return [];
  }
}
