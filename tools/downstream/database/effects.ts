// Counts what a statement does, by row and table, with temporary triggers that live only in our connection and never in the file.
import { randomBytes } from 'node:crypto';
import { quoteName, type Sqlite, SqliteProblem } from '../sqlite.ts';

/** What happened to one table. `records` are the different rows touched; the rest count single changes. */
export type TableEffect = {
  table: string;
  records: number;
  inserted: number;
  updated: number;
  deleted: number;
  replaced: number;
};
export type Effects = {
  tables: TableEffect[];
  /** Changes the engine counted that no trigger saw: inside full-text and other virtual tables. */
  unseen: number;
};

type Operation = 'inserted' | 'updated' | 'deleted';
const EVENTS: [event: string, row: 'NEW' | 'OLD', operation: Operation][] = [
  ['INSERT', 'NEW', 'inserted'],
  ['UPDATE', 'OLD', 'updated'],
  ['DELETE', 'OLD', 'deleted'],
];

/** The counting side of one connection: installed once, read and emptied in every transaction. */
export type Counter = {
  /** What our own triggers and their table are called begins with this; nothing of an agent's may touch it. */
  readonly mark: string;
  /** Tables that can't hold triggers, in lower case: virtual ones, whose direct change can't be counted. */
  readonly virtual: ReadonlySet<string>;
  /** Rules inside the schema may replace rows, so every change has to be checked for it. */
  readonly schemaReplaces: boolean;
  /** Called with the table for every row change while a statement runs; what it throws aborts the statement. */
  onChange: (table: string) => void;
  /** Starts a count inside a transaction. `replaced` tables are counted whole, since rows REPLACE removes fire no trigger. */
  begin(replaced: readonly string[]): () => Effects;
};

/** Installs the triggers on every ordinary table of the file as it is now. Install again when its schema changed. */
export function installCounter(database: Sqlite): Counter {
  const mark = `perimeter_${randomBytes(8).toString('hex')}`;
  const tables = ordinaryTables(database);
  const counter: Counter = {
    mark,
    virtual: new Set(
      names(database, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')").map(lower),
    ),
    schemaReplaces: names(database, "SELECT name FROM main.sqlite_schema WHERE sql LIKE '%replace%'").length > 0,
    onChange: () => {},
    begin: (replaced) => begin(database, mark, tables, replaced),
  };
  database.define(mark, (source) => {
    counter.onChange(tables[source] ?? '');
    return source;
  });
  database.exec(`CREATE TEMP TABLE ${mark} (source INTEGER, operation TEXT, row_key)`);
  tables.forEach((table, index) => {
    const on = `main.${quoteName(table)}`;
    for (const [event, row, operation] of EVENTS) {
      // Triggers of the TEMP schema fire before the file's own, so none of those can hide a row by giving up on it.
      database.exec(
        `CREATE TEMP TRIGGER ${mark}_${index}_${operation} AFTER ${event} ON ${on} BEGIN
           INSERT INTO ${mark} VALUES (${mark}(${index}), '${operation}', ${rowKey(database, table, row)}); END`,
      );
    }
  });
  return counter;
}

/** ASCII letters only, as SQLite compares names. */
export function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function begin(database: Sqlite, mark: string, tables: readonly string[], replaced: readonly string[]): () => Effects {
  const sizes = replaced.filter((table) => tables.includes(table)).map((table) => ({ table, before: sizeOf(database, table) }));
  const changesBefore = numbers(database, 'SELECT total_changes()')[0] ?? 0;
  return () => {
    const changes = (numbers(database, 'SELECT total_changes()')[0] ?? 0) - changesBefore;
    const effects = new Map<string, TableEffect>();
    let seen = 0;
    for (const row of database
      .prepare(
        `SELECT source, count(DISTINCT row_key) + sum(row_key IS NULL), sum(operation = 'inserted'), sum(operation = 'updated'), sum(operation = 'deleted')
           FROM ${mark} GROUP BY source`,
      )
      .rows()) {
      const [source = 0, records = 0, inserted = 0, updated = 0, deleted = 0] = row.map(Number);
      const table = tables[source];
      if (table === undefined) throw new SqliteProblem('the count names a table that is not there', 'other');
      effects.set(table, { table, records, inserted, updated, deleted, replaced: 0 });
      seen += inserted + updated + deleted;
    }
    for (const { table, before } of sizes) {
      const effect = effects.get(table) ?? { table, records: 0, inserted: 0, updated: 0, deleted: 0, replaced: 0 };
      const gone = before + effect.inserted - effect.deleted - sizeOf(database, table);
      if (gone > 0) effects.set(table, { ...effect, replaced: gone, records: effect.records + gone });
    }
    database.exec(`DELETE FROM ${mark}`);
    // The engine's own tally holds each change once, and our note of it once more.
    return {
      tables: [...effects.values()].sort((a, b) => (a.table < b.table ? -1 : 1)),
      unseen: Math.max(0, changes - 2 * seen),
    };
  };
}

function ordinaryTables(database: Sqlite): string[] {
  return names(
    database,
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
}

/** An expression that tells one row of the table from another: its rowid, else its primary key, else NULL (each change counts). */
function rowKey(database: Sqlite, table: string, row: 'NEW' | 'OLD'): string {
  const columns: { name: string; key: number }[] = [];
  for (const [name, key] of database
    .prepare(`SELECT name, pk FROM pragma_table_xinfo('${table.replaceAll("'", "''")}', 'main')`)
    .rows()) {
    columns.push({ name: String(name), key: Number(key) });
  }
  const withoutRowid = names(database, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr = 1").includes(table);
  const taken = new Set(columns.map((column) => lower(column.name)));
  const rowid = withoutRowid ? undefined : ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  if (rowid) return `${row}.${rowid}`;
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key);
  if (key.length === 0) return 'NULL';
  return key.map((column) => `quote(${row}.${quoteName(column.name)})`).join(" || ',' || ");
}

function sizeOf(database: Sqlite, table: string): number {
  return numbers(database, `SELECT count(*) FROM main.${quoteName(table)}`)[0] ?? 0;
}

function names(database: Sqlite, sql: string): string[] {
  return [...database.prepare(sql).rows()].map(([name]) => String(name));
}

function numbers(database: Sqlite, sql: string): number[] {
  return [...database.prepare(sql).rows()].map(([number]) => Number(number));
}
