// Threat: a form that was taken back stays on the screen, and what a person says in it is lost, or undoes what was decided.
import { afterEach, describe, expect, it } from 'vitest';
import { type World, world } from '../world.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }';
const BINDING = 'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path } }\n';
const CALLS = [{ tool: 'write', arguments: { path: 'a.md' } }];
/** Somebody who looked at it for a while. */
const READ_MS = 3_000;

let open: World | undefined;
afterEach(() => open?.close());

type Wire = Awaited<ReturnType<World['wire']>>;
type Up = { given: World; raw: Wire; form: number; id: string };

/** A form that is up in a client that is asked on the wire. */
async function up(name = 'raw'): Promise<Up> {
  const given = await world({ rules: RULES, bindings: BINDING, servers: { files: { write: {} } }, wait_ms: 20_000 });
  open = given;
  const raw = await given.wire();
  raw.initialize({ elicitation: { form: {} } }, name);
  const params = { name: 'request_elevation', arguments: { justification: 'x', calls: CALLS } };
  raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const form = await raw.next(({ method }) => method === 'elicitation/create');
  given.clock.advance(READ_MS);
  return { given, raw, form: form.id as number, id: given.perimeter.elevations.pending()[0]?.request_id ?? '' };
}

/** The same, and somebody answered in a terminal: the client was told to take the form away. */
async function takenBack(decision: 'approve' | 'deny'): Promise<Up> {
  const form = await up();
  await form.given.command(decision, { id: form.id, typed: true });
  await form.raw.answerTo(1);
  const told = await form.raw.next(({ method }) => method === 'notifications/cancelled');
  expect(told.params).toMatchObject({ requestId: form.form });
  return form;
}

const accept = (content: Record<string, unknown>) => ({ result: { action: 'accept', content } });
const states = ({ perimeter }: World) => perimeter.grants.all().map((grant) => grant.state);
const late = async ({ events }: World, id: string) =>
  (await events('request.late')).filter((event) => event.request_id === id).map((event) => String(event.why));

describe('in a form that was taken back, after a yes elsewhere', () => {
  it('a no is heard: what was given ends, and both stand in the record', async () => {
    const { given, raw, form, id } = await takenBack('approve');
    expect(states(given)).toEqual(['active']);
    raw.send({ jsonrpc: '2.0', id: form, ...accept({ decision: 'deny' }) });
    await expect.poll(() => states(given), { timeout: 10_000 }).toEqual(['revoked']);
    expect(await late(given, id)).toEqual(['already approved; this answer (deny) changed nothing']);
    expect(await given.events('grant.revoked')).toMatchObject([{ why: 'a person said no in the form' }]);
  });

  it.each([
    ['closing it', { result: { action: 'cancel' } }, 'already approved; what the client said (cancel) changed nothing'],
    ['declining it', { result: { action: 'decline' } }, 'already approved; what the client said (decline) changed nothing'],
    [
      'an error',
      { error: { code: -32_800, message: 'cancelled' } },
      'already approved; what the client said (cancel) changed nothing',
    ],
    ['another yes', accept({ decision: 'approve' }), 'already approved; this answer (approve) changed nothing'],
  ])('%s takes nothing away, and is on record', async (_what, answer, why) => {
    const { given, raw, form, id } = await takenBack('approve');
    raw.send({ jsonrpc: '2.0', id: form, ...answer });
    await expect.poll(() => late(given, id), { timeout: 10_000 }).toEqual([why]);
    expect(states(given)).toEqual(['active']);
    expect(await given.events('grant.issued')).toHaveLength(1);
  });
});

it('a client that keeps such a form on the screen, and then says nothing of it, is not told: a no in it arrives', async () => {
  const { given, raw, form, id } = await up('codex-mcp-client');
  await given.command('approve', { id, typed: true });
  await raw.answerTo(1);
  expect(states(given)).toEqual(['active']);
  expect(raw.messages.filter(({ method }) => method === 'notifications/cancelled')).toEqual([]);
  raw.send({ jsonrpc: '2.0', id: form, ...accept({ decision: 'deny' }) });
  await expect.poll(() => states(given), { timeout: 10_000 }).toEqual(['revoked']);
});

describe('in a form that was taken back, after a no elsewhere', () => {
  it.each(['approve', 'approve_once'])('`%s` gives nothing, and is on record', async (decision) => {
    const { given, raw, form, id } = await takenBack('deny');
    raw.send({ jsonrpc: '2.0', id: form, ...accept({ decision }) });
    await expect
      .poll(() => late(given, id), { timeout: 10_000 })
      .toEqual([`already denied; this answer (${decision}) changed nothing`]);
    expect(states(given)).toEqual([]);
    // nor a second time
    raw.send({ jsonrpc: '2.0', id: form, ...accept({ decision }) });
    await expect.poll(async () => (await given.events('call.refused')).length, { timeout: 10_000 }).toBe(1);
    expect(states(given)).toEqual([]);
  });
});

it('an answer to a question that nobody asked is nobody’s, however near its number is', async () => {
  const { given, raw, form, id } = await up();
  for (const other of [form + 1, form - 1, 0, 1, String(form)])
    raw.send({ jsonrpc: '2.0', id: other, ...accept({ decision: 'approve' }) });
  await expect.poll(async () => (await given.events('call.refused')).length, { timeout: 10_000 }).toBe(5);
  expect(given.perimeter.elevations.get(id)?.state).toBe('pending');
  raw.send({ jsonrpc: '2.0', id: form, ...accept({ decision: 'approve' }) });
  expect(JSON.stringify(await raw.answerTo(1))).toContain('granted');
});
