// Through a tool that only takes SQL: the guard's blocks count and bound like the bundled database does, and so they do through other people's servers.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPostgresChange } from '../../../policies/sql/change.ts';
import { loadSqlParsers } from '../../../policies/sql/index.ts';
import { boundBlock, previewBlock, type RewriteBound, readRaised } from '../../../policies/sql/rewrite.ts';
import { gateQuery } from '../../../policies/sql/rewrite-limit.ts';
import { boundQuery, carries, previewQuery } from '../../../policies/sql/rewrite-query.ts';
import type { ToolDefinition, ToolResult } from '../../../server/ports.ts';
import { thirdParty } from '../../third-party.ts';
import { CASES, countsOf } from '../../tools/downstream/database/company.ts';
import { type World, world, yes } from '../../world.ts';
import { type Company, company, prepare, without } from '../company.ts';

let here: Company;
let other: pg.Client;
beforeAll(async () => {
  await loadSqlParsers();
  if (!without) await prepare();
});
const open = async () => {
  here = await company();
  other = new pg.Client({ connectionString: here.url });
  await other.connect();
};
const shut = async () => {
  await other.end();
  await here.close();
};

/** What a SQL tool of somebody else does: runs a text, hands back the error's words. */
async function tool(sql: string): Promise<string> {
  return other.query(sql).then(
    () => 'done',
    (error: Error) => error.message,
  );
}
async function preview(sql: string, most = 50_000, salt = 'salt') {
  const change = readPostgresChange(sql);
  const said = await tool(previewBlock(change!, 'pnonce', salt, most));
  const found = readRaised(said, 'pnonce');
  expect(found, said).toBeDefined();
  return found!;
}
const run = (sql: string, bound: RewriteBound) => tool(boundBlock(readPostgresChange(sql)!, 'pnonce', bound));
async function approved(sql: string): Promise<RewriteBound> {
  const { counts, rows } = await preview(sql);
  return {
    per_resource: counts,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    ...(rows ? { sets: [{ salt: 'salt', rows }] } : {}),
  };
}
const count = async (from: string) => Number((await here.sql(`SELECT count(*) FROM ${from}`))[0]?.[0]);

describe.skipIf(without)('a rewritten statement counts, and changes nothing', () => {
  beforeAll(open);
  afterAll(shut);
  it.each(
    CASES.flatMap(({ what, sql, touch }) =>
      typeof sql === 'string' ? [{ what, sql, touch }] : sql.postgres ? [{ what, sql: sql.postgres, touch }] : [],
    ),
  )('$what', async ({ sql, touch }) => {
    expect((await preview(sql)).counts).toEqual(countsOf(touch));
    expect((await preview(sql)).counts).toEqual(countsOf(touch));
  });
});

