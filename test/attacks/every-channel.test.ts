// Threat: something breaks while a human is asked — disk, client, guard, or the answer itself — and the request hangs, or turns into a yes.
import { afterEach, describe, expect, it } from 'vitest';
import { type AuditFiles, realFiles } from '../../server/audit/files.ts';
import { sign } from '../../server/channels/signed.ts';
import { createCommands } from '../../server/commands.ts';
import { type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }';
const BINDING = 'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path } }\n';
const WRITE = { calls: [{ tool: 'write', arguments: { path: 'a.md' } }] };
const ANN = 'a secret of ann that is long enough';
const SETTINGS = {
  channels: {
    webhook: { url: 'http://127.0.0.1:9/x', secret: 'a secret of the hook, long enough', answers: { ann: ANN } },
    desktop: false,
  },
};
const BASE: WorldOptions = {
  rules: RULES,
  bindings: BINDING,
  servers: { files: { write: {} } },
  settings: SETTINGS,
  wait_ms: 20_000,
  page: (id) => `http://localhost:4711/requests/${id}`,
};

type Answering = (given: World, id: string, more?: Record<string, unknown>) => Promise<unknown>;
type Form = (answer: ReturnType<typeof yes>) => void;
let fill: Form = () => undefined;
const human = () => new Promise<ReturnType<typeof yes>>((resolve) => (fill = resolve));
const shown = ({ perimeter }: World, id: string) => perimeter.elevations.get(id)?.shown;
let count = 0;
/** How a yes arrives on each channel, and what the client must be able to show for it. */
const CHANNELS: [string, Partial<WorldOptions>, Answering][] = [
  [
    'form',
    { human },
    async () => {
      fill(yes());
      // the form's answer is nobody's call: it is taken whenever it is
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  ],
  [
    'link',
    { opens: () => ({ action: 'accept', after: 2_000 }) },
    async (given, id, more) => {
      const page = createCommands(given.perimeter, { channel: 'console' });
      const stream = { event: () => undefined, signal: new AbortController().signal };
      const peer = { as: 'command', version: '', account: 'john' } as const;
      return page('approve', { id, typed: true, shown: shown(given, id) ?? 'nothing', ...more }, stream, peer);
    },
  ],
  ['terminal', {}, async (given, id, more) => given.command('approve', { id, typed: true, ...more })],
  [
    'webhook',
    {},
    async (given, id, more) => {
      const body = { type: 'request.answer', request_id: id, shown: shown(given, id) ?? 'nothing', decision: 'approve', ...more };
      const [text, timestamp] = [JSON.stringify(body), Math.floor(given.clock.now() / 1_000)];
      count += 1;
      const signature = sign(ANN, `ans_${count}`, timestamp, text);
      return given.command('answer', {
        document: JSON.stringify({ id: `ans_${count}`, timestamp, by: 'ann', body: text, signature }),
      });
    },
  ],
];

let open: World | undefined;
afterEach(() => open?.close().catch(() => undefined));

/** A request that waits, its call still open. */
async function waiting(
  more: Partial<WorldOptions>,
): Promise<{ given: World; id: string; asking: Promise<Record<string, unknown>> }> {
  const given = await world({ ...BASE, ...more });
  open = given;
  const asking = given.ask(WRITE);
  asking.catch(() => undefined);
  await expect.poll(() => given.perimeter.elevations.pending().length, { timeout: 10_000 }).toBe(1);
  if (more.human) await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
  if (more.opens) await expect.poll(async () => (await given.events('request.opened')).length, { timeout: 10_000 }).toBe(1);
  return { given, asking, id: given.perimeter.elevations.pending()[0]?.request_id ?? '' };
}
async function restarted(given: World): Promise<World> {
  await given.close({ keep: true }).catch(() => undefined);
  open = await world({ ...BASE, folder: given.folder, clock: given.clock, wait_ms: 50 });
  return open;
}
const ends = async (given: World, id: string) =>
  (await given.events()).filter(
    (event) => event.request_id === id && /request\.(?:cancelled|denied|expired|approved)/.test(event.type),
  );
/** Nobody waits any more, nothing was given, nothing ran. */
function nothingGiven(given: World): void {
  expect(given.perimeter.grants.all().filter((grant) => grant.state === 'active')).toEqual([]);
  expect(given.perimeter.elevations.pending()).toEqual([]);
  expect(given.forwarded).toEqual([]);
}

describe.each(CHANNELS)('while a human is asked by %s', (_name, more, approve) => {
  it('the disk of the audit fills up: the agent hears that it was cancelled, and so does the audit once it can write', async () => {
    const disk = fillable();
    const { given, id, asking } = await waiting({ ...more, auditFiles: disk.files });
    disk.full = true;
    await approve(given, id).catch(() => undefined);
    expect(await asking).toMatchObject({
      status: 'cancelled',
      request_id: id,
      message: expect.stringContaining('could not be recorded'),
    });
    nothingGiven(given);
    const again = await restarted(given);
    expect(await ends(again, id)).toMatchObject([{ type: 'request.cancelled' }]);
    nothingGiven(again);
  });

  it('the disk of the state fills up: cancelled, heard, and on record at once', async () => {
    const { given, id, asking } = await waiting(more);
    const { update } = given.perimeter.store;
    given.perimeter.store.update = () => Promise.reject(new Error('ENOSPC: no space left on device'));
    await approve(given, id).catch(() => undefined);
    expect(await asking).toMatchObject({ status: 'cancelled', request_id: id });
    given.perimeter.store.update = update;
    expect((await ends(given, id)).at(-1)).toMatchObject({ type: 'request.cancelled' });
    nothingGiven(given);
  });

  it('the client goes away for good: withdrawn, on record, and the late answer changes nothing', async () => {
    const given = await world({ ...BASE, ...more, gone_ms: 20 });
    open = given;
    const client = given.client();
    const asking = given.ask(WRITE, { client });
    await expect.poll(() => given.perimeter.elevations.pending().length, { timeout: 10_000 }).toBe(1);
    const id = given.perimeter.elevations.pending()[0]?.request_id ?? '';
    given.perimeter.guard.disconnected(client);
    expect(await asking).toMatchObject({ status: 'cancelled', message: expect.stringContaining('client went away') });
    await approve(given, id).catch(() => undefined);
    expect(await ends(given, id)).toMatchObject([{ type: 'request.cancelled', why: 'the client went away' }]);
    nothingGiven(given);
  });

  it('the guard restarts: cancelled on record, the agent that asks again by its id hears it, and the late answer changes nothing', async () => {
    const { given, id } = await waiting(more);
    const again = await restarted(given);
    await approve(again, id).catch(() => undefined);
    expect(await ends(again, id)).toMatchObject([{ type: 'request.cancelled', why: expect.stringContaining('restart') }]);
    nothingGiven(again);
    expect(await again.ask({ request_id: id }).catch((error: Error) => error.message)).toMatchObject({ status: 'cancelled' });
  });

  it('nobody answers: expired, heard, on record, and the late answer changes nothing', async () => {
    const { given, id } = await waiting(more);
    given.clock.advance(15 * 60_000 + 1);
    await approve(given, id).catch(() => undefined);
    expect(await given.ask({ request_id: id })).toMatchObject({ status: 'expired' });
    expect(await ends(given, id)).toMatchObject([{ type: 'request.expired' }]);
    nothingGiven(given);
  });
});

describe.each(CHANNELS.slice(1))('an answer by %s', (_name, more, approve) => {
  it.each([
    ['for another digest', { shown: 'f'.repeat(64) }],
    ['with an empty digest', { shown: '' }],
    ['for a wider scope', { scope: ['write:files'] }],
    ['for a scope that is none', { scope: ['everything'] }],
    ['for another request', { id: 'req_another', request_id: 'req_another' }],
  ])('%s is refused, and the request waits on', async (_what, change) => {
    const { given, id } = await waiting({ ...more, wait_ms: 50 });
    await expect(approve(given, id, change)).rejects.toThrow();
    expect(given.perimeter.elevations.get(id)?.state).toBe('pending');
    expect(given.perimeter.grants.all()).toEqual([]);
  });
});

describe('a client that nobody knows', () => {
  it.each([
    ['without a name', { name: '', version: '' }],
    ['with a name that is a trap', { name: '__proto__', version: 'constructor' }],
    ['with a name of a thousand signs', { name: '\u202ex'.repeat(500) }],
  ])('%s is asked like any other, and remembered without harm', async (_what, named) => {
    const given = await world({ ...BASE, human: () => ({ action: 'cancel', after: 3 }), wait_ms: 50 });
    open = given;
    const client = given.client(named);
    expect(await given.ask(WRITE, { client })).toMatchObject({
      status: 'pending',
      next: expect.stringContaining('perimeter approve'),
    });
    expect(await given.ask({ calls: [{ tool: 'write', arguments: { path: 'b.md' } }] }, { client })).toMatchObject({
      status: 'pending',
    });
    expect(given.questions).toHaveLength(1);
    await expect.poll(() => Object.keys(given.perimeter.store.data.clients ?? {}).length).toBe(1);
    expect(({} as Record<string, unknown>).alone).toBeUndefined();
  });
});

/** The real disk until `full` is set; then writing fails. */
function fillable(): { files: AuditFiles; full: boolean } {
  const disk = { full: false, files: realFiles };
  const wrap = (file: Awaited<ReturnType<AuditFiles['append']>>) => ({
    ...file,
    async write(bytes: Uint8Array) {
      if (disk.full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return file.write(bytes);
    },
  });
  const opened = (name: 'create' | 'append') => async (path: string) => wrap(await realFiles[name](path));
  disk.files = { ...realFiles, create: opened('create'), append: opened('append') };
  return disk;
}
