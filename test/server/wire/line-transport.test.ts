// The wire under bad input: every line gets its answer or its record, and the connection lives on.
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { LineReader } from '../../../server/wire/line-reader.ts';
import { LineTransport, type Refused, UNREADABLE } from '../../../server/wire/line-transport.ts';
import { pair, RawClient } from './pair.ts';

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { day: 'x' } } };
const text = JSON.stringify(CALL);

async function opened() {
  const given = await pair();
  const raw = new RawClient(given);
  raw.initialize();
  await raw.answerTo('init');
  return { given, raw };
}

describe('a line that is no message', () => {
  test.each<[string, string | Buffer, number, unknown]>([
    ['garbage', 'not json', -32700, null],
    ['single quotes', "{'jsonrpc':'2.0','id':1,'method':'tools/call'}", -32700, null],
    ['a trailing comma', text.replace('"x"}', '"x",}'), -32700, null],
    ['two messages', `${text} ${text}`, -32700, null],
    ['a byte-order mark', `\ufeff${text}`, -32700, null],
    [
      'broken UTF-8',
      Buffer.concat([Buffer.from(text.slice(0, 90)), Buffer.from([0xff]), Buffer.from(text.slice(90))]),
      -32700,
      null,
    ],
    ['a batch', `[${text}]`, -32600, null],
    ['an empty batch', '[]', -32600, null],
    ['a number', '5', -32600, null],
    ['a method given twice', text.replace('"method"', '"method":"tools/list","method"'), -32600, 1],
    ['a prototype key', text.replace('"day"', '"__proto__"'), -32600, 1],
    ['an overflowing number', text.replace('"x"', '1e400'), -32600, 1],
    ['half a surrogate', text.replace('"x"', '"\\ud800"'), -32600, 1],
    ['deep nesting', text.replace('"x"', `${'['.repeat(99)}${']'.repeat(99)}`), -32600, 1],
    ['an id that is null', text.replace('"id":1', '"id":null'), -32600, null],
    ['an id that is a fraction', text.replace('"id":1', '"id":1.5'), -32600, null],
    ['an id that is an object', text.replace('"id":1', '"id":{}'), -32600, null],
    ['another version', text.replace('"2.0"', '"1.0"'), -32600, 1],
    ['no version', text.replace('"jsonrpc":"2.0",', ''), -32600, 1],
    ['a method that is no text', text.replace('"tools/call"', '5'), -32600, 1],
    ['params that are a list', text.replace(/"params":.*/, '"params":[]}'), -32600, 1],
    ['a strange member', text.replace('"id"', '"approved":true,"id"'), -32600, 1],
  ])('%s', async (_, line, code, id) => {
    const { given, raw } = await opened();
    raw.send(line);
    expect(await raw.answerTo(id)).toMatchObject({ jsonrpc: '2.0', id, error: { code } });
    expect(given.guard.refused).toHaveLength(1);
    expect(given.guard.calls).toEqual([]);
    raw.send({ ...CALL, id: 2 });
    expect(await raw.answerTo(2)).toHaveProperty('result');
  });

  test('empty lines and carriage returns are nothing', async () => {
    const { given, raw } = await opened();
    raw.send('', '  ', '\r', `${text}\r`);
    expect(await raw.answerTo(1)).toHaveProperty('result');
    expect(given.guard.refused).toEqual([]);
  });
});

test('whatever bytes come, nothing is called, and the connection lives', async () => {
  const { given, raw } = await opened();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((json) => Buffer.from(json)),
    fc.constant(Buffer.from(text.slice(0, 50))),
  );
  for (const bytes of fc.sample(piece, 300)) raw.send(Buffer.from(bytes));
  raw.send({ jsonrpc: '2.0', id: 'still', method: 'ping' });
  expect(await raw.answerTo('still')).toHaveProperty('result');
  expect(given.guard.calls).toEqual([]);
});

describe('a line that is too long', () => {
  test.each([
    [
      'at its front',
      (long: string) => `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"day":"${long}"}}}`,
      3,
    ],
    [
      'at its end',
      (long: string) =>
        `{"method":"tools/call","params":{"name":"echo","arguments":{"day":"${long}"}},"jsonrpc":"2.0","id":"x-3"}`,
      'x-3',
    ],
    ['nowhere', (long: string) => `{"method":"tools/call","params":{"name":"echo","arguments":{"day":"${long}","id":3}}}`, null],
  ])('is skipped and answered, its id %s; the next one is served', async (_, line, id) => {
    const { given, raw } = await opened();
    raw.send(line('x'.repeat(11 * 1024 * 1024)), { ...CALL, id: 4 });
    expect((await raw.answerTo(id)).error).toMatchObject({ code: -32600, message: expect.stringContaining('over the limit') });
    expect(await raw.answerTo(4)).toHaveProperty('result');
    expect(given.guard.calls).toHaveLength(1);
  });

  test('takes no memory beyond the limit', () => {
    const overlong = vi.fn();
    const line = vi.fn();
    const reader = new LineReader(1000, { line, overlong });
    const chunk = Buffer.alloc(64 * 1024, 0x78);
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 1024; sent += 1) reader.push(Buffer.from(chunk));
    reader.push(Buffer.from('tail\nnext\n'));
    expect(overlong).toHaveBeenCalledTimes(1);
    expect(overlong.mock.calls[0]?.[0]).toMatchObject({ bytes: 64 * 1024 * 1024 + 4 });
    expect(line.mock.calls.map(([bytes]) => String(bytes))).toEqual(['next']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(96 * 1024 * 1024);
  });

  test('lines come out the same however the bytes were cut', () => {
    const bytes = Buffer.from('eins\nzwei ü€😀\n\ndrei\n');
    for (let size = 1; size < bytes.length; size += 1) {
      const seen: string[] = [];
      const reader = new LineReader(100, { line: (line) => seen.push(String(line)), overlong: () => seen.push('!') });
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect(seen).toEqual(['eins', 'zwei ü€😀', '', 'drei']);
    }
  });
});

