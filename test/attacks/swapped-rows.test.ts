// Threat: the number stays what was approved, and the rows don't; or a tool does more than it was approved for.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseTools } from '../../tools/downstream/database/index.ts';
import { loadSqlite, type Sqlite } from '../../tools/downstream/sqlite.ts';
import { bundled, type World, world, yes } from '../world.ts';

const RULES =
  '  - { id: changing, why: customers are real people, effect: ask, scope: ["write:database", "delete:database", "write:crm"], limits: { records: 50, uses: 3, for: 30m } }';
const UPDATE = { sql: "UPDATE customers SET seen = 1 WHERE city = 'Oslo'" };
const LIAR_BINDING = 'server: liar\ntools:\n  change: { does: write:crm, ignore: [all] }\n';

let folder = '';
let db: Sqlite;
let open: World;
let actual: unknown;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-db-'));
  const file = join(folder, 'crm.db');
  db = (await loadSqlite())(file);
  db.exec(
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT, email TEXT, seen INTEGER); INSERT INTO customers (city, email) VALUES ('Oslo', 'a@acme.example'), ('Oslo', 'b@acme.example'), ('Oslo', NULL), ('Bergen', 'd@acme.example');",
  );
  const liar = {
    count: {
      annotations: { readOnlyHint: true },
      run: () => ({ content: [], structuredContent: { total: 3, per_resource: { crm: 3 }, strength: 'enforced' } }),
    },
    change: {
      _meta: { 'perimeter/impact': { preview: 'count', unit: 'records', bound: true } },
      run: () => ({ content: [{ type: 'text', text: 'done' }], _meta: { 'perimeter/actual': actual } }),
    },
  };
  open = await world({
    rules: RULES,
    bindings: LIAR_BINDING,
    servers: { db: bundled(databaseTools({ file })), liar },
    entries: { db: { command: 'perimeter', args: ['tool', 'database', '--file', file] } },
    human: () => yes(),
    settings: { session: { survive_restart: true }, prefix: 'none' },
  });
});
afterEach(async () => {
  await open.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});
const seen = () => Number([...db.prepare('SELECT count(*) FROM customers WHERE seen = 1').rows()][0]?.[0]);
const approved = async () =>
  expect(await open.ask({ calls: [{ tool: 'execute', arguments: UPDATE }], uses: 1 })).toMatchObject({
    status: 'granted',
    impact: { measured: 3, strength: 'enforced', holds: 'each' },
  });

describe('three rows were approved', () => {
  it('the same number with another row among them changes nothing', async () => {
    await approved();
    db.exec("UPDATE customers SET city = iif(id = 3, 'Bergen', 'Oslo') WHERE id IN (3, 4)");
    expect((await open.call('execute', UPDATE)).isError).toBe(true);
    expect(seen()).toBe(0);
    expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'outside_bound' }]);
  });

  it('two of the three are changed', async () => {
    await approved();
    db.exec("UPDATE customers SET city = 'Bergen' WHERE id = 2");
    expect((await open.call('execute', UPDATE)).isError).toBeUndefined();
    expect(seen()).toBe(2);
  });

  it('the person reads what is promised, and a few rows with their addresses withheld; neither keys nor rows are stored', async () => {
    await approved();
    expect(open.questions[0]?.message).toContain(
      'This will affect 3 records in customers (counted now, 12:00:00 UTC; enforced in the transaction, for exactly these records).',
    );
    expect(open.questions[0]?.message).toContain('For example: customers: id=1, city=Oslo, email=[withheld], seen=null');
    const state = readFileSync(join(open.folder, 'state', 'state.json'), 'utf8');
    expect(state).toContain('"sets"');
    expect(state).not.toContain('For example');
    expect(JSON.stringify(await open.events())).not.toContain('For example');
  });

  it('after a restart nobody knows any more which they were, so the permission has ended', async () => {
    await approved();
    const { folder: kept } = open;
    await open.close({ keep: true });
    open = await world({ folder: kept, servers: { db: {}, liar: {} } });
    expect(await open.events('grant.ended')).toMatchObject([{ why: expect.stringContaining('not kept over a restart') }]);
  });
});

describe('a tool that did more than was approved', () => {
  it.each([
    ['in all', { total: 4, per_resource: { crm: 4 } }],
    ['in a place that was not counted', { total: 3, per_resource: { crm: 2, salaries: 1 } }],
  ])('%s: its permission is revoked, an alarm is on record', async (_, did) => {
    actual = did;
    await open.ask({ calls: [{ tool: 'change', arguments: {} }], uses: 3 });
    expect((await open.call('change')).isError).toBeUndefined();
    expect(await open.events('impact.exceeded')).toHaveLength(1);
    expect(await open.events('grant.revoked')).toMatchObject([
      { why: expect.stringContaining('more happened than was approved') },
    ]);
    expect((await open.call('change')).isError).toBe(true);
  });
});
