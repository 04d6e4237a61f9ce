// A disk that forgets: what was not synced is lost at a crash, in part or whole, torn at any byte; names that were not synced come or go.
import { dirname } from 'node:path';
import type { AppendFile, AuditFiles } from '../../../server/audit/files.ts';

/** `now` is what a running program sees, `kept` what is on the disk for sure. */
type Inode = { ino: number; now: Buffer; kept: Buffer };
type NameChange = (names: Map<string, Inode>) => void;

/** Answers a number from 0 to `below` exclusive: where chance decides. */
export type Dice = (below: number) => number;

export class LossyDisk {
  #names = new Map<string, Inode>();
  #kept = new Map<string, Inode>();
  /** Changes of names since the folder was synced, by folder. */
  #changes: { dir: string; change: NameChange }[] = [];
  #inodes = 0;
  /** Calls until the power goes; each file call counts. */
  calls = 0;
  powerUntil = Number.POSITIVE_INFINITY;

  readonly files: AuditFiles = {
    makeDir: async () => this.#powered(),
    list: async (dir) => {
      this.#powered();
      return [...this.#names.keys()].filter((path) => dirname(path) === dir).map((path) => path.slice(dir.length + 1));
    },
    stat: async (path) => {
      this.#powered();
      const found = this.#names.get(path);
      return found && { ino: found.ino, size: found.now.length };
    },
    create: async (path) => {
      this.#powered();
      if (this.#names.has(path)) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' });
      this.#inodes += 1;
      const inode: Inode = { ino: this.#inodes, now: Buffer.alloc(0), kept: Buffer.alloc(0) };
      this.#rename(path, (names) => void names.set(path, inode));
      return this.#open(inode);
    },
    append: async (path) => {
      this.#powered();
      return this.#open(this.#inode(path));
    },
    read: async (path) => {
      this.#powered();
      const inode = this.#inode(path);
      return {
        read: async (into, position) => {
          this.#powered();
          into.set(inode.now.subarray(position, position + into.length));
          return Math.max(0, Math.min(into.length, inode.now.length - position));
        },
        close: async () => undefined,
      };
    },
    rename: async (from, to) => {
      this.#powered();
      this.#rename(to, (names) => {
        const inode = names.get(from);
        if (inode) names.set(to, inode);
        names.delete(from);
      });
    },
    remove: async (path) => {
      this.#powered();
      this.#rename(path, (names) => void names.delete(path));
    },
    syncDir: async (dir) => {
      this.#powered();
      for (const one of this.#changes) if (one.dir === dir) one.change(this.#kept);
      this.#changes = this.#changes.filter((one) => one.dir !== dir);
    },
  };

  /** What is found after the power came back. */
  afterCrash(dice: Dice): LossyDisk {
    const names = new Map(this.#kept);
    for (const { change } of this.#changes) if (dice(2) === 1) change(names);
    const disk = new LossyDisk();
    for (const [path, inode] of names) disk.#put(path, survivor(inode, dice));
    return disk;
  }

  #put(path: string, bytes: Buffer): void {
    this.#inodes += 1;
    const inode = { ino: this.#inodes, now: bytes, kept: bytes };
    this.#names.set(path, inode);
    this.#kept.set(path, inode);
  }

  #inode(path: string): Inode {
    const found = this.#names.get(path);
    if (!found) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return found;
  }

  #rename(path: string, change: NameChange): void {
    change(this.#names);
    this.#changes.push({ dir: dirname(path), change });
  }

  #powered(): void {
    this.calls += 1;
    if (this.calls > this.powerUntil) throw new Error('the power is gone');
  }

  #open(inode: Inode): AppendFile {
    return {
      stat: async () => {
        this.#powered();
        return { ino: inode.ino, size: inode.now.length };
      },
      write: async (bytes) => {
        // The call in which the power goes may have done its work, as far as memory.
        inode.now = Buffer.concat([inode.now, bytes]);
        this.#powered();
      },
      sync: async () => {
        this.#powered();
        inode.kept = inode.now;
      },
      truncate: async (size) => {
        this.#powered();
        inode.now = inode.now.subarray(0, size);
      },
      close: async () => undefined,
    };
  }
}

/** Bytes that were synced are there; of those written since, any beginning; a cut that was not synced happened or not. */
function survivor({ now, kept }: Inode, dice: Dice): Buffer {
  if (now.length < kept.length) return dice(2) === 1 ? now : kept;
  const torn = now.subarray(0, kept.length + dice(now.length - kept.length + 1));
  // Some file systems give the space before the bytes.
  return dice(4) === 0 ? Buffer.concat([torn, Buffer.alloc(dice(now.length - torn.length + 1))]) : Buffer.from(torn);
}
