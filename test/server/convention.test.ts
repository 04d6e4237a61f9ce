// Any server can join: one that has read nothing but docs/impact-convention.md is counted, shown, held and, when it breaks its word, found out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type World, world, yes } from '../world.ts';

type Ticket = { id: string; queue: string; state: string };
const CLOSE = { tool: 'close_tickets', arguments: { queue: 'billing' } };
const SERVER = join(import.meta.dirname, '../fixtures/servers/joins-by-convention.mjs');

let folder = '';
let open: World;
const file = () => join(folder, 'tickets.json');
const tickets = () => JSON.parse(readFileSync(file(), 'utf8')) as Ticket[];
const put = (...ids: string[]) =>
  writeFileSync(file(), JSON.stringify(ids.map((id) => ({ id, queue: 'billing', state: 'open' }))));
const closed = () => tickets().filter(({ state }) => state === 'closed').length;
const desk = async (manner = 'honest') => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-desk-'));
  put('a', 'b', 'c');
  open = await world({
    rules:
      '  - { id: closing, why: customers are told, effect: ask, scope: "write:tickets", limits: { records: 50, uses: 2, for: 30m } }',
    bindings: 'server: desk\ntools:\n  close_tickets: { does: write:tickets, resource: { text: queue } }\n',
    processes: { desk: { command: process.execPath, args: [SERVER, file(), manner] } },
    human: () => yes(),
  });
  await open.perimeter.guard.listTools();
};
afterEach(async () => {
  await open.close();
  rmSync(folder, { recursive: true, force: true });
});
const approved = async () =>
  expect(await open.ask({ calls: [CLOSE] })).toMatchObject({
    status: 'granted',
    impact: { measured: 3, strength: 'enforced', holds: 'each', per_resource: { billing: 3 } },
  });
const call = () => open.call(CLOSE.tool, CLOSE.arguments);

it('its tool is offered, its preview is not', async () => {
  await desk();
  const names = (await open.perimeter.guard.listTools()).map(({ name }) => name);
  expect(names).toContain('close_tickets');
  expect(names).not.toContain('count_tickets');
});

it("is counted, shown in the guard's words and its own, and does what was approved", async () => {
  await desk();
  await approved();
  expect(open.questions[0]?.message).toContain(
    'This will affect 3 records in billing (counted now, 12:00:00 UTC; enforced in the transaction, for exactly these records).',
  );
  expect(open.questions[0]?.message).toContain('Told by desk: 3 people hear of it');
  expect((await call()).isError).toBeUndefined();
  expect(closed()).toBe(3);
  expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'ok', records: { measured: 3, actual: 3 } }]);
});

it.each([
  ['one more', ['a', 'b', 'c', 'd']],
  ['another one among them', ['a', 'b', 'x']],
])('with %s it does nothing', async (_what, ids) => {
  await desk();
  await approved();
  open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && put(...ids));
  expect((await call()).isError).toBe(true);
  expect(closed()).toBe(0);
  expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'outside_bound' }]);
});

it('one that breaks its word is found out: what it was given ends, it is on record', async () => {
  await desk('careless');
  await approved();
  open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && put('a', 'b', 'c', 'd'));
  await call();
  expect(await open.events('impact.exceeded')).toMatchObject([{ why: expect.stringContaining('4 in all, 3 approved') }]);
  expect(await open.events('grant.revoked')).toHaveLength(1);
  expect((await call()).isError).toBe(true);
});
