// The database tools on PostgreSQL: the same names and the same promises as on SQLite.
import * as z from 'zod';
import { type PostgresChange, readPostgresChange } from '../../../../policies/sql/change.ts';
import { loadSqlParsers, readSql, type SqlReading } from '../../../../policies/sql/index.ts';
import { actualMeta, type Bound, boundOf, dryRunRows, keepInside, outside, PREVIEW_OUTPUT, type Preview } from '../../impact.ts';
import { type BundledTool, bundledTool, ToolProblem } from '../../serve.ts';
import { quoteName } from '../../sqlite.ts';
import { SET_ROWS_MAX, setOf, strangers, unnamedIn } from '../rows.ts';
import type { Rows } from '../values.ts';
import { countDirect, type Effects, runChange } from './change.ts';
import { Postgres } from './connection.ts';
import { describeTable, listTables, look, rowsOf } from './looking.ts';

const PREVIEW_MS = 5_000;
const EXECUTE_MS = 30_000;
const ROWS_MAX = 500;
const SAMPLED_TABLES_MAX = 5;
const CHANGES = ['insert', 'update', 'delete', 'merge', 'read'];

const SQL_INPUT = z.object({
  sql: z.string().max(100_000).describe('One PostgreSQL statement; `$1`, `$2` for values'),
  params: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .max(1_000)
    .optional()
    .describe('One value for each `$n`, in order'),
});
const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** The server's tools on one PostgreSQL database. Connections are made on first use, so one that is gone is said by the call. */
export async function postgresTools(
  url: string,
  { readOnly = false } = {},
): Promise<{ tools: BundledTool[]; close(): Promise<void> }> {
  await loadSqlParsers();
  const database = new Postgres(url);
  const tools = readOnly ? readingTools(database) : [...readingTools(database), ...writingTools(database)];
  return { tools, close: () => database.close() };
}

function readingTools(database: Postgres): BundledTool[] {
  return [
    bundledTool({
      name: 'tables',
      title: 'List tables',
      description: 'Lists the tables and views of the database.',
      input: z.object({}),
      annotations: READS,
      run: async () => answer({ tables: await listTables(database) }),
    }),
    bundledTool({
      name: 'describe',
      title: 'Describe a table',
      description: 'Shows the columns, indexes and triggers of one table or view.',
      input: z.object({
        table: z.string().min(1).max(1_000).describe('Name of the table or view, with its schema unless it is `public`'),
      }),
      annotations: READS,
      run: async ({ table }) => answer(await describeTable(database, table)),
    }),
    bundledTool({
      name: 'query',
      title: 'Read with SQL',
      description: 'Runs one SELECT and returns at most 500 rows. Can not change anything; use `execute` for that.',
      input: SQL_INPUT,
      annotations: READS,
      run: async ({ sql, params = [] }) => {
        const reading = single(sql);
        if (reading.kinds.join() !== 'read' || reading.actions.some((action) => action.verb !== 'read'))
          throw new ToolProblem(
            `\`query\` runs SELECT only, and no function that is not known to be harmless (${reading.kinds.join(', ')}): use \`execute\` to change rows`,
          );
        // a subquery can not hold a second statement, nor one that changes rows
        const rows = await look(database, `SELECT * FROM (\n${withoutEnd(sql)}\n) AS asked LIMIT ${ROWS_MAX + 1}`, params);
        return answer({
          rows: rows.rows.slice(0, ROWS_MAX),
          row_count: Math.min(ROWS_MAX, rows.rows.length),
          truncated: rows.truncated || rows.rows.length > ROWS_MAX,
        });
      },
    }),
  ];
}

function writingTools(database: Postgres): BundledTool[] {
  return [
    bundledTool({
      name: 'execute',
      title: 'Change rows with SQL',
      description:
        'Runs one INSERT, UPDATE, DELETE or MERGE in a transaction and says how many records changed in each table, cascades and triggers included.',
      input: SQL_INPUT,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
      impact: { preview: 'preview', unit: 'records', bound: true },
      run: async ({ sql, params = [] }, { meta }) => {
        const bound = boundOf(meta);
        const change = changing(sql, params);
        const effects = await runChange(
          database,
          change,
          params,
          EXECUTE_MS,
          (done) => {
            if (bound) keepWithin(bound, done);
            return true;
          },
          { identify: bound?.sets !== undefined },
        );
        if (!effects) throw new ToolProblem('the change was not run');
        const { rows, truncated } = rowsOf(effects.result);
        const structured = {
          records: effects.counted.total,
          tables: effects.counted.per_resource,
          ...(rows.length > 0 ? { rows, truncated } : {}),
        };
        return { text: JSON.stringify(structured), structured, meta: actualMeta(effects.counted, 'records') };
      },
    }),
    bundledTool({
      name: 'preview',
      title: 'Count what a change would do',
      description: 'Counts the records an `execute` with the same arguments would change, table by table, and changes nothing.',
      input: SQL_INPUT,
      output: PREVIEW_OUTPUT,
      annotations: READS,
      run: async ({ sql, params = [] }, { meta }) => {
        const preview = await previewOf(database, changing(sql, params), params, dryRunRows(meta));
        return { text: JSON.stringify(preview), structured: preview };
      },
    }),
  ];
}

