// The servers we wrap, as real processes that behave and misbehave: whatever one does, it is said clearly and the others work.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Reaper } from '../../server/downstream/reaper.ts';
import { createDownstreams, type DownstreamOptions } from '../../server/downstream.ts';
import { DownstreamError } from '../../server/errors.ts';
import type { Downstream, Downstreams, ForwardOptions, ServerEntry } from '../../server/ports.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/servers');
const open: Downstreams[] = [];
const logs: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((downstreams) => downstreams.close()));
  logs.length = 0;
});

function make(entries: Partial<ServerEntry>[], more: Partial<DownstreamOptions> = {}): Downstreams {
  const full = entries.map((entry, index) => ({ name: `s${index}`, identity: 'full' as const, ...entry }));
  const clock = { now: () => 0, mono: () => performance.now() };
  const made = createDownstreams(full, {
    clock,
    log: (line) => logs.push(line),
    perimeterCommand: { command: 'no-such', args: [] },
    ...more,
  });
  open.push(made);
  return made;
}
const fixture = (file: string, ...args: string[]) => ({
  command: process.execPath,
  args: [join(FIXTURES, `${file}.mjs`), ...args],
});

async function started(file: string, more: Partial<DownstreamOptions> = {}, args: string[] = []): Promise<Downstream> {
  const made = make([{ name: 'crm', ...fixture(file, ...args) }], more);
  await made.start(10_000);
  const downstream = made.get('crm');
  if (!downstream) throw new Error('no downstream');
  return downstream;
}

const options = (more: Partial<ForwardOptions> = {}): ForwardOptions => ({
  meta: {},
  signal: new AbortController().signal,
  timeout: 10_000,
  ...more,
});
async function failure(call: Promise<unknown>): Promise<DownstreamError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DownstreamError) return error;
  throw new Error(`expected a DownstreamError, got ${String(error)}`);
}
/** Gone, or dead and waiting for its parent to notice. */
const gone = (pid: number) => {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

describe('a server that behaves', () => {
  test('keeps its definitions and results exactly as they came', async () => {
    const crm = await started('echo');
    expect(crm.state).toBe('ready');
    expect(crm.tools()[0]).toEqual({
      name: 'echo',
      inputSchema: { type: 'object' },
      title: 'Echo',
      annotations: { readOnlyHint: true },
      icons: [{ src: 'x.png' }],
      outputSchema: { type: 'object' },
      future: { x: [1] },
    });
    const result = await crm.call(
      'echo',
      { b: 1, a: { c: null } },
      options({ meta: { 'perimeter/identity': { agent_id: 'felix' } } }),
    );
    expect(Object.keys(result)).toEqual(['zebra', 'content', 'structuredContent']);
    expect(JSON.stringify(result.structuredContent)).toMatch(/"b":1,"a":2}$/);
    expect(result.content[0]).toMatchObject({ odd: 1 });
    expect(JSON.parse(String(result.content[0]?.text))).toEqual({
      name: 'echo',
      arguments: { b: 1, a: { c: null } },
      _meta: { 'perimeter/identity': { agent_id: 'felix' } },
    });
  });

  test('is not started before it is needed, and then by itself', async () => {
    const made = make([{ name: 'crm', ...fixture('echo') }]);
    expect(made.get('crm')?.state).toBe('stopped');
    await made.get('crm')?.call('echo', {}, options());
    expect(made.get('crm')?.state).toBe('ready');
    expect(made.get('constructor')).toBeUndefined();
  });

  test('sees only the environment it was given, and a minimal safe one', async () => {
    vi.stubEnv('SECRET_OF_THE_GUARD', 'x');
    const made = make([{ name: 'crm', ...fixture('echo'), env: { TOKEN: 't' }, cwd: tmpdir() }]);
    const crm = made.get('crm') as Downstream;
    const env = JSON.parse(String((await crm.call('env', {}, options())).content[0]?.text)) as Record<string, string>;
    expect(env).toMatchObject({ TOKEN: 't', PATH: process.env.PATH });
    expect(env).not.toHaveProperty('SECRET_OF_THE_GUARD');
    expect((await crm.call('cwd', {}, options())).content[0]?.text).toBe(tmpdir());
    vi.unstubAllEnvs();
  });

  test('says on stderr what ends up in the log, with control characters made visible', async () => {
    await started('echo');
    await vi.waitFor(() => expect(logs.some((line) => line.startsWith('[crm] ready\\u{1b}[31m'))).toBe(true));
  });

  test('reports progress when asked, and is told of a cancellation', async () => {
    const crm = await started('echo');
    const progress = vi.fn();
    await crm.call('steps', {}, options({ progress }));
    expect(progress).toHaveBeenCalledWith({ progress: 1, message: 'half' });
    const abort = new AbortController();
    const call = failure(crm.call('cancelled', {}, options({ signal: abort.signal })));
    setTimeout(() => abort.abort(), 50);
    expect(await call).toMatchObject({ kind: 'cancelled', reached: true });
    await vi.waitFor(() => expect(logs.some((line) => /\[crm\] cancelled \d/.test(line))).toBe(true));
    expect(await failure(crm.call('echo', {}, options({ signal: abort.signal })))).toMatchObject({
      kind: 'cancelled',
      reached: false,
    });
  });

  test('may be `perimeter`, which always means this installation', async () => {
    const made = make([{ name: 'crm', command: 'perimeter', args: ['more'] }], {
      perimeterCommand: { command: process.execPath, args: [join(FIXTURES, 'echo.mjs')] },
    });
    await made.start(10_000);
    expect(made.get('crm')?.state).toBe('ready');
  });

  test('may speak only the newest revision, without being started twice', async () => {
    const onRefused = vi.fn();
    const crm = await started('modern-only', { onRefused });
    expect(crm.tools().map((tool) => tool.name)).toEqual(['ask', 'grow']);
    const result = await crm.call('grow', {}, options());
    expect(result).toMatchObject({ odd: { b: 1, a: 2 } });
    expect(result).not.toHaveProperty('resultType');
    expect(result._meta).toBeUndefined();
    await vi.waitFor(() => expect(crm.tools()).toHaveLength(3));
    expect(await failure(crm.call('ask', {}, options()))).toMatchObject({ kind: 'protocol', reached: true });
    expect(onRefused.mock.calls).toEqual([['crm', 'elicitation/create']]);
  });
});

