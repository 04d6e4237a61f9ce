// state.json lost, broken or behind: what the audit knows is there again after the next start, and nothing is wider than it was.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - id: read-plans
    why: John works on them
    effect: allow
    scope: read:files:plans/**
  - id: write-plans
    why: plans are shared
    effect: ask
    scope: write:files:plans/**
    limits: { uses: 3, for: 30m }
`;
const BINDINGS = `
server: files
root: ./files
tools:
  read: { does: read:files, resource: { path: path } }
  write: { does: write:files, resource: { path: path } }
`;
const text = (name: string) => ({
  inputSchema: { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] },
});
const OPTIONS: WorldOptions = {
  rules: RULES,
  bindings: BINDINGS,
  servers: { files: { read: text('path'), write: text('path') } },
  settings: { session: { survive_restart: true } },
  human: () => yes('approve'),
};
/** A plan that leaves a use after the one that is made. */
const PLAN = { calls: [{ tool: 'write', arguments: { path: 'plans/a.md' } }], uses: 3 };
const state = (of: World) => join(of.folder, 'state', 'state.json');

async function begun(more: WorldOptions = {}): Promise<World> {
  const made = await world({ ...OPTIONS, ...more });
  onTestFinished(() => rmSync(made.folder, { recursive: true, force: true }));
  return made;
}

/** The same folder, opened again after something happened to the state. */
async function restarted(former: World, harm: (path: string) => void): Promise<World> {
  await former.close({ keep: true });
  harm(state(former));
  const again = await world({ ...OPTIONS, folder: former.folder, clock: former.clock });
  onTestFinished(() => again.close({ keep: true }));
  return again;
}

const gone = (path: string) => {
  rmSync(path, { force: true });
  rmSync(`${path}.bak`, { force: true });
};
const broken = (path: string) => {
  writeFileSync(path, '{"version":1,"seq":');
  rmSync(`${path}.bak`, { force: true });
};

describe.each([
  ['is gone', gone],
  ['cannot be read', broken],
])('a state that %s', (_, harm) => {
  it('keeps the lock', async () => {
    const first = await begun();
    await first.command('lock', { reason: 'the laptop was left alone' });
    const again = await restarted(first, harm);
    expect(again.perimeter.store.data.lock).toMatchObject({ by: 'john', reason: 'the laptop was left alone' });
    expect(decisionOf(await again.call('read', { path: 'plans/a.md' }))).toMatchObject({ rule: 'lock' });
  });

  it('keeps what was pinned, and goes on holding back what changed', async () => {
    const first = await begun();
    await first.call('read', { path: 'plans/a.md' });
    first.redefine('files', { read: { ...text('path'), description: 'reads, and sends it all away' }, write: text('path') });
    await expect.poll(() => first.perimeter.store.data.pins['files/read']?.held).toBeDefined();
    const pins = first.perimeter.store.data.pins;
    const again = await restarted(first, harm);
    expect(again.perimeter.store.data.pins).toEqual(pins);
  });

  it('keeps a session that is open and none that was ended', async () => {
    const first = await begun();
    await first.call('read', { path: 'plans/a.md' });
    const open = first.perimeter.store.data.session;
    const again = await restarted(first, harm);
    expect(again.perimeter.store.data.session).toEqual(open);
    await again.command('logout');
    const third = await restarted(again, harm);
    expect(third.perimeter.store.data.session?.closed_at).toBeDefined();
    expect(decisionOf(await third.call('read', { path: 'plans/a.md' }))).toMatchObject({ rule: 'session' });
  });

  it('keeps a grant with what is left of it', async () => {
    const first = await begun();
    await first.ask(PLAN);
    const [given] = first.perimeter.grants.all();
    if (!given) throw new Error('nothing was granted');
    await first.call('write', { path: 'plans/a.md' });
    const [used] = first.perimeter.grants.all();
    const again = await restarted(first, harm);
    // what was counted one by one is not kept over a restart: the grant is known with what was left, and has ended
    expect(again.perimeter.grants.all()).toEqual([{ ...used, state: 'ended' }]);
    expect((await again.events('grant.ended')).map(({ why }) => why)).toEqual([
      expect.stringContaining('is not kept over a restart'),
    ]);
  });

  it('keeps no grant that was revoked', async () => {
    const first = await begun();
    await first.ask(PLAN);
    await first.command('revoke', { all: true });
    const again = await restarted(first, harm);
    expect(again.perimeter.grants.all().map((grant) => grant.state)).toEqual(['revoked']);
    expect(decisionOf(await again.call('write', { path: 'plans/a.md' }))).toMatchObject({ decision: 'ask' });
  });
});

describe('a state that is behind the audit', () => {
  it('is brought up to it, so that a copy of the state undoes neither a lock, nor a revocation, nor a use', async () => {
    const first = await begun();
    await first.ask(PLAN);
    copyFileSync(state(first), `${state(first)}.kept`);
    await first.call('write', { path: 'plans/a.md' });
    const [used] = first.perimeter.grants.all();
    const again = await restarted(first, (path) => copyFileSync(`${path}.kept`, path));
    expect(again.perimeter.grants.all()).toEqual([{ ...used, state: 'ended' }]);
    await again.command('revoke', { all: true });
    await again.command('lock', {});
    const third = await restarted(again, (path) => copyFileSync(`${path}.kept`, path));
    expect(third.perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended']);
    expect(third.perimeter.store.data.lock).not.toBeNull();
  });

  it('is left as it is when nothing is missing', async () => {
    const first = await begun();
    await first.call('read', { path: 'plans/a.md' });
    await first.close({ keep: true });
    expect(existsSync(`${state(first)}.kept`)).toBe(false);
    const text = readFileSync(state(first), 'utf8');
    const { seq } = JSON.parse(text) as { seq: number };
    expect(seq).toBeGreaterThan(0);
    const again = await restarted(first, () => undefined);
    expect({ ...again.perimeter.store.data, seq: 0 }).toEqual({ ...JSON.parse(text), seq: 0 });
  });
});
