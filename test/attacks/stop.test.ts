// Threat: a call that is under way, or a question that is open, outlives the human's stop.
import { afterEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: asks, why: a look first, effect: ask, scope: "write:files", limits: { uses: 9, for: 10m } }
  - { id: reads, why: reading is fine, effect: allow, scope: "read:files" }`;
const BINDING =
  'server: files\ntools:\n  write: { does: write:files, resource: { path: path } }\n  read: { does: read:files, resource: { path: path } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a' } };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {}, read: { run: () => new Promise(() => undefined) } } },
    wait_ms: 10_000,
    ...more,
  }));
const STOPS: [string, (given: World) => Promise<unknown>][] = [
  ['a lock', ({ command }) => command('lock')],
  ['signing out', ({ command }) => command('logout')],
  [
    'the clock set back',
    ({ clock, call }) => {
      clock.advance(10_000);
      clock.set('2026-11-23T09:00:00.000Z');
      return call('list_permissions');
    },
  ],
];

describe.each(STOPS)('%s', (_name, stop) => {
  it('aborts a call in flight: it is told as unknown, never as done', async () => {
    const given = await guarded();
    const reading = given.call('read', { path: 'a' });
    await expect.poll(() => given.forwarded.length, { timeout: 10_000 }).toBe(1);
    await stop(given);
    expect((await reading).isError).toBe(true);
    expect(await given.events('call.outcome')).toMatchObject([{ outcome: 'unknown' }]);
  });

  it('answers who waits, and takes the question away', async () => {
    const given = await guarded();
    const asking = given.ask({ calls: [WRITE] });
    await expect.poll(() => given.perimeter.elevations.pending().length, { timeout: 10_000 }).toBe(1);
    const id = given.perimeter.elevations.pending()[0]?.request_id;
    await stop(given);
    expect(await asking).toMatchObject({ status: 'cancelled' });
    await given.command('approve', { id, typed: true }).catch(() => undefined);
    expect(given.perimeter.grants.all()).toEqual([]);
  });

  it('stops a call between its intent and its leaving', async () => {
    const given = await guarded();
    let stopping: Promise<unknown> = Promise.resolve();
    let once = true;
    given.perimeter.audit.onEvent((event) => {
      if (event.type === 'call.intent' && once) {
        once = false;
        stopping = stop(given);
      }
    });
    const result = await given.call('read', { path: 'a' }, { signal: AbortSignal.timeout(2_000) });
    await stopping;
    expect(result.isError).toBe(true);
    expect((await given.events('call.outcome'))[0]?.outcome).not.toBe('ok');
  });
});

describe('after a lock', () => {
  it('nothing goes through, nobody is asked, and permissions are gone for good', async () => {
    const given = await guarded({ human: () => yes() });
    await given.ask({ calls: [WRITE], uses: 9 });
    await given.command('lock', { reason: 'what is this' });
    expect(decisionOf(await given.call('read', { path: 'a' }))).toMatchObject({ decision: 'deny', rule: 'lock' });
    expect(await given.ask({ calls: [WRITE] })).toMatchObject({ status: 'denied', rule: 'lock' });
    expect((await given.call('request_elevation', { justification: 'x', scope: 'write:files' })).structuredContent?.status).toBe(
      'denied',
    );
    expect(given.questions).toHaveLength(1);
    await given.command('unlock', { typed: true });
    expect(decisionOf(await given.call('write', WRITE.arguments)).decision).toBe('ask');
    expect(given.forwarded).toEqual([]);
  });

  it("it holds over a restart, and a script can't lift it", async () => {
    const first = await guarded();
    await first.command('lock');
    await expect(first.command('unlock')).rejects.toThrow(/human/);
    await first.close({ keep: true });
    open = await world({ folder: first.folder, servers: { files: { write: {}, read: {} } }, clock: first.clock });
    expect(decisionOf(await open.call('read', { path: 'a' }))).toMatchObject({ rule: 'lock' });
  });
});

describe('without a session', () => {
  it('agent traffic never opens one again', async () => {
    const given = await guarded();
    await given.command('logout');
    for (let tries = 0; tries < 3; tries += 1)
      expect(decisionOf(await given.call('read', { path: 'a' }))).toMatchObject({ rule: 'session' });
    expect((await given.call('request_elevation', { justification: 'x', calls: [WRITE] })).isError).toBe(true);
    await expect(given.command('login')).rejects.toThrow(/human/);
    expect(given.forwarded).toEqual([]);
  });

  it('nor keeps one open', async () => {
    const given = await guarded({ settings: { session: { for: '1h' } }, servers: { files: { write: {}, read: {} } } });
    for (let minute = 0; minute < 59; minute += 1) {
      expect((await given.call('read', { path: 'a' })).isError).toBeUndefined();
      given.clock.advance(60_000);
    }
    given.clock.advance(60_000);
    expect(decisionOf(await given.call('read', { path: 'a' }))).toMatchObject({ rule: 'session' });
  });
});
