// The canonical reading of a path: where it really leads, in every way a program might read it.
import { foldCase, hasControl, withoutInvisible } from './characters.ts';
import { leavesTheText, percentDecoded, spellingsOf } from './spellings.ts';
import { Unreadable } from './unreadable.ts';
import { resolveWindows, windowsText } from './windows-path.ts';

/** `root` is absolute in that os. `home`, where known, is what `~` and `$HOME` stand for. `links`: ask `realpath` (default: posix only). */
export type PathRules = {
  root: string;
  os: 'posix' | 'windows';
  case: 'sensitive' | 'insensitive';
  home?: string;
  links?: boolean;
};

/**
 * `text` is relative to the root with `/` (the root itself is `.`), or absolute when `outside`; `segments` is what scopes match, and
 * starts with '' when outside. `absolute` is the same place from the top. `fold`: names ignore case, compare with foldSegment.
 */
export type CanonicalPath = { text: string; segments: string[]; outside: boolean; absolute: string; fold: boolean };

const MAX_LENGTH = 32 * 1024;
const MAX_SEGMENTS = 4096;
/** Where the kernel shows one place under the name of a process: what it leads to depends on who asks (proc(5)). */
const PROCESS_ALIAS = /^\/(?:proc|dev\/(?:fd|stdin|stdout|stderr|tty))(?:\/|$)/;

/**
 * Every way a program might read this path; the first is the literal one. All are judged, the strictest counts.
 * `realpath` resolves links of the nearest existing ancestor, dangling ones included. Throws Unreadable when there is no safe reading.
 */
export function readPath(raw: string, rules: PathRules, realpath: (absolute: string) => string): CanonicalPath[] {
  checkText(raw);
  const volume = new Volume(rules, realpath);
  const found = new Map<string, CanonicalPath>();
  for (const spelling of spellingsOf(raw, rules.os)) {
    for (const path of volume.read(spelling)) if (!found.has(path.text)) found.set(path.text, path);
  }
  return [...found.values()];
}

