// A link to the request's page: when it is the way, what its answers mean, and what is remembered of clients that show none.
import { afterEach, describe, expect, it } from 'vitest';
import type { ClientHandle, FormAnswer } from '../../server/ports.ts';
import { type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 30m } }
  - { id: sure, why: the number matters, effect: ask, scope: delete:files, proof: passphrase, limits: { uses: 2, for: 30m } }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const SERVERS = { files: { write: {}, delete: {} } };
const page = (id: string) => `http://localhost:4711/requests/${id}`;
const WRITE = { calls: [{ tool: 'write', arguments: { path: 'a.md' } }] };
const DELETE = { calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] };
const answer = (action: FormAnswer['action'], after: number) => ({ action, after });

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({ rules: RULES, bindings: BINDING, servers: SERVERS, wait_ms: 50, page, ...more }));

/** What a person does on the page, with the proof the request wants. */
async function onThePage({ perimeter }: World, request_id: unknown, choice: 'approve' | 'deny' = 'approve') {
  const request = perimeter.elevations.get(String(request_id));
  const { proof = 'none', shown } = request ?? {};
  return perimeter.elevations.answer(String(request_id), { choice, approver: 'john', channel: 'console', proof, shown });
}

describe('a link is put to the human', () => {
  it("where the form can't give the proof: it carries no right, and says that to open it approves nothing", async () => {
    const given = await guarded({ human: () => yes(), opens: () => undefined });
    const { request_id } = await given.ask(DELETE);
    expect(given.questions).toEqual([]);
    expect(given.links).toMatchObject([{ request_id, url: page(String(request_id)) }]);
    expect(given.links[0]?.message).toMatch(/^felix asks to delete files:a\.md\.\nOpening the page approves nothing/);
  });

  it('where the client shows no forms', async () => {
    const given = await guarded({ opens: () => undefined });
    await given.ask(WRITE);
    expect(given.links).toHaveLength(1);
  });

  it('at once where the form was answered by the client itself', async () => {
    const given = await guarded({ human: () => answer('cancel', 5), opens: () => undefined });
    await given.ask(WRITE);
    expect([given.questions.length, given.links.length]).toEqual([1, 1]);
    await given.ask(DELETE);
    expect([given.questions.length, given.links.length]).toEqual([1, 2]);
  });

  it('not where a form will do, where no page is served, or to a client that did not declare it', async () => {
    const form = await guarded({ human: () => undefined, opens: () => undefined });
    await form.ask(WRITE);
    expect(form.links).toEqual([]);
    await form.close();
    const none = await guarded({ opens: () => undefined, page: () => undefined });
    expect(await none.ask(WRITE)).toMatchObject({ next: expect.stringContaining('perimeter approve') });
    expect(none.links).toEqual([]);
    await none.close();
    const silent = await guarded();
    expect(await silent.ask(WRITE)).toMatchObject({ next: expect.stringContaining('open http://localhost:4711/requests/req_') });
    expect(silent.links).toEqual([]);
  });
});

describe('its accept', () => {
  it('is consent to open: the call waits on, the page wakes it, and the client hears that it is over', async () => {
    const given = await guarded({ opens: () => answer('accept', 2_000), wait_ms: 10_000 });
    const asking = given.ask(DELETE);
    await expect.poll(async () => (await given.events('request.opened')).length, { timeout: 10_000 }).toBe(1);
    const { request_id = '' } = given.perimeter.elevations.pending()[0] ?? {};
    expect(given.perimeter.grants.all()).toEqual([]);
    await onThePage(given, request_id);
    expect(await asking).toMatchObject({ status: 'granted', request_id });
    expect(given.withdrawn).toEqual([request_id]);
    expect(given.links).toHaveLength(1);
  });

  it('comes back as `pending` when nobody answers on the page in time; a late answer there counts', async () => {
    const given = await guarded({ opens: () => answer('accept', 2_000) });
    const { request_id, status } = await given.ask(DELETE);
    expect(status).toBe('pending');
    await onThePage(given, request_id);
    expect(await given.ask({ request_id })).toMatchObject({ status: 'granted' });
    expect(given.links).toHaveLength(1);
  });

  it('does not let the terminal be told while somebody reads the page, but does when they say nothing there', async () => {
    const notes: string[] = [];
    const given = await guarded({ opens: () => answer('accept', 2_000), climb_ms: 150, notify: (title) => notes.push(title) });
    await given.ask(DELETE);
    expect(notes).toEqual([]);
    await expect.poll(() => notes.length, { timeout: 10_000 }).toBe(1);
  });
});

