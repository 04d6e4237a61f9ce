// Previews that take their time: who waits is told what is counted, and what isn't finished in time is unknown, never a number.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgresTools } from '../../../tools/downstream/database/postgres/tools.ts';
import { bundled, type World, world, yes } from '../../world.ts';
import { type Company, company, prepare, without } from '../company.ts';

/** Some seconds of counting for the same 23 rows; the database can't know beforehand that the condition is true. */
const slow = (rows: number) =>
  `UPDATE customers SET touched = 7 WHERE status = 'dormant' AND (SELECT count(*) FROM generate_series(1, ${rows}) a, generate_series(1, 1000) b WHERE a + b > 0) > 0`;
/** So many rows as take about two seconds on this machine, as busy as it is now. */
async function twoSeconds(): Promise<number> {
  const started = performance.now();
  await here.sql('SELECT count(*) FROM generate_series(1, 3000) a, generate_series(1, 1000) b WHERE a + b > 0');
  return Math.round((3_000 * 2_000) / (performance.now() - started));
}
const LIMITS = 'limits: { records: 50, uses: 3, for: 30m }';

let here: Company;
let open: World;
let stop: () => Promise<void>;
beforeAll(async () => {
  if (!without) await prepare();
});
beforeEach(async () => {
  if (without) return;
  here = await company();
  const { tools, close } = await postgresTools(here.url);
  stop = close;
  open = await world({
    rules: `  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", ${LIMITS} }`,
    servers: { shop: bundled(tools) },
    entries: { shop: { command: 'perimeter', args: ['tool', 'database', '--url', here.url] } },
    human: () => yes(),
    wait_ms: 30_000,
  });
});
afterEach(async () => {
  if (without) return;
  await open.close();
  await stop();
  await here.close();
});

/** Asks over the wire, and hands back the answer with the progress that came before it. */
async function asked(sql: string, token?: string) {
  const client = await open.wire();
  client.initialize({ elicitation: {} });
  const input = { justification: 'for the test', calls: [{ tool: 'execute', arguments: { sql } }] };
  const meta = token === undefined ? {} : { _meta: { progressToken: token } };
  client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'request_elevation', arguments: input, ...meta } });
  const started = performance.now();
  const form = await client.next(({ method, id }) => method === 'elicitation/create' || id === 1);
  const took = performance.now() - started;
  const steps = client.messages.filter(({ method }) => method === 'notifications/progress').map((message) => message.params);
  const message = (form.params as { message: string } | undefined)?.message ?? JSON.stringify(form);
  await client.leave();
  return { steps, message, took };
}

describe.skipIf(without)('a preview that takes its time', () => {
  it('says each second what it counts, and where, to a client that asked for progress', async () => {
    const { steps, message, took } = await asked(slow(await twoSeconds()), 'p');
    expect(took).toBeGreaterThan(1_000);
    expect(steps[0]).toEqual({ progressToken: 'p', progress: 0.001, message: 'counting rows in customers (shop)' });
    expect(steps.every((step) => String((step as { message: string }).message).startsWith('counting rows in customers'))).toBe(
      true,
    );
    expect(message).toContain('This will affect 23 records in customers');
  });

  it('says nothing to one that did not, nor about one that is quick', async () => {
    expect((await asked(slow(await twoSeconds()))).steps).toEqual([]);
    const { steps, message } = await asked(slow(1), 'p');
    expect(message).toContain('23 records');
    expect(steps).toEqual([]);
  });

  it('past its time limit is unknown', async () => {
    const { message, took } = await asked(slow(1_000_000));
    expect(message).toContain('could not be measured: its effect is unknown');
    expect(message).not.toMatch(/\d+ records/);
    expect(took).toBeLessThan(9_000);
  });

  it('past its wait for a lock is unknown', async () => {
    await here.sql("BEGIN; UPDATE customers SET touched = 1 WHERE status = 'dormant'");
    const { message, took } = await asked(slow(1), 'p');
    expect(message).toContain('could not be measured: its effect is unknown');
    expect(message).not.toMatch(/\d+ records/);
    expect(took).toBeLessThan(4_000);
    await here.sql('ROLLBACK');
    expect((await asked(slow(1))).message).toContain('23 records');
  });
});