async function previewOf(
  database: Postgres,
  change: PostgresChange,
  params: readonly unknown[],
  tried: number,
): Promise<Preview> {
  let asked: ReturnType<typeof samplesOf> | undefined;
  const effects = await runChange(
    database,
    change,
    params,
    PREVIEW_MS,
    (done) => {
      asked = samplesOf(database, done.tables);
      // what goes wrong with them is told below
      asked.catch(() => undefined);
      return false;
    },
    { identify: true, tried },
  );
  if (!effects) {
    const counted = await countDirect(database, change, params, PREVIEW_MS);
    if (!counted) throw new ToolProblem('this would touch so many rows that it is not tried to be counted: make it smaller');
    return { ...counted, unit: 'records', strength: 'estimated', more: true, direct: true };
  }
  const { counted, notes, rows } = effects;
  const samples = (await asked) ?? {};
  if (rows === undefined) notes.push(`held to the counts per table, not row by row: these are more than ${SET_ROWS_MAX} rows`);
  const loose = rows ? unnamedIn(rows) : [];
  return {
    ...counted,
    unit: 'records',
    strength: 'enforced',
    ...(rows === undefined ? {} : { set: setOf(rows, () => '') }),
    ...(loose.length === 0 ? {} : { by_number: loose }),
    ...(Object.keys(samples).length === 0 ? {} : { samples }),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** Throws ToolProblem unless the counts, and the rows where they were approved one by one, lie inside the bound. */
function keepWithin(bound: Bound, { counted, rows }: Effects): void {
  keepInside(bound, counted);
  if (bound.sets === undefined) return;
  if (rows === undefined) throw outside('its rows can not be told one by one, and they were approved one by one', counted);
  const found = Object.entries(strangers(bound.sets, rows, () => ''));
  if (found.length > 0)
    throw outside(
      found.map(([table, count]) => `${count} of the rows in \`${table}\` are not those that were approved`).join(', '),
      counted,
    );
}

/** A few rows of each table as they are now, for people to look at. */
async function samplesOf(database: Postgres, tables: Effects['tables']): Promise<Record<string, Rows['rows']>> {
  const asked = [...tables].filter(([, { key, first }]) => key.length > 0 && first.length > 0).slice(0, SAMPLED_TABLES_MAX);
  const samples = await Promise.all(
    asked.map(async ([table, { sql, key, first }]) => {
      const wanted = first.map((values, row) => `(${values.map((_, column) => `$${row * key.length + column + 1}`).join(', ')})`);
      const where = `(${key.map(quoteName).join(', ')}) IN (${wanted.join(', ')})`;
      return [table, rowsOf(await database.beside(`SELECT * FROM ${sql} WHERE ${where}`, first.flat())).rows] as const;
    }),
  );
  return Object.fromEntries(samples);
}

function single(sql: string): SqlReading {
  const reading = readSql(sql, 'postgres');
  if (reading.problem !== undefined) throw new ToolProblem(reading.problem);
  if (reading.statements !== 1)
    throw new ToolProblem(
      reading.statements === 0 ? 'there is no statement: send one in `sql`' : 'more than one statement: send them one by one',
    );
  return reading;
}

/** The statement, when all it does is change rows: nothing that a rollback would not take back is ever run. Throws ToolProblem. */
function changing(sql: string, params: readonly unknown[]): PostgresChange {
  const { kinds } = single(sql);
  const change = readPostgresChange(sql);
  if (!change) throw new ToolProblem('only INSERT, UPDATE, DELETE and MERGE run here: use `query` to read');
  const more = kinds.filter((kind) => !CHANGES.includes(kind));
  if (more.length > 0)
    throw new ToolProblem(
      `this does more than change rows (${more.join(', ')}), or calls a function that is not known to be harmless: leave it out`,
    );
  if (change.parameters !== params.length)
    throw new ToolProblem(
      `the statement has ${change.parameters} \`$n\` and \`params\` has ${params.length} values: give one for each`,
    );
  return change;
}

/** Cuts off a semicolon at the end, and comments behind it. */
function withoutEnd(sql: string): string {
  return sql.replace(/;(?:\s|--[^\n]*(?:\n|$))*$/, '');
}

const answer = (structured: Record<string, unknown>) => ({ text: JSON.stringify(structured), structured });
