// Through other people's servers on SQLite and MariaDB: the count in the condition holds a change to what was approved, on its direct rows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ToolDefinition, ToolResult } from '../../../server/ports.ts';
import { loadSqlite } from '../../../tools/downstream/sqlite.ts';
import { thirdParty } from '../../third-party.ts';
import { type World, world, yes } from '../../world.ts';
import { type MariaDb, startMariaDb } from '../mariadb.ts';

const ROWS = Array.from(
  { length: 200 },
  (_, index) => `(${index + 1}, 'c${index + 1}', '${index < 23 ? 'dormant' : 'active'}', 0)`,
).join(', ');
const TABLES = `CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, status VARCHAR(20), touched INTEGER); INSERT INTO customers VALUES ${ROWS};`;

/** A server with its database as it is at the start; undefined where it can't be had. */
type Place = {
  command: string[];
  env?: Record<string, string>;
  run(sql: string): unknown;
  count(where: string): number;
  stop(): void;
};
let maria: MariaDb | undefined;
const folder = mkdtempSync(join(tmpdir(), 'perimeter-engines-'));
afterAll(() => {
  maria?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const DBHUB = ['--omit=optional', '@bytebase/dbhub@0.21.2', 'mysql2', 'pg'];
/** The driver that it asks for would have to be compiled; this one has the same interface. */
const DRIVER = { 'better-sqlite3': 'npm:@ansvar/mcp-sqlite@1.0.5' };

async function onSqlite(): Promise<Place> {
  const file = join(folder, `${Math.random()}.db`);
  const open = await loadSqlite();
  const use = <T>(work: (database: ReturnType<typeof open>) => T): T => {
    const database = open(file);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  use((database) => database.exec(TABLES));
  return {
    command: [thirdParty('mcp-server-sqlite', ['mcp-server-sqlite@0.0.2'], 'mcp-server-sqlite/dist/cli.js', DRIVER)],
    // its `--db` comes too late for it
    env: { SQLITE_DB_PATH: file },
    run: (sql) => use((database) => database.exec(sql)),
    count: (where) =>
      use((database) => Number([...database.prepare(`SELECT count(*) FROM customers WHERE ${where}`).rows()][0]?.[0])),
    stop: () => rmSync(file, { force: true }),
  };
}

function onMariaDb(
  main: (port: number) => { command: string[]; env?: Record<string, string> },
): () => Promise<Place | undefined> {
  return async () => {
    if (!maria) return undefined;
    const { run, port } = maria;
    run(`DROP TABLE IF EXISTS customers; ${TABLES}`);
    return {
      ...main(port),
      run,
      count: (where) => Number(run(`SELECT count(*) FROM customers WHERE ${where}`)),
      stop: () => undefined,
    };
  };
}

const SERVERS: {
  name: string;
  tool: string;
  dialect: string;
  argument: string;
  counts?: string;
  place: () => Promise<Place | undefined>;
}[] = [
  { name: 'mcp-server-sqlite', tool: 'execute', dialect: 'sqlite', argument: 'sql', counts: 'query', place: onSqlite },
  {
    name: 'dbhub on MariaDB',
    tool: 'execute_sql',
    dialect: 'mysql',
    argument: 'sql',
    place: onMariaDb((port) => ({
      command: [
        thirdParty('dbhub-engines', DBHUB, '@bytebase/dbhub/dist/index.js'),
        '--transport',
        'stdio',
        '--dsn',
        `mysql://guest:x@127.0.0.1:${port}/crm?sslmode=disable`,
      ],
    })),
  },
  {
    name: 'mcp-server-mysql on MariaDB',
    tool: 'mysql_query',
    dialect: 'mysql',
    argument: 'sql',
    place: onMariaDb((port) => ({
      command: [
        thirdParty('mcp-server-mysql', ['@benborla29/mcp-server-mysql@2.0.9'], '@benborla29/mcp-server-mysql/dist/index.js'),
      ],
      env: {
        MYSQL_HOST: '127.0.0.1',
        MYSQL_PORT: String(port),
        MYSQL_USER: 'guest',
        MYSQL_PASS: 'x',
        MYSQL_DB: 'crm',
        ALLOW_UPDATE_OPERATION: 'true',
        ALLOW_INSERT_OPERATION: 'true',
        ALLOW_DELETE_OPERATION: 'true',
      },
    })),
  },
];

beforeAll(async () => {
  maria = await startMariaDb();
});

describe.each(SERVERS)('through $name', ({ tool, dialect, argument, counts, place }) => {
  const UPDATE = "UPDATE customers SET touched = 7 WHERE status = 'dormant'";
  let here: Place | undefined;
  let client: Client;
  let guard: World;
  /** Somebody else at work just before the bounded statement arrives. */
  let before: (() => unknown) | undefined;
  const call = () => guard.call(tool, { [argument]: UPDATE });
  const ask = () => guard.ask({ calls: [{ tool, arguments: { [argument]: UPDATE } }], uses: 1 });

  beforeEach(async () => {
    here = await place();
    if (!here) return;
    client = new Client({ name: 'test', version: '1.0.0' });
    const [main = '', ...args] = here.command;
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [main, ...args],
        env: { PATH: process.env.PATH ?? '', ...here.env },
        stderr: 'ignore',
      }),
    );
    const definitions = ((await client.listTools()).tools as ToolDefinition[]).filter(
      (one) => one.name === tool || one.name === counts,
    );
    guard = await world({
      rules:
        '  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", limits: { records: 50, uses: 3, for: 30m } }',
      bindings: `server: shop\ntools:\n  ${tool}: { does: sql, sql: { statement: ${argument}, dialect: ${dialect}, rewrite: true${counts ? `, counts: { tool: ${counts}, statement: sql }` : ''} } }\n`,
      servers: {
        shop: Object.fromEntries(
          definitions.map((definition) => [
            definition.name,
            {
              ...definition,
              run: async (given: Record<string, unknown>) => {
                if (String(given[argument]).includes('<= 23')) before?.();
                return (await client.callTool({ name: definition.name, arguments: given })) as ToolResult;
              },
            },
          ]),
        ),
      },
      human: () => yes(),
    });
  });
  afterEach(async () => {
    before = undefined;
    if (!here) return;
    await guard.close();
    await client.close();
    here.stop();
  });

  it('counts, says what is held and what is not, and keeps what was approved', async () => {
    if (!here) return expect(maria).toBeUndefined();
    expect(await ask()).toMatchObject({
      status: 'granted',
      impact: { measured: 23, per_resource: { customers: 23 }, strength: 'rewritten', holds: 'counts', direct: true },
    });
    expect(guard.questions[0]?.message).toContain('only the direct ones are counted and held');
    expect(here.count('touched = 7')).toBe(0);
    const done = await call();
    expect(done.isError ?? false, JSON.stringify(done)).toBe(false);
    expect(here.count('touched = 7')).toBe(23);
  });

  it('changes nothing when 23 became 47 meanwhile; 22 are kept', async () => {
    if (!here) return expect(maria).toBeUndefined();
    await ask();
    before = () => here?.run("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    await call();
    expect(here.count("status = 'dormant'")).toBe(47);
    expect(here.count('touched = 7')).toBe(0);
    before = undefined;
    here.run("UPDATE customers SET status = 'active' WHERE id > 22");
    await ask();
    await call();
    expect(here.count('touched = 7')).toBe(22);
  });

  it('what can not be told is unknown', async () => {
    if (!here) return expect(maria).toBeUndefined();
    for (const sql of ['UPDATE nowhere SET a = 1', 'DELETE FROM customers ORDER BY id LIMIT 3'])
      expect(await guard.ask({ calls: [{ tool, arguments: { [argument]: sql } }] })).toMatchObject({
        impact: { measured: null },
      });
  });
});
