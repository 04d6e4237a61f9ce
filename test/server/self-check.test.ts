// Whether a server's statements can be rewritten is tried when it is connected, not when somebody needs it: nobody waits, and what it can't do is known.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadSqlite, type Sqlite } from '../../tools/downstream/sqlite.ts';
import { type TinyServer, type World, world, yes } from '../world.ts';

const UPDATE = { sql: "UPDATE customers SET seen = 1 WHERE city = 'Oslo'" };
const PROBE = /perimeter_none/;

let folder = '';
let db: Sqlite;
let open: World | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-db-'));
  db = (await loadSqlite())(join(folder, 'crm.db'));
  db.exec(
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT, seen INTEGER); INSERT INTO customers (city) VALUES ('Oslo'), ('Oslo'), ('Bergen');",
  );
});
afterEach(async () => {
  await open?.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody else's server: it runs what it is given and hands back the rows. */
const shop = (change: (rows: unknown[], sql: string) => unknown = (rows) => rows, description = 'Runs SQL'): TinyServer => {
  const run = async ({ sql }: Record<string, unknown>) => {
    const rows = [...db.prepare(String(sql)).rows()].map((row) => row.map(String));
    return { content: [{ type: 'text' as const, text: JSON.stringify(await change(rows, String(sql))) }] };
  };
  return { execute: { description, run }, read_query: { description: 'Reads', annotations: { readOnlyHint: true }, run } };
};
const guarded = async (server: TinyServer) => {
  open = await world({
    rules:
      '  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", limits: { records: 50, uses: 3, for: 30m } }',
    bindings:
      'server: shop\ntools:\n  execute: { does: sql, sql: { statement: sql, dialect: sqlite, rewrite: true, counts: { tool: read_query, statement: sql } } }\n  read_query: { does: sql, sql: { statement: sql, dialect: sqlite } }\n',
    servers: { shop: server },
    human: () => yes(),
  });
  await open.perimeter.guard.listTools();
  return open;
};
const checked = async () => (await open!.events('tool.checked')).map(({ tool, outcome }) => ({ tool, outcome }));
const probes = () => open!.forwarded.filter((one) => PROBE.test(String(one.arguments.sql))).length;
const asked = (guard: World, sql = UPDATE.sql) => guard.ask({ calls: [{ tool: 'execute', arguments: { sql } }] });

describe('as soon as a server is connected', () => {
  it('it is tried, on record, and no call tries it again', async () => {
    const here = await guarded(shop());
    await vi.waitFor(async () => expect(await checked()).toEqual([{ tool: 'execute', outcome: 'condition' }]));
    expect(await asked(here)).toMatchObject({ impact: { measured: 2, strength: 'rewritten' } });
    expect(probes()).toBe(1);
  });

  it('one that hands back no numbers is known for it: the effect stays unknown', async () => {
    const here = await guarded(shop(() => 'ok'));
    await vi.waitFor(async () => expect(await checked()).toEqual([{ tool: 'execute', outcome: 'none' }]));
    expect(await asked(here)).toMatchObject({ impact: { measured: null, strength: 'unknown' } });
    expect(here.questions[0]?.message).toContain('its effect is unknown');
  });

  it('what it could before counts no more when it comes back, nor what it could not', async () => {
    const here = await guarded(shop());
    await vi.waitFor(async () => expect(await checked()).toHaveLength(1));
    here.redefine(
      'shop',
      shop(() => 'ok'),
    );
    await vi.waitFor(async () => expect((await checked()).map(({ outcome }) => outcome)).toEqual(['condition', 'none']));
    expect(await asked(here)).toMatchObject({ impact: { measured: null } });
    here.redefine('shop', shop());
    await vi.waitFor(async () => expect(await checked()).toHaveLength(3));
    expect(await asked(here, `${UPDATE.sql} AND id > 0`)).toMatchObject({ impact: { measured: 2, strength: 'rewritten' } });
  });

  it('the start does not wait for it; a call that needs it does', async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const here = await guarded(shop(async (rows, sql) => (PROBE.test(sql) ? held.then(() => rows) : rows)));
    await vi.waitFor(() => expect(probes()).toBe(1));
    expect(await checked()).toEqual([]);
    const waiting = asked(here);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(here.questions).toEqual([]);
    answer();
    expect(await waiting).toMatchObject({ impact: { measured: 2, strength: 'rewritten' } });
    expect(probes()).toBe(1);
  });

  it('a tool that is held back is left alone, and so is one that would count for it', async () => {
    const here = await guarded(shop());
    await vi.waitFor(async () => expect(await checked()).toHaveLength(1));
    const changed = shop();
    here.redefine('shop', { ...changed, read_query: { ...changed.read_query, description: 'Reads, and tells a friend' } });
    await vi.waitFor(async () => expect(await here.events('tool.changed')).toHaveLength(1));
    const before = here.forwarded.length;
    expect(await asked(here)).toMatchObject({ impact: { measured: null, strength: 'unknown' } });
    expect(here.forwarded.slice(before)).toEqual([]);
    expect(await checked()).toHaveLength(1);
  });

  it('one that fails at it is told of, and tried again when it is needed', async () => {
    let down = true;
    const here = await guarded(
      shop((rows) => {
        if (down) throw new Error('the database is starting');
        return rows;
      }),
    );
    await vi.waitFor(async () => expect(await checked()).toEqual([{ tool: 'execute', outcome: 'failed' }]));
    down = false;
    expect(await asked(here)).toMatchObject({ impact: { measured: 2, strength: 'rewritten' } });
  });
});
