// The client's side of the guard, driven by real SDK clients of both generations over in-memory streams.
import { Client } from '@modelcontextprotocol/client';
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import type { FormAnswer, FormQuestion, ToolResult } from '../../server/ports.ts';
import { clientV1, pair, RawClient, streamsOf } from './wire/pair.ts';

const FORM = { elicitation: { form: {} } };
const QUESTION: FormQuestion = { request_id: 'req_1', message: 'felix asks to write', typed: false };
const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': FORM,
  'io.modelcontextprotocol/clientInfo': { name: 'raw-modern', version: '2' },
};

async function modernClient(
  given: Awaited<ReturnType<typeof pair>>,
  capabilities: Record<string, unknown> = FORM,
): Promise<Client> {
  const client = new Client({ name: 'new', version: '2' }, { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(streamsOf(given));
  return client;
}

describe('both generations of clients', () => {
  test('a v1 client lists and calls tools', async () => {
    const given = await pair();
    const client = await clientV1(given);
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
    expect(await client.callTool({ name: 'echo', arguments: { a: 1 } })).toEqual({
      content: [{ type: 'text', text: '{"a":1}' }],
    });
    expect(given.guard.calls[0]?.client).toMatchObject({ name: 'old', version: '1', era: 'legacy', forms: false });
    expect(client.getInstructions()).toBe('ask first');
    expect(client.getServerCapabilities()).toEqual({ tools: { listChanged: true } });
  });

  test('a v2 client on the newest revision does the same', async () => {
    const given = await pair();
    const client = await modernClient(given);
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
    expect(await client.callTool({ name: 'echo', arguments: { a: 1 } })).toMatchObject({
      content: [{ type: 'text', text: '{"a":1}' }],
    });
    expect(given.guard.calls[0]?.client).toMatchObject({ name: 'new', version: '2', era: 'modern', forms: true });
  });

  test('a v2 client that probes and a v2 client that does not both get through', async () => {
    for (const mode of ['auto', 'legacy'] as const) {
      const given = await pair();
      const client = new Client({ name: 'new', version: '2' }, { versionNegotiation: { mode } });
      await client.connect(streamsOf(given));
      await client.callTool({ name: 'echo', arguments: {} });
      expect(given.guard.calls[0]?.client.era).toBe(mode === 'auto' ? 'modern' : 'legacy');
    }
  });

  test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '1999-01-01'])(
    '%s opens with the handshake',
    async (version) => {
      const raw = new RawClient(await pair());
      const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
      raw.send({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
      const expected = version === '1999-01-01' ? '2025-11-25' : version;
      expect((await raw.answerTo(0)).result).toMatchObject({ protocolVersion: expected });
    },
  );

  test('the guard is told when the client is gone', async () => {
    const given = await pair();
    const client = await clientV1(given);
    await client.listTools();
    given.input.end();
    await given.served.closed;
    expect(given.guard.gone).toHaveLength(1);
  });

  test('a changed catalog is told to clients of both eras', async () => {
    const old = await pair();
    const clientOld = await clientV1(old);
    const told = new Promise<void>((resolve) =>
      clientOld.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve()),
    );
    old.guard.tell();
    await told;

    const given = await pair();
    await new Promise<void>((resolve) => {
      const listChanged = { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => resolve() } };
      const client = new Client(
        { name: 'new', version: '2' },
        { listChanged, versionNegotiation: { mode: { pin: '2026-07-28' } } },
      );
      client.connect(streamsOf(given)).then(() => given.guard.tell());
    });
  });
});

