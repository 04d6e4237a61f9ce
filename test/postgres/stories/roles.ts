// A server whose role may not run blocks: the real database refuses them, the guard sees it at the start, and rewrites as a query by itself.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { thirdParty } from '../../third-party.ts';
import { type World, world, yes } from '../../world.ts';
import { type Company, company, prepare, without } from '../company.ts';

const UPDATE = "UPDATE customers SET touched = 7 WHERE status = 'dormant'";
const ROLE = `clerk_${process.pid}`;

let here: Company;
let open: World | undefined;
beforeAll(async () => {
  if (without) return;
  await prepare();
  const first = await company();
  await first.sql(`CREATE ROLE ${ROLE} LOGIN`);
  await first.close();
});
afterAll(async () => {
  if (without) return;
  const last = await company();
  await last.sql(`DROP ROLE ${ROLE}`);
  await last.close();
});
beforeEach(async () => {
  if (without) return;
  here = await company();
  await here.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${ROLE}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${ROLE}`);
});
afterEach(async () => {
  if (without) return;
  await open?.close();
  await here.close();
});

/** A guard before a real mcp-postgres-server that signs in as the clerk. */
async function guarded(): Promise<World> {
  const { hostname, port, pathname } = new URL(here.url);
  const env = {
    PG_HOST: hostname,
    PG_PORT: port,
    PG_USER: ROLE,
    PG_PASSWORD: 'x',
    PG_DATABASE: pathname.slice(1),
    PG_ALLOW_WRITE: 'true',
  };
  const main = thirdParty('mcp-postgres-server', ['mcp-postgres-server@0.3.1'], 'mcp-postgres-server/build/index.js');
  open = await world({
    rules:
      '  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", limits: { records: 50, uses: 3, for: 30m } }',
    bindings:
      'server: shop\ntools:\n  execute: { does: sql, sql: { statement: sql, dialect: postgres, rewrite: true }, ignore: [params] }\n',
    processes: { shop: { command: process.execPath, args: [main], env } },
    human: () => yes(),
    wait_ms: 20_000,
  });
  await open.perimeter.guard.listTools();
  return open;
}
const forms = async () => (await open!.events('tool.checked')).map(({ outcome }) => outcome);
const changed = async () => Number((await here.sql('SELECT count(*) FROM customers WHERE touched = 7'))[0]?.[0]);

describe.skipIf(without)('a statement is rewritten', () => {
  it('as a block, where the role may run one', async () => {
    const guard = await guarded();
    await vi.waitFor(async () => expect(await forms()).toEqual(['block query']), 10_000);
    expect(await guard.ask({ calls: [{ tool: 'execute', arguments: { sql: UPDATE } }] })).toMatchObject({
      impact: { measured: 23, strength: 'rewritten', holds: 'each' },
    });
  });

  it.each([
    ['the role may not use the language', 'REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC'],
    ['the language is not there', 'DROP EXTENSION plpgsql CASCADE'],
  ])('as a query, where %s', async (_what, deny) => {
    await here.sql(deny);
    const guard = await guarded();
    await vi.waitFor(async () => expect(await forms()).toEqual(['query']), 10_000);
    const call = { tool: 'execute', arguments: { sql: UPDATE } };
    expect(await guard.ask({ calls: [call] })).toMatchObject({
      status: 'granted',
      impact: { measured: 23, per_resource: { customers: 23 }, strength: 'rewritten', holds: 'each' },
    });
    expect(guard.questions[0]?.message).toContain('enforced by rewriting the statement');
    expect(await changed()).toBe(0);
    await here.sql("UPDATE customers SET status = CASE WHEN id BETWEEN 2 AND 24 THEN 'dormant' ELSE 'active' END");
    expect((await guard.call('execute', call.arguments)).isError).toBe(true);
    expect(await changed()).toBe(0);
    await guard.ask({ calls: [call] });
    const done = await guard.call('execute', call.arguments);
    expect(done.isError ?? false, JSON.stringify(done)).toBe(false);
    expect(await changed()).toBe(23);
  });

  it('not at all, where the server can not reach its database: the effect is unknown', async () => {
    await here.sql(`REVOKE CONNECT ON DATABASE ${new URL(here.url).pathname.slice(1)} FROM PUBLIC`);
    const guard = await guarded();
    await vi.waitFor(async () => expect(await forms()).toHaveLength(1), 10_000);
    expect(await guard.ask({ calls: [{ tool: 'execute', arguments: { sql: UPDATE } }] })).toMatchObject({
      impact: { measured: null, strength: 'unknown' },
    });
  });
});
