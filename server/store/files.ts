// The door to the small files of the state directory: private, replaced whole, and synced before anybody is told they are written.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The state directory, or a file in it, can't be used; the message says what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** The file calls that the state needs, each one step that can fail on its own. */
export type Files = {
  /** The text, or undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Writes a file that must not exist yet, for its owner only, and syncs it. */
  create(path: string, text: string): Promise<void>;
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name that must not exist yet: whoever creates it first wins. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file; one that isn't there is fine. */
  remove(path: string): Promise<void>;
  /** Makes creations and renames in a folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
};

/** The `code` of a system error, such as `ENOENT`. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** File systems that know no second names (FAT, some network shares) say so with one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** The real disk. */
export const disk: Files = {
  async read(path) {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  async create(path, text) {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  list: (folder) => readdir(folder),
  rename,
  async link(from, to) {
    try {
      await link(from, to);
    } catch (error) {
      if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
    }
  },
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    // Windows can't open a folder; NTFS keeps its own journal of names.
    if (process.platform === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

/** How the names from `besides` end; what a killed process leaves behind is known by it. */
export const LEFTOVER = /\.\d+-[0-9a-f]{12}\.tmp$/;

/** A name beside `path` that nobody else uses. */
export const besides = (path: string): string => `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;

/** Puts `text` in the place of a file so that readers, and a crash at any moment, see the old file or the new one, never a part. */
export async function replaceFile(path: string, text: string, files: Files = disk): Promise<void> {
  const fresh = besides(path);
  try {
    await files.create(fresh, text);
    await files.rename(fresh, path);
  } catch (error) {
    await files.remove(fresh).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/**
 * Makes sure of a folder that only this account can open.
 * @throws StateError when it can't be made, or belongs to another account
 */
export async function privateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { uid, mode } = await stat(path);
    const me = process.getuid?.();
    // Root may keep another account's state (a container with a mounted volume); anybody else may not.
    if (me !== undefined && me !== 0 && uid !== me)
      throw new StateError(`\`${path}\` belongs to another account: set \`state\` to a folder of your own`);
    if (me !== undefined && (mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(
      `cannot use the state folder \`${path}\` (${errorCode(error) ?? 'unknown error'}): make it a folder you can write, or set \`state\` in mcp.json`,
    );
  }
}
