// Counts what a statement does, by row and table, with temporary triggers that live only in our connection and never in the file.
import { randomBytes } from 'node:crypto';
import { quoteName, type Sqlite, SqliteProblem, type Statement } from '../sqlite.ts';
import { type Keys, keysOf, type Logged, replay, type TouchedRows } from './rows.ts';

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
  /** Which rows they were, when that was asked for and could be told. */
  rows?: TouchedRows;
};

/** The larger of these a replaced row can be looked for in; beyond it only how many were replaced is known. */
const REPLACED_IN_MAX = 100_000;

/** The counting side of one connection: installed once, read and emptied in every transaction. */
export type Counter = {
  /** What our own triggers and their table are called begins with this; nothing of an agent's may touch it. */
  readonly mark: string;
  /** Tables that can't hold triggers, in lower case: virtual ones, whose direct change can't be counted. */
  readonly virtual: ReadonlySet<string>;
  /** What must be the same for a key of the table to name the same row: for bare rowids the schema's version, since VACUUM changes it. */
  form(table: string): string;
  /** A statement that reads the rows with these keys, as they are now. */
  reader(table: string, keys: readonly string[]): Statement | undefined;
  /** Rules inside the schema may replace rows, so every change has to be checked for it. */
  readonly schemaReplaces: boolean;
  /** Called with the table for every row change while a statement runs; what it throws aborts the statement. */
  onChange: (table: string) => void;
  /**
   * Starts a count inside a transaction. `replaced` tables are counted whole, since rows REPLACE removes fire no trigger.
   * With `identify` above zero it also tells which rows were touched, as long as they are not more than that.
   */
  begin(replaced: readonly string[], identify?: number): () => Effects;
};

