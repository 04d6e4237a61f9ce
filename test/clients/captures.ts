// What a client showed, kept in `.clients/captures/` for whoever brings docs/clients.md up to date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../server/package-root.ts';

const FOLDER = join(packageRoot(), '.clients', 'captures');

export function capture(name: string, text: string): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.txt`), `${text}\n`);
}