describe('calls', () => {
  test('results go through unchanged, in both eras, contradictions and unknown members included', async () => {
    const result: ToolResult = {
      zebra: 1,
      content: [
        { type: 'text', text: '{"ok":0}', odd: [1] },
        { type: 'from-the-future', x: 1 },
      ],
      structuredContent: { ok: 1 },
      isError: false,
      _meta: { grant: 'files.*' },
    };
    const legacy = await pair();
    legacy.guard.answer = async () => ({ result });
    const raw = new RawClient(legacy);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x' } });
    expect(JSON.stringify((await raw.answerTo(1)).result)).toBe(JSON.stringify(result));

    const modern = await pair();
    modern.guard.answer = async () => ({ result });
    const rawModern = new RawClient(modern);
    rawModern.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', _meta: MODERN_META } });
    const answer = (await rawModern.answerTo(1)).result as Record<string, unknown>;
    expect(answer).toMatchObject({ ...result, resultType: 'complete' });
  });

  test('a downstream result can not turn into a question of the guard', async () => {
    const given = await pair();
    const forged = { resultType: 'input_required', inputRequests: { decision: { method: 'elicitation/create' } }, content: [] };
    given.guard.answer = async () => ({ result: forged });
    const raw = new RawClient(given);
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', _meta: MODERN_META } });
    expect((await raw.answerTo(1)).result).toMatchObject({ resultType: 'complete' });
  });

  test('a cancelled call fires its signal and is not answered', async () => {
    const given = await pair();
    const cancelled = new Promise<void>((resolve) => {
      given.guard.answer = async (call) => {
        await new Promise((done) => call.signal.addEventListener('abort', done));
        resolve();
        return { result: { content: [] } };
      };
    });
    const raw = new RawClient(given);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x' } });
    await raw.answerTo('init');
    raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await cancelled;
    raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } });
    raw.send({ jsonrpc: '2.0', id: 2, method: 'ping' });
    await raw.answerTo(2);
    expect(raw.messages.some((message) => message.id === 1)).toBe(false);
  });

  test('a client that is gone fires the signal of its calls', async () => {
    const given = await pair();
    const fired = new Promise<void>((resolve) => {
      given.guard.answer = (call) => {
        call.signal.addEventListener('abort', () => resolve());
        setImmediate(() => given.input.end());
        return new Promise(() => undefined);
      };
    });
    const client = await clientV1(given);
    client.callTool({ name: 'echo' }).catch(() => undefined);
    await fired;
  });

  test('progress goes out only where it was asked for, and only rises', async () => {
    const given = await pair();
    given.guard.answer = async (call) => {
      for (const progress of [1, 1, 0, 2]) call.progress?.({ progress, message: 'waiting' });
      return { result: { content: [] } };
    };
    const client = await clientV1(given);
    const seen: number[] = [];
    await client.callTool({ name: 'echo' }, undefined, { onprogress: (update) => seen.push(update.progress) });
    expect(seen).toEqual([1, 2]);
    await client.callTool({ name: 'echo' });
    expect(given.guard.calls[1]?.progress).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'a\u0000b', 'x'.repeat(5000), '', '../files', 'naïve'])(
    'the tool name %j is the business of the guard and crashes nothing',
    async (name) => {
      const given = await pair();
      const client = await clientV1(given);
      await client.callTool({ name, arguments: { x: 1 } });
      expect(given.guard.calls.map((call) => call.tool)).toEqual([name]);
    },
  );

  test('an error of the guard shows no internals and lets nothing through', async () => {
    const given = await pair();
    given.guard.answer = async () => {
      throw new Error('secret /home/john at guard.ts:12');
    };
    const client = await clientV1(given);
    await expect(client.callTool({ name: 'echo' })).rejects.toThrow(/^(?!.*secret)/s);
    expect(given.guard.refused.some(({ reason }) => reason.includes('secret'))).toBe(true);
  });
});

