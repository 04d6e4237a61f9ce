// Asking and waiting, for clients of both generations: a question held open or carried, answered once, never asked twice.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CallReply, ClientHandle, FormAnswer } from '../../server/ports.ts';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, ask: inline, scope: write:files, limits: { uses: 5, for: 30m } }
  - { id: removing, why: somebody looks first, effect: ask, scope: delete:files, limits: { uses: 5, for: 30m } }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const WRITE = { path: 'a.md', content: 'x' };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({ rules: RULES, bindings: BINDING, servers: { files: { write: {}, delete: {} } }, wait_ms: 50, ...more }));

/** A call as the endpoint makes it, `answer` being what a client of the newest revision brings back. */
function reply(
  given: World,
  client: ClientHandle,
  tool: string,
  args: Record<string, unknown>,
  answer?: FormAnswer,
): Promise<CallReply> {
  return given.perimeter.guard.callTool({
    tool,
    arguments: args,
    client,
    signal: new AbortController().signal,
    ...(answer ? { answer } : {}),
  });
}
const question = (found: CallReply) => ('question' in found ? found.question : undefined);
const result = (found: CallReply) => ('result' in found ? found.result : undefined);
const accept = (request_id: string, decision = 'approve', after = 4_000): FormAnswer => ({
  request_id,
  action: 'accept',
  content: { decision },
  after,
});

describe('`ask: inline`', () => {
  it('holds the call of an older client until the form is answered, then judges it again', async () => {
    const given = await guarded({ human: () => yes(), wait_ms: 10_000 });
    expect((await given.call('write', WRITE)).isError).toBeUndefined();
    expect(given.forwarded).toHaveLength(1);
    expect(given.questions[0]?.message).toContain('felix asks to write files:a.md');
  });

  it('has a client of the newest revision carry the question, and its answer lets this very call through', async () => {
    const given = await guarded();
    const client = given.client({ era: 'modern', forms: true });
    const asked = question(await reply(given, client, 'write', WRITE));
    expect(asked?.message).toContain('felix asks to write files:a.md');
    expect(given.forwarded).toEqual([]);
    expect(result(await reply(given, client, 'write', WRITE, accept(asked?.request_id ?? '')))?.isError).toBeUndefined();
    expect(given.forwarded).toHaveLength(1);
  });

  it('says how it ended: denied, or pending with the request and the command that answers it', async () => {
    const given = await guarded();
    const client = given.client({ era: 'modern', forms: true });
    const asked = question(await reply(given, client, 'write', WRITE));
    const denied = result(await reply(given, client, 'write', WRITE, accept(asked?.request_id ?? '', 'deny')));
    expect(denied?.isError).toBe(true);
    expect(JSON.stringify(denied?.content)).toContain('a person said no');
    const waiting = await given.call('write', { path: 'b.md', content: 'x' }, { client: given.client({ forms: false }) });
    expect(decisionOf(waiting)).toMatchObject({ decision: 'ask', rule: 'writing' });
    expect(JSON.stringify(waiting.content)).toMatch(/req_.*perimeter approve req_/);
    const [request] = given.perimeter.elevations.pending();
    await given.command('approve', { id: request?.request_id, typed: true });
    expect((await given.call('write', { path: 'b.md', content: 'x' })).isError).toBeUndefined();
    expect(given.forwarded).toHaveLength(1);
  });
});