/** The path of a `file:` resource URI, for readPath. Throws Unreadable when it is none, or names another machine. */
export function pathOfFileUri(uri: string): string {
  checkText(uri);
  const path = /^file:(?:\/\/(?:localhost)?)?(\/[^?#]*)$/i.exec(uri)?.[1];
  if (path === undefined || path.startsWith('//')) throw new Unreadable('the address is no `file:///` path on this machine');
  return percentDecoded(path).replace(/^\/(?=[A-Za-z]:[\\/])/, '');
}

/** A name as a volume compares it that ignores case: composed, one case, invisible characters dropped. */
export function foldSegment(segment: string): string {
  return foldCase(withoutInvisible(segment).normalize('NFC')).normalize('NFC');
}

function checkText(raw: unknown): asserts raw is string {
  if (typeof raw !== 'string' || raw === '') throw new Unreadable('a path is expected; write it as text');
  if (raw.length > MAX_LENGTH) throw new Unreadable(`the path is longer than ${MAX_LENGTH} characters; write it shorter`);
  if (hasControl(raw)) throw new Unreadable('the path holds a control character; write the plain name');
  if ((raw.match(/[\\/]/g)?.length ?? 0) > MAX_SEGMENTS)
    throw new Unreadable(`the path has more than ${MAX_SEGMENTS} parts; write it shorter`);
}

/** One root on one kind of volume; lives for one reading. */
class Volume {
  readonly #rules: PathRules;
  readonly #realpath: (absolute: string) => string;
  readonly #fold: boolean;
  readonly #root: string[];
  readonly #realRoot: string[];

  constructor(rules: PathRules, realpath: (absolute: string) => string) {
    checkText(rules.root);
    if (!/^[\\/]|^[A-Za-z]:[\\/]/.test(rules.root))
      throw new Unreadable('the root of the paths is not absolute; write all of it');
    this.#rules = rules;
    this.#fold = rules.case === 'insensitive';
    const known = new Map<string, string>();
    this.#realpath = (absolute) => {
      const real = known.get(absolute) ?? realpath(absolute);
      known.set(absolute, real);
      return real;
    };
    this.#root = this.#segments(rules.root);
    this.#realRoot = this.#resolveLinks(this.#root);
  }

  read(spelling: string): CanonicalPath[] {
    const { os, home } = this.#rules;
    const paths: CanonicalPath[] = [];
    if (leavesTheText(spelling, os)) {
      paths.push(this.#elsewhere(spelling));
      const rest =
        home === undefined ? undefined : /^(?:~|\$HOME\b|\$\{HOME\}|%USERPROFILE%)(?=[\\/]|$)(.*)$/is.exec(spelling)?.[1];
      if (home !== undefined && rest !== undefined) paths.push(...this.#resolve(`${home}${rest}`));
    }
    // what the text says literally still counts, and comes first
    return [...this.#resolve(spelling), ...paths];
  }

  #resolve(text: string): CanonicalPath[] {
    if (this.#rules.os === 'windows') {
      const { segments, alias } = resolveWindows(text, this.#root);
      return [this.#canonical(this.#resolveLinks(segments), alias)];
    }
    const lexical = this.#segments(text);
    const paths = [this.#canonical(this.#resolveLinks(lexical), false)];
    if (text.includes('..')) paths.push(this.#canonical(this.#stepwise(text), false));
    if (PROCESS_ALIAS.test(lexical.join('/'))) paths.push(this.#canonical(lexical, true));
    return paths;
  }

  /** Absolute segments, dot segments resolved by the text alone, as most libraries do. */
  #segments(text: string): string[] {
    if (this.#rules.os === 'windows') return resolveWindows(text, ['', 'C:']).segments;
    const segments = text.startsWith('/') ? [''] : [...this.#root];
    for (const name of text.split('/')) {
      if (name === '..') segments.splice(Math.max(1, segments.length - 1), 1);
      else if (name !== '' && name !== '.') segments.push(name);
    }
    return segments;
  }

  /** As the kernel walks: `..` behind a link is the parent of where the link leads. */
  #stepwise(text: string): string[] {
    let segments = text.startsWith('/') ? [''] : [...this.#root];
    let real = false;
    for (const name of text.split('/')) {
      if (name === '' || name === '.') continue;
      if (name !== '..') {
        segments.push(name);
        real = false;
        continue;
      }
      if (!real) segments = this.#resolveLinks(segments);
      real = true;
      segments = segments.slice(0, Math.max(1, segments.length - 1));
    }
    return this.#resolveLinks(segments);
  }

  #resolveLinks(segments: string[]): string[] {
    if (!(this.#rules.links ?? this.#rules.os === 'posix')) return segments;
    return this.#segments(this.#realpath(this.#text(segments)));
  }

  #text(segments: readonly string[]): string {
    return this.#rules.os === 'windows' ? windowsText(segments) : segments.join('/') || '/';
  }

  /** A place the text alone doesn't tell, so it lies outside whatever the root is. */
  #elsewhere(text: string): CanonicalPath {
    return this.#canonical(['', ...text.split(/[\\/]/).filter((name) => name !== '')], true);
  }

  #canonical(segments: string[], outside: boolean): CanonicalPath {
    const absolute = this.#text(segments);
    const names = segments.map((name) => name.normalize('NFC'));
    if (!outside && this.#contains(segments)) {
      const inside = names.slice(this.#realRoot.length);
      return {
        text: inside.join('/') || '.',
        segments: inside.length === 0 ? ['.'] : inside,
        outside: false,
        absolute,
        fold: this.#fold,
      };
    }
    return {
      text: this.#text(names),
      segments: names.length === 1 ? ['', ''] : names,
      outside: true,
      absolute,
      fold: this.#fold,
    };
  }

  #contains(segments: readonly string[]): boolean {
    const same = (a: string, b: string | undefined) =>
      b !== undefined && (a === b || (this.#fold && foldSegment(a) === foldSegment(b)));
    return this.#realRoot.every((name, index) => same(name, segments[index]));
  }
}
