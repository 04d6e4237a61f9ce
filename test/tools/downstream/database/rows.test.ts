// The bundled database on SQLite: which rows a change touches, and that only the approved ones are touched later.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { runChange } from '../../../../tools/downstream/database/change.ts';
import { DatabaseFile } from '../../../../tools/downstream/database/file.ts';
import { databaseTools } from '../../../../tools/downstream/database/index.ts';
import { SET_ROWS_MAX, type TouchedRows } from '../../../../tools/downstream/database/rows.ts';
import { scanStatement } from '../../../../tools/downstream/database/statement.ts';
import { callBundled } from '../../../../tools/downstream/serve.ts';
import { loadSqlite } from '../../../../tools/downstream/sqlite.ts';
import { CASES, countsOf, mistold, SQLITE_COMPANY, snapshot, type Touch } from './company.ts';

const open = await loadSqlite();
const folder = mkdtempSync(join(tmpdir(), 'rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'crm.db');

function sql(text: string): void {
  const database = open(file);
  database.exec('PRAGMA synchronous = OFF');
  database.exec(text);
  database.close();
}
function count(table: string, where: string): number {
  const database = open(file);
  const [row] = [...database.prepare(`SELECT count(*) FROM ${table} WHERE ${where}`).rows()];
  database.close();
  return Number(row?.[0]);
}
function rows(text: string): unknown[][] {
  const database = open(file);
  const found = [...database.prepare(text).rows()];
  database.close();
  return found;
}
function fresh(): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
  sql(`BEGIN; ${SQLITE_COMPANY} COMMIT`);
}

const tools = databaseTools({ file });
type Preview = {
  total: number;
  per_resource: Record<string, number>;
  set?: unknown;
  notes?: string[];
  samples?: Record<string, Record<string, unknown>[]>;
};
const preview = async (statement: string) =>
  (await callBundled(tools, 'preview', { sql: statement })).structuredContent as Preview;
const boundBy = ({ total, per_resource, set }: Preview) => ({
  total,
  per_resource,
  ...(set === undefined ? {} : { sets: [set] }),
});
const execute = (statement: string, bound: unknown) =>
  callBundled(tools, 'execute', { sql: statement }, { meta: { 'perimeter/bound': bound } });
const said = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';

async function touched(statement: string): Promise<TouchedRows> {
  let rows: TouchedRows | undefined;
  const change = await runChange(
    new DatabaseFile({ file }),
    scanStatement(statement),
    [],
    { ms: 5_000 },
    (done) => {
      rows = done.rows;
      return false;
    },
    SET_ROWS_MAX,
  );
  expect(change.stopped).toBe(false);
  return rows ?? new Map();
}
const rowsOf = (touch: Touch) =>
  Object.fromEntries(
    Object.entries(touch).map(([table, { unnamed = 0, ...operations }]) => [
      table,
      {
        rows: Object.entries(operations)
          .flatMap(([name, keys]) => keys.map((key) => `${name} ${key}`))
          .sort(),
        unnamed,
      },
    ]),
  );
const seen = (rows: TouchedRows) =>
  Object.fromEntries([...rows].map(([table, one]) => [table, { rows: [...one.rows].sort(), unnamed: one.unnamed }]));

const cases = CASES.flatMap(({ what, sql: text, touch }) => {
  const statement = typeof text === 'string' ? text : text.sqlite;
  return statement === undefined ? [] : [{ what, statement, touch }];
});

describe('the rows of', () => {
  it.each(cases)('$what', async ({ statement, touch }) => {
    fresh();
    expect(seen(await touched(statement))).toEqual(rowsOf(touch));
    const counted = await preview(statement);
    expect(counted.per_resource).toEqual(countsOf(touch));
    const before = await snapshot(rows);
    const done = await execute(statement, boundBy(counted));
    expect(done.isError, said(done)).toBeUndefined();
    expect(done._meta?.['perimeter/actual']).toMatchObject({ per_resource: countsOf(touch) });
    expect(mistold(touch, before, await snapshot(rows))).toEqual([]);
  });
});

describe('only the approved rows change', () => {
  beforeEach(fresh);
  const update = "UPDATE customers SET touched = 7 WHERE status = 'dormant'";
  const changed = () => count('customers', 'touched = 7');

  it('23 that became 47 are taken back', async () => {
    const bound = boundBy(await preview(update));
    sql("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    expect((await execute(update, bound)).isError).toBe(true);
    expect(changed()).toBe(0);
  });

  it('the same number with another row among them is taken back', async () => {
    const bound = boundBy(await preview(update));
    sql("UPDATE customers SET status = iif(id = 23, 'active', 'dormant') WHERE id IN (23, 24)");
    const result = await execute(update, bound);
    expect(said(result)).toContain('1 of the rows in `customers` are not those that were approved');
    expect(result._meta).toMatchObject({ 'perimeter/outside_bound': { per_resource: { customers: 23 } } });
    expect(changed()).toBe(0);
  });

  it('22 of the 23 are committed', async () => {
    const bound = boundBy(await preview(update));
    sql("UPDATE customers SET status = 'active' WHERE id = 5");
    expect((await execute(update, bound)).isError).toBeUndefined();
    expect(changed()).toBe(22);
  });

  it('another operation on the same rows is taken back', async () => {
    const bound = boundBy(await preview('UPDATE notes SET customer = NULL WHERE id = 1'));
    expect((await execute('DELETE FROM notes WHERE id = 1', bound)).isError).toBe(true);
    expect(count('notes', '1')).toBe(3);
  });

  it('a swapped row that only a cascade reaches is taken back', async () => {
    const gone = 'DELETE FROM customers WHERE id = 50';
    const bound = boundBy(await preview(gone));
    sql('UPDATE orders SET customer = 49 WHERE id = 100; UPDATE orders SET customer = 50 WHERE id = 1');
    expect((await execute(gone, bound)).isError).toBe(true);
    expect(count('customers', 'id = 50')).toBe(1);
  });

  it('a swapped row that REPLACE would remove is taken back', async () => {
    const replace = "REPLACE INTO slots VALUES (9, 'red', 1)";
    const bound = boundBy(await preview(replace));
    sql('UPDATE slots SET active = 0 WHERE id = 1; UPDATE slots SET active = 1 WHERE id = 2');
    expect((await execute(replace, bound)).isError).toBe(true);
    expect(count('slots', 'id = 9')).toBe(0);
  });

  it('new rows keep their number where the engine makes up their keys, and their keys where the statement gives them', async () => {
    const log = "INSERT INTO audit_log(what) VALUES ('a')";
    const first = boundBy(await preview(log));
    sql("INSERT INTO audit_log(what) VALUES ('meanwhile')");
    expect((await execute(log, first)).isError).toBeUndefined();
    const copy = "INSERT INTO archive(id, name) SELECT id, name FROM customers WHERE status = 'dormant'";
    const second = boundBy(await preview(copy));
    sql("UPDATE customers SET status = iif(id = 23, 'active', 'dormant') WHERE id IN (23, 24)");
    expect((await execute(copy, second)).isError).toBe(true);
    expect(count('archive', '1')).toBe(0);
  });

  it('a rowid that VACUUM may have handed to another row is not taken for the approved one', async () => {
    const bound = boundBy(await preview("DELETE FROM loose WHERE v = 'y'"));
    sql('DELETE FROM loose WHERE rowid = 1');
    sql('VACUUM');
    expect((await execute("DELETE FROM loose WHERE v = 'y'", bound)).isError).toBe(true);
  });

  it('two sets together let through what lies in either', async () => {
    const one = await preview('DELETE FROM notes WHERE id = 1');
    const two = await preview('DELETE FROM notes WHERE id = 2');
    const both = { total: 2, per_resource: { notes: 2 }, sets: [one.set, two.set] };
    expect((await execute('DELETE FROM notes WHERE id = 3', both)).isError).toBe(true);
    expect((await execute('DELETE FROM notes WHERE id IN (1, 2)', both)).isError).toBeUndefined();
  });

  it.each([
    ['an empty list', []],
    ['nothing', [null]],
    ['another form', [{ salt: 1 }]],
    ['no list', 'all'],
  ])('changes nothing for sets that are %s', async (_, sets) => {
    expect((await execute(update, { total: 23, per_resource: { customers: 23 }, sets })).isError).toBe(true);
    expect(changed()).toBe(0);
  });

  it('ten thousand rows are held one by one, and more by their number, which is said', async () => {
    sql(
      'CREATE TABLE big (id INTEGER PRIMARY KEY, v); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10001) INSERT INTO big SELECT i, 0 FROM n',
    );
    const all = await preview('UPDATE big SET v = 1');
    expect(all.set).toBeUndefined();
    expect(all.notes?.join()).toContain('not row by row');
    const most = await preview('UPDATE big SET v = 1 WHERE id > 1');
    expect(JSON.stringify(most.set).length).toBeLessThan(300_000);
    expect((await execute('UPDATE big SET v = 1 WHERE id <= 10000', boundBy(most))).isError).toBe(true);
    expect((await execute('UPDATE big SET v = 1 WHERE id > 2', boundBy(most))).isError).toBeUndefined();
  });

  it('shows a few of the rows as they are now, and none of their keys in the set', async () => {
    const counted = await preview("UPDATE codes SET label = 'new' WHERE code = 'it''s'");
    expect(counted.samples).toEqual({ codes: [{ code: "it's", label: 'C' }] });
    expect(JSON.stringify(counted.set)).not.toContain("it's");
  });
});
