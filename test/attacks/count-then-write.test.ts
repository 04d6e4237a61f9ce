// Threat: what was counted when a human was asked is not what is there when the call runs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseTools } from '../../tools/downstream/database/index.ts';
import { loadSqlite, type Sqlite } from '../../tools/downstream/sqlite.ts';
import { bundled, decisionOf, type World, world, yes } from '../world.ts';

const RULES =
  '  - { id: changing, why: customers are real people, effect: ask, scope: ["write:database", "delete:database", "create:database"], limits: { records: 50, uses: 3, for: 30m } }';
const UPDATE = { sql: "UPDATE customers SET seen = 1 WHERE city = 'Oslo'" };

let folder = '';
let db: Sqlite;
let open: World;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-db-'));
  const file = join(folder, 'crm.db');
  db = (await loadSqlite())(file);
  db.exec(
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT, seen INTEGER); INSERT INTO customers (city) VALUES ('Oslo'), ('Oslo'), ('Oslo'), ('Bergen');",
  );
  open = await world({
    rules: RULES,
    servers: { db: bundled(databaseTools({ file })) },
    entries: { db: { command: 'perimeter', args: ['tool', 'database', '--file', file] } },
    human: () => yes(),
  });
});
afterEach(async () => {
  await open.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});
const grow = (count: number, city = 'Oslo') =>
  db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO customers (city) SELECT '${city}' FROM n;`,
  );
const seen = () => Number([...db.prepare('SELECT count(*) FROM customers WHERE seen = 1').rows()][0]?.[0]);
const approved = async () =>
  expect(await open.ask({ calls: [{ tool: 'execute', arguments: UPDATE }], uses: 1 })).toMatchObject({
    status: 'granted',
    impact: { measured: 3 },
    grant: { budget: { records: 3 } },
  });

describe('three rows were counted and approved', () => {
  it('and three are changed', async () => {
    await approved();
    expect((await open.call('execute', UPDATE)).isError).toBeUndefined();
    expect(seen()).toBe(3);
  });

  it('then three thousand were added: nothing is changed', async () => {
    await approved();
    grow(2_997);
    expect((await open.call('execute', UPDATE)).isError).toBe(true);
    expect(seen()).toBe(0);
  });

  it("then one was added, between the guard's second count and the write: the downstream is held to the bound, and nothing is changed", async () => {
    await approved();
    open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && grow(1));
    const result = await open.call('execute', UPDATE);
    expect(result.isError).toBe(true);
    expect(seen()).toBe(0);
    expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'outside_bound' }]);
  });

  it('then the same number, in another table by a trigger: nothing is changed', async () => {
    await approved();
    db.exec(
      'CREATE TABLE log (id INTEGER); CREATE TRIGGER t AFTER UPDATE ON customers BEGIN INSERT INTO log VALUES (new.id); END;',
    );
    expect((await open.call('execute', UPDATE)).isError).toBe(true);
    expect(seen()).toBe(0);
  });

  it('a wider WHERE is another call, and the budget would not reach either', async () => {
    await approved();
    expect(decisionOf(await open.call('execute', { sql: 'UPDATE customers SET seen = 1' })).decision).toBe('ask');
    expect(seen()).toBe(0);
  });
});
