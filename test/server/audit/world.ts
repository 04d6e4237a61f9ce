// What the audit's tests share: a clock that is set by hand, a log in a temporary folder, and a disk that fails on demand.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AppendFile, type AuditFiles, realFiles } from '../../../server/audit/files.ts';
import { type AuditOptions, type OpenAudit, openAudit } from '../../../server/audit/log.ts';
import type { Clock } from '../../../server/ports.ts';

export const ZONE = 'Europe/Berlin';
export const KEY = Buffer.alloc(32, 7);

/** A clock that moves a millisecond at every look, and otherwise by hand. */
export class HandClock implements Clock {
  time: number;

  constructor(at = '2026-11-17T13:00:00.000Z') {
    this.time = Date.parse(at);
  }

  now(): number {
    this.time += 1;
    return this.time;
  }

  mono(): number {
    return this.time;
  }

  set(at: string): void {
    this.time = Date.parse(at);
  }
}

export type World = { state: string; dir: string; clock: HandClock; open(more?: Partial<AuditOptions>): Promise<OpenAudit> };

export async function newWorld(): Promise<World> {
  const state = await mkdtemp(join(tmpdir(), 'perimeter-audit-'));
  onTestFinished(() => rm(state, { recursive: true, force: true }));
  const dir = join(state, 'audit');
  const clock = new HandClock();
  return { state, dir, clock, open: (more = {}) => openAudit({ dir, clock, key: KEY, zone: ZONE, ...more }) };
}

/** The names of the log's segments, oldest first. */
export async function segmentNames(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort();
}

/** All records on disk, as written. */
export async function linesOf(dir: string): Promise<string[]> {
  const texts = await Promise.all((await segmentNames(dir)).map((name) => readFile(join(dir, name), 'utf8')));
  return texts.join('').split('\n').filter(Boolean);
}

/** The real disk, with a count of its calls and a fault that can be set on each. */
export class ShakyDisk {
  writes = 0;
  syncs = 0;
  fault: { at: 'write' | 'sync'; code: string; part?: number } | undefined;
  readonly files: AuditFiles = {
    ...realFiles,
    create: async (path) => this.#wrap(await realFiles.create(path)),
    append: async (path) => this.#wrap(await realFiles.append(path)),
  };

  #wrap(file: AppendFile): AppendFile {
    return {
      ...file,
      write: async (bytes) => {
        this.writes += 1;
        if (this.fault?.at === 'write') {
          await file.write(bytes.subarray(0, this.fault.part ?? 0));
          throw failure(this.fault.code);
        }
        await file.write(bytes);
      },
      sync: async () => {
        this.syncs += 1;
        if (this.fault?.at === 'sync') throw failure(this.fault.code);
        await file.sync();
      },
    };
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: the disk said no`), { code });
}

/** A disk in memory, whose files a test can look at and change between two openings. */
export class MemoryDisk {
  readonly contents = new Map<string, Buffer>();
  readonly files: AuditFiles = {
    makeDir: async () => undefined,
    list: async (dir) =>
      [...this.contents.keys()].filter((path) => path.startsWith(`${dir}/`)).map((path) => path.slice(dir.length + 1)),
    stat: async (path) => {
      const bytes = this.contents.get(path);
      return bytes && { ino: 1, size: bytes.length };
    },
    create: async (path) => {
      if (this.contents.has(path)) throw failure('EEXIST');
      this.contents.set(path, Buffer.alloc(0));
      return this.#appender(path);
    },
    append: async (path) => this.#appender(path),
    read: async (path) => ({
      read: async (into, position) => {
        const bytes = this.contents.get(path);
        if (!bytes) throw failure('ENOENT');
        into.set(bytes.subarray(position, position + into.length));
        return Math.max(0, Math.min(into.length, bytes.length - position));
      },
      close: async () => undefined,
    }),
    rename: async (from, to) => {
      this.contents.set(to, this.contents.get(from)!);
      this.contents.delete(from);
    },
    remove: async (path) => void this.contents.delete(path),
    syncDir: async () => undefined,
  };

  copy(): MemoryDisk {
    const other = new MemoryDisk();
    for (const [path, bytes] of this.contents) other.contents.set(path, Buffer.from(bytes));
    return other;
  }

  #appender(path: string): AppendFile {
    const now = () => this.contents.get(path)!;
    return {
      stat: async () => ({ ino: 1, size: now().length }),
      write: async (bytes) => void this.contents.set(path, Buffer.concat([now(), bytes])),
      sync: async () => undefined,
      truncate: async (size) => void this.contents.set(path, now().subarray(0, size)),
      close: async () => undefined,
    };
  }
}

export const MEMORY_DIR = '/state/audit';

export function openInMemory(disk: MemoryDisk, clock: Clock, more: Partial<AuditOptions> = {}): Promise<OpenAudit> {
  return openAudit({ dir: MEMORY_DIR, clock, key: KEY, zone: ZONE, files: disk.files, ...more });
}

/** The one segment of a small log in memory. */
export function onlySegment(disk: MemoryDisk): string {
  return [...disk.contents.keys()].find((path) => path.endsWith('.jsonl'))!;
}