/** Installs the triggers on every ordinary table of the file as it is now. Install again when its schema changed. */
export function installCounter(database: Sqlite): Counter {
  const mark = `perimeter_${randomBytes(8).toString('hex')}`;
  const tables = ordinaryTables(database).map((name): Table => ({ name, keys: keysOf(database, name) }));
  const births = new Map<number, boolean[]>();
  const counter: Counter = {
    mark,
    virtual: new Set(
      names(database, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')").map(lower),
    ),
    schemaReplaces: names(database, "SELECT name FROM main.sqlite_schema WHERE sql LIKE '%replace%'").length > 0,
    onChange: () => {},
    form: (name) =>
      tables.find((table) => table.name === name)?.keys.loose === false
        ? ''
        : String(numbers(database, 'PRAGMA main.schema_version')[0]),
    reader(name, keys) {
      const table = tables.find((one) => one.name === name);
      if (!table || keys.length === 0) return undefined;
      // a rowid is compared as a number, so that it is found without reading the whole table
      const wanted = keys.map((key) => (/^-?\d+$/.test(key) ? key : `'${key.replaceAll("'", "''")}'`));
      return database.prepare(
        `SELECT * FROM main.${quoteName(name)} WHERE ${table.keys.of()} IN (${wanted.join(', ')}) LIMIT ${keys.length}`,
      );
    },
    begin: (replaced, identify = 0) => {
      births.clear();
      return begin(database, mark, tables, replaced, identify);
    },
  };
  database.define(mark, (source) => {
    counter.onChange(tables[source]?.name ?? '');
    return source;
  });
  // A row whose key the engine will choose has -1 for it until it is stored; what is stored next in that table is that row.
  database.define(`${mark}_before`, (coded) => {
    const source = coded >> 1;
    births.set(source, [...(births.get(source) ?? []), (coded & 1) === 1]);
    return 0;
  });
  database.define(`${mark}_chosen`, (source) => (births.get(source)?.pop() === true ? 1 : 0));
  database.exec(`CREATE TEMP TABLE ${mark} (source INTEGER, operation TEXT, row_key, next_key, chosen INTEGER)`);
  tables.forEach(({ name, keys }, index) => {
    const on = `main.${quoteName(name)}`;
    const log = (operation: string, key: string, next: string, chosen: string) =>
      `INSERT INTO ${mark} VALUES (${mark}(${index}), '${operation}', ${key}, ${next}, ${chosen})`;
    const chosen = keys.rowid === undefined ? '0' : `${mark}_chosen(${index})`;
    const bodies: [event: string, operation: string, body: string][] = [
      ['AFTER INSERT', 'inserted', log('inserted', keys.of('NEW'), 'NULL', chosen)],
      ['AFTER UPDATE', 'updated', log('updated', keys.of('OLD'), keys.of('NEW'), '0')],
      ['AFTER DELETE', 'deleted', log('deleted', keys.of('OLD'), 'NULL', '0')],
    ];
    if (keys.rowid !== undefined)
      bodies.push(['BEFORE INSERT', 'before', `SELECT ${mark}_before(${index * 2} + (NEW.${keys.rowid} IS -1))`]);
    // Triggers of the TEMP schema fire before the file's own, so none of those can hide a row by giving up on it.
    for (const [event, operation, body] of bodies)
      database.exec(`CREATE TEMP TRIGGER ${mark}_${index}_${operation} ${event} ON ${on} BEGIN ${body}; END`);
  });
  return counter;
}

/** ASCII letters only, as SQLite compares names. */
export function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

type Table = { name: string; keys: Keys };

function begin(
  database: Sqlite,
  mark: string,
  tables: readonly Table[],
  replaced: readonly string[],
  identify: number,
): () => Effects {
  const whole = tables
    .filter(({ name }) => replaced.includes(name))
    .map((table) => ({ table, before: sizeOf(database, table.name) }));
  const searched = identify > 0 && whole.every(({ before }) => before <= REPLACED_IN_MAX) ? whole.map(({ table }) => table) : [];
  const present = new Map(searched.map((table) => [table.name, keysIn(database, table)]));
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
      const table = tables[source]?.name;
      if (table === undefined) throw new SqliteProblem('the count names a table that is not there', 'other');
      effects.set(table, { table, records, inserted, updated, deleted, replaced: 0 });
      seen += inserted + updated + deleted;
    }
    for (const { table, before } of whole) {
      const effect = effects.get(table.name) ?? {
        table: table.name,
        records: 0,
        inserted: 0,
        updated: 0,
        deleted: 0,
        replaced: 0,
      };
      const gone = before + effect.inserted - effect.deleted - sizeOf(database, table.name);
      if (gone > 0) effects.set(table.name, { ...effect, replaced: gone, records: effect.records + gone });
    }
    const sorted = [...effects.values()].sort((a, b) => (a.table < b.table ? -1 : 1));
    const few =
      identify > 0 && searched.length === whole.length && sorted.reduce((sum, effect) => sum + effect.records, 0) <= identify;
    const rows = few
      ? replay(logged(database, mark, tables), present, (name) => keysIn(database, tables.find((table) => table.name === name)!))
      : undefined;
    database.exec(`DELETE FROM ${mark}`);
    // The engine's own tally holds each change once, and our note of it once more.
    return { tables: sorted, unseen: Math.max(0, changes - 2 * seen), ...(rows ? { rows } : {}) };
  };
}

function* logged(database: Sqlite, mark: string, tables: readonly Table[]): Generator<Logged> {
  for (const [source, operation, key, next, chosen] of database.prepare(`SELECT * FROM ${mark} ORDER BY rowid`).rows()) {
    yield {
      table: tables[Number(source)]?.name ?? '',
      operation: operation as Logged['operation'],
      key: key === null || key === undefined ? undefined : String(key),
      next: next === null || next === undefined ? undefined : String(next),
      chosen: Number(chosen) === 1,
    };
  }
}

function keysIn(database: Sqlite, table: Table): Set<string> {
  return new Set(names(database, `SELECT ${table.keys.of()} FROM main.${quoteName(table.name)}`));
}

function ordinaryTables(database: Sqlite): string[] {
  return names(
    database,
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
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
