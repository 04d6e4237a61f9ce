// A small company in tables, for both engines, and statements on it with the rows they touch, counted by hand.

/** Tables whose definition is the same everywhere. 200 customers, of whom 1 to 23 are dormant; two orders each for customers 1 to 50, three lines an order. */
const TABLES = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, status TEXT, touched INTEGER DEFAULT 0);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id) ON DELETE CASCADE ON UPDATE CASCADE, total INTEGER);
  CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE);
  CREATE TABLE notes (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id) ON DELETE SET NULL);
  CREATE TABLE codes (code TEXT PRIMARY KEY, label TEXT);
  CREATE TABLE slots (id INTEGER PRIMARY KEY, room TEXT, active INTEGER);
  CREATE UNIQUE INDEX slots_active ON slots(room) WHERE active = 1;
  CREATE TABLE archive (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree(id) ON DELETE CASCADE);
  CREATE TABLE loose (v TEXT);
  CREATE TABLE "odd ""name""; DROP" ("a b" INTEGER PRIMARY KEY, v INTEGER);
  CREATE TABLE "Ünïcode ✓" (id INTEGER PRIMARY KEY, v TEXT);
  CREATE VIEW dormant AS SELECT id, name FROM customers WHERE status = 'dormant';
`;
const SMALL_ROWS = `
  INSERT INTO notes VALUES (1, 1), (2, 1), (3, 2);
  INSERT INTO codes VALUES ('a', 'A'), ('b', 'B'), ('it''s', 'C');
  INSERT INTO slots VALUES (1, 'red', 1), (2, 'red', 0), (3, 'blue', 1);
  INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, NULL);
  INSERT INTO prices VALUES ('a', 'eu', 1), ('a', 'us', 2), ('b', 'eu', 3);
  INSERT INTO loose VALUES ('x'), ('x'), ('y');
  INSERT INTO "odd ""name""; DROP" VALUES (1, 1), (2, 2);
  INSERT INTO "Ünïcode ✓" VALUES (1, 'ä'), (2, 'ö');
`;

export const SQLITE_COMPANY = `${TABLES}
  CREATE TABLE prices (sku TEXT, region TEXT, amount INTEGER, PRIMARY KEY (sku, region)) WITHOUT ROWID;
  CREATE TABLE audit_log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO customers(id, name, email, status) SELECT i, 'c' || i, 'c' || i || '@acme.example', iif(i <= 23, 'dormant', 'active') FROM n;
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO orders SELECT i, (i + 1) / 2, i * 10 FROM n;
  WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO lines SELECT i, (i + 2) / 3 FROM n;
  ${SMALL_ROWS}
  CREATE TRIGGER customers_audit AFTER UPDATE OF status ON customers BEGIN INSERT INTO audit_log(what) VALUES ('status of ' || NEW.id); END;
  CREATE TRIGGER dormant_rename INSTEAD OF UPDATE ON dormant BEGIN UPDATE customers SET email = NEW.name WHERE id = OLD.id; END;
  CREATE TRIGGER dormant_drop INSTEAD OF DELETE ON dormant BEGIN UPDATE customers SET touched = 9 WHERE id = OLD.id; END;
`;

export const POSTGRES_COMPANY = `${TABLES}
  CREATE TABLE prices (sku TEXT, region TEXT, amount INTEGER, PRIMARY KEY (sku, region));
  CREATE TABLE audit_log (id SERIAL PRIMARY KEY, what TEXT);
  INSERT INTO customers(id, name, email, status) SELECT i, 'c' || i, 'c' || i || '@acme.example', CASE WHEN i <= 23 THEN 'dormant' ELSE 'active' END FROM generate_series(1, 200) i;
  INSERT INTO orders SELECT i, (i + 1) / 2, i * 10 FROM generate_series(1, 100) i;
  INSERT INTO lines SELECT i, (i + 2) / 3 FROM generate_series(1, 300) i;
  ${SMALL_ROWS}
  CREATE FUNCTION note_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit_log(what) VALUES ('status of ' || NEW.id); RETURN NULL; END $$;
  CREATE TRIGGER customers_audit AFTER UPDATE OF status ON customers FOR EACH ROW EXECUTE FUNCTION note_status();
  CREATE FUNCTION rename_dormant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE customers SET email = NEW.name WHERE id = OLD.id; RETURN NEW; END $$;
  CREATE TRIGGER dormant_rename INSTEAD OF UPDATE ON dormant FOR EACH ROW EXECUTE FUNCTION rename_dormant();
  CREATE FUNCTION drop_dormant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE customers SET touched = 9 WHERE id = OLD.id; RETURN OLD; END $$;
  CREATE TRIGGER dormant_drop INSTEAD OF DELETE ON dormant FOR EACH ROW EXECUTE FUNCTION drop_dormant();
