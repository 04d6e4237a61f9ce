// The file tool that deletes, file by file from the list that was counted: what came later stays.
import { readdirSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import * as z from 'zod';
import { countedOf } from '../impact.ts';
import { type BundledTool, ToolProblem } from '../serve.ts';
import { movable } from './places.ts';
import { changeTools, halfDone, type Outcome, type Plan } from './plan.ts';
import { detailsOf, path } from './reading.ts';
import type { Place, Root } from './root.ts';
import { type Entry, foldersNote, type Manifest, manifestOf, markFile, unchangedFiles } from './walk.ts';

const INPUT = z.object({ path, recursive: z.boolean().default(false).describe('Needed for a folder that is not empty') });

export function deletingTools(root: Root): BundledTool[] {
  return changeTools({
    name: 'delete',
    title: 'Delete',
    description: 'Deletes a file, or a folder with everything in it (`recursive: true`), for good. Never the root folder.',
    input: INPUT,
    destructive: true,
    idempotent: false,
    plan: (input, filesMax, signal) => planDelete(root, input, filesMax, signal),
  });
}

async function planDelete(root: Root, input: z.output<typeof INPUT>, filesMax: number, signal: AbortSignal): Promise<Plan> {
  const place = movable(root, input.path);
  const manifest = await listed(place, filesMax, signal);
  const folder = place.stats.isDirectory();
  if (folder && !input.recursive && readdirSync(place.absolute).length > 0) {
    throw new ToolProblem(`\`${place.name}\` is a folder that is not empty: say \`recursive: true\` to delete all of it`);
  }
  return {
    counted: countedOf([[place.name, manifest.files.length]]),
    strength: 'enforced',
    notes: folder
      ? [
          `deletes for good: ${manifest.files.length} files in ${manifest.folders.length} folders, ${manifest.bytes} bytes`,
          ...foldersNote(root, place.absolute, manifest.files),
        ]
      : [`deletes for good: \`${place.name}\` (${place.stats.size} bytes, changed ${detailsOf(place.stats).modified})`],
    marks: manifest.files.map((file) => markFile(root, file.absolute, file.stats)),
    more: manifest.more,
    needsAll: true,
    act: (cancelled) => remove(root, place, manifest, cancelled),
  };
}

async function listed(
  place: Place & { stats: NonNullable<Place['stats']> },
  filesMax: number,
  signal: AbortSignal,
): Promise<Manifest> {
  if (place.stats.isDirectory()) return manifestOf(place.absolute, filesMax, signal);
  const file: Entry = { absolute: place.absolute, kind: 'file', stats: place.stats };
  return { files: [file], folders: [], bytes: place.stats.size, more: false };
}

async function remove(root: Root, place: Place, manifest: Manifest, cancelled: AbortSignal): Promise<Outcome> {
  let done = 0;
  try {
    for await (const file of unchangedFiles(root, manifest)) {
      if (cancelled.aborted) throw new ToolProblem('cancelled');
      await unlink(file.absolute);
      done += 1;
    }
  } catch (error) {
    throw halfDone(error, `${done} of ${manifest.files.length} files were deleted`, countedOf([[place.name, done]]));
  }
  const kept = await removeFolders(root, manifest.folders);
  return {
    counted: countedOf([[place.name, done]]),
    text: `deleted \`${place.name}\` (${done} files)${kept > 0 ? `; ${kept} folders stay, since something new is in them` : ''}`,
    structured: { path: place.name, files: done, folders: manifest.folders.length - kept, folders_kept: kept },
  };
}

/** Removes folders that are empty by now, deepest first; how many are not. */
async function removeFolders(root: Root, folders: readonly Entry[]): Promise<number> {
  let kept = 0;
  for (const folder of [...folders].reverse()) {
    try {
      root.recheck(folder.absolute);
      await rmdir(folder.absolute);
    } catch {
      kept += 1;
    }
  }
  return kept;
}
