// The file tools that put something somewhere: write, move, copy.
import { type BigIntStats, lstatSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import * as z from 'zod';
import { createFile, replaceFile } from '../durable.ts';
import { countedOf } from '../impact.ts';
import { type BundledTool, ToolProblem } from '../serve.ts';
import { copyInto, destination, makeFolder, movable } from './places.ts';
import { changeTools, halfDone, type Plan } from './plan.ts';
import { detailsOf, path } from './reading.ts';
import { type Place, type Root, sameFile } from './root.ts';
import { below, foldersNote, type Manifest, manifestOf, markFile, unchangedFiles } from './walk.ts';

const CONTENT_CHARS_MAX = 7_000_000;
const create_folders = z.boolean().default(false).describe('Make missing folders on the way');
const overwrite = z.boolean().default(false).describe('Replace a file that is there already');

const WRITE_INPUT = z.object({
  path,
  content: z.string().max(CONTENT_CHARS_MAX).describe('The whole new content'),
  encoding: z.enum(['text', 'base64']).default('text'),
  create_folders,
});
const TRANSFER_INPUT = z.object({
  source: z.string().describe('Path of the file or folder, relative to the root folder'),
  destination: z.string().describe('Its full new path, relative to the root folder'),
  overwrite,
  create_folders,
});
type Transfer = z.output<typeof TRANSFER_INPUT>;

export function writingTools(root: Root): BundledTool[] {
  return [
    ...changeTools({
      name: 'write',
      title: 'Write a file',
      description: 'Writes a file whole, new or in place of the old one, and says which.',
      input: WRITE_INPUT,
      destructive: true,
      idempotent: true,
      plan: async (input) => planWrite(root, input),
    }),
    ...changeTools({
      name: 'move',
      title: 'Move or rename',
      description: 'Moves or renames a file or folder. A file at the destination is replaced only with `overwrite: true`.',
      input: TRANSFER_INPUT,
      destructive: true,
      idempotent: false,
      plan: (input, filesMax, signal) => planMove(root, input, filesMax, signal),
    }),
    ...changeTools({
      name: 'copy',
      title: 'Copy',
      description:
        'Copies a file or folder; links in a folder are left out. A file at the destination is replaced only with `overwrite: true`.',
      input: TRANSFER_INPUT,
      destructive: true,
      idempotent: false,
      plan: (input, filesMax, signal) => planCopy(root, input, filesMax, signal),
    }),
  ];
}

function planWrite(root: Root, input: z.output<typeof WRITE_INPUT>): Plan {
  const bytes = contentBytes(input.content, input.encoding);
  const target = destination(root, input.path, true, input.create_folders);
  const counted = countedOf([[target.name, 1]]);
  return {
    counted,
    strength: 'enforced',
    notes: [
      target.stats
        ? `${replaces(target, target.stats)} with ${bytes.length} bytes`
        : `new file \`${target.name}\`, ${bytes.length} bytes`,
    ],
    marks: [markFile(root, target.absolute, target.stats)],
    bytes: bytes.length,
    more: false,
    needsAll: false,
    act: async () => {
      const folder = dirname(target.absolute);
      makeFolder(root, folder);
      const checked = () => {
        root.recheck(folder);
        checkUnchanged(root, target);
      };
      if (target.stats) replaceFile(target.absolute, bytes, checked);
      else createFile(target.absolute, bytes, modeIn(folder), checked);
      const created = !target.stats;
      return {
        counted,
        text: `${created ? 'wrote the new file' : 'overwrote'} \`${target.name}\` (${bytes.length} bytes)`,
        structured: { path: target.name, created, bytes: bytes.length },
      };
    },
  };
}

async function planMove(root: Root, input: Transfer, filesMax: number, signal: AbortSignal): Promise<Plan> {
  const source = movable(root, input.source);
  const target = transferTarget(root, source, input);
  const manifest = source.stats.isDirectory() ? await manifestOf(source.absolute, filesMax, signal) : undefined;
  const files = manifest ? manifest.files.length : 1;
  const counted = countedOf([
    [source.name, files],
    [target.name, target.stats ? 1 : 0],
  ]);
  return {
    counted,
    strength: 'checked',
    notes: [
      `\`${source.name}\` becomes \`${target.name}\``,
      ...(target.stats ? [replaces(target, target.stats)] : []),
      ...(manifest ? foldersNote(root, source.absolute, manifest.files) : []),
    ],
    marks: [
      ...(manifest?.files ?? [{ absolute: source.absolute, stats: source.stats }]).map((file) =>
        markFile(root, file.absolute, file.stats),
      ),
      markFile(root, target.absolute, target.stats),
    ],
    more: manifest?.more ?? false,
    needsAll: false,
    act: async () => {
      makeFolder(root, dirname(target.absolute));
      root.recheck(source.absolute);
      checkUnchanged(root, source);
      checkUnchanged(root, target);
      rename(source, target);
      return {
        counted,
        text: `moved \`${source.name}\` to \`${target.name}\``,
        structured: { source: source.name, destination: target.name, files, overwritten: !!target.stats },
      };
    },
  };
}

async function planCopy(root: Root, input: Transfer, filesMax: number, signal: AbortSignal): Promise<Plan> {
  const source = root.existing(input.source);
  const target = transferTarget(root, source, input);
  const folder = source.stats.isDirectory();
  if (!folder && !source.stats.isFile()) throw new ToolProblem(`\`${source.name}\` is not an ordinary file: it can't be copied`);
  const whole = folder ? await manifestOf(source.absolute, filesMax, signal) : undefined;
  const manifest = whole && { ...whole, files: whole.files.filter((file) => file.kind === 'file') };
  const left = whole && manifest ? whole.files.length - manifest.files.length : 0;
  const files = manifest ? manifest.files.length : 1;
  const counted = countedOf([[target.name, files]]);
  const done = { source: source.name, destination: target.name, files, left_out: left, overwritten: !!target.stats };
  return {
    counted,
    strength: 'enforced',
    notes: [
      target.stats ? replaces(target, target.stats) : `new: \`${target.name}\``,
      `${files} ${files === 1 ? 'file' : 'files'}, ${manifest?.bytes ?? source.stats.size} bytes`,
      ...(manifest ? foldersNote(root, source.absolute, manifest.files) : []),
      ...(left > 0 ? [`${left} links or special files are left out`] : []),
    ],
    marks: [
      ...(manifest?.files ?? [{ absolute: source.absolute, stats: source.stats }]).map((file) =>
        markFile(root, file.absolute, file.stats),
      ),
      markFile(root, target.absolute, target.stats),
    ],
    bytes: Number(manifest?.bytes ?? source.stats.size),
    more: manifest?.more ?? false,
    needsAll: true,
    act: async (cancelled) => {
      makeFolder(root, dirname(target.absolute));
      root.recheck(source.absolute);
      checkUnchanged(root, source);
      checkUnchanged(root, target);
      if (manifest) await copyFolder(root, source.absolute, target, manifest, cancelled);
      else copyInto(root, source.absolute, target.absolute, !!target.stats);
      return { counted, text: `copied \`${source.name}\` to \`${target.name}\` (${files} files)`, structured: done };
    },
  };
}

async function copyFolder(root: Root, source: string, target: Place, manifest: Manifest, cancelled: AbortSignal): Promise<void> {
  let done = 0;
  try {
    for (const folder of manifest.folders) await mkdir(below(target.absolute, source, folder));
    for await (const file of unchangedFiles(root, manifest)) {
      if (cancelled.aborted) throw new ToolProblem('cancelled');
      copyInto(root, file.absolute, below(target.absolute, source, file), false);
      done += 1;
    }
  } catch (error) {
    throw halfDone(
      error,
      `${done} of ${manifest.files.length} files were copied to \`${target.name}\``,
      countedOf([[target.name, done]]),
    );
  }
}

function transferTarget(root: Root, source: Place, input: Transfer): Place {
  const target = destination(root, input.destination, input.overwrite, input.create_folders);
  if (target.absolute === source.absolute) throw new ToolProblem('source and destination are the same: nothing to do');
  if (`${target.absolute}${sep}`.startsWith(`${source.absolute}${sep}`))
    throw new ToolProblem(`\`${target.name}\` lies inside \`${source.name}\`: choose a place outside it`);
  if (target.stats && source.stats?.isDirectory())
    throw new ToolProblem(`\`${target.name}\` is a file and stays: a folder never replaces it`);
  return target;
}

function rename(source: Place, target: Place): void {
  try {
    renameSync(source.absolute, target.absolute);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EXDEV') {
      throw new ToolProblem(`\`${target.name}\` is on another disk: copy \`${source.name}\` there, then delete it`);
    }
    throw error;
  }
}

