// Threat: an approval comes, or is used, when it should no longer count.
import { afterEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }';
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a.md', content: 'x' } };
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  'io.modelcontextprotocol/clientInfo': { name: 'raw-modern', version: '2' },
};

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {} } },
    wait_ms: more.human ? 5_000 : 100,
    ...more,
  }));

describe('an approval that is used', () => {
  it('eleven minutes after it was given for ten is none', async () => {
    const { ask, call, clock, forwarded } = await guarded({ human: () => yes() });
    await ask({ calls: [WRITE] });
    clock.advance(11 * 60_000);
    expect(decisionOf(await call('write', WRITE.arguments)).decision).toBe('ask');
    expect(forwarded).toEqual([]);
  });

  it('a moment after it was revoked is none', async () => {
    const { ask, call, command, forwarded } = await guarded({ human: () => yes() });
    const { grant } = await ask({ calls: [WRITE] });
    await command('revoke', { id: (grant as { grant_id: string }).grant_id });
    expect(decisionOf(await call('write', WRITE.arguments)).decision).toBe('ask');
    expect(forwarded).toEqual([]);
  });

  it('after the agent gave it back is none', async () => {
    const { ask, call, forwarded } = await guarded({ human: () => yes() });
    const { grant } = await ask({ calls: [WRITE] });
    await call('release_grant', { grant_id: (grant as { grant_id: string }).grant_id });
    expect(decisionOf(await call('write', WRITE.arguments)).decision).toBe('ask');
    expect(forwarded).toEqual([]);
  });
});

describe('an approval', () => {
  it('that comes after the agent withdrew the request gives nothing', async () => {
    const { ask, command, perimeter } = await guarded();
    const { request_id } = await ask({ calls: [WRITE] });
    expect(await ask({ request_id, cancel: true })).toMatchObject({ status: 'cancelled' });
    await expect(command('approve', { id: request_id, typed: true }))
      .resolves.toMatchObject({ changed: false, state: 'cancelled' })
      .catch(() => undefined);
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('that comes after nobody answered in time gives nothing', async () => {
    const { ask, command, clock, perimeter } = await guarded();
    const { request_id } = await ask({ calls: [WRITE] });
    clock.advance(16 * 60_000);
    await command('approve', { id: request_id, typed: true }).catch(() => undefined);
    expect(perimeter.grants.all()).toEqual([]);
    expect(perimeter.elevations.get(String(request_id))?.state).toBe('expired');
  });

  it('that comes when the guard was restarted meanwhile gives nothing', async () => {
    const first = await guarded();
    const { request_id } = await first.ask({ calls: [WRITE] });
    await first.close({ keep: true });
    open = await world({ folder: first.folder, servers: { files: { write: {} } }, clock: first.clock });
    await open.command('approve', { id: request_id, typed: true }).catch(() => undefined);
    expect(open.perimeter.grants.all()).toEqual([]);
    expect(open.perimeter.elevations.get(String(request_id))?.state).toBe('cancelled');
  });

  it('does not survive a restart, nor a new sign-in', async () => {
    const first = await guarded({ human: () => yes() });
    await first.ask({ calls: [WRITE], uses: 5 });
    await first.command('login', { typed: true });
    expect(decisionOf(await first.call('write', WRITE.arguments)).decision).toBe('ask');
    await first.ask({ calls: [WRITE], uses: 5 });
    await first.close({ keep: true });
    open = await world({ folder: first.folder, servers: { files: { write: {} } }, clock: first.clock });
    await open.command('login', { typed: true });
    expect(decisionOf(await open.call('write', WRITE.arguments)).decision).toBe('ask');
    expect(open.perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended', 'ended']);
  });
});

describe('a client that vanishes while it waits', () => {
  it('leaves a request that somebody may come back to, and that nobody else can use', async () => {
    const { wire, command, perimeter, forwarded } = await guarded({ wait_ms: 5_000 });
    const raw = await wire();
    raw.initialize();
    raw.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'request_elevation', arguments: { justification: 'x', calls: [WRITE] } },
    });
    await expect.poll(() => perimeter.elevations.pending().length, { timeout: 10_000 }).toBe(1);
    const request_id = perimeter.elevations.pending()[0]?.request_id ?? '';
    await raw.leave();
    await command('approve', { id: request_id, typed: true });
    expect(forwarded).toEqual([]);
  });

  it('has its request closed when nobody comes back', async () => {
    const { wire, perimeter } = await guarded({ wait_ms: 5_000, gone_ms: 20 });
    for (const meta of [{}, { _meta: MODERN }]) {
      const raw = await wire();
      if (!('_meta' in meta)) raw.initialize();
      raw.send({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'request_elevation', arguments: { justification: 'x', calls: [WRITE] }, ...meta },
      });
      await expect.poll(() => perimeter.elevations.pending().length, { timeout: 5_000 }).toBe(1);
      const request_id = perimeter.elevations.pending()[0]?.request_id ?? '';
      await raw.leave();
      await expect.poll(() => perimeter.elevations.get(request_id)?.state, { timeout: 5_000 }).toBe('cancelled');
    }
    expect(perimeter.grants.all()).toEqual([]);
  });
});
