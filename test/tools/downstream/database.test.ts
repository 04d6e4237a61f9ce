// The bundled database: reads that can't write, writes that are counted row by row and stay inside what was approved.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseTools } from '../../../tools/downstream/database/index.ts';
import { callBundled } from '../../../tools/downstream/serve.ts';
import { loadSqlite, type SqlValue } from '../../../tools/downstream/sqlite.ts';

const SCHEMA = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, status TEXT, touched INTEGER DEFAULT 0);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id) ON DELETE CASCADE ON UPDATE CASCADE, total REAL);
  CREATE TABLE lines (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES orders(id) ON DELETE CASCADE);
  CREATE TABLE notes (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id) ON DELETE SET NULL);
  CREATE TABLE audit_log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
  CREATE TRIGGER customers_audit AFTER UPDATE OF status ON customers BEGIN INSERT INTO audit_log(what) VALUES ('status of ' || NEW.id); END;
  CREATE TRIGGER customers_touch AFTER UPDATE OF name ON customers BEGIN UPDATE customers SET touched = touched + 1 WHERE id = NEW.id; END;
  CREATE TABLE prices (sku TEXT, region TEXT, amount INTEGER, PRIMARY KEY (sku, region)) WITHOUT ROWID;
  CREATE TABLE loose (rowid TEXT, _rowid_ TEXT, oid TEXT);
  CREATE TABLE "odd ""name""; DROP" ("a b" INTEGER);
  CREATE TABLE "Ünïcode ✓" (id INTEGER PRIMARY KEY, v TEXT);
  CREATE TABLE quiet (id INTEGER PRIMARY KEY, v TEXT);
  CREATE TRIGGER quiet_ignore AFTER UPDATE ON quiet BEGIN SELECT RAISE(IGNORE); END;
  CREATE TABLE keeps_last (id INTEGER PRIMARY KEY, slug TEXT UNIQUE ON CONFLICT REPLACE);
  CREATE VIEW dormant AS SELECT id, name FROM customers WHERE status = 'dormant';
  CREATE TRIGGER dormant_rename INSTEAD OF UPDATE ON dormant BEGIN UPDATE customers SET email = NEW.name WHERE id = OLD.id; END;
  CREATE TABLE documents (id INTEGER PRIMARY KEY, body TEXT);
  CREATE VIRTUAL TABLE documents_search USING fts5(body, content='documents', content_rowid='id');
  CREATE TRIGGER documents_index AFTER INSERT ON documents BEGIN INSERT INTO documents_search(rowid, body) VALUES (NEW.id, NEW.body); END;
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO customers(id, name, email, status) SELECT i, 'c' || i, 'c' || i || '@acme.example', iif(i <= 23, 'dormant', 'active') FROM n;
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO orders SELECT i, (i + 1) / 2, i * 10 FROM n;
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO lines SELECT i, (i + 2) / 3 FROM n;
  INSERT INTO notes VALUES (1, 1), (2, 1), (3, 2);
  INSERT INTO prices VALUES ('a', 'eu', 1), ('a', 'us', 2), ('b', 'eu', 3);
  INSERT INTO loose VALUES ('x', 'y', 'z'), ('x', 'y', 'z');
  INSERT INTO "odd ""name""; DROP" VALUES (1), (2);
  INSERT INTO "Ünïcode ✓" VALUES (1, 'ä'), (2, 'ö');
  INSERT INTO quiet VALUES (1, 'a'), (2, 'b');
  INSERT INTO keeps_last VALUES (1, 'a'), (2, 'b');
