// Threat: what runs is another call than the one a human approved.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: deleting, why: a deleted file does not come back, effect: ask, scope: delete:files, limits: { uses: 5, for: 10m, exact: true } }
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const DELETE = {
  inputSchema: { type: 'object', properties: { path: { type: 'string' }, recursive: { type: 'boolean' } } },
  description: 'deletes a file',
};
const OLD = { path: 'marketing/old.md' };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { delete: DELETE, write: {} } },
    human: () => yes(),
    ...more,
  }));
const approved = async (
  { ask }: World,
  tool = 'delete',
  args: Record<string, unknown> = OLD,
  more: Record<string, unknown> = {},
) => expect(await ask({ calls: [{ tool, arguments: args }], ...more })).toMatchObject({ status: 'granted' });

describe('the approved call', () => {
  it('runs once, and only once', async () => {
    const given = await guarded();
    await approved(given);
    expect((await given.call('delete', OLD)).isError).toBeUndefined();
    expect(decisionOf(await given.call('delete', OLD)).decision).toBe('ask');
    expect(given.forwarded).toHaveLength(1);
  });

  it('does not stretch to other arguments, another case of a key, an added one, or another form of a value', async () => {
    const given = await guarded();
    await approved(given);
    for (const args of [
      { path: 'marketing/plan.md' },
      { Path: OLD.path },
      { ...OLD, recursive: true },
      { ...OLD, extra: 1 },
      { path: [OLD.path] },
      { path: 'marketing/OLD.md' },
      { path: 'marketing/old.md/.' },
      { path: './marketing/old.md ' },
    ]) {
      expect(decisionOf(await given.call('delete', args)).decision, JSON.stringify(args)).not.toBe('allow');
    }
    expect(decisionOf(await given.call('write', { ...OLD, content: '' })).decision).toBe('ask');
    expect(given.forwarded).toEqual([]);
  });

  it('is never exchanged for a whole scope where a rule says `exact`', async () => {
    const given = await guarded();
    for (const scope of ['delete:files', 'delete:files:marketing/**', 'delete:files:marketing/old.md'])
      expect(await given.ask({ scope })).toMatchObject({ status: 'denied' });
    expect(await given.ask({ scope: 'delete:files:marketing/**', calls: [{ tool: 'delete', arguments: OLD }] })).toMatchObject({
      status: 'granted',
      grant: { exact: true },
    });
    expect(decisionOf(await given.call('delete', { path: 'marketing/plan.md' })).decision).toBe('ask');
    expect(given.questions).toHaveLength(1);
  });
});

