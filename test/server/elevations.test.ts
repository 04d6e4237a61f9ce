// Requests: one prompt for equal ones, exactly one ending, an answer that gives what was shown or less, and people who are not asked too often.
import { afterEach, describe, expect, it } from 'vitest';
import { AnswerRefused } from '../../server/elevations.ts';
import { type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 30m } }
  - { id: both, why: two people look, effect: ask, scope: delete:files, approvals: 2, limits: { uses: 2, for: 30m } }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const SERVERS = { files: { write: { inputSchema: { type: 'object' } }, delete: {} } };
const ANN = 'a secret of ann that is long enough';
const WEBHOOK = {
  channels: { webhook: { url: 'http://127.0.0.1:9/hook', secret: 'a secret of the hook, long enough', answers: { ann: ANN } } },
};

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({ rules: RULES, bindings: BINDING, servers: SERVERS, wait_ms: 20, ...more }));
const write = (path = 'a.md', content = 'x') => ({ tool: 'write', arguments: { path, content } });
const asked = async (given: World, input: Record<string, unknown> = { calls: [write()], uses: 5, minutes: 30 }) =>
  String((await given.ask(input)).request_id);
const types = async (given: World, id: string) =>
  (await given.events())
    .filter((event) => event.request_id === id && event.type.startsWith('request.'))
    .map((event) => event.type);

describe('what a yes gives', () => {
  it('is what was shown, or less: of time and uses', async () => {
    const given = await guarded();
    const id = await asked(given);
    expect(await given.command('approve', { id, typed: true, minutes: 10, uses: 2 })).toMatchObject({
      state: 'approved',
      grant: { remaining: { uses: 2 } },
    });
    const [grant] = given.perimeter.grants.all();
    expect(Date.parse(grant?.expires_at ?? '') - given.clock.now()).toBe(10 * 60_000);
  });

  it('is a part of the scope, where the human names one', async () => {
    const given = await guarded();
    const id = await asked(given, { scope: 'write:files:notes/**' });
    expect(await given.command('approve', { id, typed: true, scope: ['write:files:notes/today/**'] })).toMatchObject({
      grant: { scope: ['write:files:notes/today/**'] },
    });
    expect((await given.call('write', { path: 'notes/other.md', content: 'x' })).isError).toBe(true);
    expect((await given.call('write', { path: 'notes/today/a.md', content: 'x' })).isError).toBeUndefined();
  });

  it('is never more: larger numbers change nothing, and a scope outside is refused and leaves it open', async () => {
    const given = await guarded();
    const id = await asked(given, { scope: 'write:files:notes/**', minutes: 3 });
    for (const scope of [
      'write:files',
      'write:files:**',
      'write:files:other/**',
      'delete:files:notes/a',
      '*:files:notes/a',
      'nonsense',
      '',
    ])
      await expect(given.command('approve', { id, typed: true, scope: [scope] }), scope).rejects.toThrow(
        /not within|can't be used/,
      );
    expect(given.perimeter.elevations.get(id)?.state).toBe('pending');
    expect(await given.command('approve', { id, typed: true, minutes: 600, uses: 99, records: 5 })).toMatchObject({
      grant: { remaining: { uses: 1, records: 5 } },
    });
    const [grant] = given.perimeter.grants.all();
    expect(Date.parse(grant?.expires_at ?? '') - given.clock.now()).toBe(3 * 60_000);
  });

  it('counts only for exactly what was shown', async () => {
    const given = await guarded();
    const id = await asked(given);
    await expect(given.command('approve', { id, typed: true, shown: 'f'.repeat(64) })).rejects.toThrow(/not what/);
    await expect(
      given.perimeter.elevations.answer(id, { choice: 'approve', approver: 'john', channel: 'terminal', proof: 'typed' }),
    ).rejects.toThrow(AnswerRefused);
    expect(given.perimeter.grants.all()).toEqual([]);
    expect(given.perimeter.elevations.get(id)?.state).toBe('pending');
  });

  it('survives a change of the policy that says the same of it, and no other', async () => {
    const given = await guarded();
    const id = await asked(given);
    given.rules(`${RULES}\n  - { id: other, why: something else, effect: allow, scope: read:calendar }`);
    expect(await given.command('approve', { id, typed: true })).toMatchObject({ state: 'approved' });
    expect((await given.call('write', { path: 'a.md', content: 'x' })).isError).toBeUndefined();
    const second = await asked(given, { calls: [write('b.md')] });
    given.rules(RULES.replace('for: 30m', 'for: 5m'));
    expect(await given.command('approve', { id: second, typed: true })).toMatchObject({
      state: 'cancelled',
      reason: expect.stringContaining('policy changed'),
    });
  });

  it('does not cover a tool whose definition was taken after the question', async () => {
    const given = await guarded();
    const id = await asked(given, { scope: 'write:files:notes/**', uses: 5 });
    await given.command('approve', { id, typed: true });
    given.clock.advance(1_000);
    given.redefine('files', { write: { inputSchema: { type: 'object' }, description: 'writes, and sends a copy' }, delete: {} });
    await expect.poll(() => given.command('pins').then(({ held }) => held)).not.toEqual([]);
    await given.command('pins.accept', { target: 'files', typed: true });
    expect((await given.call('write', { path: 'notes/a.md', content: 'x' })).isError).toBe(true);
    expect(given.forwarded).toEqual([]);
  });
});