describe('an answer that comes back with a call', () => {
  it("counts once: an instant one can't be followed by a slow one", async () => {
    const given = await guarded();
    const client = given.client({ era: 'modern', forms: true });
    const asked = question(await reply(given, client, 'write', WRITE))?.request_id ?? '';
    await reply(given, client, 'write', WRITE, accept(asked, 'approve', 20));
    await reply(given, client, 'write', WRITE, accept(asked, 'approve', 9_000));
    expect(given.perimeter.elevations.get(asked)?.state).toBe('pending');
    expect(given.perimeter.grants.all()).toEqual([]);
    expect(given.forwarded).toEqual([]);
    expect((await given.events('request.late')).map((event) => event.why)).toEqual(['this question was answered before']);
    await given.command('approve', { id: asked, typed: true });
    expect(result(await reply(given, client, 'write', WRITE))?.isError).toBeUndefined();
  });

  it('is nothing for a request that was never put up there, or is of another agent', async () => {
    const given = await guarded();
    const client = given.client({ era: 'modern', forms: true });
    const { request_id } = await given.ask(
      { calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] },
      { client: given.client({ forms: false }) },
    );
    await reply(given, client, 'request_elevation', { justification: '', request_id }, accept(String(request_id)));
    const other = given.client({ era: 'modern', forms: true, agent: 'mallory' });
    expect(
      result(await reply(given, other, 'request_elevation', { justification: '', request_id }, accept(String(request_id))))
        ?.isError,
    ).toBe(true);
    expect(given.perimeter.elevations.get(String(request_id))?.state).toBe('pending');
  });

  it('for the elevation works as for the call', async () => {
    const given = await guarded();
    const client = given.client({ era: 'modern', forms: true });
    const input = { justification: 'why not', calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] };
    const asked = question(await reply(given, client, 'request_elevation', input));
    const answered = result(
      await reply(given, client, 'request_elevation', input, accept(asked?.request_id ?? '', 'approve_once')),
    );
    expect(answered?.structuredContent).toMatchObject({
      status: 'granted',
      request_id: asked?.request_id,
      grant: { exact: true },
    });
  });
});

describe('waiting', () => {
  it('ends before the client does, keeps the request, and takes the late yes', async () => {
    const given = await guarded({ human: () => undefined });
    const first = await given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    expect(first).toMatchObject({ status: 'pending' });
    await given.command('approve', { id: first.request_id, typed: true });
    expect(await given.ask({ request_id: first.request_id })).toMatchObject({ status: 'granted', request_id: first.request_id });
    expect(given.questions).toHaveLength(1);
  });

  it('is woken at once by the terminal', async () => {
    const given = await guarded({ wait_ms: 20_000 });
    const waiting = given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    await expect.poll(() => given.perimeter.elevations.pending().length).toBe(1);
    await given.command('approve', { id: given.perimeter.elevations.pending()[0]?.request_id, typed: true });
    expect(await waiting).toMatchObject({ status: 'granted' });
  });

  it('that the client cuts keeps the request for whoever comes back', async () => {
    const given = await guarded({ wait_ms: 20_000 });
    const cut = new AbortController();
    const waiting = given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] }, { signal: cut.signal });
    await expect.poll(() => given.perimeter.elevations.pending().length).toBe(1);
    cut.abort();
    expect(await waiting).toMatchObject({ status: 'pending' });
    expect(given.perimeter.elevations.pending()).toHaveLength(1);
  });
});

describe('a call that waits for a person', () => {
  afterEach(() => void vi.useRealTimers());

  it('says so every ten seconds where the client asked for progress, under no name but its own, and stops when it is over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const given = await guarded({ human: () => undefined, wait_ms: 20_000 });
    const progress = vi.fn();
    const waiting = given.perimeter.guard.callTool({
      tool: 'request_elevation',
      arguments: { justification: 'x', calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] },
      client: given.client(),
      signal: new AbortController().signal,
      progress,
    });
    await expect.poll(() => given.questions.length, { timeout: 10_000 }).toBe(1);
    progress.mockClear();
    vi.advanceTimersByTime(30_000);
    expect(progress.mock.calls.map(([update]) => update)).toEqual(
      [1, 2, 3].map((beat) => ({ progress: beat, message: 'waiting for a person to answer' })),
    );
    await given.command('deny', { id: given.questions[0]?.request_id });
    await waiting;
    vi.advanceTimersByTime(30_000);
    expect(progress).toHaveBeenCalledTimes(3);
  });
});
