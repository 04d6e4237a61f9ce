// Goes through a folder without following links, and makes lists of what is in it.
import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { markOf } from '../impact.ts';
import { ToolProblem } from '../serve.ts';
import { type Root, sameFile } from './root.ts';

const FOLDERS_SHOWN = 8;

type Kind = 'file' | 'folder' | 'link' | 'other';

export function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** Everything below a folder, folders before what is in them, names in order. `signal` ends it early; `lenient` passes over closed folders. */
export async function* walk(
  folder: string,
  signal: AbortSignal,
  lenient = false,
): AsyncGenerator<{ absolute: string; kind: Kind }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    if (lenient) return [];
    throw error;
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (signal.aborted) return;
    const absolute = join(folder, entry.name);
    const kind = kindOf(entry);
    yield { absolute, kind };
    if (kind === 'folder') yield* walk(absolute, signal, lenient);
  }
}

export type Entry = { absolute: string; kind: Kind; stats: BigIntStats };
/** What a bulk action works from: it touches exactly these, and each only while it is still the same file. */
export type Manifest = {
  /** Everything that isn't a folder. */
  files: Entry[];
  /** Folders, parents first; the folder itself is the first. */
  folders: Entry[];
  bytes: bigint;
  /** Stopped at the cap: there are more files. */
  more: boolean;
};

/** Lists a folder up to `most` files. Throws ToolProblem when cancelled. */
export async function manifestOf(folder: string, most: number, signal: AbortSignal): Promise<Manifest> {
  const top: Entry = { absolute: folder, kind: 'folder', stats: await lstat(folder, { bigint: true }) };
  const manifest: Manifest = { files: [], folders: [top], bytes: 0n, more: false };
  for await (const { absolute, kind } of walk(folder, signal)) {
    if (kind !== 'folder' && manifest.files.length >= most) return { ...manifest, more: true };
    const entry = { absolute, kind, stats: await lstat(absolute, { bigint: true }) };
    (kind === 'folder' ? manifest.folders : manifest.files).push(entry);
    if (kind === 'file') manifest.bytes += entry.stats.size;
  }
  if (signal.aborted) throw new ToolProblem('cancelled before anything was changed');
  return manifest;
}

/** The files of a manifest, each just after it was found unchanged, in folders just after they were. Throws ToolProblem on the first that isn't. */
export async function* unchangedFiles(root: Root, manifest: Manifest): AsyncGenerator<Entry> {
  let folder = '';
  for (const file of manifest.files) {
    const its = join(file.absolute, '..');
    if (its !== folder) root.recheck(its);
    folder = its;
    const now = await lstat(file.absolute, { bigint: true });
    const same = sameFile(now, file.stats) && now.size === file.stats.size && now.mtimeNs === file.stats.mtimeNs;
    if (!same) throw new ToolProblem(`\`${root.nameOf(file.absolute)}\` changed meanwhile: stopped there`);
    yield file;
  }
}

/** What tells that an entry is still the same: where it is, which file, its size and its time of change. */
export function markFile(root: Root, absolute: string, stats: BigIntStats | undefined): string {
  const name = root.nameOf(absolute);
  return stats ? markOf(name, stats.dev, stats.ino, stats.size, stats.mtimeNs) : markOf(name, 'nothing there');
}

/** How many files lie in each folder right below, most first: what a person reads of a bulk change. */
export function foldersNote(root: Root, top: string, files: readonly Entry[]): string[] {
  const counts = new Map<string, number>();
  for (const { absolute } of files) {
    const [first = '', ...rest] = relative(top, absolute).split(sep);
    const folder = rest.length === 0 ? top : join(top, first);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const most = [...counts].sort(([, a], [, b]) => b - a);
  const shown = most.slice(0, FOLDERS_SHOWN).map(([folder, count]) => `${count} in ${root.nameOf(folder)}`);
  return most.length < 2
    ? []
    : [`${shown.join(', ')}${most.length > FOLDERS_SHOWN ? ` and ${most.length - FOLDERS_SHOWN} more folders` : ''}`];
}

/** The same entry below another folder. */
export function below(folder: string, source: string, entry: Entry): string {
  return join(folder, relative(source, entry.absolute));
}
