// The audit's door to the disk: the few file calls it needs, so that a test can make each of them fail.
import { randomBytes } from 'node:crypto';
import { constants, type Stats, statSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What tells one file from another at the same path. */
export type FileStat = { ino: number; size: number };

/** A file open for appending. */
export type AppendFile = {
  stat(): Promise<FileStat>;
  /** Appends all the bytes, or throws; after a throw any prefix of them may be in the file. */
  write(bytes: Uint8Array): Promise<void>;
  /** fdatasync: resolves once everything written is on the disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
};

/** A file open for reading. `read` fills `into` from `position` and answers how many bytes there were. */
export type ReadFile = { read(into: Uint8Array, position: number): Promise<number>; close(): Promise<void> };

export type AuditFiles = {
  makeDir(dir: string): Promise<void>;
  /** File names in the folder; undefined when there is no such folder. */
  list(dir: string): Promise<string[] | undefined>;
  /** Undefined when there is no such file. */
  stat(path: string): Promise<FileStat | undefined>;
  /** A new file, mode 0600. Throws when it exists. */
  create(path: string): Promise<AppendFile>;
  /** An existing file, to append to. */
  append(path: string): Promise<AppendFile>;
  read(path: string): Promise<ReadFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that isn't there is fine. */
  remove(path: string): Promise<void>;
  /** Makes created and renamed names in this folder durable. */
  syncDir(dir: string): Promise<void>;
};

const OWNER_ONLY = 0o600;

/** The real disk. */
export const realFiles: AuditFiles = {
  async makeDir(dir) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  },
  list: (dir) => unlessMissing(readdir(dir)),
  async stat(path) {
    // Quicker than the way to another thread and back, and every write waits for one.
    const found = statSync(path, { throwIfNoEntry: false });
    return found && short(found);
  },
  async create(path) {
    return appendFile(
      await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY),
    );
  },
  async append(path) {
    return appendFile(await open(path, constants.O_WRONLY | constants.O_APPEND));
  },
  async read(path) {
    const handle = await open(path, 'r');
    return {
      async read(into, position) {
        let filled = 0;
        while (filled < into.length) {
          const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled;
      },
      close: () => handle.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDir(dir) {
    // Windows can't open a folder to sync it, and journals its names itself.
    if (process.platform === 'win32') return;
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function appendFile(handle: FileHandle): AppendFile {
  return {
    stat: async () => short(await handle.stat()),
    async write(bytes) {
      // Into the memory of the system only, so there is nothing to wait for; the sync waits for the disk.
      for (let written = 0; written < bytes.length; ) written += writeSync(handle.fd, bytes, written);
    },
    sync: () => handle.datasync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

function short(found: Stats): FileStat {
  return { ino: found.ino, size: found.size };
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A small file as text; undefined when it isn't there. Throws above `limit` bytes. */
export async function readText(files: AuditFiles, path: string, limit = 64 * 1024 * 1024): Promise<string | undefined> {
  const found = await files.stat(path);
  if (!found) return undefined;
  if (found.size > limit) throw new Error(`\`${path}\` is too large to read (${found.size} bytes)`);
  const file = await files.read(path);
  try {
    const bytes = Buffer.alloc(found.size);
    return bytes.subarray(0, await file.read(bytes, 0)).toString('utf8');
  } finally {
    await file.close();
  }
}

/** Writes a small file (0600) whole or not at all. */
export async function writeWhole(files: AuditFiles, path: string, text: string | Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await files.create(draft);
  try {
    await file.write(typeof text === 'string' ? Buffer.from(text) : text);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(draft, path);
  await files.syncDir(dirname(path));
}