describe('a server that does not start', () => {
  test.each([
    [
      { command: 'no-such-command-here' },
      '`s0` could not be started: command `no-such-command-here` was not found; check "command" in mcp.json',
    ],
    [
      { ...fixture('echo'), cwd: '/no/such/folder' },
      '`s0` could not be started: its folder `/no/such/folder` does not exist; check "cwd" in mcp.json',
    ],
    [{ ...fixture('dies', 'at-start') }, '`s0` stopped while starting (exit code 3); it last said: no database at hand'],
    [{ url: 'file:///etc/passwd' }, '`s0` has no usable address: check "url" in mcp.json'],
    [
      { url: 'http://127.0.0.1:59999/mcp' },
      '`s0` could not be reached at http://127.0.0.1:59999 (ECONNREFUSED); check "url" in mcp.json',
    ],
    [{}, '`s0` has neither a "command" nor a "url" in mcp.json'],
  ])('%j says what to do', async (entry, problem) => {
    const made = make([entry]);
    await made.start(10_000);
    const downstream = made.get('s0') as Downstream;
    expect(downstream).toMatchObject({ state: 'failed', problem });
    const error = await failure(downstream.call('x', {}, options()));
    expect(error).toMatchObject({ kind: 'not_started', reached: false });
    expect(error.message).toContain(problem);
  });

  test('takes nobody along', async () => {
    const made = make([{ command: 'no-such' }, fixture('echo'), fixture('hangs-at-start')], { startTimeout: 1500 });
    await made.start(700);
    expect(made.all().map((downstream) => downstream.state)).toEqual(['failed', 'ready', 'starting']);
    expect(await made.get('s1')?.call('echo', {}, options())).toHaveProperty('content');
    const error = await failure((made.get('s2') as Downstream).call('x', {}, options({ timeout: 50 })));
    expect(error.message).toBe('`s2` is still starting');
    await made.start(5000);
    expect(made.get('s2')?.problem).toContain('did not answer within 1.5 s of its start');
  });
});