`;

/** `unnamed` counts changes of rows without a key of their own. */
export type Touch = Record<
  string,
  {
    update?: (string | number)[];
    delete?: (string | number)[];
    insert?: (string | number)[];
    replace?: (string | number)[];
    unnamed?: number;
  }
>;
/** One text for both engines, or one each; left out where an engine has no such statement. `touch` names the direct table first. */
export type Case = {
  what: string;
  sql: string | { sqlite?: string; postgres?: string };
  touch: Touch;
  more?: { postgres?: Record<string, number> };
};

/** The numbers from first to last. */
export const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
const dormant = upTo(1, 23);

export const CASES: Case[] = [
  { what: 'an update', sql: "UPDATE customers SET name = 'x' WHERE id <= 5", touch: { customers: { update: upTo(1, 5) } } },
  {
    what: 'an update with a trigger',
    sql: "UPDATE customers SET status = 'lost' WHERE status = 'dormant'",
    touch: { customers: { update: dormant }, audit_log: { unnamed: 23 } },
  },
  { what: 'an update of nothing', sql: "UPDATE customers SET name = 'x' WHERE id > 900", touch: {} },
  {
    what: 'an update to the same value',
    sql: 'UPDATE customers SET name = name WHERE id IN (1, 7)',
    touch: { customers: { update: [1, 7] } },
  },
  {
    what: 'an update with a subquery in the predicate',
    sql: 'UPDATE customers SET touched = 1 WHERE id IN (SELECT customer FROM orders WHERE total > 980)',
    touch: { customers: { update: [50] } },
  },
  {
    what: 'an update with EXISTS',
    sql: 'UPDATE customers SET touched = 1 WHERE EXISTS (SELECT 1 FROM notes WHERE notes.customer = customers.id)',
    touch: { customers: { update: [1, 2] } },
  },
  {
    what: 'an update with NOT EXISTS and a range',
    sql: 'UPDATE customers SET touched = 1 WHERE id < 4 AND NOT EXISTS (SELECT 1 FROM notes WHERE notes.customer = customers.id)',
    touch: { customers: { update: [3] } },
  },
  {
    what: 'an update from a join',
    sql: 'UPDATE customers SET touched = orders.total FROM orders WHERE orders.customer = customers.id AND orders.total <= 40',
    touch: { customers: { update: [1, 2] } },
  },
  {
    what: 'an update with an alias',
    sql: 'UPDATE customers AS c SET touched = 2 WHERE c.id = 9',
    touch: { customers: { update: [9] } },
  },
  {
    what: 'an update behind a CTE',
    sql: "WITH few AS (SELECT id FROM customers WHERE status = 'dormant' ORDER BY id LIMIT 3) UPDATE customers SET touched = 1 WHERE id IN (SELECT id FROM few)",
    touch: { customers: { update: [1, 2, 3] } },
  },
  {
    what: 'an update behind a recursive CTE',
    sql: 'WITH RECURSIVE below(id) AS (SELECT 1 UNION SELECT tree.id FROM tree JOIN below ON tree.parent = below.id) UPDATE tree SET parent = NULL WHERE id IN (SELECT id FROM below) AND id > 1',
    touch: { tree: { update: [2, 3, 4] } },
  },
  {
    what: 'an update with a CASE',
    sql: 'UPDATE customers SET touched = CASE WHEN id = 1 THEN 1 ELSE 2 END WHERE id < 3',
    touch: { customers: { update: [1, 2] } },
  },
  {
    what: 'an update of two columns at once',
    sql: "UPDATE customers SET (name, touched) = ('x', 1) WHERE id = 4",
    touch: { customers: { update: [4] } },
  },
  {
    what: 'an update by a value list',
    sql: "UPDATE customers SET touched = 1 WHERE name IN ('c3', 'c4')",
    touch: { customers: { update: [3, 4] } },
  },
  {
    what: 'an update with BETWEEN and LIKE',
    sql: "UPDATE customers SET touched = 1 WHERE id BETWEEN 10 AND 19 AND name LIKE 'c_5'",
    touch: { customers: { update: [15] } },
  },
  {
    what: 'an update with RETURNING',
    sql: 'UPDATE customers SET touched = 1 WHERE id < 3 RETURNING name',
    touch: { customers: { update: [1, 2] } },
  },
  {
    what: 'an update with RETURNING *',
    sql: 'UPDATE prices SET amount = 9 RETURNING *',
    touch: { prices: { update: ["'a','eu'", "'a','us'", "'b','eu'"] } },
  },
  {
    what: 'an update by a partial index',
    sql: "UPDATE slots SET room = 'green' WHERE room = 'red' AND active = 1",
    touch: { slots: { update: [1] } },
  },
  {
    what: 'an update of part of a composite key',
    sql: "UPDATE prices SET amount = 5 WHERE sku = 'a'",
    touch: { prices: { update: ["'a','eu'", "'a','us'"] } },
  },
  {
    what: 'an update of a text key table',
    sql: "UPDATE codes SET label = 'x' WHERE code <> 'a'",
    touch: { codes: { update: ["'b'", "'it''s'"] } },
  },
  {
    what: 'an update through quoted names',
    sql: 'UPDATE "odd ""name""; DROP" SET v = 0 WHERE "a b" = 2',
    touch: { 'odd "name"; DROP': { update: [2] } },
  },
  { what: 'an update of a unicode name', sql: 'UPDATE "Ünïcode ✓" SET v = \'ß\'', touch: { 'Ünïcode ✓': { update: [1, 2] } } },
  {
    what: 'an update through a view with INSTEAD OF',
    sql: "UPDATE dormant SET name = 'n' || id WHERE id < 4",
    touch: { customers: { update: [1, 2, 3] } },
  },
  {
    what: 'a delete through a view with INSTEAD OF',
    sql: 'DELETE FROM dormant WHERE id = 6',
    touch: { customers: { update: [6] } },
  },
  {
    what: 'an update of a key that cascades',
    sql: 'UPDATE customers SET id = 901 WHERE id = 3',
    touch: { customers: { update: [3] }, orders: { update: [5, 6] } },
  },
  {
    what: 'an update that moves a composite key',
    sql: "UPDATE prices SET region = 'uk' WHERE sku = 'b'",
    touch: { prices: { update: ["'b','eu'"] } },
  },
  { what: 'an update of a whole table', sql: 'UPDATE notes SET customer = 5', touch: { notes: { update: [1, 2, 3] } } },
  {
    what: 'an update with comments in it',
    sql: "UPDATE /* WHERE id = 1 */ customers SET name = 'x' -- WHERE id = 2\n WHERE id = 3",
    touch: { customers: { update: [3] } },
  },
  {
    what: 'an update whose text looks like another',
    sql: "UPDATE customers SET name = 'x; DELETE FROM customers' WHERE id = 3",
    touch: { customers: { update: [3] } },
  },
  {
    what: 'an update of a table without any key',
    sql: "UPDATE loose SET v = 'z' WHERE v = 'x'",
    touch: { loose: { update: [1, 2] } },
  },

  { what: 'a delete', sql: 'DELETE FROM notes WHERE id = 2', touch: { notes: { delete: [2] } } },
  { what: 'a delete of a whole table', sql: 'DELETE FROM notes', touch: { notes: { delete: [1, 2, 3] } } },
  {
    what: 'a delete that cascades twice and sets null',
    sql: 'DELETE FROM customers WHERE id = 1',
    touch: { customers: { delete: [1] }, orders: { delete: [1, 2] }, lines: { delete: upTo(1, 6) }, notes: { update: [1, 2] } },
  },
  {
    what: 'a delete that cascades in its own table',
    sql: 'DELETE FROM tree WHERE id = 1',
    touch: { tree: { delete: [1, 2, 3, 4] } },
  },
  {
    what: 'a delete of the dormant',
    sql: "DELETE FROM customers WHERE status = 'dormant'",
    touch: {
      customers: { delete: dormant },
      orders: { delete: upTo(1, 46) },
      lines: { delete: upTo(1, 138) },
      notes: { update: [1, 2, 3] },
    },
  },
  {
    what: 'a delete with a subquery',
    sql: 'DELETE FROM lines WHERE order_id IN (SELECT id FROM orders WHERE customer = 2)',
    touch: { lines: { delete: upTo(7, 12) } },
  },
  {
    what: 'a delete with a correlated subquery',
    sql: 'DELETE FROM orders WHERE total = (SELECT max(total) FROM orders)',
    touch: { orders: { delete: [100] }, lines: { delete: [298, 299, 300] } },
  },
  {
    what: 'a delete behind a CTE',
    sql: 'WITH big AS (SELECT id FROM orders WHERE total > 990) DELETE FROM orders WHERE id IN (SELECT id FROM big)',
    touch: { orders: { delete: [100] }, lines: { delete: [298, 299, 300] } },
  },
  {
    what: 'a delete using a join',
    sql: { postgres: 'DELETE FROM orders USING customers WHERE orders.customer = customers.id AND customers.id = 50' },
    touch: { orders: { delete: [99, 100] }, lines: { delete: upTo(295, 300) } },
  },
  {
    what: 'a delete with RETURNING',
    sql: 'DELETE FROM notes WHERE customer = 1 RETURNING id',
    touch: { notes: { delete: [1, 2] } },
  },
  {
    what: 'a delete by composite key',
    sql: "DELETE FROM prices WHERE (sku, region) = ('a', 'us')",
    touch: { prices: { delete: ["'a','us'"] } },
  },
  { what: 'a delete by text key', sql: "DELETE FROM codes WHERE code = 'it''s'", touch: { codes: { delete: ["'it''s'"] } } },
  { what: 'a delete in a table without any key', sql: "DELETE FROM loose WHERE v = 'y'", touch: { loose: { delete: [3] } } },
  { what: 'a delete of nothing', sql: 'DELETE FROM notes WHERE id = 99', touch: {} },
  { what: 'a delete by a partial index', sql: 'DELETE FROM slots WHERE active = 1', touch: { slots: { delete: [1, 3] } } },
  {
    what: 'a delete through quoted names',
    sql: 'DELETE FROM "odd ""name""; DROP"',
    touch: { 'odd "name"; DROP': { delete: [1, 2] } },
  },

  {
    what: 'an insert with a key',
    sql: "INSERT INTO customers(id, name) VALUES (500, 'new')",
    touch: { customers: { insert: [500] } },
  },
  {
    what: 'an insert of three rows',
    sql: "INSERT INTO archive VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    touch: { archive: { insert: [1, 2, 3] } },
  },
  {
    what: 'an insert whose key the engine makes up',
    sql: "INSERT INTO audit_log(what) VALUES ('a'), ('b')",
    touch: { audit_log: { unnamed: 2 } },
  },
  {
    what: 'an insert from a select',
    sql: "INSERT INTO archive(id, name) SELECT id, name FROM customers WHERE status = 'dormant'",
    touch: { archive: { insert: dormant } },
  },
  {
    what: 'an insert from a join',
    sql: 'INSERT INTO archive(id, name) SELECT orders.id, customers.name FROM orders JOIN customers ON customers.id = orders.customer WHERE orders.id < 4',
    touch: { archive: { insert: [1, 2, 3] } },
  },
  {
    what: 'an insert behind a CTE',
    sql: 'INSERT INTO archive(id, name) WITH few AS (SELECT id, name FROM customers WHERE id < 3) SELECT * FROM few',
    touch: { archive: { insert: [1, 2] } },
  },
  {
    what: 'an insert with a composite key',
    sql: "INSERT INTO prices VALUES ('c', 'eu', 1)",
    touch: { prices: { insert: ["'c','eu'"] } },
  },
  { what: 'an insert of defaults', sql: 'INSERT INTO audit_log DEFAULT VALUES', touch: { audit_log: { unnamed: 1 } } },
  {
    what: 'an insert with RETURNING',
    sql: "INSERT INTO codes VALUES ('z', 'Z') RETURNING label",
    touch: { codes: { insert: ["'z'"] } },
  },
  { what: 'an insert in a table without any key', sql: "INSERT INTO loose VALUES ('n')", touch: { loose: { unnamed: 1 } } },
  {
    what: 'an upsert that updates',
    sql: "INSERT INTO customers(id, name) VALUES (7, 'n') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    touch: { customers: { update: [7] } },
  },
  {
    what: 'an upsert that inserts',
    sql: "INSERT INTO codes VALUES ('q', 'Q') ON CONFLICT (code) DO UPDATE SET label = 'again'",
    touch: { codes: { insert: ["'q'"] } },
  },
  {
    what: 'an upsert of both kinds',
    sql: "INSERT INTO codes VALUES ('a', '1'), ('n', '2') ON CONFLICT (code) DO UPDATE SET label = excluded.label",
    touch: { codes: { update: ["'a'"], insert: ["'n'"] } },
  },
  {
    what: 'an upsert on a partial index',
    sql: "INSERT INTO slots VALUES (9, 'red', 1) ON CONFLICT (room) WHERE active = 1 DO UPDATE SET active = 1",
    touch: { slots: { update: [1] } },
  },
  {
    what: 'an upsert with a condition that is not met',
    sql: "INSERT INTO codes VALUES ('a', 'x') ON CONFLICT (code) DO UPDATE SET label = 'x' WHERE codes.label = 'nothing'",
    touch: {},
  },
  {
    what: 'an upsert that does nothing',
    sql: "INSERT INTO codes VALUES ('a', 'x'), ('m', 'M') ON CONFLICT DO NOTHING",
    touch: { codes: { insert: ["'m'"] } },
  },

  {
    what: 'a REPLACE of the same key',
    sql: { sqlite: "REPLACE INTO codes VALUES ('a', 'x')" },
    touch: { codes: { insert: ["'a'"], replace: ["'a'"] } },
  },
  {
    what: 'a REPLACE that removes another row by a unique column',
    sql: { sqlite: "INSERT OR REPLACE INTO customers(id, name, email) VALUES (900, 'n', 'c60@acme.example')" },
    touch: { customers: { insert: [900], replace: [60] } },
  },
  {
    what: 'a REPLACE that cascades',
    sql: { sqlite: "INSERT OR REPLACE INTO customers(id, name) VALUES (1, 'n')" },
    touch: {
      customers: { insert: [1], replace: [1] },
      orders: { delete: [1, 2] },
      lines: { delete: upTo(1, 6) },
      notes: { update: [1, 2] },
    },
  },
  {
    what: 'a REPLACE by a partial index',
    sql: { sqlite: "REPLACE INTO slots VALUES (9, 'red', 1)" },
    touch: { slots: { insert: [9], replace: [1] } },
  },
  {
    what: 'an update that replaces the row in its way',
    sql: { sqlite: 'UPDATE OR REPLACE archive SET id = id WHERE id = 1' },
    touch: {},
  },
  {
    what: 'an update that moves onto another key',
    sql: { sqlite: 'UPDATE OR REPLACE slots SET id = 2 WHERE id = 3' },
    touch: { slots: { update: [3], replace: [2] } },
  },
  {
    what: 'an update limited by a rowid',
    sql: { sqlite: 'UPDATE loose SET v = 1 WHERE rowid = 2' },
    touch: { loose: { update: [2] } },
  },
  { what: 'an insert that is ignored', sql: { sqlite: "INSERT OR IGNORE INTO codes VALUES ('a', 'x')" }, touch: {} },

  {
    what: 'two writes in one, by CTEs',
    sql: {
      postgres:
        'WITH gone AS (DELETE FROM notes WHERE id = 1 RETURNING id) UPDATE customers SET touched = 1 WHERE id IN (SELECT id FROM gone)',
    },
    touch: { customers: { update: [1] }, notes: { delete: [1] } },
  },
  {
    what: 'a CTE that moves rows',
    sql: { postgres: "WITH gone AS (DELETE FROM notes RETURNING id) INSERT INTO archive(id, name) SELECT id, 'note' FROM gone" },
    touch: { archive: { insert: [1, 2, 3] }, notes: { delete: [1, 2, 3] } },
  },
  {
    what: 'a MERGE',
    sql: {
      postgres:
        "MERGE INTO codes USING (VALUES ('a', '1'), ('n', '2')) AS given(code, label) ON codes.code = given.code WHEN MATCHED THEN UPDATE SET label = given.label WHEN NOT MATCHED THEN INSERT VALUES (given.code, given.label)",
    },
    touch: { codes: { update: ["'a'"], insert: ["'n'"] } },
  },
  {
    what: 'a MERGE that deletes',
    sql: {
      postgres:
        'MERGE INTO orders USING notes ON notes.id = orders.id WHEN MATCHED AND orders.id < 3 THEN DELETE WHEN MATCHED THEN UPDATE SET total = 0',
    },
    touch: { orders: { delete: [1, 2], update: [3] }, lines: { delete: upTo(1, 6) } },
  },
  {
    what: 'an update by ctid',
    sql: { postgres: 'UPDATE customers SET touched = 1 WHERE ctid IN (SELECT ctid FROM customers WHERE id = 8)' },
    touch: { customers: { update: [8] } },
  },
  {
    what: 'an update with ANY',
    sql: { postgres: 'UPDATE customers SET touched = 1 WHERE id = ANY (ARRAY[2, 4])' },
    touch: { customers: { update: [2, 4] } },
  },
  {
    what: 'an update of ONLY one table',
    sql: { postgres: 'UPDATE ONLY public.customers SET touched = 1 WHERE id = 2' },
    touch: { customers: { update: [2] } },
  },
  {
    what: 'an insert that overrides nothing',
    sql: { postgres: "INSERT INTO audit_log(id, what) VALUES (77, 'x')" },
    touch: { audit_log: { insert: [77] } },
  },
];

/** How many records of each table a case touches. */
export function countsOf(touch: Touch): Record<string, number> {
  return Object.fromEntries(
    Object.entries(touch).map(([table, { update = [], delete: gone = [], insert = [], replace = [], unnamed = 0 }]) => [
      table,
      update.length + gone.length + insert.length + replace.length + unnamed,
    ]),
  );
}

/** The key of each table, as SQL; `loose` has none. */
const KEYS: Record<string, string[]> = {
  customers: ['id'],
  orders: ['id'],
  lines: ['id'],
  notes: ['id'],
  codes: ['code'],
  slots: ['id'],
  archive: ['id'],
  tree: ['id'],
  prices: ['sku', 'region'],
  audit_log: ['id'],
  'odd "name"; DROP': ['a b'],
  'Ünïcode ✓': ['id'],
};

/** Every row of every table that has a key: its content by its key, written as the cases write keys. */
export type Snapshot = Record<string, Map<string, string>>;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
/** A key as the cases write it. */
export const keyText = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value))).join(',');

/** Takes a snapshot; `read` runs one SELECT and gives its rows. */
export async function snapshot(read: (sql: string) => Promise<unknown[][]> | unknown[][]): Promise<Snapshot> {
  const tables: Snapshot = {};
  for (const [table, key] of Object.entries(KEYS)) {
    const rows = await read(`SELECT ${key.map(quoted).join(', ')}, t.* FROM ${quoted(table)} AS t`);
    tables[table] = new Map(rows.map((row) => [keyText(row.slice(0, key.length)), row.map(String).join('|')]));
  }
  return tables;
}

/** What really happened between two snapshots that a case doesn't tell, or tells wrongly; empty when it is right. */
export function mistold(touch: Touch, before: Snapshot, after: Snapshot): string[] {
  return Object.keys(KEYS).flatMap((table) => {
    const { update = [], delete: gone = [], insert = [], replace = [], unnamed = 0 } = touch[table] ?? {};
    const [was, is] = [before[table]!, after[table]!];
    const told = new Set([...update, ...gone, ...replace].map(String));
    const lost = [...was]
      .filter(([key, content]) => is.get(key) !== content && !told.has(key))
      .map(([key]) => `${table}: ${key} changed`);
    const kept = gone.filter((key) => is.has(String(key))).map((key) => `${table}: ${key} is still there`);
    const missing = insert.filter((key) => !is.has(String(key))).map((key) => `${table}: ${key} is not there`);
    const came = [...is.keys()].filter((key) => !was.has(key)).length;
    const most = insert.length + unnamed + update.length;
    return [...lost, ...kept, ...missing, ...(came > most ? [`${table}: ${came} new rows`] : [])];
  });
}
