// Threat: somebody sets the clock, back to make a permission last or forward to make it begin.
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
const granted = async (more: WorldOptions = {}) => {
  open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {}, read: {} } },
    human: () => yes(),
    ...more,
  });
  expect(await open.ask({ calls: [WRITE], uses: 9 })).toMatchObject({ status: 'granted' });
  return open;
};
const decision = async (given: World) => {
  const result = await given.call('write', WRITE.arguments);
  return result.isError ? decisionOf(result).decision : 'allow';
};

describe('the clock set back', () => {
  it('ends every permission, and is on record', async () => {
    const given = await granted();
    given.clock.advance(60_000);
    given.clock.set('2026-11-23T09:00:00.000Z');
    expect(await decision(given)).toBe('ask');
    expect(given.perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended']);
    expect((await given.events('clock.anomaly')).length).toBe(1);
    expect((await given.events('grant.ended')).length).toBe(1);
    // what needs no permission goes on
    expect((await given.call('read', { path: 'a' })).isError).toBeUndefined();
    expect((await given.events('clock.anomaly')).length).toBe(1);
  });

  it('a little at a time makes no permission last longer than its minutes', async () => {
    const given = await granted();
    for (let minute = 0; minute < 11; minute += 1) {
      given.clock.advance(60_000);
      given.clock.set(given.clock.now() - 1_900);
      if (minute % 3 === 0) await given.call('read', { path: 'a' });
    }
    given.clock.set('2026-11-23T12:09:00.000Z');
    expect(await decision(given)).toBe('ask');
  });

  it('while the guard was down is seen at its next start', async () => {
    const first = await granted({ settings: { session: { survive_restart: true } } });
    await first.call('read', { path: 'a' });
    first.clock.advance(120_000);
    await first.call('read', { path: 'a' });
    await first.close({ keep: true });
    first.clock.set('2026-11-22T12:00:00.000Z');
    open = await world({ folder: first.folder, servers: { files: { write: {}, read: {} } }, clock: first.clock });
    expect(['ask', 'deny']).toContain(await decision(open));
    expect(open.perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended']);
  });

  it('makes nobody present again who went away', async () => {
    const given = await granted();
    expect(given.perimeter.identity.userPresent()).toBe(true);
    given.clock.advance(16 * 60_000);
    expect(given.perimeter.identity.userPresent()).toBeUndefined();
    given.clock.set('2026-11-23T12:01:00.000Z');
    await given.call('read', { path: 'a' });
    expect(given.perimeter.identity.userPresent()).toBeUndefined();
  });
});

describe('the clock jumped forward', () => {
  it('ends what it passed, on record, and setting it back brings nothing to life', async () => {
    const given = await granted();
    given.clock.set('2026-11-23T13:00:00.000Z');
    expect(await decision(given)).toBe('ask');
    expect(given.perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended']);
    expect(await given.events('grant.ended')).toHaveLength(1);
    given.clock.set('2026-11-23T12:01:00.000Z');
    expect(await decision(given)).toBe('ask');
  });

  it('past the session ends the session', async () => {
    const given = await granted();
    given.clock.set('2026-11-24T12:00:00.000Z');
    expect(decisionOf(await given.call('read', { path: 'a' }))).toMatchObject({ decision: 'deny', rule: 'session' });
  });
});

describe('time that just passes', () => {
  it('ends a permission at its last moment, not after it', async () => {
    const given = await granted();
    given.clock.advance(10 * 60_000 - 1);
    expect(await decision(given)).toBe('allow');
    given.clock.advance(1);
    expect(await decision(given)).toBe('ask');
  });

  it('ends it also where the wall clock stands still', async () => {
    const given = await granted();
    const wall = given.clock.now();
    given.clock.advance(11 * 60_000);
    given.clock.set(wall + 500);
    expect(await decision(given)).toBe('ask');
  });
});
