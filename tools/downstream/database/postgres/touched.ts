// Which rows a running transaction touched, cascades and triggers included: PostgreSQL marks every row version with who made and who ended it.
import { quoteName } from '../../sqlite.ts';
import { SET_ROWS_MAX, type TouchedRows } from '../rows.ts';
import type { Answer, Cell, Postgres, Session } from './connection.ts';

/** What one table's counters say happened to it, and what it is called. */
export type Delta = {
  relid: string;
  schema: string;
  name: string;
  /** As counts name it. */
  table: string;
  inserted: number;
  updated: number;
  deleted: number;
};
export type Touched = { rows: TouchedRows; tables: Map<string, Looked> };
/** How a table's rows were told apart: `key` empty for tables without one, and the keys of a few rows that were there before. */
export type Looked = { sql: string; key: string[]; first: Cell[][] };

/** Larger tables are not searched for marks, since there is no index on them. */
const SEARCHED_BYTES_MAX = 128 * 1024 * 1024;
const SAMPLES_MAX = 3;

/** This transaction, as rows are marked with it. What a trigger does behind an EXCEPTION clause bears another mark, and is counted only. */
const OWN = 'SELECT (pg_catalog.txid_current_if_assigned() % 4294967296)::text';

/** Key, whether a new row's key may be made up by the server, whether it may be searched, and the file it lies in. */
const TABLES = `
  SELECT c.oid::text,
         (SELECT json_agg(a.attname ORDER BY k.position)::text FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
            JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid),
         EXISTS (SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attnum = ANY (i.indkey)
            WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND (a.atthasdef OR a.attidentity <> '' OR a.atttypid = 'pg_catalog.uuid'::regtype))
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 7 = 7),
         pg_catalog.pg_relation_size(c.oid) <= ${SEARCHED_BYTES_MAX} AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
         pg_catalog.pg_relation_filenode(c.oid)::text
    FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`;

/**
 * Tells the rows of these tables that the transaction of `session` touched, as `operation key`. What can't be told counts as `unnamed`: new rows whose
 * key the server makes up (all of them with `madeUp`), a row's second change, tables too large to search or not ours to read.
 */
export async function touchedRows(
  database: Postgres,
  session: Session,
  deltas: readonly Delta[],
  madeUp: boolean,
): Promise<Touched> {
  const [{ rows: [[own] = []] = [] }, { rows: tables }] = await Promise.all([
    session.kept('own', OWN),
    session.kept('tables', TABLES, [deltas.map((delta) => delta.relid)]),
  ]);
  const found = await Promise.all(
    deltas.map(async (delta) => {
      const [, keys, fresh, searchable, file] = tables.find(([relid]) => relid === delta.relid) ?? [];
      const key = typeof keys === 'string' ? (JSON.parse(keys) as string[]) : [];
      const sql = `ONLY ${quoteName(delta.schema)}.${quoteName(delta.name)}`;
      const marks = searchable === true ? await marksOn(database, session, { sql, key, own: String(own) }) : undefined;
      return { delta, looked: { sql, key }, marks, fresh: madeUp || fresh !== false || key.length === 0, file: String(file) };
    }),
  );
  const rows: TouchedRows = new Map();
  const looks = new Map<string, Looked>();
  for (const { delta, looked, marks, fresh, file } of found) {
    // without a key, a row is its place in the file and the transaction that put it there: nothing else is ever both
    const named = marks
      ? namesOf(delta, marks, fresh, (row) => JSON.stringify(looked.key.length > 0 ? row.key : [file, row.place, row.by]))
      : [];
    const count = delta.inserted + delta.updated + delta.deleted;
    rows.set(delta.table, { rows: new Set(named), unnamed: Math.max(0, count - named.length) });
    looks.set(delta.table, { ...looked, first: (marks?.old ?? []).slice(0, SAMPLES_MAX).map((row) => row.key) });
  }
  return { rows, tables: looks };
}

type Row = { place: string; by: string; key: Cell[] };
/** Rows as they were before and are no more, and row versions that are new. */
type Marks = { old: Row[]; now: Row[] };

/**
 * The transaction sees the versions it made (`xmin`), and those it only locked (`xmax` of a row it still sees). A connection beside it still sees those
 * it ended. Undefined when there are too many or they can't be seen.
 */
async function marksOn(
  database: Postgres,
  session: Session,
  { sql, key, own }: { sql: string; key: string[]; own: string },
): Promise<Marks | undefined> {
  const columns = ['t.ctid::text', 't.xmin::text', ...key.map((column) => `t.${quoteName(column)}`)].join(', ');
  const select = `FROM ${sql} AS t WHERE`;
  const limit = `LIMIT ${SET_ROWS_MAX * 2 + 1}`;
  const [inside, outside] = await Promise.all([
    session.run(`SELECT t.xmin = $1::xid, ${columns} ${select} t.xmin = $1::xid OR t.xmax = $1::xid ${limit}`, [own]),
    database.beside(`SELECT true, ${columns} ${select} t.xmax = $1::xid ${limit}`, [own]).catch(() => undefined),
  ]);
  if (outside === undefined || inside.rows.length > SET_ROWS_MAX * 2 || outside.rows.length > SET_ROWS_MAX * 2) return undefined;
  const read = ({ rows }: Answer, made: boolean): Row[] =>
    rows
      .filter((row) => row[0] === made)
      .map(([, place, by, ...values]) => ({ place: String(place), by: String(by), key: values }));
  const locked = new Set(read(inside, false).map((row) => row.place));
  return { now: read(inside, true), old: read(outside, true).filter((row) => !locked.has(row.place)) };
}

/**
 * A key in both was updated, one only before was deleted, one only now is new; where keys themselves were changed beside other changes, which is
 * which can't be told, and the names say so. A new place of a row that was there has no name of its own.
 */
function namesOf(delta: Delta, { old, now }: Marks, fresh: boolean, nameOf: (row: Row) => string): string[] {
  const before = new Set(old.map(nameOf));
  const after = new Set(now.map(nameOf));
  const both = [...before].filter((name) => after.has(name)).length;
  const settled = both === delta.updated;
  const gone = delta.deleted === 0 ? 'update' : settled || delta.updated === 0 ? 'delete' : 'gone';
  const came = settled || before.size - both === delta.deleted ? 'insert' : 'came';
  const names = [...before].map((name) => `${after.has(name) ? 'update' : gone} ${name}`);
  if (delta.inserted > 0 && !fresh) for (const name of after) if (!before.has(name)) names.push(`${came} ${name}`);
  return names;
}