describe('closed doors', () => {
  const closed = ['resources/read', 'resources/subscribe', 'prompts/get', 'completion/complete'];
  const strange = [
    'logging/setLevel',
    'roots/list',
    'tasks/result',
    'sampling/createMessage',
    'grants/create',
    'Tools/call',
    'tools/call ',
  ];
  test.each([...closed, ...strange, 'rpc.discover', '__proto__'])('%s is not found, and reported', async (method) => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 5, method, params: { name: 'echo', uri: 'file:///x', level: 'emergency' } });
    expect((await raw.answerTo(5)).error).toMatchObject({ code: -32601 });
    expect(given.guard.refused).toMatchObject([{ method }]);
    expect(given.guard.calls).toEqual([]);
  });

  const lists = [
    ['resources/list', 'resources'],
    ['resources/templates/list', 'resourceTemplates'],
    ['prompts/list', 'prompts'],
  ] as const;
  test.each(lists)('%s is empty in both eras: nothing of it is passed on', async (method, name) => {
    const old = await pair();
    const raw = new RawClient(old);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 5, method, params: { cursor: 'further' } });
    expect((await raw.answerTo(5)).result).toEqual({ [name]: [] });
    const now = await pair();
    const modern = new RawClient(now);
    modern.send({ jsonrpc: '2.0', id: 6, method, params: { _meta: MODERN_META } });
    expect((await modern.answerTo(6)).result).toMatchObject({ [name]: [], resultType: 'complete' });
    expect([...old.guard.refused, ...now.guard.refused, ...old.guard.calls, ...now.guard.calls]).toEqual([]);
  });

  test.each(['resources/read', 'prompts/get'])('%s is refused and reported to a client of today too', async (method) => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.send({ jsonrpc: '2.0', id: 5, method, params: { uri: 'file:///x', name: 'x', _meta: MODERN_META } });
    expect((await raw.answerTo(5)).error).toMatchObject({ code: -32601 });
    expect(given.guard.refused).toMatchObject([{ method }]);
  });

  test('a list before initialize is refused like all else', async () => {
    const raw = new RawClient(await pair());
    raw.send({ jsonrpc: '2.0', id: 5, method: 'resources/list' });
    expect((await raw.answerTo(5)).error).toMatchObject({ code: -32600 });
  });

  test('SDK clients of both generations see empty lists', async () => {
    for (const client of [await clientV1(await pair()), await modernClient(await pair())]) {
      expect((await client.listResources()).resources).toEqual([]);
      expect((await client.listResourceTemplates()).resourceTemplates).toEqual([]);
      expect((await client.listPrompts()).prompts).toEqual([]);
    }
  });

  test.each([['{"day":"x"}'], [[{ day: 'x' }]], [5]])('arguments that are %j are no arguments', async (args) => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo', arguments: args } });
    expect((await raw.answerTo(5)).error).toMatchObject({ code: -32602 });
    expect(given.guard.calls).toEqual([]);
  });

  test('a call before initialize is refused, a call sent right behind it is not', async () => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } });
    expect((await raw.answerTo(1)).error).toMatchObject({ code: -32600 });
    raw.initialize();
    raw.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo' } });
    expect(await raw.answerTo(2)).toHaveProperty('result');
    expect(given.guard.calls).toHaveLength(1);
  });

  test('a second initialize does not change who the client is', async () => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize();
    const params = { protocolVersion: '2025-06-18', capabilities: FORM, clientInfo: { name: 'other', version: '1' } };
    raw.send({ jsonrpc: '2.0', id: 2, method: 'initialize', params });
    expect(await raw.answerTo(2)).toHaveProperty('error');
    raw.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo' } });
    await raw.answerTo(3);
    expect(given.guard.calls[0]?.client).toMatchObject({ name: 'raw', forms: false });
  });

  test('a call without an id is not carried out', async () => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize();
    raw.send({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo' } }, { jsonrpc: '2.0', id: 9, method: 'ping' });
    await raw.answerTo(9);
    expect(given.guard.calls).toEqual([]);
    expect(given.guard.refused).toMatchObject([{ method: 'tools/call' }]);
  });

  test('_meta is no authority and does not reach the guard as arguments', async () => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize();
    raw.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { day: 'x' }, _meta: { approved: true } },
    });
    await raw.answerTo(1);
    expect(given.guard.calls[0]?.arguments).toEqual({ day: 'x' });
  });
});

