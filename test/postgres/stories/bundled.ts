// The bundled database on PostgreSQL: counts and rows of every statement, bounds that hold, and what it refuses.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPostgresChange } from '../../../policies/sql/change.ts';
import { runChange } from '../../../tools/downstream/database/postgres/change.ts';
import { Postgres } from '../../../tools/downstream/database/postgres/connection.ts';
import { postgresTools } from '../../../tools/downstream/database/postgres/tools.ts';
import { type BundledTool, callBundled } from '../../../tools/downstream/serve.ts';
import { CASES, countsOf, keyText, mistold, snapshot, type Touch } from '../../tools/downstream/database/company.ts';
import { type Company, company, prepare, without } from '../company.ts';

type Preview = {
  total: number;
  per_resource: Record<string, number>;
  set?: unknown;
  more?: boolean;
  strength: string;
  by_number?: string[];
  notes?: string[];
  samples?: Record<string, Record<string, unknown>[]>;
};

let here: Company;
let tools: BundledTool[];
let stop: () => Promise<void>;
beforeAll(async () => {
  if (!without) await prepare();
});
beforeEach(async () => {
  if (without) return;
  here = await company();
  ({ tools, close: stop } = await postgresTools(here.url));
});
afterEach(async () => {
  if (without) return;
  await stop();
  await here.close();
});

const call = (tool: string, sql: string, bound?: unknown, params?: unknown[]) =>
  callBundled(
    tools,
    tool,
    { sql, ...(params ? { params } : {}) },
    bound === undefined ? {} : { meta: { 'perimeter/bound': bound } },
  );
const said = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';
async function preview(sql: string): Promise<Preview> {
  const result = await call('preview', sql);
  expect(result.isError, said(result)).toBeUndefined();
  return result.structuredContent as Preview;
}
const boundBy = ({ total, per_resource, set }: Preview) => ({
  total,
  per_resource,
  ...(set === undefined ? {} : { sets: [set] }),
});
const count = async (from: string) => Number((await here.sql(`SELECT count(*) FROM ${from}`))[0]?.[0]);

const cases = CASES.flatMap(({ what, sql, touch }) => {
  const statement = typeof sql === 'string' ? sql : sql.postgres;
  return statement === undefined ? [] : [{ what, statement, touch }];
});