describe('ids', () => {
  test('one in use is refused without taking the answer of the first', async () => {
    const { given, raw } = await opened();
    let finish: (() => void) | undefined;
    given.guard.answer = async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { result: { content: [] } };
    };
    raw.send({ ...CALL, id: 7 }, { ...CALL, id: 7 }, { ...CALL, id: '7' });
    expect((await raw.answerTo(null)).error).toMatchObject({ code: -32600 });
    await vi.waitFor(() => expect(given.guard.calls).toHaveLength(2));
    given.guard.answer = async () => ({ result: { content: [] } });
    finish?.();
    await raw.answerTo('7');
    raw.send({ ...CALL, id: 8 });
    await raw.answerTo(8);
    raw.send({ ...CALL, id: 8 });
    await vi.waitFor(() => expect(raw.messages.filter(({ id }) => id === 8)).toHaveLength(2));
  });

  test('an answer that nobody asked for is dropped and reported', async () => {
    const { given, raw } = await opened();
    raw.send({ jsonrpc: '2.0', id: 0, result: { action: 'accept', content: { decision: 'approve' } } });
    raw.send({ jsonrpc: '2.0', id: null, error: { code: 1, message: 'x' } }, { jsonrpc: '2.0', id: 1, result: {}, error: {} });
    raw.send({ ...CALL, id: 2 });
    await raw.answerTo(2);
    expect(given.guard.refused).toHaveLength(3);
    expect(raw.messages.filter((message) => 'error' in message)).toEqual([]);
  });

  test('the answer to a form counts once, and only under its very id', async () => {
    const given = await pair();
    const raw = new RawClient(given);
    raw.initialize({ elicitation: {} });
    const settled = vi.fn();
    given.guard.answer = async (call) => {
      call.client.form?.({ request_id: 'r', message: 'm', typed: false }).then(settled);
      return { result: { content: [] } };
    };
    raw.send(CALL);
    const form = await raw.next((message) => message.method === 'elicitation/create');
    const answer = (id: unknown, decision: string) => ({
      jsonrpc: '2.0',
      id,
      result: { action: 'accept', content: { decision } },
    });
    raw.send(answer(String(form.id), 'approve'), answer(form.id, 'deny'), answer(form.id, 'approve'));
    await vi.waitFor(() => expect(given.guard.refused).toHaveLength(2));
    await vi.waitFor(() => expect(settled).toHaveBeenCalledTimes(1));
    expect(settled.mock.calls).toMatchObject([[{ content: { decision: 'deny' } }]]);
  });
});

describe('the client role', () => {
  function client(maxBytes = 1000) {
    const input = new PassThrough();
    const output = new PassThrough();
    const refused: Refused[] = [];
    const messages: Record<string, unknown>[] = [];
    const written: string[] = [];
    output.on('data', (chunk) => written.push(String(chunk)));
    const transport = new LineTransport({ input, output, maxBytes, role: 'client', refused: (what) => refused.push(what) });
    transport.onmessage = (message) => messages.push({ ...message });
    return { input, transport, refused, messages, written };
  }
  const request = { jsonrpc: '2.0' as const, id: 5, method: 'tools/call', params: {} };

  test('fails the request whose answer can not be read, and answers nothing', async () => {
    const { input, transport, refused, messages, written } = client();
    await transport.start();
    await transport.send(request);
    input.write('a banner\n{"jsonrpc":"2.0","id":5,"result":{"a":1,"a":2}}\n');
    await vi.waitFor(() => expect(refused).toHaveLength(2));
    expect(messages).toMatchObject([{ id: 5, error: { data: UNREADABLE.malformed } }]);
    expect(written).toHaveLength(1);
    input.write('{"jsonrpc":"2.0","id":5,"result":{}}\n');
    await vi.waitFor(() => expect(refused).toHaveLength(3));
    expect(messages).toHaveLength(1);
  });

  test('says when an answer is lost that may have been anybody’s', async () => {
    const { input, transport, refused, messages } = client();
    await transport.start();
    await transport.send(request);
    input.write(`{"result":{"x":"${'x'.repeat(5000)}"},"id":5,"jsonrpc":"2.0"}\n`);
    await vi.waitFor(() => expect(refused).toMatchObject([{ lost: true }]));
    expect(messages).toEqual([]);
  });

  test('sending after the end is an error, and closing twice is one close', async () => {
    const { input, transport } = client();
    const closed = vi.fn();
    transport.onclose = closed;
    await transport.start();
    input.end();
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
    await transport.close();
    expect(closed).toHaveBeenCalledTimes(1);
    await expect(transport.send(request)).rejects.toThrow('closed');
    await expect(transport.start()).rejects.toThrow('before');
  });
});