describe('several people', () => {
  const signedBy = (given: World, id: string, more: Record<string, unknown> = {}) =>
    given.perimeter.elevations.answer(id, {
      choice: 'approve',
      approver: 'ann',
      person: 'ann',
      channel: 'webhook',
      proof: 'none',
      shown: given.perimeter.elevations.get(id)?.shown,
      ...more,
    });
  const REMOVE = { calls: [{ tool: 'delete', arguments: { path: 'a.md' } }], uses: 2, minutes: 20 };

  it('must be different: the same one twice is one', async () => {
    const given = await guarded({ settings: WEBHOOK });
    const id = await asked(given, REMOVE);
    expect(await given.command('approve', { id, typed: true, minutes: 15 })).toMatchObject({
      state: 'pending',
      approvals: 2,
      approved_by: ['john'],
    });
    await expect(given.command('approve', { id, typed: true })).rejects.toThrow(/said yes already/);
    expect(given.perimeter.grants.all()).toEqual([]);
    expect(await given.command('pending')).toMatchObject([{ request_id: id, approved_by: [{ approver: 'john' }] }]);
    expect(await given.ask({ request_id: id })).toMatchObject({
      status: 'pending',
      message: expect.stringContaining('1 of them said yes'),
    });
    expect(await signedBy(given, id, { minutes: 10, uses: 1 })).toMatchObject({
      request: { state: 'approved', approver: 'john, ann' },
      grant: { budget: { uses: 1 } },
    });
    expect(await types(given, id)).toEqual(['request.created', 'request.offered', 'request.approval', 'request.approved']);
  });

  it('a form and a terminal at one machine are one person', async () => {
    const given = await guarded({ settings: WEBHOOK, human: () => yes() });
    const id = await asked(given, REMOVE);
    await expect.poll(() => given.perimeter.elevations.get(id)?.given?.length).toBe(1);
    await expect(given.command('approve', { id, typed: true })).rejects.toThrow(/said yes already/);
  });

  it('one no ends it, whenever it comes', async () => {
    const given = await guarded({ settings: WEBHOOK });
    const id = await asked(given, REMOVE);
    await signedBy(given, id);
    expect(await given.command('deny', { id })).toMatchObject({ changed: true, state: 'denied' });
    expect((await signedBy(given, id)).changed).toBe(false);
    expect(given.perimeter.grants.all()).toEqual([]);
  });

  it('nobody is asked where there are too few of them', async () => {
    const given = await guarded();
    expect(await given.ask(REMOVE)).toMatchObject({
      status: 'denied',
      rule: 'both',
      message: expect.stringContaining('2 people'),
    });
    expect(given.perimeter.elevations.pending()).toEqual([]);
  });
});

