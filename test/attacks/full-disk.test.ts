// Threat: the guard can't write (a full disk, a state that was taken away), and lets calls through unrecorded.
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AuditFiles, realFiles } from '../../server/audit/files.ts';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: asks, why: a look first, effect: ask, scope: "write:files", limits: { uses: 9, for: 10m } }
  - { id: reads, why: reading is fine, effect: allow, scope: "read:files" }`;
const BINDING =
  'server: files\ntools:\n  write: { does: write:files, resource: { path: path } }\n  read: { does: read:files, resource: { path: path } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a' } };

let open: World | undefined;
afterEach(() => open?.close().catch(() => undefined));
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {}, read: {} } },
    human: () => yes(),
    wait_ms: 200,
    ...more,
  }));

/** The real disk until `full` is set; then writing, or syncing, fails. */
function fillable(at: 'write' | 'sync'): { files: AuditFiles; full: boolean } {
  const disk = { full: false, files: realFiles };
  const wrap = (file: Awaited<ReturnType<AuditFiles['append']>>) => ({
    ...file,
    async [at](bytes: Uint8Array) {
      if (disk.full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return at === 'write' ? file.write(bytes) : file.sync();
    },
  });
  disk.files = {
    ...realFiles,
    create: async (path) => wrap(await realFiles.create(path)),
    append: async (path) => wrap(await realFiles.append(path)),
  };
  return disk;
}

describe.each(['write', 'sync'] as const)('a disk that fails at %s', (at) => {
  it('nothing is forwarded, and the agent hears why', async () => {
    const disk = fillable(at);
    const given = await guarded({ auditFiles: disk.files });
    disk.full = true;
    for (const tool of ['read', 'write']) {
      const result = await given.call(tool, { path: 'a' });
      expect(result.isError).toBe(true);
    }
    expect(String((await given.call('read', { path: 'a' })).content[0]?.text)).toMatch(/audit cannot be written/);
    expect(given.forwarded).toEqual([]);
  });

  it("no permission comes of an approval that can't be recorded", async () => {
    const disk = fillable(at);
    let answer: (value: ReturnType<typeof yes>) => void = () => undefined;
    const given = await guarded({ auditFiles: disk.files, human: () => new Promise((resolve) => (answer = resolve)) });
    const asking = given.ask({ calls: [WRITE] });
    await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
    disk.full = true;
    answer(yes());
    expect((await asking.catch(() => ({ status: 'error' }))).status).not.toBe('granted');
    expect(given.perimeter.grants.all().filter((grant) => grant.state === 'active')).toEqual([]);
  });

  it('a call that was out when it happened is told as done but unrecorded, and is the last one', async () => {
    const disk = fillable(at);
    const given = await guarded({
      auditFiles: disk.files,
      servers: {
        files: {
          read: {
            run: () => {
              disk.full = true;
              return { content: [{ type: 'text', text: 'secret' }] };
            },
          },
          write: {},
        },
      },
    });
    const result = await given.call('read', { path: 'a' });
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result)).not.toContain('secret');
    await given.call('read', { path: 'a' });
    expect(given.forwarded).toHaveLength(1);
  });

  it('room again does not wake it up: the log may have a hole, so a restart looks first', async () => {
    const disk = fillable(at);
    const given = await guarded({ auditFiles: disk.files });
    disk.full = true;
    await given.call('read', { path: 'a' });
    disk.full = false;
    expect((await given.call('read', { path: 'a' })).isError).toBe(true);
    await given.close({ keep: true });
    open = await world({ folder: given.folder, servers: { files: { write: {}, read: {} } }, clock: given.clock });
    expect((await open.call('read', { path: 'a' })).isError).toBeUndefined();
  });
});

describe('the state directory', () => {
  it('replaced under a running guard stops it', async () => {
    const given = await guarded();
    renameSync(join(given.folder, 'state'), join(given.folder, 'old'));
    mkdirSync(join(given.folder, 'state'));
    expect((await given.call('read', { path: 'a' })).isError).toBe(true);
    expect(given.forwarded).toEqual([]);
  });

  it('with its log cut, or swapped for another, stops it', async () => {
    for (const harm of [
      (path: string) => writeFileSync(path, ''),
      (path: string) => rmSync(path),
      (path: string) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, 'x'.repeat(10));
      },
    ]) {
      const given = await guarded();
      await given.call('read', { path: 'a' });
      const audit = join(given.folder, 'state', 'audit');
      for (const name of readdirSync(audit).filter((one) => one.endsWith('.jsonl'))) harm(join(audit, name));
      expect((await given.call('read', { path: 'a' })).isError).toBe(true);
      expect(given.forwarded).toHaveLength(1);
      await given.close().catch(() => undefined);
    }
  });

  it("that can't be written gives no permission and spends none", async () => {
    const given = await guarded();
    await given.ask({ calls: [WRITE], uses: 2 });
    const update = given.perimeter.store.update;
    given.perimeter.store.update = () => Promise.reject(new Error('ENOSPC'));
    expect((await given.call('write', WRITE.arguments)).isError).toBe(true);
    expect(given.forwarded).toEqual([]);
    given.perimeter.store.update = update;
    expect(given.perimeter.grants.all()[0]?.remaining.uses).toBe(2);
  });

  it('with a state file somebody cut in half gives no permission back', async () => {
    const first = await guarded();
    await first.ask({ calls: [WRITE], uses: 2 });
    await first.close({ keep: true });
    const state = join(first.folder, 'state', 'state.json');
    chmodSync(state, 0o600);
    writeFileSync(state, '{"version":1,"grants":{}');
    open = await world({ folder: first.folder, servers: { files: { write: {}, read: {} } }, clock: first.clock });
    expect(['ask', 'deny']).toContain(decisionOf(await open.call('write', WRITE.arguments)).decision);
    expect(open.perimeter.grants.all().filter((grant) => grant.state === 'active')).toEqual([]);
  });
});