/** What was planned for has to be what is there now. */
function checkUnchanged(root: Root, place: Place): void {
  const now = lstatSync(place.absolute, { bigint: true, throwIfNoEntry: false });
  const same = now && place.stats ? sameFile(now, place.stats) : !now && !place.stats;
  if (!same) throw new ToolProblem(`\`${root.nameOf(place.absolute)}\` changed meanwhile, so nothing was done: try again`);
}

function replaces(target: Place, stats: BigIntStats): string {
  return `overwrites \`${target.name}\` (${stats.size} bytes, changed ${detailsOf(stats).modified})`;
}

function contentBytes(content: string, encoding: 'text' | 'base64'): Buffer {
  const bytes = Buffer.from(content, encoding === 'text' ? 'utf8' : 'base64');
  const faithful = encoding === 'text' ? bytes.toString('utf8') === content : bytes.toString('base64') === content;
  if (!faithful)
    throw new ToolProblem(
      `\`content\` is not ${encoding === 'text' ? 'whole text (half a character)' : 'base64 with padding'}: send it again`,
    );
  return bytes;
}

/** A new file can be read by whoever can read its folder, and written by the owner only. */
function modeIn(folder: string): number {
  return (Number(lstatSync(folder, { bigint: true }).mode) & 0o044) | 0o600;
}