describe('its refusal', () => {
  it('is a no when a person declines it', async () => {
    const given = await guarded({ opens: () => answer('decline', 3_000), wait_ms: 10_000 });
    expect(await given.ask(DELETE)).toMatchObject({ status: 'denied' });
    expect(await given.events('request.denied')).toMatchObject([{ approver: 'john', channel: 'link' }]);
  });

  it('is "not here" when a person closes it: the terminal is taken at once', async () => {
    const notes: string[] = [];
    const given = await guarded({ opens: () => answer('cancel', 3_000), notify: (title) => notes.push(title) });
    expect(await given.ask(DELETE)).toMatchObject({ status: 'pending' });
    expect(notes).toHaveLength(1);
  });

  it.each([
    ['a decline in ten milliseconds', answer('decline', 10)],
    ['a cancel within a second', answer('cancel', 900)],
    ['an accept at once', answer('accept', 12)],
  ])("%s is the client's own: the terminal is taken at once, and it gets no other link for an hour", async (_name, said) => {
    const notes: string[] = [];
    const first = await guarded({ opens: () => said, notify: (title) => notes.push(title) });
    expect(await first.ask(DELETE)).toMatchObject({ status: 'pending', next: expect.stringContaining('perimeter') });
    expect(notes).toHaveLength(1);
    expect(await first.events('request.unanswered')).toMatchObject([{ channel: 'link' }]);
    expect(first.perimeter.grants.all()).toEqual([]);
    await first.ask(WRITE);
    expect(first.links).toHaveLength(1);
    await expect
      .poll(() => first.perimeter.store.data.clients?.['test-client 1']?.link?.skip_until, { timeout: 10_000 })
      .toBeDefined();
    await first.close({ keep: true });
    const again = await world({
      folder: first.folder,
      servers: SERVERS,
      clock: first.clock,
      wait_ms: 50,
      page,
      opens: () => undefined,
    });
    open = again;
    await again.ask(DELETE);
    expect(again.links).toHaveLength(0);
    again.clock.advance(61 * 60_000);
    await again.ask(WRITE);
    expect(again.links).toHaveLength(1);
  });

  it('a link that was twice not seen while the human answered elsewhere is not waited for again; forms are another matter', async () => {
    const given = await guarded({ opens: () => undefined, human: () => undefined });
    const paths = ['b.md', 'c.md', 'd.md'];
    const ask = (path: string | undefined) => given.ask({ calls: [{ tool: 'delete', arguments: { path } }] });
    for (const path of paths.slice(1)) {
      const { request_id } = await ask(path);
      given.clock.advance(20_000);
      await given.command('deny', { id: request_id });
    }
    await expect
      .poll(() => given.perimeter.store.data.clients?.['test-client 1']?.link?.skip_until, { timeout: 10_000 })
      .toBeDefined();
    await ask(paths[0]);
    expect(given.links).toHaveLength(2);
    await given.ask(WRITE);
    expect(given.questions).toHaveLength(1);
  });
});

describe('a client of the newest revision', () => {
  const modern = (given: World): ClientHandle => given.client({ era: 'modern', forms: true, links: true });
  const call = async (given: World, client: ClientHandle, tool: string, args: object, answer?: FormAnswer) =>
    given.perimeter.guard.callTool({
      tool,
      arguments: { ...args },
      client,
      signal: new AbortController().signal,
      ...(answer ? { answer } : {}),
    });
  const elevate = (given: World, client: ClientHandle, asked: object, answer?: FormAnswer) =>
    call(given, client, 'request_elevation', { justification: 'x', ...asked }, answer);

  it('carries the link as the answer to its call, waits with the next, and is granted by the page', async () => {
    const given = await guarded({ wait_ms: 10_000 });
    const client = modern(given);
    const asked = await elevate(given, client, DELETE);
    const question = 'question' in asked ? asked.question : undefined;
    expect(question).toMatchObject({ url: expect.stringMatching(/\/requests\/req_[\w-]+$/) });
    const request_id = question?.request_id ?? '';
    const waiting = elevate(given, client, DELETE, { request_id, action: 'accept', after: 3_000, link: true });
    await expect.poll(async () => (await given.events('request.opened')).length, { timeout: 10_000 }).toBe(1);
    await onThePage(given, request_id);
    expect(await waiting).toMatchObject({ result: { structuredContent: { status: 'granted' } } });
  });

  it('that answers its form by itself is given the link in the same round, for a call too that is asked about right there', async () => {
    const inline = RULES.replace('effect: ask, scope: write:files', 'effect: ask, scope: write:files, ask: inline');
    const given = await guarded({ rules: inline });
    for (const [tool, args] of [
      ['request_elevation', { justification: 'x', calls: [{ tool: 'write', arguments: { path: 'z.md' } }] }],
      ['write', { path: 'y.md' }],
    ] as const) {
      const client = modern(given);
      given.clock.advance(25 * 60 * 60_000);
      await given.command('login', { typed: true });
      const form = await call(given, client, tool, args);
      const { request_id } = 'question' in form ? form.question : { request_id: '' };
      expect(form).toMatchObject({ question: { typed: false } });
      const link = await call(given, client, tool, args, { request_id, action: 'decline', after: 4 });
      expect(link).toMatchObject({ question: { request_id, url: page(request_id) } });
      expect(given.perimeter.elevations.get(request_id)?.state).toBe('pending');
    }
  });
});
