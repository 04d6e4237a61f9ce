// Where a human is asked: the form first, the other channels at once where it fails, and what was learnt of a client, restarts included.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { inShort } from '../../server/channels/channel.ts';
import { notification } from '../../server/channels/desktop.ts';
import { sign } from '../../server/channels/signed.ts';
import { approveCommand } from '../../server/channels/terminal.ts';
import { webhookChannel } from '../../server/channels/webhook.ts';
import type { FormAnswer, RequestRecord } from '../../server/ports.ts';
import { fakeClock, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 30m } }
  - { id: sure, why: the number matters, effect: ask, scope: delete:files, proof: passphrase, limits: { uses: 2, for: 30m } }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const SERVERS = { files: { write: {}, delete: {} } };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({ rules: RULES, bindings: BINDING, servers: SERVERS, wait_ms: 50, ...more }));
let count = 0;
const next = () => {
  count += 1;
  return count;
};
const fresh = () => ({ calls: [{ tool: 'write', arguments: { path: `${next()}.md`, content: 'x' } }] });
const answer = (action: FormAnswer['action'], after: number, content?: Record<string, unknown>) => ({
  action,
  after,
  ...(content ? { content } : {}),
});

describe('the form', () => {
  it('comes first, and alone while a human looks at it', async () => {
    const notes: string[] = [];
    const given = await guarded({ human: () => undefined, notify: (title) => notes.push(title) });
    expect(await given.ask(fresh())).toMatchObject({ status: 'pending' });
    expect(given.questions).toHaveLength(1);
    expect(notes).toEqual([]);
  });

  it.each([
    ['an accept at once', answer('accept', 12, { decision: 'approve' })],
    ['a decline at once', answer('decline', 10)],
    ['a cancel at once', answer('cancel', 300)],
  ])("%s is the client's own: the next channel is taken at once, and no other form is put to it", async (_name, given_answer) => {
    const notes: string[] = [];
    const given = await guarded({ human: () => given_answer, notify: (title, line) => notes.push(`${title} | ${line}`) });
    const asked = await given.ask(fresh());
    expect(asked).toMatchObject({ status: 'pending', next: expect.stringContaining('perimeter approve req_') });
    expect(notes).toEqual([expect.stringMatching(/^felix asks to write files:\d+\.md \| perimeter approve req_\S+ --config /)]);
    await given.ask(fresh());
    expect(given.questions).toHaveLength(1);
    expect(await given.events('request.unanswered')).toHaveLength(1);
    expect(given.perimeter.grants.all()).toEqual([]);
  });

  it('that fails in one connection is tried in another later; what was seen outlives a restart', async () => {
    const first = await guarded({ human: () => answer('cancel', 5) });
    await first.ask(fresh());
    await expect.poll(() => Object.keys(first.perimeter.store.data.clients ?? {})).toEqual(['test-client 1']);
    await first.close({ keep: true });
    open = await world({
      folder: first.folder,
      servers: SERVERS,
      clock: first.clock,
      wait_ms: 50,
      human: () => undefined,
    });
    const given = open;
    await given.ask(fresh());
    expect(given.questions).toHaveLength(0);
    given.clock.advance(61 * 60_000);
    await given.ask(fresh());
    expect(given.questions).toHaveLength(1);
  });

  it('that was twice not seen while the human answered elsewhere is not waited for a third time', async () => {
    const given = await guarded({ human: () => undefined });
    for (let round = 0; round < 2; round += 1) {
      const { request_id } = await given.ask(fresh());
      given.clock.advance(20_000);
      await given.command('approve', { id: request_id, typed: true });
      expect(given.withdrawn.at(-1)).toBe(request_id);
    }
    await expect.poll(() => given.perimeter.store.data.clients?.['test-client 1']?.skip_until).toBeDefined();
    await given.ask(fresh());
    expect(given.questions).toHaveLength(2);
  });

  it('that stays open too long is not enough: the desktop says so too, and a late answer still counts', async () => {
    const notes: string[] = [];
    let late: (value: ReturnType<typeof yes>) => void = () => undefined;
    const given = await guarded({
      climb_ms: 5,
      notify: (title) => notes.push(title),
      human: () => new Promise((resolve) => (late = resolve)),
    });
    const { request_id } = await given.ask(fresh());
    await expect.poll(() => notes.length).toBe(1);
    late(yes());
    await expect.poll(() => given.perimeter.elevations.get(String(request_id))?.state).toBe('approved');
    expect(await given.ask({ request_id })).toMatchObject({ status: 'granted' });
    expect(given.questions).toHaveLength(1);
  });

  it('is taken away when the answer comes elsewhere; a no in it that crosses ends what was given', async () => {
    let late: (value: ReturnType<typeof yes>) => void = () => undefined;
    const given = await guarded({ human: () => new Promise((resolve) => (late = resolve)) });
    const { request_id } = await given.ask(fresh());
    await given.command('approve', { id: request_id, typed: true });
    expect(given.withdrawn).toEqual([request_id]);
    late(yes('deny'));
    await expect.poll(() => given.perimeter.grants.all().map((grant) => grant.state)).toEqual(['revoked']);
  });

  it.each([
    ['nothing', undefined],
    ['an empty form', {}],
    ['a decision of its own', { decision: 'always' }],
    ['more than was asked', { decision: 'approve', remember: true }],
    ['a list', { decision: ['approve'] }],
    ['inherited names', { toString: 'approve' }],
  ])('with %s is a no that everybody hears', async (_name, content) => {
    const given = await guarded({ wait_ms: 10_000, human: () => answer('accept', 4_000, content) });
    expect(await given.ask(fresh())).toMatchObject({ status: 'denied' });
    expect(await given.events('request.denied')).toMatchObject([{ approver: 'john', channel: 'form' }]);
  });

  it("is not offered where it can't give the proof; the agent hears exactly what the human must run", async () => {
    const given = await guarded({ human: () => yes() });
    const { next } = await given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    expect(given.questions).toEqual([]);
    expect(next).toContain('`perimeter passphrase set --config ');
    expect(next).toContain('`perimeter approve req_');
  });
});

