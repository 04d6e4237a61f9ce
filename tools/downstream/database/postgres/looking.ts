// Looks at a PostgreSQL database without changing it: rows, tables, and how a table is made.
import { ToolProblem } from '../../serve.ts';
import { collect, type Rows } from '../values.ts';
import type { Answer, Postgres } from './connection.ts';

const QUERY_MS = 10_000;

/** Runs one reading statement in a transaction that can't write. Throws ToolProblem. */
export async function look(database: Postgres, sql: string, values: readonly unknown[] = []): Promise<Rows> {
  let rows: Rows | undefined;
  await database.transaction({ ms: QUERY_MS, readOnly: true }, async (session) => {
    rows = rowsOf(await session.run(sql, values));
    return false;
  });
  return rows ?? { rows: [], truncated: false };
}

export const rowsOf = ({ columns, rows }: Answer): Rows => collect(columns, rows, 'stop', () => {});

/** Tables and views outside of the system's own schemas. */
export async function listTables(database: Postgres): Promise<Rows['rows']> {
  return (
    await look(
      database,
      "SELECT table_schema::text AS schema, table_name::text AS name, lower(table_type) AS type FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    )
  ).rows;
}

/** Columns, constraints, indexes and triggers. Throws ToolProblem when there is no such table. */
export async function describeTable(database: Postgres, table: string): Promise<Record<string, unknown>> {
  const parts = table.split('.');
  const [name = '', schema = 'public'] = parts.reverse();
  const at = [schema, name];
  const { rows: columns } = await look(
    database,
    "SELECT column_name::text AS name, data_type::text AS type, is_nullable = 'NO' AS required, column_default::text AS default FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position",
    at,
  );
  if (columns.length === 0) throw new ToolProblem(`there is no table \`${table}\`: \`tables\` lists them`);
  return {
    name: table,
    columns,
    constraints: (
      await look(
        database,
        'SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)',
        at,
      )
    ).rows,
    indexes: (
      await look(
        database,
        'SELECT indexname::text AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = $1 AND tablename = $2',
        at,
      )
    ).rows,
    triggers: (
      await look(
        database,
        'SELECT trigger_name::text AS name, event_manipulation::text AS event, action_timing::text AS timing FROM information_schema.triggers WHERE event_object_schema = $1 AND event_object_table = $2',
        at,
      )
    ).rows,
  };
}
