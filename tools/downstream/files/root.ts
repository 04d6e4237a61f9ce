// The one folder this server works in, and the proof that a path lies inside it: dot-dots, links and unicode tricks included.
import { type BigIntStats, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { hasControl } from '../../../policies/values/characters.ts';
import { ToolProblem } from '../serve.ts';

const PATH_CHARS_MAX = 4_096;

/** A place inside the root, by its canonical path: no link is left in what exists of it. */
export type Place = {
  absolute: string;
  /** Relative to the root with `/`; the root itself is `.`. */
  name: string;
  /** What is there; undefined when nothing is. */
  stats: BigIntStats | undefined;
  /** The path as given ends in a link, and `absolute` is what that leads to. */
  link: boolean;
};

export class Root {
  /** Canonical path of the folder. */
  readonly path: string;
  readonly #given: string;

  /** `folder` must exist. Throws the system's error otherwise. */
  constructor(folder: string) {
    this.#given = resolve(folder);
    this.path = realpathSync.native(this.#given);
  }

  /** Where a path leads. Throws ToolProblem when that is outside the root, or when it could be read in two ways. */
  locate(given: string): Place {
    checkText(given);
    const lexical = resolve(this.path, given);
    const shown = given.length > 200 ? `${given.slice(0, 200)}…` : given;
    // Told by the text alone, so that no error gives away what exists outside.
    if (!contains(this.path, lexical) && !contains(this.#given, lexical)) throw outside(shown);
    const absolute = canonical(lexical, shown);
    if (!contains(this.path, absolute)) throw outside(shown);
    if (given.includes('..') && this.#stepwise(given, shown) !== absolute) {
      throw new ToolProblem(`\`${shown}\` goes up from a link, which can be read in two ways: write the path without \`..\``);
    }
    return this.#place(absolute, lexical, shown);
  }

  /** The same, for something that has to be there. */
  existing(given: string): Place & { stats: BigIntStats } {
    const place = this.locate(given);
    if (!place.stats) throw new ToolProblem(`\`${place.name}\` is not there: \`list\` shows what is`);
    return { ...place, stats: place.stats };
  }

  /** A path of the root as people read it. */
  nameOf(absolute: string): string {
    return relative(this.path, absolute).split(sep).join('/') || '.';
  }

  /** Throws unless a canonical path still is one: nobody put a link in its way since it was located. */
  recheck(absolute: string): void {
    let now: string | undefined;
    try {
      now = realpathSync.native(absolute);
    } catch {
      now = undefined;
    }
    if (now !== absolute)
      throw new ToolProblem(`\`${this.nameOf(absolute)}\` changed while it was worked on, so this was stopped: try again`);
  }

  /** As the kernel walks: `..` behind a link is the parent of where the link leads. */
  #stepwise(given: string, shown: string): string {
    const start = isAbsolute(given) ? parse(given).root : this.path;
    const names = (isAbsolute(given) ? given.slice(start.length) : given).split(sep === '\\' ? /[\\/]/ : '/');
    return canonical(
      names.reduce((at, name) => (name === '..' ? dirname(canonical(at, shown)) : join(at, name)), start),
      shown,
    );
  }

  #place(absolute: string, lexical: string, shown: string): Place {
    const last = lexical === this.path ? lexical : join(canonical(dirname(lexical), shown), basename(lexical));
    return {
      absolute,
      name: this.nameOf(absolute),
      stats: lstatSync(absolute, { bigint: true, throwIfNoEntry: false }),
      link: lstatSync(last, { throwIfNoEntry: false })?.isSymbolicLink() ?? false,
    };
  }
}

function checkText(given: string): void {
  if (given === '') throw new ToolProblem('the path is empty: write `.` for the folder itself');
  if (given.length > PATH_CHARS_MAX)
    throw new ToolProblem(`the path has more than ${PATH_CHARS_MAX} characters: write a shorter one`);
  if (hasControl(given)) throw new ToolProblem('the path holds a control character or half a character: write the plain name');
}

/** The real path of what exists, and the rest of the name behind it. A dangling link has no safe reading. */
function canonical(path: string, shown: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTDIR') throw new ToolProblem(`\`${shown}\` goes through a file as if it were a folder: check the path`);
    if (code === 'ELOOP') throw new ToolProblem(`\`${shown}\` is a link that leads in circles: write the real path`);
    if (code === 'ENAMETOOLONG') throw new ToolProblem(`\`${shown}\` is too long a name: choose a shorter one`);
    if (code !== 'ENOENT') throw error;
    if (lstatSync(path, { throwIfNoEntry: false }))
      throw new ToolProblem(`\`${shown}\` is a link to something that is not there: write the real path`);
    return join(canonical(dirname(path), shown), basename(path));
  }
}

function contains(folder: string, path: string): boolean {
  const rest = relative(folder, path);
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest));
}

function outside(shown: string): ToolProblem {
  return new ToolProblem(`\`${shown}\` lies outside the folder this server works in: use a path inside it`);
}

/** The same file on disk, whatever it is called. */
export function sameFile(a: Pick<BigIntStats, 'dev' | 'ino'>, b: Pick<BigIntStats, 'dev' | 'ino'>): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