describe('a client that goes away in the middle', () => {
  it('and stays away has its request withdrawn; a late yes finds nothing', async () => {
    const given = await guarded({ gone_ms: 20 });
    const client = given.client();
    const { request_id } = await given.ask(fresh(), { client });
    given.perimeter.guard.disconnected(client);
    await expect.poll(() => given.perimeter.elevations.get(String(request_id))?.state).toBe('cancelled');
    expect(await given.command('approve', { id: request_id, typed: true })).toMatchObject({ changed: false, state: 'cancelled' });
    expect((await given.events('request.cancelled')).map((event) => event.why)).toEqual(['the client went away']);
  });

  it('and comes back in time goes on waiting for the same prompt', async () => {
    const given = await guarded({ gone_ms: 60, human: () => undefined });
    const client = given.client();
    const { request_id } = await given.ask(fresh(), { client });
    given.perimeter.guard.disconnected(client);
    const other = given.client();
    const waiting = given.ask({ request_id }, { client: other });
    expect(await waiting).toMatchObject({ status: 'pending', request_id });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await given.command('approve', { id: request_id, typed: true });
    expect(await given.ask({ request_id }, { client: other })).toMatchObject({ status: 'granted' });
    expect(given.questions).toHaveLength(1);
  });
});

describe('the words for small places', () => {
  it('name who asks for what, in letters no screen, markup or shell acts on', () => {
    const short = inShort({ agent: 'felix', scope: ['write:files:<b>$(rm)`\u202e\u001b[31m"\n.md', 'write:files:b'] });
    expect(short).toMatch(/^felix asks to write files:[\p{L}\p{N} .,:/@_+*·-]+ and 1 more$/u);
    expect(inShort({ agent: 'felix', scope: [`write:files:${'x'.repeat(500)}`] }).length).toBeLessThanOrEqual(120);
  });

  it('quote the path of mcp.json for a shell', () => {
    expect(approveCommand('/home/ann/mcp.json', 'req_1')).toBe('perimeter approve req_1 --config /home/ann/mcp.json');
    expect(approveCommand("/home/it's here/mcp.json", 'req_1')).toBe(
      "perimeter approve req_1 --config '/home/it'\\''s here/mcp.json'",
    );
  });
});

describe('a desktop notification', () => {
  it('is nothing where there is no desktop or no program for it', () => {
    expect(notification('linux', { PATH: '/usr/bin' }, 'a', 'b')).toBeUndefined();
    expect(notification('linux', { DISPLAY: ':0', PATH: '/nowhere:relative' }, 'a', 'b')).toBeUndefined();
    expect(notification('aix', { DISPLAY: ':0' }, 'a', 'b')).toBeUndefined();
  });

  it('passes its words beside the program, never as part of one', () => {
    const words = ['x" with title "y', '$(touch /tmp/x)'] as const;
    const mac = notification('darwin', {}, ...words);
    expect(mac?.args.slice(-3)).toEqual(['--', ...words]);
    expect(mac?.args.slice(0, -3).join(' ')).not.toContain('touch');
    const windows = notification('win32', { SystemRoot: 'C:\\Windows' }, ...words);
    expect(windows?.args.join(' ')).not.toContain('touch');
    expect(windows?.env).toEqual({ PERIMETER_TITLE: words[0], PERIMETER_LINE: words[1] });
  });
});

const SECRET = 'a secret of the hook, long enough';
const ANN = 'a secret of ann that is long enough';
const request = {
  request_id: 'req_1',
  shown: 'd',
  agent: 'felix',
  user: 'john',
  scope: ['write:files:a'],
  message: 'felix asks',
  impact: { measured: 2 },
  proof: 'none',
  minutes: 5,
  budget: { uses: 1 },
  created_at: '',
  expires_at: '',
} as unknown as RequestRecord;