/** The rows a statement touches, as the cases write them; tables without a key by their number. */
async function touched(sql: string): Promise<Record<string, { rows: string[]; unnamed: number }>> {
  const database = new Postgres(here.url);
  const effects = await runChange(database, readPostgresChange(sql)!, [], 5_000, () => false, { identify: true });
  await database.close();
  return Object.fromEntries(
    [...effects!.rows!].map(([table, { rows, unnamed }]) => [
      table,
      {
        rows: [...rows]
          .map((row) => `${row.slice(0, row.indexOf(' '))} ${keyText(JSON.parse(row.slice(row.indexOf(' ') + 1)) as unknown[])}`)
          .sort(),
        unnamed,
      },
    ]),
  );
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

describe.skipIf(without)('the rows of', () => {
  it.each(cases)('$what', async ({ statement, touch }) => {
    const found = await touched(statement);
    // without a key a row is its place in the file
    for (const [table, { rows }] of Object.entries(found))
      if (table === 'loose') expect(rows.length).toBe(touch.loose?.update?.length ?? touch.loose?.delete?.length ?? 0);
    expect({ ...found, loose: undefined }).toEqual({ ...rowsOf(touch), loose: undefined });
    const counted = await preview(statement);
    expect(counted.per_resource).toEqual(countsOf(touch));
    const before = await snapshot(here.sql);
    const done = await call('execute', statement, boundBy(counted));
    expect(done.isError, said(done)).toBeUndefined();
    expect(done._meta?.['perimeter/actual']).toMatchObject({ per_resource: countsOf(touch) });
    expect(mistold(touch, before, await snapshot(here.sql))).toEqual([]);
  });
});

describe.skipIf(without)('only the approved rows change', () => {
  const update = "UPDATE customers SET touched = 7 WHERE status = 'dormant'";
  const changed = () => count('customers WHERE touched = 7');

  it('a preview changes nothing, and counts the same again', async () => {
    expect(await preview(update)).toMatchObject({ total: 23, strength: 'enforced' });
    expect(await preview(update)).toMatchObject({ total: 23 });
    expect(await changed()).toBe(0);
  });

  it('23 that became 47 are taken back', async () => {
    const bound = boundBy(await preview(update));
    await here.sql("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    expect((await call('execute', update, bound)).isError).toBe(true);
    expect(await changed()).toBe(0);
  });

  it('the same number with another row among them is taken back', async () => {
    const bound = boundBy(await preview(update));
    await here.sql("UPDATE customers SET status = CASE id WHEN 23 THEN 'active' ELSE 'dormant' END WHERE id IN (23, 24)");
    const result = await call('execute', update, bound);
    expect(said(result)).toContain('1 of the rows in `customers` are not those that were approved');
    expect(await changed()).toBe(0);
  });

  it('22 of the 23 are committed', async () => {
    const bound = boundBy(await preview(update));
    await here.sql("UPDATE customers SET status = 'active' WHERE id = 5");
    expect((await call('execute', update, bound)).isError).toBeUndefined();
    expect(await changed()).toBe(22);
  });

  it('a swapped row that only a cascade reaches is taken back', async () => {
    const gone = 'DELETE FROM customers WHERE id = 50';
    const bound = boundBy(await preview(gone));
    await here.sql('UPDATE orders SET customer = 49 WHERE id = 100; UPDATE orders SET customer = 50 WHERE id = 1');
    const result = await call('execute', gone, bound);
    expect(said(result)).toContain('of the rows in `lines`');
    expect(await count('customers WHERE id = 50')).toBe(1);
  });

  it('a swapped row that only a trigger reaches is taken back', async () => {
    await here.sql(
      "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE codes SET label = 'followed' WHERE label = 'next'; RETURN NULL; END $$; CREATE TRIGGER follow AFTER UPDATE ON notes FOR EACH STATEMENT EXECUTE FUNCTION follow(); UPDATE codes SET label = 'next' WHERE code = 'a'",
    );
    const move = 'UPDATE notes SET customer = 3';
    const counted = await preview(move);
    expect(counted.by_number).toBeUndefined();
    const bound = boundBy(counted);
    await here.sql(
      "UPDATE codes SET label = CASE code WHEN 'b' THEN 'next' ELSE label END; UPDATE codes SET label = 'A' WHERE code = 'a'",
    );
    expect(said(await call('execute', move, bound))).toContain('1 of the rows in `codes`');
    expect(await count("codes WHERE label = 'followed'")).toBe(0);
  });

  it('what a trigger does behind an EXCEPTION clause is held by its number', async () => {
    await here.sql(
      "CREATE FUNCTION guarded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN BEGIN UPDATE codes SET label = 'in' WHERE code = 'b'; EXCEPTION WHEN division_by_zero THEN NULL; END; RETURN NULL; END $$; CREATE TRIGGER guarded AFTER UPDATE ON notes FOR EACH STATEMENT EXECUTE FUNCTION guarded()",
    );
    expect(await touched('UPDATE notes SET customer = 3 WHERE id = 1')).toEqual({
      codes: { rows: [], unnamed: 1 },
      notes: { rows: ['update 1'], unnamed: 0 },
    });
  });

  it('a row that is only locked is not touched', async () => {
    const adopt =
      'MERGE INTO tree USING (VALUES (9, 5)) AS given(id, parent) ON tree.id = given.id WHEN NOT MATCHED THEN INSERT VALUES (given.id, given.parent)';
    expect(await touched(adopt)).toEqual({ tree: { rows: ['insert 9'], unnamed: 0 } });
  });

  it('a swapped row where the statement assigns the key is taken back', async () => {
    const shift = "UPDATE slots SET id = id + 100 WHERE room = 'red'";
    const bound = boundBy(await preview(shift));
    await here.sql("UPDATE slots SET room = CASE id WHEN 1 THEN 'green' WHEN 3 THEN 'red' ELSE room END");
    expect(said(await call('execute', shift, bound))).toContain('1 of the rows in `slots`');
  });

  it('a swapped row in a table without a key is taken back', async () => {
    const bound = boundBy(await preview("DELETE FROM loose WHERE v = 'y'"));
    await here.sql("UPDATE loose SET v = 'w' WHERE v = 'y'; INSERT INTO loose VALUES ('y')");
    expect(said(await call('execute', "DELETE FROM loose WHERE v = 'y'", bound))).toContain('1 of the rows in `loose`');
  });

  it('what is held only by its number is said', async () => {
    const counted = await preview("UPDATE customers SET status = 'lost' WHERE id < 3");
    expect(counted).toMatchObject({ per_resource: { customers: 2, audit_log: 2 }, by_number: ['audit_log'] });
  });

  it('a cascade that reaches more rows than were approved is taken back', async () => {
    const gone = 'DELETE FROM customers WHERE id = 50';
    const bound = boundBy(await preview(gone));
    await here.sql('UPDATE orders SET customer = 50 WHERE id = 1');
    expect((await call('execute', gone, bound)).isError).toBe(true);
    expect(await count('customers WHERE id = 50')).toBe(1);
  });

  it('an upsert that would now update where an insert was approved is taken back', async () => {
    const upsert = "INSERT INTO codes VALUES ('q', 'Q') ON CONFLICT (code) DO UPDATE SET label = 'again'";
    const bound = boundBy(await preview(upsert));
    await here.sql("INSERT INTO codes VALUES ('q', 'mine')");
    expect((await call('execute', upsert, bound)).isError).toBe(true);
    expect(await count("codes WHERE label = 'mine'")).toBe(1);
  });

  it('what other people wrote meanwhile is not counted', async () => {
    const bound = boundBy(await preview(update));
    await here.sql('UPDATE orders SET total = 1');
    expect((await call('execute', update, bound)).isError).toBeUndefined();
  });

  it('deferred constraints are tried in the preview too', async () => {
    await here.sql('CREATE TABLE late (customer INTEGER REFERENCES customers(id) DEFERRABLE INITIALLY DEFERRED)');
    for (const tool of ['preview', 'execute'])
      expect(said(await call(tool, 'INSERT INTO late VALUES (9999)'))).toContain('violates foreign key constraint');
  });

  it('binds values, and holds them to one for each parameter', async () => {
    const result = await call(
      'execute',
      'UPDATE customers SET name = $2 WHERE id = $1',
      { total: 1, per_resource: { customers: 1 } },
      [3, "x'; DROP TABLE customers; --"],
    );
    expect(result.isError, said(result)).toBeUndefined();
    expect(said(await call('execute', 'UPDATE customers SET name = $2 WHERE id = $1', undefined, [3]))).toContain('one for each');
  });

  it('shows a few of the rows as they are now', async () => {
    expect((await preview("DELETE FROM codes WHERE code = 'a'")).samples).toEqual({ codes: [{ code: 'a', label: 'A' }] });
    expect(Object.keys((await preview('DELETE FROM customers WHERE id = 1')).samples ?? {}).sort()).toEqual([
      'customers',
      'lines',
      'notes',
      'orders',
    ]);
  });

  describe('more rows than are tried', () => {
    const counted = async (sql: string, rows: number, params: unknown[] = []) =>
      callBundled(tools, 'preview', { sql, params }, { meta: { 'perimeter/preview': { rows } } });
    /** A sequence counts on through every rollback, so it tells what was tried. */
    const WITNESS =
      'CREATE SEQUENCE tried; CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval($q$tried$q$); RETURN NEW; END $$';
    const big = async (rows: number) => {
      await here.sql(
        `CREATE TABLE big AS SELECT i AS id, 'x' AS kind FROM generate_series(1, ${rows}) i; ${WITNESS}; CREATE TRIGGER w BEFORE UPDATE ON big FOR EACH ROW EXECUTE FUNCTION witness()`,
      );
    };
    const tried = async () => (await here.sql('SELECT is_called FROM tried'))[0]?.[0] === true;

    it('are counted plainly, where the planner expects them', async () => {
      await here.sql('CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 60000) i; ANALYZE big');
      expect(await preview('DELETE FROM big WHERE id > 0')).toMatchObject({ total: 60_000, more: true, strength: 'estimated' });
      expect(said(await call('preview', 'DELETE FROM big USING customers'))).toContain('make it smaller');
    });
    it('are counted plainly, where it expects a few and is wrong', async () => {
      await big(60_000);
      const large = { total: 60_000, more: true, direct: true, strength: 'estimated' };
      expect(await preview("UPDATE big SET id = 0 WHERE kind = 'x'")).toMatchObject(large);
      const bound = await counted('UPDATE big SET id = $1 WHERE kind = $2', 50_000, [0, 'x']);
      expect(bound.structuredContent, said(bound)).toMatchObject(large);
      const copied = await counted("INSERT INTO big SELECT id, kind FROM big WHERE kind = 'x' ON CONFLICT DO NOTHING", 50_000);
      expect(copied.structuredContent, said(copied)).toMatchObject(large);
      expect(await tried()).toBe(false);
      expect(await preview("UPDATE big SET id = 0 WHERE kind = 'x' AND id <= 3")).toMatchObject({
        total: 3,
        strength: 'enforced',
      });
      expect(await tried()).toBe(true);
    });
    it('begin where the guard says', async () => {
      await big(3_000);
      const more = await counted("UPDATE big SET id = 0 WHERE kind = 'x'", 2_999);
      expect(more.structuredContent, said(more)).toMatchObject({ total: 3_000, more: true, direct: true });
      expect(await tried()).toBe(false);
      const less = await counted("UPDATE big SET id = 0 WHERE kind = 'x'", 3_000);
      expect(less.structuredContent, said(less)).toMatchObject({ total: 3_000, strength: 'enforced' });
    });
  });
});

describe.skipIf(without)('refuses', () => {
  it.each([
    ['a second statement', 'DELETE FROM notes; DELETE FROM customers', 'more than one statement'],
    ['a second statement that ends the transaction', 'DELETE FROM notes; COMMIT', 'more than one statement'],
    ['a select', 'SELECT 1', 'use `query`'],
    ['a table', 'CREATE TABLE x (a int)', 'only INSERT'],
    ['TRUNCATE', 'TRUNCATE notes', 'only INSERT'],
    ['a program', "COPY notes TO PROGRAM 'id'", 'only INSERT'],
    ['a DO block', 'DO $$ BEGIN DELETE FROM notes; END $$', 'only INSERT'],
    ['a role', 'GRANT ALL ON notes TO PUBLIC', 'only INSERT'],
    ['a session', 'SET ROLE postgres', 'only INSERT'],
    ['a function that ends other sessions', 'UPDATE notes SET customer = 1 WHERE pg_terminate_backend(1)', 'harmless'],
    ['a function that reads files', "UPDATE customers SET name = pg_read_file('/etc/passwd')", 'harmless'],
    ['a function nobody knows', 'DELETE FROM notes WHERE my_function(id)', 'harmless'],
    ['what is not SQL', 'DELETE customers', 'syntax'],
    ['an unknown table', 'DELETE FROM nowhere', 'nowhere'],
    ['nothing', '-- just a comment', 'no statement'],
  ])('%s', async (_, statement, reason) => {
    for (const tool of ['execute', 'preview']) {
      const result = await call(tool, statement);
      expect(result.isError, said(result)).toBe(true);
      expect(said(result)).toContain(reason);
    }
    expect(await count('notes')).toBe(3);
  });

  it('a row that somebody else holds: after a second, in words', async () => {
    await here.sql('BEGIN; UPDATE notes SET customer = 3');
    expect(said(await call('preview', 'DELETE FROM notes'))).toContain('locked');
    await here.sql('ROLLBACK');
  });

  it('a database that is gone: no number, in words', async () => {
    const gone = await postgresTools('postgres://nobody@127.0.0.1:1/none');
    const result = await callBundled(gone.tools, 'preview', { sql: 'DELETE FROM notes' });
    expect(result.isError).toBe(true);
    expect(said(result)).toContain('can not be reached');
    expect(result.structuredContent).toBeUndefined();
    await gone.close();
  });

  it('a database that only reads', async () => {
    await here.sql(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    );
    await stop();
    ({ tools, close: stop } = await postgresTools(here.url));
    expect(said(await call('execute', 'DELETE FROM notes'))).toContain('only be read');
  });

  it('a preview beyond its time: nothing changed, no number', async () => {
    await here.sql(
      'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(6); RETURN NULL; END $$; CREATE TRIGGER slow AFTER DELETE ON codes EXECUTE FUNCTION slow()',
    );
    expect(said(await call('preview', 'DELETE FROM codes'))).toContain('takes longer than 5 s');
    expect(await count('codes')).toBe(3);
  });

  it('a change where nobody counts', async () => {
    await here.sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET track_counts = off', current_database()); END $$");
    await stop();
    ({ tools, close: stop } = await postgresTools(here.url));
    expect(said(await call('execute', 'DELETE FROM notes'))).toContain('track_counts');
    expect(await count('notes')).toBe(3);
  });
});

describe.skipIf(without)('query', () => {
  it('returns rows as JSON', async () => {
    const result = await call(
      'query',
      "SELECT id, name, 9007199254740993 AS big, true AS yes, NULL AS none, now() < '1990-01-01' AS no FROM customers WHERE id < 3 ORDER BY id;",
    );
    expect(result.structuredContent, said(result)).toMatchObject({
      row_count: 2,
      rows: [{ id: 1, name: 'c1', big: '9007199254740993', yes: true, none: null, no: false }, { id: 2 }],
    });
    expect((await call('query', 'SELECT 1 FROM customers a, customers b')).structuredContent).toMatchObject({
      row_count: 500,
      truncated: true,
    });
  });

  it.each([
    ['a write', 'DELETE FROM notes'],
    ['a write behind WITH', 'WITH x AS (DELETE FROM notes RETURNING id) SELECT * FROM x'],
    ['a second statement', 'SELECT 1; DELETE FROM notes'],
    ['a way out of the subquery', 'SELECT 1) AS x; DELETE FROM notes; SELECT * FROM (SELECT 1'],
    ['a lock', 'SELECT * FROM notes FOR UPDATE'],
    ['a file', "SELECT pg_read_file('/etc/passwd')"],
    ['another session', 'SELECT pg_terminate_backend(1)'],
  ])('refuses %s', async (_, statement) => {
    expect((await call('query', statement)).isError).toBe(true);
    expect(await count('notes')).toBe(3);
  });

  it('lists and describes tables', async () => {
    expect(JSON.stringify((await callBundled(tools, 'tables', {})).structuredContent)).toContain('Ünïcode');
    expect((await callBundled(tools, 'describe', { table: 'prices' })).structuredContent).toMatchObject({
      columns: [{ name: 'sku' }, { name: 'region' }, { name: 'amount' }],
    });
    expect((await callBundled(tools, 'describe', { table: 'nowhere' })).isError).toBe(true);
  });
});
