// What the catalog says of the table a statement changes: its real name and the columns that tell its rows apart.
import type { PostgresChange } from '../../../../policies/sql/change.ts';
import { COULD_HOLD } from '../../../../policies/sql/rewrite-limit.ts';
import { quoteName } from '../../sqlite.ts';
import type { Session } from './connection.ts';

export type TargetTable = {
  /** As counts name it: without the schema where that is `public`. */
  name: string;
  /** As SQL names it. */
  sql: string;
  key: string[];
  /** A plain table: its rows tell whether they were inserted or updated. */
  plain: boolean;
  /** How many rows could be in it at most, by the size of its file; infinite for what has no file of its own. */
  could: number;
};

/** The name a table goes by in counts. */
export function tableName(schema: string, name: string): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}

/** Looks the target up; undefined when there is no such table. A view has no key of its own. */
export async function targetOf(session: Session, change: Pick<PostgresChange, 'table'>): Promise<TargetTable | undefined> {
  const { rows } = await session.kept(
    'target',
    `SELECT n.nspname::text, c.relname::text, c.relkind::text,
            (${COULD_HOLD})::text,
            (SELECT json_agg(a.attname ORDER BY k.position)::text FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
               JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid)
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass($1)`,
    [change.table.slice(-2).map(quoteName).join('.')],
  );
  const [schema, name, kind, could, key] = rows[0] ?? [];
  if (typeof schema !== 'string' || typeof name !== 'string') return undefined;
  return {
    name: tableName(schema, name),
    sql: `${quoteName(schema)}.${quoteName(name)}`,
    key: typeof key === 'string' && (kind === 'r' || kind === 'p') ? (JSON.parse(key) as string[]) : [],
    plain: kind === 'r',
    could: typeof could === 'string' ? Number(could) : Number.POSITIVE_INFINITY,
  };
}