describe('a server that misbehaves', () => {
  test('dying in the middle of an answer is an error, and it is started again', async () => {
    const crm = await started('dies');
    const first = (await crm.call('pid', {}, options())).content[0]?.text;
    expect(await failure(crm.call('die', {}, options()))).toMatchObject({ kind: 'died', reached: true });
    await vi.waitFor(() =>
      expect(crm).toMatchObject({ state: 'failed', problem: expect.stringContaining('it stopped (exit code 1)') }),
    );
    expect(crm.tools()).toHaveLength(2);
    await vi.waitFor(() => expect(crm.state).toBe('ready'), { timeout: 5000 });
    expect(crm.problem).toBeUndefined();
    expect((await crm.call('pid', {}, options())).content[0]?.text).not.toBe(first);
  });

  test('not answering is an error after the time limit, and one that hangs is started again', async () => {
    const crm = await started('hangs');
    const error = await failure(crm.call('echo', {}, options({ timeout: 200 })));
    expect(error).toMatchObject({ kind: 'timeout', reached: true, message: '`crm` did not answer within 0.2 s' });
    await vi.waitFor(() => expect(crm.problem).toContain('did not answer any more'), { timeout: 8000 });
    await vi.waitFor(() => expect(crm.state).toBe('ready'), { timeout: 5000 });
  });

  test('answering too much is an error; the connection stays where the call can be told', async () => {
    const crm = await started('huge', { maxResultBytes: 1_000_000 });
    for (const tool of ['first', 'last']) {
      expect(await failure(crm.call(tool, {}, options()))).toMatchObject({ kind: 'too_large', reached: true });
      expect((await crm.call('small', {}, options())).content[0]?.text).toBe('small');
    }
    expect(await failure(crm.call('no_id', {}, options()))).toMatchObject({ reached: true });
    await vi.waitFor(() => expect(crm.state).toBe('ready'), { timeout: 5000 });
    expect((await crm.call('small', {}, options())).content[0]?.text).toBe('small');
  });

  test.each(['duplicate', 'proto', 'shape', 'item', 'error_flag'])(
    'an answer of the kind %s is refused at once',
    async (kind) => {
      const crm = await started('speaks-badly');
      expect(await failure(crm.call(kind, {}, options()))).toMatchObject({ kind: 'protocol', reached: true });
    },
  );

  test('asking upward, banners, foreign and second answers change nothing', async () => {
    const onRefused = vi.fn();
    const crm = await started('asks-upward', { onRefused });
    expect((await crm.call('x', {}, options())).content[0]?.text).toBe('first');
    expect(onRefused.mock.calls.map(([, method]) => method)).toEqual([
      'elicitation/create',
      'sampling/createMessage',
      'roots/list',
      'tools/call',
    ]);
    const got = JSON.parse(String((await crm.call('got', {}, options())).content[0]?.text)) as [string, unknown][];
    expect(got).toEqual([
      ['ask-0', -32601],
      ['ask-1', -32601],
      ['ask-2', -32601],
      ['ask-3', -32601],
      ['ask-4', 'ok'],
    ]);
  });

  test('a changed tool list is read again, once, with what is broken left out', async () => {
    const read = vi.fn();
    const made = make([{ name: 'crm', ...fixture('changes-its-tools') }]);
    made.onTools(read);
    await made.start(10_000);
    const crm = made.get('crm') as Downstream;
    expect(crm.tools().map((tool) => tool.name)).toEqual(['change', 'second']);
    await crm.call('change', {}, options());
    await vi.waitFor(() => expect(crm.tools().map((tool) => tool.name)).toEqual(['change', 'third']));
    expect(read.mock.calls).toEqual([['crm'], ['crm']]);
  });
});

