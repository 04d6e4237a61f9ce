// Files that are written whole or not at all: a temporary file beside, synced, then put in place.
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Starts the name of a half-written file, so that listings can tell it from a real one. */
export const TEMPORARY = '.writing-';

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

/** Makes `path` in one step; fails with EEXIST where there is something already. */
export function createFile(path: string, content: string | Uint8Array): void {
  const temporary = writeBeside(path, content, 0o600);
  try {
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
