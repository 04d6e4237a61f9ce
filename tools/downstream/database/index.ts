// The bundled server *database*: a SQLite file or a PostgreSQL database, read with `query`, changed with `execute` inside an approved bound.
import { resolve } from 'node:path';
import { readOptions, UsageProblem } from '../options.ts';
import { type BundledTool, serveBundled } from '../serve.ts';
import { DatabaseFile, type DatabaseOptions } from './file.ts';
import { readingTools } from './reading.ts';
import { writingTools } from './writing.ts';

const USAGE = `usage: perimeter tool database --file FILE [--create] [--read-only]
       perimeter tool database --url postgres://… [--read-only]
  --file FILE   the SQLite database
  --url URL     the PostgreSQL database; better said as DATABASE_URL in the environment, where other processes don't see its password
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
    url: { type: 'string' },
    create: { type: 'boolean', default: false },
    'read-only': { type: 'boolean', default: false },
  });
  if (!options) return;
  const url = options.url ?? (options.file === undefined ? process.env.DATABASE_URL : undefined);
  if (url !== undefined && options.file !== undefined)
    throw new UsageProblem('`--file` and `--url` exclude each other: leave one out');
  if (url !== undefined) return startPostgres(url, options['read-only']);
  if (!options.file)
    throw new UsageProblem(`\`--file\` is missing: name the SQLite database, or a PostgreSQL one with \`--url\`\n${USAGE}`);
  if (options.create && options['read-only'])
    throw new UsageProblem('`--create` and `--read-only` exclude each other: leave one out');
  const tools = databaseTools({ file: options.file, create: options.create, readOnly: options['read-only'] });
  await serveBundled({ name: 'perimeter-database', version: '1.0.0' }, tools);
}

/** The driver and the grammar are loaded only here, so nobody else pays for them. */
async function startPostgres(url: string, readOnly: boolean): Promise<void> {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw new UsageProblem('the address of the database must begin with `postgres://`');
  const { postgresTools } = await import('./postgres/tools.ts');
  const { tools, close } = await postgresTools(url, { readOnly });
  await serveBundled({ name: 'perimeter-database', version: '1.0.0' }, tools);
  await close();
}
