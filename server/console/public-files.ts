// The files that pages load besides themselves: read once, named with a digest so that a browser may keep them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

const TYPES: Record<string, string> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export type PublicFile = { name: string; type: string; body: string; digest: string };

/** Where they lie, in the source and in an installation. */
export const publicFolder = (): string => join(packageRoot(), 'server', 'console', 'public');

let files: Map<string, PublicFile> | undefined;
function all(): Map<string, PublicFile> {
  files ??= new Map(
    readdirSync(publicFolder())
      .filter((name) => name.split('.').at(-1)! in TYPES)
      .map((name) => {
        const body = readFileSync(join(publicFolder(), name), 'utf8');
        const type = `${TYPES[name.split('.').at(-1)!]}; charset=utf-8`;
        return [name, { name, type, body, digest: createHash('sha256').update(body).digest('base64url').slice(0, 12) }];
      }),
  );
  return files;
}

/** A file by its name; undefined when there is none. */
export const publicFile = (name: string): PublicFile | undefined => all().get(name);

/** The address of a file, as pages write it. */
export const asset = (name: string): string => `/public/${name}?v=${all().get(name)?.digest ?? 'missing'}`;
