// Where a change may go: destinations that are free or may be replaced, folders made on the way, links left alone.

import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TEMPORARY } from '../durable.ts';
import { ToolProblem } from '../serve.ts';
import type { Place, Root } from './root.ts';

/** Something that may be moved or deleted: there, not the root, and not a link (what it leads to was judged, not the link). */
export function movable(root: Root, given: string): Place & { stats: NonNullable<Place['stats']> } {
  const place = root.existing(given);
  if (place.absolute === root.path)
    throw new ToolProblem('the root folder itself is never moved or deleted: name something in it');
  if (place.link)
    throw new ToolProblem(`\`${given}\` is a link, and links are neither moved nor deleted here: name what it leads to`);
  return place;
}

/** A place for a new entry. What is there may be replaced only if it is a file and `overwrite` says so. Its folder must exist or may be made. */
export function destination(root: Root, given: string, overwrite: boolean, createFolders: boolean): Place {
  const place = root.locate(given);
  if (place.stats?.isDirectory()) throw new ToolProblem(`\`${place.name}\` is a folder: name the new entry in full`);
  if (place.stats && !place.stats.isFile())
    throw new ToolProblem(`\`${place.name}\` is not an ordinary file and stays as it is: choose another name`);
  if (place.stats && !overwrite)
    throw new ToolProblem(`\`${place.name}\` is there already: choose another name, or say \`overwrite: true\``);
  checkFolder(root, dirname(place.absolute), createFolders);
  return place;
}

function checkFolder(root: Root, folder: string, createFolders: boolean): void {
  const place = root.locate(folder);
  if (place.stats && !place.stats.isDirectory()) throw new ToolProblem(`\`${place.name}\` is not a folder: check the path`);
  if (!place.stats && !createFolders)
    throw new ToolProblem(`the folder \`${place.name}\` is not there: check the path, or say \`create_folders: true\``);
}

/** Makes sure the folder of a new entry is there and still inside. */
export function makeFolder(root: Root, folder: string): void {
  mkdirSync(folder, { recursive: true });
  root.recheck(folder);
}

/** Copies a file whole or not at all; `replace` says whether another file may stand there. */
export function copyInto(root: Root, source: string, target: string, replace: boolean): void {
  const folder = dirname(target);
  const temporary = join(folder, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  try {
    copyFileSync(source, temporary, constants.COPYFILE_EXCL);
    root.recheck(folder);
    if (replace) renameSync(temporary, target);
    else linkSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}