describe('the form of a legacy client', () => {
  async function asked(reply: () => Promise<Record<string, unknown>>, question = QUESTION) {
    const given = await pair();
    const client = await clientV1(given, { elicitation: {} });
    const seen: Record<string, unknown>[] = [];
    client.setRequestHandler(ElicitRequestSchema, async (request) => {
      seen.push(request.params);
      given.clock.wall += 1234;
      return (await reply()) as { action: 'accept' };
    });
    let answer: Promise<FormAnswer> | undefined;
    given.guard.answer = async (call) => {
      answer = call.client.form?.(question);
      return { result: { content: [] } };
    };
    // The call is over before the form is answered: they are not tied to each other.
    await client.callTool({ name: 'echo' });
    return { answer: await answer, seen };
  }

  test('asks for one decision, deny first, without a default', async () => {
    const { answer, seen } = await asked(async () => ({ action: 'accept', content: { decision: 'approve' } }));
    expect(answer).toEqual({ request_id: 'req_1', action: 'accept', content: { decision: 'approve' }, after: 1234 });
    const schema = seen[0]?.requestedSchema as { properties: { decision: Record<string, unknown> }; required: string[] };
    expect(schema.properties.decision).toMatchObject({ enum: ['deny', 'approve_once', 'approve'] });
    expect(schema.properties.decision).not.toHaveProperty('default');
    expect(Object.keys(schema.properties)).toEqual(['decision']);
    expect(schema.required).toEqual(['decision']);
  });

  test('asks for a number too when it has to be typed', async () => {
    const { seen } = await asked(async () => ({ action: 'decline' }), { ...QUESTION, typed: true });
    expect(seen[0]?.requestedSchema).toMatchObject({
      required: ['decision', 'number'],
      properties: { number: { type: 'integer' } },
    });
  });

  test('an error of the client is no consent', async () => {
    const { answer } = await asked(async () => {
      throw new Error('no screen');
    });
    expect(answer).toMatchObject({ action: 'cancel' });
  });

  test('rejects when the connection is gone, and can be withdrawn', async () => {
    const given = await pair();
    const client = await clientV1(given, { elicitation: { form: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => new Promise<never>(() => undefined));
    const forms: Promise<FormAnswer>[] = [];
    const withdraw = new AbortController();
    given.guard.answer = async (call) => {
      forms.push(call.client.form?.(QUESTION, withdraw.signal) ?? Promise.reject(new Error('no form')));
      forms.push(call.client.form?.(QUESTION) ?? Promise.reject(new Error('no form')));
      return { result: { content: [] } };
    };
    await client.callTool({ name: 'echo' });
    withdraw.abort();
    given.input.end();
    await expect(forms[0]).rejects.toThrow('gone');
    await expect(forms[1]).rejects.toThrow('gone');
  });

  test('a client that did not declare forms has none', async () => {
    for (const capabilities of [{}, { elicitation: { url: {} } }]) {
      const given = await pair();
      const client = await clientV1(given, capabilities);
      await client.callTool({ name: 'echo' });
      expect(given.guard.calls[0]?.client.forms).toBe(false);
      expect(given.guard.calls[0]?.client.form).toBeUndefined();
    }
  });
});

describe('the link of a legacy client', () => {
  const LINK = { request_id: 'req_1', message: 'felix asks to write', url: 'http://localhost:4711/requests/req_1' };
  /** The lines of a client that declared links, and what became of one that was put to it; `reply` answers it. */
  async function linked(protocolVersion: string, reply: Record<string, unknown> | undefined) {
    const given = await pair();
    const raw = new RawClient(given);
    const params = { protocolVersion, capabilities: { elicitation: { url: {} } }, clientInfo: { name: 'raw', version: '1' } };
    raw.send({ jsonrpc: '2.0', id: 'init', method: 'initialize', params });
    raw.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const over = new AbortController();
    let answer: Promise<FormAnswer> = Promise.reject(new Error('no link'));
    answer.catch(() => undefined);
    given.guard.answer = async (call) => {
      answer = call.client.link?.(LINK, over.signal) ?? answer;
      answer.catch(() => undefined);
      return { result: { content: [] } };
    };
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } });
    await raw.answerTo(1);
    const asked = await raw.next(({ method }) => method === 'elicitation/create');
    given.clock.wall += 3_000;
    if (reply) raw.send({ jsonrpc: '2.0', id: asked.id as number, ...reply });
    return { given, raw, over, answer, asked: asked.params as Record<string, unknown> };
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
  const told = (raw: RawClient, method: string) => raw.messages.filter((message) => message.method === method);

  test('shows the address and an id, and its accept says nothing but that', async () => {
    const { asked, answer } = await linked('2025-11-25', { result: { action: 'accept', content: { decision: 'approve' } } });
    expect(asked).toEqual({ mode: 'url', message: LINK.message, url: LINK.url, elicitationId: expect.any(String) });
    expect(await answer).toMatchObject({ request_id: 'req_1', action: 'accept', after: 3_000, link: true });
  });

  test('that was opened is told when it is over, once, under its id; an older revision does not know the word', async () => {
    for (const [version, times] of [
      ['2025-11-25', 1],
      ['2025-06-18', 0],
    ] as const) {
      const { raw, over, answer, asked } = await linked(version, { result: { action: 'accept' } });
      await answer;
      expect(told(raw, 'notifications/elicitation/complete')).toEqual([]);
      over.abort();
      await settled();
      const params = { elicitationId: asked.elicitationId };
      expect(told(raw, 'notifications/elicitation/complete')).toMatchObject(Array.from({ length: times }, () => ({ params })));
    }
  });

  test('that nobody opened is taken back; one that was declined is over', async () => {
    const waiting = await linked('2025-11-25', undefined);
    waiting.over.abort();
    await settled();
    expect(told(waiting.raw, 'notifications/cancelled')).toHaveLength(1);
    waiting.given.input.end();
    await expect(waiting.answer).rejects.toThrow('gone');
    const declined = await linked('2025-11-25', { result: { action: 'decline' } });
    expect(await declined.answer).toMatchObject({ action: 'decline', link: true });
    declined.over.abort();
    await settled();
    expect(told(declined.raw, 'notifications/elicitation/complete')).toEqual([]);
  });

  test('an error in place of an answer is no consent', async () => {
    const { answer } = await linked('2025-11-25', { error: { code: -32602, message: 'cannot' } });
    expect(await answer).toMatchObject({ action: 'cancel', link: true });
  });

  test('is not there for a client that declared none', async () => {
    for (const capabilities of [{}, { elicitation: {} }, { elicitation: { form: {} } }, { elicitation: { url: true } }]) {
      const given = await pair();
      const raw = new RawClient(given);
      raw.initialize(capabilities);
      raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } });
      await raw.answerTo(1);
      expect(given.guard.calls[0]?.client).toMatchObject({ links: false });
      expect(given.guard.calls[0]?.client.link).toBeUndefined();
    }
  });
});

