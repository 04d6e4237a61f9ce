// The files of this repository as the tests of the house see them: tracked or about to be, with their text and imports.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

/** Paths with `/`, relative to the root. What .gitignore names isn't there. */
export const FILES: readonly string[] = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)))
  .sort();

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The same text with whole-line comments blanked: what a comment says is no code. */
export function code(path: string): string {
  return read(path).replace(/^[ \t]*(?:\/\/|\/?\*).*$/gm, '');
}

export type Import = { names: string; from: string };

/** All static and dynamic imports and re-exports of a source file. */
export function imports(path: string): Import[] {
  const text = code(path);
  const statics = [...text.matchAll(/^(?:import|export)\s+([\w\s{},*]*?)\s*from\s*['"]([^'"]+)['"]/gm)];
  const bare = [...text.matchAll(/^import\s*(['"])([^'"]+)\1/gm)];
  const dynamic = [...text.matchAll(/\bimport\s*\(\s*(['"])([^'"]+)\1\s*\)/g)];
  return [...statics, ...bare, ...dynamic].map(([, names = '', from = '']) => ({ names, from }));
}

/** The package of an import: `ajv/dist/2020.js` is `ajv`, `@a/b/c` is `@a/b`. Built-in modules keep their `node:`. */
export function packageOf(from: string): string {
  const parts = from.split('/');
  return from.startsWith('@') ? parts.slice(0, 2).join('/') : from.startsWith('node:') ? from : (parts[0] ?? from);
}
