// Which rows a statement touches, told apart by their keys, and the approved set that a later statement must stay within.
import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ToolProblem } from '../serve.ts';
import { quoteName, type Sqlite } from '../sqlite.ts';

/** More rows than these are held to their number per table, not one by one. */
export const SET_ROWS_MAX = 10_000;

/** How one row of a table is told from another. */
export type Keys = {
  /** The name of the rowid where that is the key: the engine makes one up for a new row that doesn't bring its own. */
  rowid: string | undefined;
  /** An SQL expression for the key of a row of a trigger, or of the table itself; NULL where rows can't be told apart. */
  of(row?: 'NEW' | 'OLD'): string;
  /** The key is a bare rowid, which VACUUM may hand to another row (sqlite.org/lang_vacuum.html). */
  loose: boolean;
};

/** Looks up how rows of an ordinary table are told apart: the primary key as declared, else the rowid. */
export function keysOf(database: Sqlite, table: string): Keys {
  const columns = [
    ...database
      .prepare(`SELECT name, pk, type, "notnull" FROM pragma_table_xinfo('${table.replaceAll("'", "''")}', 'main')`)
      .rows(),
  ].map(([name, pk, type, notNull]) => ({
    name: String(name),
    pk: Number(pk),
    type: String(type),
    nullable: Number(notNull) === 0,
  }));
  const [plain] = [
    ...database.prepare("SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND wr = 1 AND name = ?").rows([table]),
  ];
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  const rowid = plain ? undefined : ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  const key = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
  const alias = key.length === 1 && key[0]!.type.toUpperCase() === 'INTEGER';
  const at = (row: string | undefined, name: string) => (row === undefined ? name : `${row}.${name}`);
  if (key.length === 0 || (alias && rowid !== undefined))
    return { rowid, loose: key.length === 0, of: (row) => (rowid === undefined ? 'NULL' : at(row, rowid)) };
  const nullable = plain ? [] : key.filter((column) => column.nullable);
  return {
    rowid: undefined,
    loose: false,
    of(row) {
      const text = key.map((column) => `quote(${at(row, quoteName(column.name))})`).join(" || ',' || ");
      // outside of WITHOUT ROWID a primary key may hold NULLs, and then it tells nothing apart
      const unset = nullable.map((column) => `${at(row, quoteName(column.name))} IS NULL`).join(' OR ');
      return unset === ''
        ? text
        : rowid === undefined
          ? `iif(${unset}, NULL, ${text})`
          : `iif(${unset}, ${text} || ',' || ${at(row, rowid)}, ${text})`;
    },
  };
}

/** One change in the order it happened. `chosen`: the engine made up the key of the new row. */
export type Logged = {
  table: string;
  operation: 'inserted' | 'updated' | 'deleted';
  key: string | undefined;
  next: string | undefined;
  chosen: boolean;
};

/** Rows as `operation key`; `unnamed` counts the changes of rows that have no key of their own, such as new rows whose key the engine makes up. */
export type TouchedRows = Map<string, { rows: Set<string>; unnamed: number }>;

/**
 * Follows the changes one by one. Rows that REPLACE removes are in no log: they are those of `present` (keys before the statement, for
 * the tables it may happen in) whose place was taken or who are gone in the end.
 */
export function replay(
  log: Iterable<Logged>,
  present: ReadonlyMap<string, Set<string>>,
  now: (table: string) => Set<string>,
): TouchedRows {
  const touched: TouchedRows = new Map();
  const of = (table: string) => {
    const found = touched.get(table) ?? { rows: new Set<string>(), unnamed: 0 };
    touched.set(table, found);
    return found;
  };
  const born = new Map<string, Set<string>>();
  for (const { table, operation, key, next, chosen } of log) {
    const here = of(table);
    const fresh = born.get(table) ?? new Set<string>();
    born.set(table, fresh);
    const alive = present.get(table);
    if (key === undefined) here.unnamed += 1;
    else if (operation === 'inserted') {
      if (alive?.has(key)) here.rows.add(`replace ${key}`);
      alive?.add(key);
      if (chosen) fresh.add(key);
      else here.rows.add(`insert ${key}`);
    } else {
      // what happens to a row that this statement made is part of making it
      if (!fresh.has(key)) here.rows.add(`${operation === 'updated' ? 'update' : 'delete'} ${key}`);
      if (operation === 'deleted') alive?.delete(key);
      else if (next !== undefined && next !== key) {
        alive?.delete(key);
        if (alive?.has(next)) here.rows.add(`replace ${next}`);
        alive?.add(next);
        if (fresh.has(key)) fresh.add(next);
      }
    }
  }
  for (const [table, fresh] of born) of(table).unnamed += fresh.size;
  for (const [table, alive] of present) {
    const left = now(table);
    for (const key of alive) if (!left.has(key)) of(table).rows.add(`replace ${key}`);
  }
  return touched;
}

/** The tables in which some of the touched rows can't be told: of these only the number is held. */
export function unnamedIn(touched: TouchedRows): string[] {
  return [...touched].filter(([, { unnamed }]) => unnamed > 0).map(([table]) => table);
}

const SET = z.object({
  salt: z.string(),
  tables: z.record(z.string(), z.object({ rows: z.array(z.string()), unnamed: z.int().min(0) })),
});
/** What was counted, row by row, as the guard keeps it and sends it back: salted digests, so that no key leaves the database. */
export type RowSet = z.infer<typeof SET>;

/** Writes touched rows as a set. `form` is whatever else must be unchanged for a table's keys to name the same rows. */
export function setOf(touched: TouchedRows, form: (table: string) => string): RowSet {
  const salt = randomBytes(16).toString('base64url');
  const tables = [...touched].map(
    ([table, { rows, unnamed }]) =>
      [table, { rows: [...rows].map((row) => digest(salt, form(table), table, row)), unnamed }] as const,
  );
  return { salt, tables: Object.fromEntries(tables) };
}

/** How many touched rows of each table lie outside all of the sets that were sent. Throws ToolProblem on a set that can't be read. */
export function strangers(
  sent: readonly unknown[],
  touched: TouchedRows,
  form: (table: string) => string,
): Record<string, number> {
  const sets = sent.map((one) => {
    const { success, data } = SET.safeParse(one);
    if (!success) throw new ToolProblem('a set in the bound sent with this call can not be read, so nothing was changed');
    return {
      salt: data.salt,
      tables: new Map(Object.entries(data.tables).map(([table, { rows, unnamed }]) => [table, { rows: new Set(rows), unnamed }])),
    };
  });
  const outside: Record<string, number> = {};
  for (const [table, { rows, unnamed }] of touched) {
    const here = sets.flatMap((set) => (set.tables.has(table) ? [{ salt: set.salt, ...set.tables.get(table)! }] : []));
    const unknown = [...rows].filter(
      (row) => !here.some((set) => set.rows.has(digest(set.salt, form(table), table, row))),
    ).length;
    const extra = Math.max(0, unnamed - here.reduce((sum, set) => sum + set.unnamed, 0));
    if (unknown + extra > 0) outside[table] = unknown + extra;
  }
  return outside;
}

/** 128 bits of a salted SHA-256: enough that no other row can be made to look the same. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}