`;

const open = await loadSqlite();
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'database-'));
  file = join(folder, 'crm.db');
  sql(SCHEMA);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Does something to the file from outside, as another program would. */
function sql(text: string): void {
  const database = open(file);
  database.exec(text);
  database.close();
}
function look(text: string): SqlValue[][] {
  const database = open(file);
  const rows = [...database.prepare(text).rows()];
  database.close();
  return rows;
}
const count = (table: string, where = '1') => Number(look(`SELECT count(*) FROM "${table}" WHERE ${where}`)[0]?.[0]);

const call = (tool: string, input: Record<string, unknown>, bound?: unknown, options = {}) =>
  callBundled(
    databaseTools({ file, ...options }),
    tool,
    input,
    bound === undefined ? {} : { meta: { 'perimeter/bound': bound } },
  );
const structured = (result: { structuredContent?: unknown }) => (result.structuredContent ?? {}) as Record<string, unknown>;
const textOf = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';

/** Statements with what they touch, counted by hand from SCHEMA. */
const COUNTED: [what: string, sql: string, per_resource: Record<string, number>][] = [
  ['an update with a trigger', "UPDATE customers SET status = 'lost' WHERE status = 'dormant'", { customers: 23, audit_log: 23 }],
  ['an update whose trigger touches the same rows again', "UPDATE customers SET name = 'x' WHERE id <= 5", { customers: 5 }],
  ['an update of nothing', 'UPDATE customers SET touched = 1 WHERE id > 9000', {}],
  ['an update to the same value', 'UPDATE orders SET total = total WHERE id <= 4', { orders: 4 }],
  ['an update with a subquery', 'UPDATE orders SET total = 0 WHERE customer IN (SELECT id FROM dormant)', { orders: 46 }],
  [
    'an update from a join',
    'UPDATE orders SET total = 0 FROM customers c WHERE c.id = orders.customer AND c.id <= 3',
    { orders: 6 },
  ],
  ['an update of a primary key', 'UPDATE customers SET id = id + 1000 WHERE id BETWEEN 5 AND 6', { customers: 2, orders: 4 }],
  [
    'a correlated update',
    'UPDATE customers SET touched = (SELECT count(*) FROM orders WHERE customer = customers.id) WHERE EXISTS (SELECT 1 FROM notes WHERE customer = customers.id)',
    { customers: 2 },
  ],
  ['a delete that cascades twice', 'DELETE FROM customers WHERE id = 1', { customers: 1, orders: 2, lines: 6, notes: 2 }],
  ['a delete of everything', 'DELETE FROM lines', { lines: 300 }],
  [
    'a delete through a CTE',
    'WITH big AS (SELECT id FROM orders WHERE total > 950) DELETE FROM orders WHERE id IN big',
    { orders: 5, lines: 15 },
  ],
  ['an insert', "INSERT INTO customers(name) VALUES ('a'), ('b')", { customers: 2 }],
  ['an insert from a select', 'INSERT INTO notes(customer) SELECT id FROM customers WHERE id <= 7', { notes: 7 }],
  [
    'an insert from a recursive CTE',
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO lines("order") SELECT i FROM n',
    { lines: 9 },
  ],
  ['an insert of default values', 'INSERT INTO audit_log DEFAULT VALUES', { audit_log: 1 }],
  ['an insert that is ignored', "INSERT OR IGNORE INTO customers(id, name) VALUES (1, 'x')", {}],
  [
    'an upsert that updates',
    "INSERT INTO customers(id, name) VALUES (1, 'x') ON CONFLICT(id) DO UPDATE SET status = 'back'",
    { customers: 1, audit_log: 1 },
  ],
  [
    'an upsert that does both',
    "INSERT INTO prices VALUES ('a', 'eu', 9), ('c', 'eu', 9) ON CONFLICT DO UPDATE SET amount = excluded.amount",
    { prices: 2 },
  ],
  ['an upsert that does nothing', "INSERT INTO prices VALUES ('a', 'eu', 9) ON CONFLICT DO NOTHING", {}],
  ['a REPLACE of one row', "REPLACE INTO customers(id, name) VALUES (1, 'x')", { customers: 2, orders: 2, lines: 6, notes: 2 }],
  [
    'a REPLACE that removes another row by a unique column',
    "REPLACE INTO customers(id, name, email) VALUES (999, 'x', 'c3@acme.example')",
    { customers: 2, orders: 2, lines: 6 },
  ],
  [
    'a REPLACE that removes two rows',
    "INSERT OR REPLACE INTO customers(id, name, email) VALUES (100, 'x', 'c101@acme.example')",
    { customers: 3 },
  ],
  ['an UPDATE OR REPLACE', "UPDATE OR REPLACE customers SET email = 'c150@acme.example' WHERE id = 151", { customers: 2 }],
  ['a replacing constraint in the schema', "INSERT INTO keeps_last(slug) VALUES ('a')", { keeps_last: 2 }],
  ['an UPDATE OR IGNORE', "UPDATE OR IGNORE customers SET email = 'c9@acme.example' WHERE id BETWEEN 9 AND 11", { customers: 1 }],
  ['RETURNING', 'DELETE FROM notes WHERE id <= 2 RETURNING id', { notes: 2 }],
  ['a table without rowid', "UPDATE prices SET amount = 0 WHERE sku = 'a'", { prices: 2 }],
  ['a key of a table without rowid', "UPDATE prices SET sku = 'z' WHERE sku = 'a'", { prices: 2 }],
  ['a table that hides its rowid', "UPDATE loose SET oid = 'q'", { loose: 2 }],
  ['a quoted name with a semicolon', 'UPDATE "odd ""name""; DROP" SET "a b" = 3', { 'odd "name"; DROP': 2 }],
  ['a unicode name', `DELETE FROM "Ünïcode ✓" WHERE v = 'ä'`, { 'Ünïcode ✓': 1 }],
  ['a name in another case', 'delete from [CUSTOMERS] where ID > 198', { customers: 2 }],
  ['a view with an INSTEAD OF trigger', "UPDATE dormant SET name = 'm' || id", { customers: 23 }],
  ['rows a trigger gives up on', "UPDATE quiet SET v = 'z'", { quiet: 2 }],
  ['comments and a semicolon at the end', 'DELETE FROM notes /* ; */ WHERE id = 1 -- ;\n ; -- bye', { notes: 1 }],
  [
    'a statement over ordinary strings',
    "UPDATE notes SET customer = 5 WHERE ';' = ';' AND 'it''s; DROP' <> '' AND id = 1",
    { notes: 1 },
  ],
];

describe('counting', () => {
  it.each(COUNTED)('%s: preview and execute count the same', async (_, statement, per_resource) => {
    const total = Object.values(per_resource).reduce((sum, n) => sum + n, 0);
    const before = look(
      'SELECT (SELECT group_concat(id || name || status) FROM customers), (SELECT count(*) FROM audit_log), (SELECT count(*) FROM orders)',
    );
    const preview = await call('preview', { sql: statement });
    expect(preview.structuredContent, textOf(preview)).toMatchObject({
      total,
      unit: 'records',
      per_resource,
      strength: 'enforced',
    });
    expect(
      look(
        'SELECT (SELECT group_concat(id || name || status) FROM customers), (SELECT count(*) FROM audit_log), (SELECT count(*) FROM orders)',
      ),
    ).toEqual(before);
    const done = await call('execute', { sql: statement }, { per_resource, total });
    expect(done._meta, textOf(done)).toEqual({ 'perimeter/actual': { per_resource, total, unit: 'records' } });
  });

  it('leaves nothing of its own in the file', async () => {
    await call('preview', { sql: 'DELETE FROM customers' });
    await call('execute', { sql: 'DELETE FROM notes' });
    expect(look("SELECT name FROM sqlite_schema WHERE name LIKE 'perimeter%'")).toEqual([]);
    expect(count('customers')).toBe(200);
  });

  it('counts in tables that appeared after it started', async () => {
    const tools = databaseTools({ file });
    await callBundled(tools, 'preview', { sql: 'DELETE FROM notes' });
    sql('CREATE TABLE late (a); INSERT INTO late VALUES (1), (2), (3)');
    const preview = await callBundled(tools, 'preview', { sql: 'DELETE FROM late' });
    expect(preview.structuredContent).toMatchObject({ per_resource: { late: 3 } });
  });

  it('follows the name when another file takes its place', async () => {
    const tools = databaseTools({ file });
    await callBundled(tools, 'preview', { sql: 'DELETE FROM notes' });
    rmSync(file);
    expect(textOf(await callBundled(tools, 'tables', {}))).toContain('there is no database');
    sql('CREATE TABLE notes (a); INSERT INTO notes VALUES (1)');
    expect((await callBundled(tools, 'preview', { sql: 'DELETE FROM notes' })).structuredContent).toMatchObject({ total: 1 });
  });

  it('says it weaker where a trigger keeps up a search index', async () => {
    const preview = await call('preview', { sql: "INSERT INTO documents(body) VALUES ('hello')" });
    expect(preview.structuredContent, textOf(preview)).toMatchObject({ per_resource: { documents: 1 }, strength: 'checked' });
    expect(JSON.stringify(preview.structuredContent)).toContain('not counted');
  });

  describe('more rows than are tried', () => {
    const MORE = { meta: { 'perimeter/preview': { rows: 30 } } };
    const counted = async (given: string, context: Parameters<typeof callBundled>[3] = MORE, params?: unknown[]) =>
      structured(await callBundled(databaseTools({ file }), 'preview', { sql: given, ...(params ? { params } : {}) }, context));
    const big = (rows: number) =>
      sql(
        `CREATE TABLE big (a); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO big SELECT i FROM n`,
      );

    it('are counted plainly, and nothing changes', async () => {
      big(50_001);
      const large = { total: 50_001, per_resource: { big: 50_001 }, more: true, direct: true, strength: 'estimated' };
      expect(await counted('DELETE FROM big', {})).toMatchObject(large);
      expect(count('big')).toBe(50_001);
    });

    it('begin where the guard says', async () => {
      big(31);
      expect(await counted('UPDATE big SET a = 0 WHERE a <= 30')).toMatchObject({ total: 30, strength: 'enforced' });
      expect(await counted('UPDATE big SET a = 0')).toMatchObject({ total: 31, strength: 'estimated', more: true, direct: true });
      expect(await counted('UPDATE big SET a = 0', { meta: { 'perimeter/preview': { rows: 'many' } } })).toMatchObject({
        strength: 'enforced',
      });
    });

    it('are a floor where a plain count is not simple, or what follows is more', async () => {
      big(40);
      const floor = { total: 30, more: true, strength: 'estimated', notes: [expect.stringContaining('there are more')] };
      expect(await counted('UPDATE big SET a = ?', MORE, [7])).toMatchObject(floor);
      sql(
        'CREATE TABLE one (a); INSERT INTO one VALUES (1); CREATE TRIGGER t AFTER UPDATE ON one BEGIN UPDATE big SET a = 0; END',
      );
      expect(await counted('UPDATE one SET a = 2')).toMatchObject(floor);
    });
  });

  it('passes on the reason why a change would fail', async () => {
    const preview = await call('preview', { sql: 'UPDATE customers SET name = NULL' });
    expect(preview.isError).toBe(true);
    expect(textOf(preview)).toContain('NOT NULL constraint failed: customers.name');
  });

  it('two calls at once do not mix their counts', async () => {
    const tools = databaseTools({ file });
    const results = await Promise.all([
      callBundled(tools, 'preview', { sql: 'DELETE FROM notes' }),
      callBundled(tools, 'execute', { sql: 'DELETE FROM prices' }),
      callBundled(tools, 'preview', { sql: 'DELETE FROM quiet' }),
    ]);
    expect(results.map((result) => result.isError ?? false)).toEqual([false, false, false]);
    expect(results[0]?.structuredContent).toMatchObject({ per_resource: { notes: 3 } });
    expect(results[2]?.structuredContent).toMatchObject({ per_resource: { quiet: 2 } });
  });
});

describe('a bound', () => {
  const update = { sql: "UPDATE customers SET status = 'lost' WHERE status = 'dormant'" };
  const approved = { per_resource: { customers: 23, audit_log: 23 }, total: 46 };
  const lost = () => count('customers', "status = 'lost'");

  it('lets exactly what was approved happen', async () => {
    expect((await call('execute', update, approved)).isError).toBeUndefined();
    expect(lost()).toBe(23);
  });

  it('lets less happen', async () => {
    sql("UPDATE customers SET status = 'gone' WHERE id = 1; DELETE FROM audit_log");
    expect((await call('execute', update, approved))._meta).toMatchObject({
      'perimeter/actual': { per_resource: { customers: 22, audit_log: 22 } },
    });
  });

  it('lets nothing happen when one more row has joined', async () => {
    sql("UPDATE customers SET status = 'dormant' WHERE id = 100");
    const result = await call('execute', update, approved);
    expect(result.isError).toBe(true);
    expect(result._meta).toMatchObject({
      'perimeter/outside_bound': { per_resource: { customers: 24, audit_log: 25 - 1 }, total: 48 },
    });
    expect(textOf(result)).toContain('`customers` 24 (approved 23)');
    expect(lost()).toBe(0);
  });

  it.each([
    ['a table that is not listed', { per_resource: { customers: 23 }, total: 46 }],
    ['a smaller total', { per_resource: { customers: 23, audit_log: 23 }, total: 45 }],
    ['an empty bound', { per_resource: {}, total: 0 }],
    ['a bound that can not be read', { customers: 23 }],
    ['a bound of null', null],
    ['a negative bound', { per_resource: { customers: -1 }, total: 46 }],
    ['a bound on an inherited name', { per_resource: { constructor: 23 }, total: 46 }],
  ])('changes nothing for %s', async (_, bound) => {
    const result = await call('execute', update, bound);
    expect(result.isError).toBe(true);
    expect(lost()).toBe(0);
  });

  it('reads table names as SQLite does, without case', async () => {
    expect(
      (await call('execute', update, { per_resource: { CUSTOMERS: 23, Audit_Log: 23 }, total: 46 })).isError,
    ).toBeUndefined();
  });

  it('is not fooled by a statement that ends the transaction itself', async () => {
    const sqlText = "INSERT OR ROLLBACK INTO customers(id, name) VALUES (1, 'x')";
    expect((await call('execute', { sql: sqlText }, { per_resource: { customers: 1 }, total: 1 })).isError).toBe(true);
    expect(
      (await call('execute', { sql: 'DELETE FROM notes' }, { per_resource: { notes: 3 }, total: 3 })).isError,
    ).toBeUndefined();
  });

  it('takes back what only the commit finds wrong', async () => {
    sql('CREATE TABLE late (customer INTEGER REFERENCES customers(id) DEFERRABLE INITIALLY DEFERRED)');
    const result = await call('execute', { sql: 'INSERT INTO late VALUES (9999)' }, { per_resource: { late: 1 }, total: 1 });
    expect(textOf(result)).toContain('FOREIGN KEY constraint failed');
    expect(count('late')).toBe(0);
  });

  it('holds in a database with a write-ahead log too, and other readers see only what was committed', async () => {
    sql('PRAGMA journal_mode = WAL');
    expect((await call('execute', update, { per_resource: {}, total: 0 })).isError).toBe(true);
    expect(lost()).toBe(0);
    expect((await call('execute', update, approved)).isError).toBeUndefined();
    expect(lost()).toBe(23);
  });

  it('returns rows of a committed change', async () => {
    const result = await call('execute', { sql: 'DELETE FROM notes RETURNING id, customer' });
    expect(result.structuredContent).toMatchObject({
      records: 3,
      rows: [
        { id: 1, customer: 1 },
        { id: 2, customer: 1 },
        { id: 3, customer: 2 },
      ],
    });
    expect(count('notes')).toBe(0);
  });

  it('shows no rows of a change that was taken back', async () => {
    const result = await call('execute', { sql: 'DELETE FROM notes RETURNING id, customer' }, { per_resource: {}, total: 0 });
    expect(result.structuredContent).toBeUndefined();
    expect(count('notes')).toBe(3);
  });
});

describe('execute refuses', () => {
  it.each([
    ['a second statement', 'DELETE FROM notes WHERE id = 1; DELETE FROM customers', 'more than one statement'],
    [
      'a second statement behind a comment',
      'DELETE FROM notes WHERE id = 1; /* x */ DELETE FROM customers',
      'more than one statement',
    ],
    ['a select', 'SELECT 1', 'use `query`'],
    ['a select behind WITH', 'WITH x AS (SELECT 1) SELECT * FROM x', 'use `query`'],
    ['a table', 'CREATE TABLE x (a)', 'CREATE'],
    ['a drop', 'DROP TABLE customers', 'DROP'],
    ['an alter', 'ALTER TABLE customers ADD x', 'ALTER'],
    ['ATTACH', "ATTACH '/tmp/x.db' AS x", 'ATTACH'],
    ['a pragma', 'PRAGMA foreign_keys = OFF', 'PRAGMA'],
    ['VACUUM INTO', "VACUUM INTO '/tmp/stolen.db'", 'VACUUM'],
    ['BEGIN', 'BEGIN', 'BEGIN'],
    ['COMMIT', 'COMMIT', 'COMMIT'],
    ['EXPLAIN', 'EXPLAIN DELETE FROM customers', 'EXPLAIN'],
    ['an extension', "UPDATE notes SET customer = load_extension('/tmp/x.so')", 'load_extension'],
    ['the schema table', "UPDATE sqlite_schema SET sql = ''", 'sqlite'],
    ['the sequence table', 'UPDATE sqlite_sequence SET seq = 0', 'sqlite_sequence'],
    ['a virtual table', "INSERT INTO documents_search(documents_search) VALUES ('rebuild')", 'virtual table'],
    ['the shadow of a virtual table', 'DELETE FROM documents_search_data', 'documents_search_data'],
    ['temporary things', 'INSERT INTO temp.sqlite_temp_schema VALUES (1)', 'sqlite_temp'],
    ['reading where our triggers are', 'INSERT INTO audit_log(what) SELECT sql FROM sqlite_temp_schema', 'sqlite_temp'],
    ['a view without triggers', 'DELETE FROM dormant WHERE id = 1', 'dormant'],
    ['nothing', ' -- just a comment', 'no statement'],
    ['an empty first statement', '; DELETE FROM customers', 'more than one statement'],
    ['what is not SQL', 'DELETE customers', 'syntax error'],
    ['an unknown table', 'DELETE FROM nowhere', 'no such table'],
    ['a NUL that would cut the statement short', 'DELETE FROM customers\0 WHERE id = 1', 'can not be read'],
    ['half a surrogate pair', "DELETE FROM customers WHERE name = '\ud800'", 'can not be read'],
    ['an open string', "DELETE FROM customers WHERE name = 'x", 'unrecognized token'],
    ['named parameters', 'DELETE FROM customers WHERE id = :id', ':id'],
    ['a missing value', 'DELETE FROM customers WHERE id <> ?', 'give one for each'],
  ])('%s', async (_, statement, reason) => {
    for (const tool of ['execute', 'preview']) {
      const result = await call(tool, { sql: statement });
      expect(result.isError, statement).toBe(true);
      expect(textOf(result)).toContain(reason);
    }
    expect([count('customers'), count('notes'), count('audit_log')]).toEqual([200, 3, 0]);
  });
});

describe('query', () => {
  it('returns rows as JSON', async () => {
    const result = await call('query', { sql: 'SELECT id, name FROM customers WHERE id < ? ORDER BY id', params: [3] });
    expect(result.structuredContent).toEqual({
      rows: [
        { id: 1, name: 'c1' },
        { id: 2, name: 'c2' },
      ],
      row_count: 2,
      truncated: false,
    });
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
  });

  it('keeps what JSON can not carry', async () => {
    const result = await call('query', {
      sql: "SELECT 9007199254740993 AS big, 9e999 AS huge, x'00ff' AS blob, NULL AS none, 1 AS a, 2 AS a, 3 AS __proto__",
    });
    expect(structured(result).rows, textOf(result)).toEqual([
      { big: '9007199254740993', huge: 'Infinity', blob: { $blob: 2 }, none: null, a: 1, a_2: 2, __proto___2: 3 },
    ]);
  });

  it('binds numbers as what they are', async () => {
    const result = await call('query', {
      sql: 'SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, ? AS d',
      params: [1, 1.5, '1', true],
    });
    expect(structured(result).rows).toEqual([{ a: 'integer', b: 'real', c: 'text', d: 1 }]);
    expect(textOf(await call('query', { sql: 'SELECT ?', params: [2 ** 60] }))).toContain('send it as a string');
  });

  it('cuts long answers and says so', async () => {
    const endless = 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
    expect((await call('query', { sql: endless })).structuredContent).toMatchObject({ row_count: 500, truncated: true });
    const wide = await call('query', { sql: "SELECT printf('%.*c', 300000, 'x') AS a FROM customers LIMIT 20" });
    expect(wide.structuredContent).toMatchObject({ truncated: true });
    expect(textOf(wide).length).toBeLessThan(1_300_000);
  });

  it.each([
    ['a write', 'DELETE FROM customers'],
    ['a write behind WITH', 'WITH x AS (SELECT 1) DELETE FROM customers'],
    ['a write with RETURNING', 'DELETE FROM customers RETURNING id'],
    ['a write behind WITH and RETURNING', 'WITH x AS (SELECT 1) DELETE FROM customers RETURNING id'],
    ['a write behind a select', 'SELECT 1; DELETE FROM customers'],
    ['a pragma', 'PRAGMA query_only = OFF'],
    ['a pragma as a table', "SELECT * FROM pragma_table_info('customers')"],
    ['VACUUM INTO', "VACUUM INTO '/tmp/stolen.db'"],
    ['ATTACH', "ATTACH '/tmp/x.db' AS x"],
    ['an extension', "SELECT load_extension('/tmp/x.so')"],
    ['EXPLAIN', 'EXPLAIN SELECT 1'],
    ['a transaction', 'BEGIN EXCLUSIVE'],
  ])('refuses %s', async (_, statement) => {
    const result = await call('query', { sql: statement });
    expect(result.isError).toBe(true);
    expect(count('customers')).toBe(200);
  });

  it('reads through a full-text index', async () => {
    sql("INSERT INTO documents VALUES (1, 'green apples'), (2, 'red pears')");
    const result = await call('query', { sql: "SELECT rowid AS id FROM documents_search WHERE documents_search MATCH 'apples'" });
    expect(structured(result).rows, textOf(result)).toEqual([{ id: 1 }]);
  });

  it('shows tables and what they are made of', async () => {
    const tables = await call('tables', {});
    expect(structured(tables).tables).toContainEqual({ name: 'customers', type: 'table' });
    expect(structured(tables).tables).toContainEqual({ name: 'dormant', type: 'view' });
    const customers = await call('describe', { table: 'CUSTOMERS' });
    expect(customers.structuredContent).toMatchObject({
      name: 'customers',
      type: 'table',
      triggers: [{ name: 'customers_audit' }, { name: 'customers_touch' }],
    });
    expect(structured(customers).columns).toContainEqual({
      name: 'name',
      type: 'TEXT',
      required: 1,
      default: null,
      key: 0,
    });
    expect((await call('describe', { table: 'orders' })).structuredContent).toMatchObject({
      foreign_keys: [{ column_name: 'customer', other_table: 'customers', other_column: 'id' }],
    });
    expect(textOf(await call('describe', { table: "x'); DROP TABLE customers" }))).toContain('there is no table');
  });
});

describe('the file', () => {
  it('that is missing is said, not made', async () => {
    rmSync(file);
    for (const [tool, input] of [
      ['tables', {}],
      ['query', { sql: 'SELECT 1' }],
      ['execute', { sql: 'DELETE FROM x' }],
    ] as const) {
      expect(textOf(await call(tool, input))).toContain('there is no database');
    }
    expect(existsSync(file)).toBe(false);
    expect((await call('tables', {}, undefined, { create: true })).structuredContent).toEqual({ tables: [] });
  });

  it('that is no database is said', async () => {
    writeFileSync(file, 'not a database at all, '.repeat(200));
    expect(textOf(await call('tables', {}))).toContain('not a SQLite database');
    expect(textOf(await call('execute', { sql: 'DELETE FROM x' }))).toContain('not a SQLite database');
    rmSync(file);
    expect(textOf(await callBundled(databaseTools({ file: folder }), 'tables', {}))).toContain('not a file');
  });

  it('that somebody else is writing is said to be locked', async () => {
    const other = open(file);
    other.exec('BEGIN EXCLUSIVE');
    const result = await call('execute', { sql: 'DELETE FROM notes' });
    other.exec('ROLLBACK');
    other.close();
    expect(textOf(result)).toContain('locked by somebody else');
    expect(count('notes')).toBe(3);
  });

  it('opened to read only has no tools that write, and is not touched', async () => {
    const tools = databaseTools({ file, readOnly: true });
    expect(tools.map((tool) => tool.name)).toEqual(['tables', 'describe', 'query']);
    const before = statSync(file).mtimeMs;
    expect((await callBundled(tools, 'query', { sql: 'SELECT count(*) AS n FROM customers' })).structuredContent).toMatchObject({
      rows: [{ n: 200 }],
    });
    expect(statSync(file).mtimeMs).toBe(before);
  });
});
