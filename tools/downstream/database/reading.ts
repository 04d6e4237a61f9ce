// The database tools that only read: tables, describe, query.
import * as z from 'zod';
import { type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import type { Access, Sqlite, SqlValue } from '../sqlite.ts';
import { type DatabaseFile, UPKEEP_PRAGMAS } from './file.ts';
import { boundValues, scanStatement } from './statement.ts';
import { collectRows, type Rows } from './values.ts';

const QUERY_TIME_MAX_MS = 10_000;
const SQL_CHARS_MAX = 100_000;

export const SQL_INPUT = z.object({
  sql: z.string().max(SQL_CHARS_MAX).describe('One SQLite statement; `?` for values'),
  params: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .max(1_000)
    .optional()
    .describe('One value for each `?`, in order'),
});

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export function readingTools(file: DatabaseFile): BundledTool[] {
  return [
    bundledTool({
      name: 'tables',
      title: 'List tables',
      description: 'Lists the tables and views of the database.',
      input: z.object({}),
      annotations,
      run: async () => answer({ tables: await file.reading(listTables) }),
    }),
    bundledTool({
      name: 'describe',
      title: 'Describe a table',
      description: 'Shows the columns, keys, indexes and triggers of one table or view.',
      input: z.object({ table: z.string().min(1).max(1_000).describe('Name of the table or view') }),
      annotations,
      run: async ({ table }) => answer(await file.reading((database) => describeTable(database, table))),
    }),
    bundledTool({
      name: 'query',
      title: 'Read with SQL',
      description: 'Runs one SELECT and returns at most 500 rows. Can not change anything; use `execute` for that.',
      input: SQL_INPUT,
      annotations,
      run: async ({ sql, params }) => {
        const scanned = scanStatement(sql);
        if (!['SELECT', 'WITH', 'VALUES'].includes(scanned.keyword)) {
          throw new ToolProblem(`\`query\` runs SELECT only, not ${scanned.keyword}: use \`execute\` to change rows`);
        }
        const values = boundValues(scanned, params ?? []);
        const { rows, truncated } = await file.reading((database) => runQuery(database, scanned.text, values));
        return answer({ rows, row_count: rows.length, truncated });
      },
    }),
  ];
}

function answer(structured: Record<string, unknown>): { text: string; structured: Record<string, unknown> } {
  return { text: JSON.stringify(structured), structured };
}

/** Runs a statement that the engine itself vouches for as reading. */
function runQuery(database: Sqlite, sql: string, params: readonly SqlValue[]): Rows {
  let refused: Access | undefined;
  let selects = false;
  database.authorize((access) => {
    selects ||= access.action === 'select' && access.inside === null;
    if (mayRead(access)) return true;
    refused ??= access;
    return false;
  });
  try {
    const statement = database.prepare(sql);
    if (!selects || statement.columns.length === 0)
      throw new ToolProblem('`query` runs SELECT only: use `execute` to change rows');
    const until = performance.now() + QUERY_TIME_MAX_MS;
    return collectRows(statement, params, 'stop', () => {
      if (performance.now() > until) throw new ToolProblem('the query takes longer than 10 s and was stopped: narrow it down');
    });
  } catch (error) {
    if (refused && !(error instanceof ToolProblem)) throw new ToolProblem(refusal(refused));
    throw error;
  } finally {
    database.authorize(undefined);
  }
}

export function mayRead({ action, name }: Access): boolean {
  if (action === 'function') return name.toLowerCase() !== 'load_extension';
  return (
    action === 'select' || action === 'read' || action === 'recursive' || (action === 'pragma' && UPKEEP_PRAGMAS.includes(name))
  );
}

function refusal({ action, name }: Access): string {
  if (action === 'function') return `the function \`${name}\` is not allowed here: leave it out`;
  if (action === 'other' || action === 'pragma')
    return '`query` runs SELECT only, without pragmas: `tables` and `describe` show the schema';
  return `\`query\` can not ${action} in \`${name}\`: use \`execute\` to change rows`;
}

function listTables(database: Sqlite): { name: string; type: string }[] {
  return records(
    database,
    "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  ).map((row) => ({ name: String(row.name), type: String(row.type) }));
}

function describeTable(database: Sqlite, given: string): Record<string, unknown> {
  const [found] = records(
    database,
    "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE",
    given,
  );
  if (!found) throw new ToolProblem(`there is no table \`${given}\`: \`tables\` lists them`);
  const table = String(found.name);
  return {
    ...found,
    columns: records(
      database,
      'SELECT name, type, "notnull" = 1 AS required, dflt_value AS "default", pk AS key FROM pragma_table_xinfo(?) WHERE hidden <> 1',
      table,
    ),
    foreign_keys: records(
      database,
      'SELECT "from" AS column_name, "table" AS other_table, "to" AS other_column, on_update, on_delete FROM pragma_foreign_key_list(?)',
      table,
    ),
    indexes: records(
      database,
      'SELECT name, "unique" = 1 AS is_unique, (SELECT group_concat(name, \', \') FROM pragma_index_info(list.name)) AS columns FROM pragma_index_list(?) AS list',
      table,
    ),
    triggers: records(
      database,
      "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE",
      table,
    ),
  };
}

/** Rows of one of our own statements. */
function records(database: Sqlite, sql: string, ...params: string[]): Rows['rows'] {
  return collectRows(database.prepare(sql), params, 'stop', () => {}).rows;
}