describe.skipIf(without)('a rewritten statement is held to what was approved', () => {
  beforeEach(open);
  afterEach(shut);
  const update = "UPDATE customers SET touched = 7, status = 'lost' WHERE status = 'dormant'";
  const changed = () => count('customers WHERE touched = 7');

  it('exactly that is kept', async () => {
    expect(await run(update, await approved(update))).toBe('done');
    expect(await changed()).toBe(23);
  });
  it('47 instead of 23 are taken back', async () => {
    const bound = await approved(update);
    await here.sql("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    expect(readRaised(await run(update, bound), 'pnonce')?.direct).toBe(47);
    expect(await changed()).toBe(0);
  });
  it('another row among them is taken back', async () => {
    const bound = await approved(update);
    await here.sql("UPDATE customers SET status = CASE id WHEN 23 THEN 'active' ELSE 'dormant' END WHERE id IN (23, 24)");
    expect(readRaised(await run(update, bound), 'pnonce')).toBeDefined();
    expect(await changed()).toBe(0);
  });
  it('22 of the 23 are kept', async () => {
    const bound = await approved(update);
    await here.sql("UPDATE customers SET status = 'active' WHERE id = 5");
    expect(await run(update, bound)).toBe('done');
    expect(await changed()).toBe(22);
  });
  it('a cascade into a table that was not approved is taken back', async () => {
    const gone = 'DELETE FROM customers WHERE id = 60';
    const bound = await approved(gone);
    await here.sql('UPDATE orders SET customer = 60 WHERE id = 1');
    expect(readRaised(await run(gone, bound), 'pnonce')?.counts).toMatchObject({ orders: 1 });
    expect(await count('customers WHERE id = 60')).toBe(1);
  });
  it('another change of the same rows is taken back', async () => {
    const bound = await approved('UPDATE notes SET customer = 3');
    expect(readRaised(await run('DELETE FROM notes', bound), 'pnonce')).toBeDefined();
    expect(await count('notes')).toBe(3);
  });
  it('an empty list of rows lets nothing through', async () => {
    expect(
      readRaised(await run(update, { ...(await approved(update)), sets: [{ salt: 'salt', rows: [] }] }), 'pnonce'),
    ).toBeDefined();
    expect(await changed()).toBe(0);
  });
  it('ten thousand rows are compared in good time', async () => {
    await here.sql(
      'CREATE TABLE big (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO big SELECT i, 0 FROM generate_series(1, 10000) i',
    );
    const bound = await approved('UPDATE big SET v = 1');
    expect(bound.sets?.[0]?.rows).toHaveLength(10_000);
    const start = performance.now();
    expect(await run('UPDATE big SET v = 1', bound)).toBe('done');
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe.skipIf(without)('a rewritten statement of more rows than are tried', () => {
  beforeEach(async () => {
    await open();
    // a sequence counts on through every rollback, so it tells what was tried
    await here.sql(
      `CREATE SEQUENCE tried; CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tried'); RETURN NEW; END $$;
       CREATE TABLE big AS SELECT i AS id, 'x' AS kind FROM generate_series(1, 5000) i; CREATE TRIGGER w BEFORE UPDATE ON big FOR EACH ROW EXECUTE FUNCTION witness()`,
    );
  });
  afterEach(shut);
  const tried = async () => (await here.sql('SELECT is_called FROM tried'))[0]?.[0] === true;
  const gate = async (sql: string, most: number, values: unknown[] = []) =>
    other.query({ text: gateQuery(readPostgresChange(sql)!, 'pnonce', most), values }).then(
      () => undefined,
      (error: Error) => readRaised(error.message, 'pnonce'),
    );

  it.each([
    "UPDATE big SET id = 0 WHERE kind = 'x'",
    "DELETE FROM big b WHERE b.kind = 'x'",
    "INSERT INTO big SELECT id, kind FROM big WHERE kind = 'x'",
  ])('is counted plainly as a block: %s', async (sql) => {
    expect(await preview(sql, 4_999)).toEqual({ counts: { big: 5_000 }, direct: 5_000, large: true });
    expect(await tried()).toBe(false);
    expect(await preview(sql, 5_000)).toMatchObject({ counts: { big: 5_000 }, direct: 5_000 });
  });
  it('is not counted where a plain count is not simple', async () => {
    await here.sql('ANALYZE big');
    expect(await preview('UPDATE big SET id = 0 FROM customers', 100)).toEqual({ counts: {}, direct: 0, large: true });
    expect(await tried()).toBe(false);
  });
  it('is told before it is run as a query', async () => {
    const all = "UPDATE big SET id = 0 WHERE kind = 'x' RETURNING id";
    expect(await gate(all, 4_999)).toEqual({ counts: { big: 5_000 }, direct: 5_000, large: true });
    expect(await gate(all, 5_000)).toEqual({ counts: { big: 5_000 }, direct: 5_000 });
    expect(await gate('UPDATE customers SET touched = 1', 50_000)).toEqual({ counts: {}, direct: 0 });
    expect(await gate('UPDATE big SET kind = $1 WHERE kind = $2 RETURNING id', 100, ['y', 'x'])).toMatchObject({ large: true });
    expect(await gate('UPDATE big SET id = 0 FROM customers RETURNING 1', 100)).toEqual({ counts: {}, direct: 0, large: true });
    expect(await gate("INSERT INTO big VALUES (1, 'y'), (2, $1) RETURNING id", 100, ['z'])).toMatchObject({ direct: 2 });
    expect(await gate("INSERT INTO big VALUES (1, 'y'), (2, $1) RETURNING id", 1, ['z'])).toMatchObject({ large: true });
    expect(await gate('UPDATE nowhere SET id = 0', 100)).toBeUndefined();
  });
});

async function asked(sql: string) {
  const said = await tool(previewQuery(readPostgresChange(sql)!, 'pnonce', 'salt'));
  const found = readRaised(said, 'pnonce');
  expect(found, said).toBeDefined();
  return found!;
}
async function agreed(sql: string): Promise<RewriteBound> {
  const { counts, rows, follows = false } = await asked(sql);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { per_resource: counts, total, direct: follows, ...(rows ? { sets: [{ salt: 'salt', rows }] } : {}) };
}
const put = (sql: string, bound: RewriteBound, values: unknown[] = []) =>
  other.query({ text: boundQuery(readPostgresChange(sql)!, 'pnonce', bound), values }).then(
    ({ rows }) => rows as Record<string, unknown>[],
    (error: Error) => error.message,
  );

describe.skipIf(without)('a query around a statement counts its direct rows, and changes nothing', () => {
  beforeAll(open);
  afterAll(shut);
  it.each(
    CASES.flatMap(({ what, sql, touch }) => {
      const text = typeof sql === 'string' ? sql : sql.postgres;
      return text === undefined ? [] : [{ what, text, touch }];
    }),
  )('$what', async ({ text, touch }) => {
    if (!carries(readPostgresChange(text)!)) return expect(text).toMatch(/^(?:MERGE|WITH)/);
    const { counts, direct, follows } = await asked(text);
    await other.query('BEGIN');
    const { rowCount } = await other.query(text);
    await other.query('ROLLBACK');
    expect(direct).toBe(rowCount);
    // where nothing can follow, the direct rows are all rows
    if (!follows) expect(counts).toEqual(countsOf(touch));
    expect(await asked(text)).toMatchObject({ direct });
  });
});

describe.skipIf(without)('a query around a statement is held to what was approved', () => {
  beforeEach(open);
  afterEach(shut);
  const update = "UPDATE codes SET label = 'new' WHERE label <> 'B'";
  const changed = () => count("codes WHERE label = 'new'");

  it('exactly that is kept, and handed back as the statement says', async () => {
    expect(await asked(update)).not.toHaveProperty('follows');
    expect(await put(update, await agreed(update))).toEqual([{ changed: '2' }]);
    const back = "UPDATE codes SET label = 'again' WHERE code = 'b' RETURNING code AS which, label";
    expect(await put(back, await agreed(back))).toEqual([{ which: 'b', label: 'again' }]);
    const all = "DELETE FROM codes WHERE code = 'b' RETURNING *";
    expect(await put(all, await agreed(all))).toMatchObject([{ code: 'b', label: 'again' }]);
  });
  it('more than that is taken back', async () => {
    const bound = await agreed(update);
    await here.sql("INSERT INTO codes VALUES ('d', 'D')");
    expect(readRaised(String(await put(update, bound)), 'pnonce')?.direct).toBe(3);
    expect(await changed()).toBe(0);
  });
  it('another row among them is taken back, fewer are kept', async () => {
    const bound = await agreed(update);
    await here.sql("UPDATE codes SET label = CASE code WHEN 'a' THEN 'B' ELSE 'A' END WHERE code IN ('a', 'b')");
    expect(readRaised(String(await put(update, bound)), 'pnonce')).toBeDefined();
    await here.sql("UPDATE codes SET label = 'B' WHERE code = 'b'");
    expect(await put(update, bound)).toEqual([{ changed: '1' }]);
  });
  it('says where more could follow, and is taken back where that came only later', async () => {
    const bound = await agreed(update);
    expect(await asked('DELETE FROM customers WHERE id = 60')).toMatchObject({ direct: 1, follows: true });
    expect(await asked("UPDATE customers SET name = 'n' WHERE id = 60")).toMatchObject({ follows: true });
    expect(await asked('DELETE FROM notes')).not.toHaveProperty('follows');
    await here.sql(
      'CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM notes; RETURN NULL; END $$; CREATE TRIGGER more AFTER UPDATE ON codes FOR EACH STATEMENT EXECUTE FUNCTION more()',
    );
    expect(readRaised(String(await put(update, bound)), 'pnonce')).toBeDefined();
    expect(await changed()).toBe(0);
    expect(await count('notes')).toBe(3);
  });
  it('bound values stay values', async () => {
    const set = 'UPDATE codes SET label = $1 WHERE code = $2';
    const preview = await other
      .query(previewQuery(readPostgresChange(set)!, 'pnonce', 'salt'), ["x'); --", 'a'])
      .catch((error: Error) => readRaised(error.message, 'pnonce'));
    expect(preview).toMatchObject({ counts: { codes: 1 }, direct: 1 });
    expect(await put(set, { per_resource: { codes: 1 }, total: 1 }, ["x'); --", 'a'])).toEqual([{ changed: '1' }]);
    expect(await count("codes WHERE label = 'x''); --'")).toBe(1);
  });
});

/** Servers of other people, as they are installed and started; `read` is their statement's argument. */
const SERVERS = [
  {
    name: 'mcp-postgres-server',
    install: ['mcp-postgres-server@0.3.1'],
    main: 'mcp-postgres-server/build/index.js',
    tool: 'execute',
    argument: 'sql',
    args: () => [],
    more: {},
    returning: {},
    shares: false,
  },
  {
    name: '@bytebase/dbhub',
    install: ['--omit=optional', '@bytebase/dbhub@0.21.2', 'pg'],
    main: '@bytebase/dbhub/dist/index.js',
    tool: 'execute_sql',
    argument: 'sql',
    args: (url: string) => ['--transport', 'stdio', '--dsn', `${url}?sslmode=disable`],
    more: {},
    returning: {},
    shares: false,
  },
  {
    name: '@henkey/postgres-mcp-server',
    install: ['@henkey/postgres-mcp-server@1.0.7'],
    main: '@henkey/postgres-mcp-server/build/index.js',
    tool: 'pg_execute_sql',
    argument: 'sql',
    args: (url: string) => ['--connection-string', url],
    more: { expectRows: false },
    returning: { expectRows: true },
    shares: true,
  },
];

const installed = ({ name, install, main }: (typeof SERVERS)[number]) => thirdParty(name, install, main);

describe.skipIf(without).each(SERVERS)('through $name', (server) => {
  const UPDATE = "UPDATE customers SET touched = 7 WHERE status = 'dormant'";
  let client: Client;
  let guard: World;
  let definitions: ToolDefinition[];
  /** Somebody else at work just before the bounded statement arrives. */
  let before: (() => Promise<unknown>) | undefined;
  const changed = () => count('customers WHERE touched = 7');
  const call = () => guard.call(server.tool, { [server.argument]: UPDATE, ...server.more });
  const ask = () =>
    guard.ask({ calls: [{ tool: server.tool, arguments: { [server.argument]: UPDATE, ...server.more } }], uses: 1 });

  beforeEach(async () => {
    await open();
    const { hostname, port, username, pathname } = new URL(here.url);
    client = new Client({ name: 'test', version: '1.0.0' });
    const env = {
      PATH: process.env.PATH ?? '',
      PG_HOST: hostname,
      PG_PORT: port,
      PG_USER: username,
      PG_PASSWORD: 'x',
      PG_DATABASE: pathname.slice(1),
      PG_ALLOW_WRITE: 'true',
    };
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [installed(server), ...server.args(here.url)],
        env,
        stderr: 'ignore',
      }),
    );
    definitions = (await client.listTools()).tools as ToolDefinition[];
    guard = await guarded();
  });
  const guarded = (settings: Record<string, unknown> = {}, limits = 'records: 50, uses: 3, for: 30m') => {
    const definition = definitions.find((one) => one.name === server.tool)!;
    return world({
      settings,
      rules: `  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", limits: { ${limits} } }`,
      bindings: `server: shop\ntools:\n  ${server.tool}: { does: sql, sql: { statement: ${server.argument}, dialect: postgres, rewrite: true }, ignore: [params, expectRows] }\n`,
      servers: {
        shop: {
          [server.tool]: {
            ...definition,
            run: async (args) => {
              if (/NOT BETWEEN|IS NULL$/.test(String(args[server.argument]))) await before?.();
              return (await client.callTool({ name: server.tool, arguments: args })) as ToolResult;
            },
          },
        },
      },
      human: () => yes(),
    });
  };
  afterEach(async () => {
    await guard.close();
    await client.close();
    await shut();
  });

  it('counts, says how strong the promise is, and keeps what was approved', async () => {
    expect(await ask()).toMatchObject({
      status: 'granted',
      impact: { measured: 23, per_resource: { customers: 23 }, strength: 'rewritten', holds: 'each' },
    });
    expect(guard.questions[0]?.message).toContain('enforced by rewriting the statement, for exactly these records');
    expect(await changed()).toBe(0);
    const done = await call();
    expect(done.isError ?? false, JSON.stringify(done)).toBe(false);
    expect(await changed()).toBe(23);
  });

  it('23 that became 47 are taken back, and so are 23 with another row among them; 22 are kept', async () => {
    await ask();
    // the guard counts once more before it sends: what changes after that count is the database's to hold
    before = () => here.sql("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    expect(await call()).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('outside what was approved') }],
    });
    expect(await changed()).toBe(0);
    before = undefined;
    await here.sql("UPDATE customers SET status = CASE WHEN id BETWEEN 2 AND 24 THEN 'dormant' ELSE 'active' END");
    await ask();
    await here.sql("UPDATE customers SET status = CASE WHEN id BETWEEN 3 AND 25 THEN 'dormant' ELSE 'active' END");
    expect((await call()).isError).toBe(true);
    expect(await changed()).toBe(0);
    await ask();
    await here.sql("UPDATE customers SET status = 'active' WHERE id = 9");
    const done = await call();
    expect(done.isError ?? false, JSON.stringify(done)).toBe(false);
    expect(await changed()).toBe(22);
  });

  it('hands back what a statement with RETURNING does, by a query where a block can not', async () => {
    const sql = "UPDATE codes SET label = 'new' WHERE code <> 'b' RETURNING code";
    const one = { tool: server.tool, arguments: { [server.argument]: sql, ...server.more, ...server.returning } };
    const answer = await guard.ask({ calls: [one] });
    expect(answer).toMatchObject({
      status: 'granted',
      impact: { measured: 2, per_resource: { codes: 2 }, strength: 'rewritten', holds: 'each' },
    });
    before = () => here.sql("INSERT INTO codes VALUES ('d', 'D')");
    expect((await guard.call(server.tool, one.arguments)).isError).toBe(true);
    expect(await count("codes WHERE label = 'new'")).toBe(0);
    before = undefined;
    await here.sql("DELETE FROM codes WHERE code = 'd'");
    await guard.ask({ calls: [one] });
    const done = await guard.call(server.tool, one.arguments);
    expect(done.isError ?? false, JSON.stringify(done)).toBe(false);
    // one of them tells how many rows came back, and never which
    expect(JSON.stringify(done)).toMatch(/it's|rowCount[^0-9]*2/);
    expect(await count("codes WHERE label = 'new'")).toBe(2);
  });

  it('of five calls at once on one use, one is let through', async () => {
    await ask();
    let through = 0;
    before = async () => {
      through += 1;
    };
    const ends = await Promise.all([call(), call(), call(), call(), call()]);
    expect(through).toBe(1);
    // one of the servers shares its connection between calls, and drops it under the one that writes
    const kept = ends.filter((one) => one.isError !== true).length;
    expect(kept, JSON.stringify(ends)).toBeGreaterThanOrEqual(server.shares ? 0 : 1);
    expect(await changed()).toBe(kept * 23);
  });

  it('is counted plainly past the limit that mcp.json names, by either form, and never tried', async () => {
    await here.sql(
      `CREATE SEQUENCE tried; CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tried'); RETURN NEW; END $$;
       CREATE TRIGGER w BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION witness(); ANALYZE customers`,
    );
    const narrow = await guarded({ impact: { dry_run_rows: 22 } }, 'uses: 3, for: 30m');
    for (const sql of [UPDATE, `${UPDATE} RETURNING id`]) {
      const args = { [server.argument]: sql, ...server.more, ...(sql === UPDATE ? {} : server.returning) };
      expect(await narrow.ask({ calls: [{ tool: server.tool, arguments: args }] })).toMatchObject({
        impact: { measured: 23, per_resource: { customers: 23 }, strength: 'estimated', more: true, direct: true },
      });
    }
    expect(narrow.questions[0]?.message).toContain('at least 23 records in customers');
    expect((await here.sql('SELECT is_called FROM tried'))[0]?.[0]).toBe(false);
    await narrow.close();
  });

  it('an error of the database is no number, and nothing is approved by it', async () => {
    expect(
      await guard.ask({
        calls: [{ tool: server.tool, arguments: { [server.argument]: 'UPDATE customers SET name = NULL', ...server.more } }],
      }),
    ).toMatchObject({
      impact: { measured: null },
    });
    expect(
      await guard.ask({
        calls: [{ tool: server.tool, arguments: { [server.argument]: 'DELETE FROM nowhere', ...server.more } }],
      }),
    ).toMatchObject({ impact: { measured: null } });
  });
});
