// Threat: somebody else's tool that promises nothing does more than was approved, and its own answer says so where nobody looks.
import { afterEach, describe, expect, it } from 'vitest';
import { reportedBy } from '../../server/reported.ts';
import { type TinyServer, type World, world, yes } from '../world.ts';

let open: World;
let alarms: string[] = [];
afterEach(async () => {
  await open.close();
  alarms = [];
});

const RULES =
  '  - { id: changing, why: customers are real people, effect: ask, scope: ["write:database", "delete:crm"], limits: { uses: 3, for: 30m } }';
const guarded = async (result: Record<string, unknown>, where = 'affected_rows') => {
  const run: NonNullable<TinyServer[string]['run']> = () => ({ content: [], ...result });
  open = await world({
    rules: RULES,
    bindings: `server: shop\ntools:\n  execute: { does: sql, sql: { statement: sql, dialect: sqlite }, reports: { records: "${where}" } }\n  remove: { does: delete:crm, resource: { text: "ids" }, reports: { records: "${where}" } }\n`,
    servers: {
      shop: {
        execute: { inputSchema: { type: 'object', properties: { sql: { type: 'string' } } }, run },
        remove: { inputSchema: { type: 'object', properties: { ids: { type: 'array', items: { type: 'string' } } } }, run },
      },
    },
    human: () => yes(),
    notify: (_title, line) => alarms.push(line),
  });
};
const REMOVE = { tool: 'remove', arguments: { ids: ['a', 'b', 'c', 'd', 'e'] } };
const json = (value: unknown) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });
/** Asks, makes the call, and says what became of the permission. */
const made = async (call: { tool: string; arguments: Record<string, unknown> }) => {
  expect(await open.ask({ calls: [call], uses: 1 })).toMatchObject({ status: 'granted' });
  await open.call(call.tool, call.arguments);
  return { exceeded: await open.events('impact.exceeded'), revoked: await open.events('grant.revoked') };
};

describe("more than was approved, by the tool's own word", () => {
  it.each([
    ['in its structured result', { structuredContent: { affected_rows: 6 } }, 'affected_rows'],
    ['in JSON as text', json({ ok: true, affected_rows: 6 }), 'affected_rows'],
    ['deeper in it', json({ data: { count: '6' } }), 'data.count'],
    ['in several parts', json({ parts: [{ rows: 4 }, { rows: 2 }] }), 'parts[].rows'],
    ['in words', { content: [{ type: 'text', text: 'Update successful. Affected rows: 6, Changed: 6' }] }, 'Affected rows: #'],
  ])('%s: the permission ends, it is on record, and a person hears of it', async (_what, result, where) => {
    await guarded(result, where);
    const { exceeded, revoked } = await made(REMOVE);
    expect(exceeded).toMatchObject([{ server: 'shop', tool: 'remove', why: '6 records by its own word, 5 approved' }]);
    expect(revoked).toHaveLength(1);
    expect(alarms).toEqual([expect.stringContaining('did more than was approved')]);
  });

  it('is nothing to hold against it where nobody knew a number', async () => {
    await guarded(json({ affected_rows: 6 }));
    const became = await made({ tool: 'execute', arguments: { sql: 'UPDATE customers SET a = 1' } });
    expect(became).toEqual({ exceeded: [], revoked: [] });
    expect(await open.events('call.outcome')).toHaveLength(1);
  });

  it.each([
    ['just as much', json({ affected_rows: 5 })],
    ['nothing at all', json({ ok: true })],
    ['something else than a number', json({ affected_rows: 'many' })],
    ['less than nothing', json({ affected_rows: -6 })],
    ['an error', { ...json({ affected_rows: 6 }), isError: true }],
  ])('is not %s', async (_what, result) => {
    await guarded(result);
    expect(await made(REMOVE)).toEqual({ exceeded: [], revoked: [] });
    expect(alarms).toEqual([]);
  });

  it('takes the largest of what is said, so that nothing small hides it', () => {
    const text = (said: string) => ({ content: [{ type: 'text', text: said }] });
    expect(reportedBy({ records: 'rows: #' }, text('rows: 1\nrows: 900 rows: x'))).toEqual({ unit: 'records', count: 900 });
    expect(reportedBy({ records: 'rows: #' }, text(`rows: ${'9'.repeat(400)}`))).toBeUndefined();
    expect(reportedBy({ records: 'rows: #.' }, text('rows: 7'))).toBeUndefined();
    expect(reportedBy({ files: 'n' }, { ...text('{"n": 2}'), structuredContent: { n: 7 } })).toEqual({ unit: 'files', count: 7 });
    const long = performance.now();
    reportedBy({ records: 'rows: #!' }, text('rows: 1'.repeat(140_000)));
    expect(performance.now() - long).toBeLessThan(1_000);
  });
});
