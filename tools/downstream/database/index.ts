// The bundled server *database*: one SQLite file, read with `query`, changed with `execute` inside an approved bound.
import { resolve } from 'node:path';
import { readOptions, UsageProblem } from '../options.ts';
import { type BundledTool, serveBundled } from '../serve.ts';
import { DatabaseFile, type DatabaseOptions } from './file.ts';
import { readingTools } from './reading.ts';
import { writingTools } from './writing.ts';

const USAGE = `usage: perimeter tool database --file FILE [--create] [--read-only]
  --file FILE   the SQLite database
  --create      make the file if it is missing
  --read-only   offer nothing that writes`;

/** The server's tools on one database file. It is opened on first use, so a missing file is said by the call. */
export function databaseTools(options: DatabaseOptions): BundledTool[] {
  const file = new DatabaseFile({ ...options, file: resolve(options.file) });
  return options.readOnly ? readingTools(file) : [...readingTools(file), ...writingTools(file)];
}

/** Serves `databaseTools` on stdio until stdin closes. Throws UsageProblem on bad options. */
export async function start(argv: string[]): Promise<void> {
  const options = readOptions(argv, USAGE, {
    file: { type: 'string' },
    create: { type: 'boolean', default: false },
    'read-only': { type: 'boolean', default: false },
  });
  if (!options) return;
  if (!options.file) throw new UsageProblem(`\`--file\` is missing: name the SQLite database\n${USAGE}`);
  if (options.create && options['read-only'])
    throw new UsageProblem('`--create` and `--read-only` exclude each other: leave one out');
  const tools = databaseTools({ file: options.file, create: options.create, readOnly: options['read-only'] });
  await serveBundled({ name: 'perimeter-database', version: '1.0.0' }, tools);
}