describe('tiredness', () => {
  it('identical requests share one prompt', async () => {
    const given = await guarded({ human: () => undefined });
    const ids = await Promise.all(Array.from({ length: 20 }, () => asked(given)));
    expect(new Set(ids).size).toBe(1);
    expect(given.questions).toHaveLength(1);
  });

  it('after a no the same is not asked for five minutes, nearly the same for one', async () => {
    const given = await guarded();
    await given.command('deny', { id: await asked(given) });
    expect(await given.ask({ calls: [write()], uses: 5, minutes: 30 })).toMatchObject({
      status: 'denied',
      message: expect.stringContaining('not asked again'),
    });
    expect(await given.ask({ calls: [write('a.md', 'other words')] })).toMatchObject({ status: 'denied' });
    expect(await given.ask({ calls: [write('b.md')] })).toMatchObject({ status: 'pending' });
    given.clock.advance(61_000);
    expect(await given.ask({ calls: [write('a.md', 'more words')] })).toMatchObject({ status: 'pending' });
    expect(await given.ask({ calls: [write()], uses: 5, minutes: 30 })).toMatchObject({ status: 'denied' });
    given.clock.advance(4 * 60_000);
    expect(await given.ask({ calls: [write()], uses: 5, minutes: 30 })).toMatchObject({ status: 'pending' });
  });

  it('three times no to one scope is no for an hour, and `--for` as long as it says', async () => {
    const given = await guarded();
    for (const content of ['one', 'two', 'three']) {
      await given.command('deny', { id: await asked(given, { calls: [write('a.md', content)] }) });
      given.clock.advance(6 * 60_000);
    }
    expect(await given.ask({ calls: [write('a.md', 'four')] })).toMatchObject({ status: 'denied' });
    given.clock.advance(60 * 60_000);
    const id = await asked(given, { calls: [write('a.md', 'five')] });
    await given.command('deny', { id, for: '3h' });
    given.clock.advance(2 * 60 * 60_000);
    expect(await given.ask({ calls: [write('a.md', 'six')] })).toMatchObject({ status: 'denied' });
  });

  it('what nobody answers three times is left alone too', async () => {
    const given = await guarded();
    for (const content of ['one', 'two', 'three']) {
      const id = await asked(given, { calls: [write('a.md', content)] });
      given.clock.advance(16 * 60_000);
      expect(await given.command('approve', { id, typed: true })).toMatchObject({ changed: false, state: 'expired' });
    }
    expect(await given.ask({ calls: [write('a.md', 'four')] })).toMatchObject({ status: 'denied' });
  });

  it('at most ten wait, and at most thirty are asked within the hour', async () => {
    const given = await guarded();
    for (let index = 0; index < 10; index += 1) await asked(given, { calls: [write(`${index}.md`)] });
    expect(await given.ask({ calls: [write('one-more.md')] })).toMatchObject({
      status: 'denied',
      message: expect.stringContaining('waiting already'),
    });
    const empty = async () => {
      for (const one of given.perimeter.elevations.pending()) await given.ask({ request_id: one.request_id, cancel: true });
    };
    await empty();
    for (let index = 10; index < 30; index += 1) {
      await asked(given, { calls: [write(`${index}.md`)] });
      if (index % 10 === 9) await empty();
    }
    expect(await given.ask({ calls: [write('last.md')] })).toMatchObject({
      status: 'denied',
      message: expect.stringContaining('30 times'),
    });
    given.clock.advance(61 * 60_000);
    expect(await given.ask({ calls: [write('last.md')] })).toMatchObject({ status: 'pending' });
  });

  it('a low risk that was approved is not asked about while its permission is unused', async () => {
    const given = await guarded({ human: () => yes() });
    const first = await given.ask({ scope: 'write:files:notes/**', uses: 3 });
    const again = await given.ask({ scope: 'write:files:notes/**', uses: 3 });
    expect(again.request_id).toBe(first.request_id);
    expect(given.questions).toHaveLength(1);
  });

  it('counts what became of every rule’s questions', async () => {
    const given = await guarded();
    await given.command('approve', { id: await asked(given), typed: true, minutes: 5 });
    await given.command('approve', { id: await asked(given, { calls: [write('b.md')] }), typed: true });
    await given.command('deny', { id: await asked(given, { calls: [write('c.md')] }) });
    expect(given.perimeter.store.data.rule_stats?.writing).toMatchObject({
      asked: 3,
      approved: 2,
      denied: 1,
      edited: 1,
      scopes: { 'write:files:a.md': 1, 'write:files:b.md': 1 },
    });
  });
});

describe('a request always ends in a named state that the agent hears and the audit has', () => {
  it('when the guard restarts while it waits', async () => {
    const first = await guarded();
    const id = await asked(first);
    await first.close({ keep: true });
    open = await world({ folder: first.folder, servers: SERVERS, clock: first.clock, wait_ms: 20 });
    const given = open;
    expect(given.perimeter.elevations.get(id)).toMatchObject({ state: 'cancelled', reason: expect.stringContaining('restart') });
    expect(await given.command('approve', { id, typed: true })).toMatchObject({ changed: false, state: 'cancelled' });
    expect(await types(given, id)).toEqual(['request.created', 'request.offered', 'request.cancelled', 'request.late']);
  });

  it("when its yes can't be stored: nothing is given, and both sides hear it", async () => {
    const given = await guarded({ wait_ms: 5_000 });
    const waiting = given.ask({ calls: [write()] });
    await expect.poll(() => given.perimeter.elevations.pending().length).toBe(1);
    const [request] = given.perimeter.elevations.pending();
    const { update } = given.perimeter.store;
    given.perimeter.store.update = () => Promise.reject(new Error('no space left on the device'));
    await expect(
      given.perimeter.elevations.answer(request?.request_id ?? '', {
        choice: 'approve',
        approver: 'john',
        channel: 'terminal',
        proof: 'typed',
        shown: request?.shown,
      }),
    ).rejects.toThrow(/could not be recorded/);
    given.perimeter.store.update = update;
    expect(await waiting).toMatchObject({ status: 'cancelled', message: expect.stringContaining('could not be recorded') });
    expect(given.perimeter.grants.all()).toEqual([]);
    expect(await types(given, request?.request_id ?? '')).toContain('request.cancelled');
    expect((await given.events('grant.ended')).at(-1)?.why).toContain('never held');
    expect(given.perimeter.elevations.pending()).toEqual([]);
  });
});
