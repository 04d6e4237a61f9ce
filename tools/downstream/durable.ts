// Files that are written whole or not at all (a temporary file beside, synced, then put in place), and read only if they are plain.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Starts the name of a half-written file, so that listings can tell it from a real one. */
export const TEMPORARY = '.writing-';

/** Why a file can't be read. The message completes "the file … ". */
export class UnfitFile extends Error {
  override name = 'UnfitFile';
}

/** A plain file's bytes and its time of change (ms). Never follows a symbolic link, which could lead out of the folder. Throws UnfitFile. */
export function readPlainFile(path: string, mostBytes: number): { bytes: Buffer; modified: number } {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    throw new UnfitFile('can not be opened as a plain file');
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UnfitFile('is not a plain file');
    if (stat.size > mostBytes) throw new UnfitFile(`has ${stat.size} bytes, and ${mostBytes} is the most`);
    return { bytes: readFileSync(file), modified: stat.mtimeMs };
  } finally {
    closeSync(file);
  }
}

/** Replaces `path` in one step and keeps its mode; a reader sees the old file or the new one. `beforeRename` may still refuse by throwing. */
export function replaceFile(path: string, content: string | Uint8Array, beforeRename: () => void): void {
  const temporary = writeBeside(path, content, statSync(path).mode & 0o777);
  try {
    beforeRename();
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Makes `path` in one step; fails with EEXIST where there is something already. `beforeLink` may still refuse by throwing. */
export function createFile(path: string, content: string | Uint8Array, mode = 0o600, beforeLink: () => void = () => {}): void {
  const temporary = writeBeside(path, content, mode);
  try {
    beforeLink();
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
}

function writeBeside(path: string, content: string | Uint8Array, mode: number): string {
  const temporary = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString('hex')}-${basename(path).slice(0, 100)}`);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fchmodSync(file, mode);
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return temporary;
}

/** Makes the new name itself durable. Windows can't open a folder, and does this on its own. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
