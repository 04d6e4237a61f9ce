// Other people's servers, installed where the tests need them: in a folder of their own, without install scripts, and kept for the next run.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../.third-party');

/** The path of `main` inside the folder `name`, after installing `packages` there if it is missing; `overrides` puts one package in another's place. */
export function thirdParty(
  name: string,
  packages: readonly string[],
  main: string,
  overrides: Record<string, string> = {},
): string {
  const folder = join(FOLDER, name.replaceAll(/[@/]/g, '_'));
  const file = join(folder, 'node_modules', main);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    stdio: 'ignore',
    timeout: 390_000,
  });
  return file;
}