describe('the end', () => {
  test('closing ends the children and what they started, however stubborn', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'perimeter-')), 'pids');
    const made = make([fixture('stubborn', file)]);
    await made.start(10_000);
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    await made.close();
    await vi.waitFor(() => expect(pids.every(gone)).toBe(true));
    expect(made.get('s0')?.state).toBe('stopped');
  });

  test('closing while one still starts ends it too', async () => {
    const made = make([fixture('hangs-at-start')]);
    await made.start(200);
    await made.close();
    expect(made.get('s0')?.state).toBe('stopped');
  });

  test('the children of a guard that is killed die with it: the pipe that it held ends', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'perimeter-')), 'pids');
    const child = spawn(process.execPath, [join(FIXTURES, 'stubborn.mjs'), file], { stdio: 'ignore', detached: true });
    await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8').includes(' ')).toBe(true), { timeout: 10_000 });
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    const reaper = new Reaper();
    reaper.add(child.pid ?? 0);
    reaper.close();
    await vi.waitFor(() => expect(pids.every(gone)).toBe(true), { timeout: 8000 });
  });
});

describe('a server over HTTP', () => {
  async function http(
    answer: (message: { method: string; id?: number; params: { name?: string } }, headers: Record<string, unknown>) => unknown,
  ) {
    const seen: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        seen.push(request.headers);
        if (request.method !== 'POST') return response.writeHead(405).end();
        const message = JSON.parse(body) as { method: string; id?: number; params: { name?: string } };
        if (message.id === undefined || message.method === undefined) return response.writeHead(202).end();
        const raw = answer(message, request.headers);
        if (typeof raw === 'number') return response.writeHead(raw).end('no');
        if (Array.isArray(raw)) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          return response.end(raw.map((data) => `data: ${data}\n\n`).join(''));
        }
        return response.writeHead(200, { 'content-type': 'application/json' }).end(raw as string);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    const made = make([{ name: 'web', url, headers: { Authorization: 'Bearer t' } }], { maxResultBytes: 100_000 });
    return { web: made.get('web') as Downstream, made, seen, stop: () => new Promise((resolve) => server.close(resolve)) };
  }
  const reply = (id: number | undefined, result: unknown) => JSON.stringify({ jsonrpc: '2.0', id, result });
  const opening = (message: { method: string; id?: number }) => {
    if (message.method === 'server/discover')
      return JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'no' } });
    const capabilities = { tools: {} };
    if (message.method === 'initialize')
      return reply(message.id, { protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'w', version: '1' } });
    return message.method === 'tools/list' ? reply(message.id, { tools: [{ name: 'x', inputSchema: {} }] }) : undefined;
  };

  test('is called with its headers, and its answers are bounded and read strictly', async () => {
    const big = 'x'.repeat(200_000);
    const { web, seen, stop } = await http((message) => {
      const open = opening(message);
      if (open !== undefined) return open;
      const { id, params } = message;
      const kind = params.name ?? '';
      const answers: Record<string, unknown> = {
        json: reply(id, { content: [], b: 1, a: 2 }),
        sse: [reply(id, { content: [], b: 1 })],
        upward: [
          JSON.stringify({ jsonrpc: '2.0', id: 'u', method: 'elicitation/create', params: {} }),
          reply(id, { content: [] }),
        ],
        big: reply(id, { content: [{ type: 'text', text: big }] }),
        big_sse: [reply(id, { content: [{ type: 'text', text: big }] })],
        duplicate: `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"content":[]}}`,
        denied: 401,
        broken: 500,
      };
      return answers[kind];
    });
    expect(await web.call('json', {}, options())).toMatchObject({ b: 1, a: 2 });
    expect(web.state).toBe('ready');
    expect(seen.every((headers) => headers.authorization === 'Bearer t')).toBe(true);
    expect(await web.call('sse', {}, options())).toMatchObject({ b: 1 });
    expect(await web.call('upward', {}, options())).toMatchObject({ content: [] });
    expect(logs).toContain('[web] its request `elicitation/create` was refused');
    expect(await failure(web.call('big', {}, options()))).toMatchObject({ kind: 'too_large' });
    expect(await failure(web.call('big_sse', {}, options()))).toMatchObject({ kind: 'too_large' });
    expect(await failure(web.call('duplicate', {}, options()))).toMatchObject({ kind: 'protocol', reached: true });
    expect((await failure(web.call('denied', {}, options()))).message).toContain('check "headers"');
    expect(await failure(web.call('broken', {}, options()))).toMatchObject({ kind: 'protocol', reached: true });
    await stop();
    expect(await failure(web.call('json', {}, options()))).toMatchObject({ kind: 'died', reached: false });
    await vi.waitFor(() => expect(web.state).toBe('failed'));
  });
});