describe('the webhook', () => {
  it('sends what a human needs, signed over id, time and body, and again under the same id while it fails', async () => {
    const got: { headers: Record<string, unknown>; body: string }[] = [];
    const server = createServer((incoming, outgoing) => {
      let body = '';
      incoming
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          got.push({ headers: incoming.headers, body });
          outgoing.writeHead(got.length === 1 ? 500 : 204).end();
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = fakeClock();
    const hook = webhookChannel({
      config: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, secret: SECRET, answers: {} },
      clock,
      log: () => undefined,
      retry_ms: [5],
    });
    hook.offer(request);
    await expect.poll(() => got.length).toBe(2);
    const [first, second] = got;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.headers['webhook-signature']).toBe(
      sign(SECRET, String(second?.headers['webhook-id']), Math.floor(clock.now() / 1_000), second?.body ?? ''),
    );
    expect(JSON.parse(second?.body ?? '')).toMatchObject({
      type: 'request.pending',
      request_id: 'req_1',
      shown: 'd',
      approvals: 1,
    });
    hook.close();
    server.closeAllConnections();
    server.close();
  });

  it('that is slow, gone or lies keeps nothing waiting and gets no more than it can take', async () => {
    const lines: string[] = [];
    const calls: unknown[] = [];
    const hook = webhookChannel({
      config: { url: 'https://hook.example/x', secret: SECRET, answers: {} },
      clock: fakeClock(),
      log: (line) => lines.push(line),
      post: (...call) => {
        calls.push(call);
        return new Promise(() => undefined);
      },
      retry_ms: [],
    });
    for (let index = 0; index < 200; index += 1) hook.offer(request);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject(['https://hook.example/x', { redirect: 'error' }]);
    expect(lines.length).toBe(99);
    expect(lines.join()).not.toContain(SECRET);
    hook.close();
  });
});

describe('a signed answer', () => {
  const settings = { channels: { webhook: { url: 'http://127.0.0.1:9/x', secret: SECRET, answers: { ann: ANN } } } };
  const signed = (given: World, body: Record<string, unknown>, more: Record<string, unknown> = {}, secret = ANN) => {
    const text = JSON.stringify({ type: 'request.answer', decision: 'approve', ...body });
    const timestamp = Math.floor(given.clock.now() / 1_000);
    const id = `ans_${next()}`;
    return JSON.stringify({ id, timestamp, by: 'ann', body: text, signature: sign(secret, id, timestamp, text), ...more });
  };
  const asking = async () => {
    const given = await guarded({ settings });
    const { request_id } = await given.ask(fresh());
    return { given, body: { request_id, shown: given.perimeter.elevations.get(String(request_id))?.shown } };
  };

  it('is a yes by that person', async () => {
    const { given, body } = await asking();
    expect(await given.command('answer', { document: signed(given, { ...body, minutes: 5 }) })).toMatchObject({
      changed: true,
      state: 'approved',
      by: 'ann',
    });
    expect(given.perimeter.grants.all()).toMatchObject([{ approver: 'ann', channel: 'webhook' }]);
  });

  it('is nothing when altered, stale, made with another key, by nobody, or for something else', async () => {
    const { given, body } = await asking();
    const good = JSON.parse(signed(given, body)) as Record<string, string>;
    const bad = [
      JSON.stringify({ ...good, body: good.body?.replace('approve', 'approve_once') }),
      JSON.stringify({ ...good, id: 'other' }),
      JSON.stringify({ ...good, timestamp: Number(good.timestamp) + 1 }),
      JSON.stringify({ ...good, by: 'john' }),
      JSON.stringify({ ...good, by: '__proto__' }),
      JSON.stringify({ ...good, signature: '' }),
      JSON.stringify({ ...good, extra: 1 }),
      signed(given, body, {}, SECRET),
      signed(given, { ...body, shown: 'f'.repeat(64) }),
      signed(given, { ...body, request_id: 'req_other' }),
      signed(given, { ...body, decision: 'yes' }),
      signed(given, { ...body, type: 'request.pending' }),
      signed(given, { ...body, proof: 'passphrase' }),
      signed(given, { ...body, scope: ['write:files'] }),
      '{"id":1,"id":2}',
      '',
      '[]',
    ];
    for (const document of bad) await expect(given.command('answer', { document }), document).rejects.toThrow();
    given.clock.advance(6 * 60_000);
    await expect(given.command('answer', { document: JSON.stringify(good) })).rejects.toThrow(/five minutes/);
    expect(given.perimeter.grants.all()).toEqual([]);
    expect(given.perimeter.elevations.pending()).toHaveLength(1);
  });

  it('counts once', async () => {
    const { given, body } = await asking();
    const document = signed(given, body);
    await given.command('answer', { document });
    await expect(given.command('answer', { document })).rejects.toThrow(/used before/);
  });

  it("can't stand in for a passphrase", async () => {
    const given = await guarded({ settings });
    const { request_id } = await given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    const shown = given.perimeter.elevations.get(String(request_id))?.shown;
    await expect(given.command('answer', { document: signed(given, { request_id, shown }) })).rejects.toThrow(/passphrase/);
    expect(
      await given.command('answer', {
        document: signed(given, { request_id, shown, decision: 'deny', reason: 'not now', for: '1h' }),
      }),
    ).toMatchObject({ state: 'denied' });
  });
});