describe('what changed between the approval and the call', () => {
  it('the definition of the tool: the call is held back', async () => {
    const given = await guarded();
    await approved(given);
    given.redefine('files', { delete: { ...DELETE, description: 'deletes a file, and all like it' }, write: {} });
    const result = await given.call('delete', OLD);
    expect(decisionOf(result)).toMatchObject({ decision: 'deny', rule: 'tool' });
    expect(given.forwarded).toEqual([]);
  });

  it('the definition, and a human took the new one: the approval was for the old one', async () => {
    const given = await guarded();
    await approved(given);
    given.redefine('files', { delete: { ...DELETE, description: 'deletes a file, and all like it' }, write: {} });
    await given.call('delete', OLD);
    await given.command('pins.accept', { target: 'files', typed: true });
    expect(decisionOf(await given.call('delete', OLD)).decision).toBe('ask');
    expect(given.forwarded).toEqual([]);
  });

  it('the definition, while the form was open: the answer finds nothing to approve', async () => {
    let answer: (value: ReturnType<typeof yes>) => void = () => undefined;
    const given = await guarded({ human: () => new Promise((resolve) => (answer = resolve)) });
    const asking = given.ask({ calls: [{ tool: 'delete', arguments: OLD }] });
    await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
    given.redefine('files', { delete: { ...DELETE, description: 'deletes everything' }, write: {} });
    answer(yes());
    expect(await asking).toMatchObject({ status: 'cancelled' });
    expect(given.perimeter.grants.all()).toEqual([]);
    await given.command('pins.accept', { target: 'files', typed: true });
    expect(decisionOf(await given.call('delete', OLD)).decision).toBe('ask');
    expect(given.forwarded).toEqual([]);
  });

  it('the policy, to a deny: deny beats the approval', async () => {
    const given = await guarded();
    await approved(given, 'write', { path: 'a.md', content: 'x' });
    given.rules(`${RULES}\n  - { id: frozen, why: nobody writes this week, effect: deny, scope: write:files }`);
    expect(decisionOf(await given.call('write', { path: 'a.md', content: 'x' }))).toMatchObject({
      decision: 'deny',
      rule: 'frozen',
    });
  });

  it('the policy, under the same name of the rule: what was approved is not what is asked now', async () => {
    const given = await guarded();
    await approved(given, 'write', { path: 'a.md', content: 'x' });
    given.rules(
      RULES.replace('why: somebody looks first, effect: ask', 'why: only with the passphrase, effect: ask, proof: passphrase'),
    );
    expect(decisionOf(await given.call('write', { path: 'a.md', content: 'x' }))).toMatchObject({
      decision: 'ask',
      rule: 'writing',
    });
    expect(given.forwarded).toEqual([]);
  });

  it('the policy, while the form was open: the request is withdrawn', async () => {
    let answer: (value: ReturnType<typeof yes>) => void = () => undefined;
    const given = await guarded({ human: () => new Promise((resolve) => (answer = resolve)) });
    const asking = given.ask({ calls: [{ tool: 'delete', arguments: OLD }] });
    await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
    given.rules(`${RULES}\n  - { id: more, why: one more, effect: ask, scope: delete:files }`);
    answer(yes());
    expect(await asking).toMatchObject({ status: 'cancelled' });
    expect(given.perimeter.grants.all()).toEqual([]);
  });

  it('the file: it became a link to somewhere else', async () => {
    const given = await guarded();
    mkdirSync(join(given.folder, 'files', 'marketing'), { recursive: true });
    mkdirSync(join(given.folder, 'files', 'hr'));
    const old = join(given.folder, 'files', OLD.path);
    writeFileSync(old, 'old');
    writeFileSync(join(given.folder, 'files', 'hr', 'salaries.csv'), 'Ann,5000');
    await approved(given);
    rmSync(old);
    symlinkSync('../hr/salaries.csv', old);
    expect(decisionOf(await given.call('delete', OLD)).decision).toBe('ask');
    expect(given.forwarded).toEqual([]);
  });

  it('the folder above the file: it became a link out of the root', async () => {
    const given = await guarded();
    const outside = mkdtempSync(join(tmpdir(), 'perimeter-outside-'));
    mkdirSync(join(given.folder, 'files', 'marketing'), { recursive: true });
    expect(await given.ask({ scope: 'write:files:marketing/**' })).toMatchObject({ status: 'granted' });
    rmSync(join(given.folder, 'files', 'marketing'), { recursive: true });
    symlinkSync(outside, join(given.folder, 'files', 'marketing'));
    expect(decisionOf(await given.call('write', { path: 'marketing/a.md', content: 'x' })).decision).toBe('ask');
    rmSync(outside, { recursive: true });
    expect(given.forwarded).toEqual([]);
  });

  it('the time: ten minutes are over, also for a call that was held up on its way', async () => {
    const given = await guarded({ servers: { files: { delete: DELETE, write: {} } } });
    await approved(given);
    given.clock.advance(10 * 60_000 - 1);
    // the call is judged in time; while its intent is written the permission runs out
    given.perimeter.audit.onEvent((event) => event.type === 'call.intent' && given.clock.advance(5_000));
    expect((await given.call('delete', OLD)).isError).toBe(true);
    expect(given.forwarded).toEqual([]);
  });

  it('the permission: it was revoked while the call was on its way', async () => {
    const given = await guarded();
    await approved(given);
    const [grant] = given.perimeter.grants.all();
    let revoking: Promise<unknown> = Promise.resolve();
    given.perimeter.audit.onEvent((event) => {
      if (event.type === 'call.intent') revoking = given.command('revoke', { id: grant?.grant_id ?? '' });
    });
    const result = await given.call('delete', OLD);
    await revoking;
    expect(result.isError).toBe(true);
    expect(given.forwarded).toEqual([]);
  });

  it('the screen: asked in this very call, and the tool was redefined before the answer came', async () => {
    let answer: (value: ReturnType<typeof yes>) => void = () => undefined;
    const inline = '  - { id: inline, why: a look first, effect: ask, scope: delete:files, ask: inline }';
    const given = await guarded({ rules: inline, human: () => new Promise((resolve) => (answer = resolve)) });
    const calling = given.call('delete', OLD);
    await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
    given.redefine('files', { delete: { ...DELETE, description: 'deletes everything' }, write: {} });
    answer(yes());
    expect((await calling).isError).toBe(true);
    expect(given.forwarded).toEqual([]);
  });
});
