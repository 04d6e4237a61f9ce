// How Windows reads a path: drives, UNC, verbatim and device prefixes, streams, short names, dropped dots and blanks.
import { Unreadable } from './unreadable.ts';

/** Segments of an absolute path, the first always '': `['', 'C:', 'share']`, and `['', '', 'server', 'share']` for UNC. */
export type Absolute = {
  segments: string[] /** A name in it stands for another one, that only the volume knows. */;
  alias: boolean;
};

/** Names that open a device in every folder, with any extension (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])$/i;
/** A generated 8.3 name such as `MARKET~1.CSV`. */
const SHORT_NAME = /^[^.~]{1,7}~\d{1,6}(?:\.[^.]{0,3})?$/;

/** Resolves a path against an absolute folder. Throws Unreadable for what names a stream, a device or a hidden current folder. */
export function resolveWindows(text: string, folder: readonly string[]): Absolute {
  const path = text.replaceAll('\\', '/');
  const verbatim = /^\/(?:\/\?|\?\?)\/(.*)$/s.exec(path)?.[1];
  if (verbatim !== undefined) return asWritten(verbatim, path);
  if (path.startsWith('//./')) return device(path);
  if (/^\/\/[^/]/.test(path)) return share(path.slice(2));
  if (/^[A-Za-z]:\//.test(path)) return walk(['', path.slice(0, 2).toUpperCase()], 2, path.slice(3));
  if (/^[A-Za-z]:/.test(path))
    throw new Unreadable('the path counts from the current folder of a drive; write it from the root of the drive');
  const top = topOf(folder);
  return path.startsWith('/') ? walk(folder.slice(0, top), top, path) : walk([...folder], top, path);
}

/** `C:/x`, `//server/share/x`, or `/x` for a place that no drive holds. */
export function windowsText(segments: readonly string[]): string {
  if (!/^[A-Z]:$/.test(segments[1] ?? '')) return segments.join('/');
  return segments.length === 2 ? `${segments[1]}/` : segments.slice(1).join('/');
}

/** Behind `\\?\` names are taken as they are, so nothing may depend on the usual cleaning. */
function asWritten(rest: string, path: string): Absolute {
  if (/(?:^|\/)(?:\.{1,2}|[^/]*[. ])(?:\/|$)/.test(rest))
    throw new Unreadable('the path skips the usual cleaning of names; write it without the prefix');
  if (/^[A-Za-z]:(?:\/|$)/.test(rest)) return walk(['', rest.slice(0, 2).toUpperCase()], 2, rest.slice(2));
  if (/^UNC\//i.test(rest)) return share(rest.slice(4));
  return device(path);
}

function device(path: string): Absolute {
  return { segments: ['', '', ...path.split('/').filter((name) => name !== '')], alias: true };
}

function share(rest: string): Absolute {
  const [server = '', name = '', ...names] = rest.split('/').filter((part) => part !== '');
  const head = ['', '', server, ...(name === '' ? [] : [name])];
  return walk(head, head.length, names.join('/'));
}

/** How many leading segments `..` can't leave: the drive, or server and share. */
function topOf(segments: readonly string[]): number {
  return segments[1] === '' ? Math.min(4, segments.length) : 2;
}

function walk(from: string[], top: number, rest: string): Absolute {
  const segments = [...from];
  for (const name of rest.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (segments.length > top) segments.pop();
      continue;
    }
    segments.push(plainName(name));
  }
  return { segments, alias: segments.slice(top).some((name) => SHORT_NAME.test(name)) };
}

function plainName(name: string): string {
  if (name.includes(':')) throw new Unreadable('the path names a stream inside a file; name the file alone');
  const plain = name.replace(/[. ]+$/, '');
  if (plain === '') throw new Unreadable('the path has a name of dots and blanks only; leave it out');
  if (DEVICE.test(plain.replace(/\..*$/s, '').trimEnd())) throw new Unreadable('the path names a device; name a file');
  return plain;
}