describe('the question of a modern client', () => {
  async function questioned(secret?: Buffer) {
    const given = await pair(secret);
    given.guard.answer = async (call) => (call.answer ? { result: { content: [] } } : { question: QUESTION });
    const raw = new RawClient(given);
    const call = (id: number, more: Record<string, unknown> = {}, args: Record<string, unknown> = { b: 1, a: 2 }) => {
      raw.send({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'echo', arguments: args, ...more, _meta: MODERN_META },
      });
      return raw.answerTo(id);
    };
    const first = (await call(1)).result as { requestState: string; inputRequests: { decision: Record<string, unknown> } };
    return { given, raw, call, first };
  }
  const approve = { decision: { action: 'accept', content: { decision: 'approve' } } };

  test('comes back as an answer that the SDK client fills in by itself', async () => {
    const given = await pair();
    given.guard.answer = async (call) => (call.answer ? { result: { content: [] } } : { question: QUESTION });
    const client = await modernClient(given);
    client.setRequestHandler('elicitation/create', async (request) => {
      expect(request.params).toMatchObject({ message: QUESTION.message });
      given.clock.wall += 2000;
      return { action: 'accept', content: { decision: 'approve_once' } };
    });
    await client.callTool({ name: 'echo', arguments: { a: 1 } });
    expect(given.guard.calls[1]?.answer).toEqual({
      request_id: 'req_1',
      action: 'accept',
      content: { decision: 'approve_once' },
      after: 2000,
    });
  });

  test('is accepted for the same call with its arguments in any order', async () => {
    const { given, call, first } = await questioned();
    given.clock.wall += 700;
    expect(await call(2, { requestState: first.requestState, inputResponses: approve }, { a: 2, b: 1 })).toHaveProperty('result');
    expect(given.guard.calls[1]?.answer).toMatchObject({ request_id: 'req_1', after: 700 });
  });

  test('an altered, foreign, expired or re-used state is an error and never an answer', async () => {
    const { given, call, first } = await questioned();
    const [body = '', signature = ''] = first.requestState.split('.');
    const payload = Buffer.from(body, 'base64url').toString().replace('req_1', 'req_2');
    const foreign = (await questioned(Buffer.alloc(32, 9))).first.requestState;
    const bad = [
      `${Buffer.from(payload).toString('base64url')}.${signature}`,
      `${body}.`,
      body,
      'x',
      '',
      '.',
      `${first.requestState}.x`,
      foreign,
      5,
      null,
    ];
    let id = 10;
    for (const requestState of bad) {
      id += 1;
      expect((await call(id, { requestState, inputResponses: approve })).error).toMatchObject({ code: -32602 });
    }
    // Another call than the one that was asked about, and an answer without a state.
    expect(await call(50, { requestState: first.requestState, inputResponses: approve }, { a: 2, b: 2 })).toHaveProperty('error');
    expect(await call(51, { inputResponses: approve })).toHaveProperty('error');
    given.clock.wall += 61 * 60 * 1000;
    expect(await call(52, { requestState: first.requestState, inputResponses: approve })).toHaveProperty('error');
    expect(given.guard.calls.every((seen) => seen.answer === undefined)).toBe(true);
    expect(given.guard.refused.length).toBeGreaterThanOrEqual(bad.length + 3);
  });

  test('a state without an answer, or with one of another kind, is the same call without an answer', async () => {
    const { given, call, first } = await questioned();
    for (const [id, inputResponses] of [
      [2, undefined],
      [3, {}],
      [4, { decision: { roots: [] } }],
      [5, { decision: { result: approve } }],
    ] as const) {
      expect((await call(id, { requestState: first.requestState, inputResponses })).result).toMatchObject({
        resultType: 'input_required',
      });
    }
    expect(given.guard.calls.every((seen) => seen.answer === undefined)).toBe(true);
  });

  test('a question for a client that can not show it is an error, neither a form nor a link', async () => {
    for (const [question, capabilities] of [
      [QUESTION, {}],
      [QUESTION, { elicitation: { url: {} } }],
      [{ request_id: 'req_1', message: 'x', url: 'http://localhost:1/x' }, FORM],
    ] as const) {
      const given = await pair();
      given.guard.answer = async () => ({ question });
      const client = await modernClient(given, capabilities);
      await expect(client.callTool({ name: 'echo' })).rejects.toThrow();
    }
  });
});
