// The bundled server *files*: one folder, and nothing outside it by any spelling.
import { statSync } from 'node:fs';
import { readOptions, UsageProblem } from '../options.ts';
import { type BundledTool, serveBundled } from '../serve.ts';
import { deletingTools } from './deleting.ts';
import { readingTools } from './reading.ts';
import { Root } from './root.ts';
import { writingTools } from './writing.ts';

const USAGE = `usage: perimeter tool files --root DIR
  --root DIR   the folder to work in; nothing outside it can be reached`;

/** The server's tools on one folder, which must exist. */
export function filesTools(options: { root: string }): BundledTool[] {
  const root = new Root(options.root);
  return [...readingTools(root), ...writingTools(root), ...deletingTools(root)];
}

/** Serves `filesTools` on stdio until stdin closes. Throws UsageProblem on bad options. */
export async function start(argv: string[]): Promise<void> {
  const options = readOptions(argv, USAGE, { root: { type: 'string' } });
  if (!options) return;
  if (!options.root) throw new UsageProblem(`\`--root\` is missing: name the folder to work in\n${USAGE}`);
  if (!statSync(options.root, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageProblem(`\`--root ${options.root}\` is no folder: make it first`);
  await serveBundled({ name: 'perimeter-files', version: '1.0.0' }, filesTools({ root: options.root }));
}
