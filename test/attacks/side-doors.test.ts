// Threat: something reaches a server beside the one road: another method, another name, another way to write the message.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readCases } from '../cases/runner.ts';
import type { RawClient } from '../server/wire/pair.ts';
import { decisionOf, type World, world } from '../world.ts';

const OBJECT = (properties: Record<string, unknown>) => ({ type: 'object', properties, additionalProperties: false });
const SERVERS = {
  calendar: { list_events: { inputSchema: OBJECT({ day: { type: 'string' } }) } },
  files: {
    read_file: { inputSchema: OBJECT({ path: { type: 'string' } }) },
    delete_file: { inputSchema: OBJECT({ path: { type: 'string' } }) },
  },
  email: { send_email: {} },
  helper: { list_events: {}, request_elevation: {}, safe: {} },
};
const RULES = `
  - { id: calendar, why: looking is fine, effect: allow, scope: "list:calendar", server: calendar }
  - { id: marketing, why: marketing is fine, effect: allow, scope: "read:files:marketing/**", server: files }
  - { id: rest, why: nothing else, effect: deny, scope: "*:*", unless: { args: { only: [day, path] } } }`;
const BINDING = 'server: calendar\ntools:\n  list_events: { does: list:calendar, resource: none, ignore: [day] }\n';
const FILES =
  'server: files\nroot: /srv/share\ntools:\n  read_file: { does: read:files, resource: { path: path } }\n  delete_file: { does: delete:files, resource: { path: path } }\n';

let open: World | undefined;
afterEach(() => open?.close());
async function guarded(): Promise<World> {
  open = await world({
    rules: RULES,
    bindings: FILES,
    moreBindings: { 'calendar.yaml': BINDING },
    servers: SERVERS,
    wait_ms: 20,
  });
  return open;
}
/** The names of the cases, `server.tool`, are `server__tool` here. */
const named = (name: string) => name.replace(/^(calendar|files|email|helper)\./, '$1__');
const renamed = (line: string) => line.replaceAll(/"(calendar|files|email|helper)\.(\w+)"/g, '"$1__$2"');

type Wire = {
  call: {
    raw?: string;
    lines?: string[];
    generate?: string;
    method?: string;
    params?: Record<string, unknown>;
    tool?: string;
    args?: Record<string, unknown>;
    transport?: string;
    downstreamResult?: unknown;
  };
};
const cases = readCases('bypass').cases.filter((one) => ['json', 'protocol', 'sidedoor', 'names'].includes(one.area));
const call = (one: (typeof cases)[0]) => one.call as unknown as Wire['call'];
const expand = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  if ('$text' in value)
    return (value.$text as (string | [string, number])[])
      .map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1])))
      .join('');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)]));
};

/** All that the case sends; afterwards a ping, so that what it did is known. */
async function send(raw: RawClient, one: (typeof cases)[0]): Promise<void> {
  const { raw: text, lines, generate, method, params, tool, args } = call(one);
  if (lines === undefined) raw.initialize();
  if (text !== undefined) raw.send(renamed(text));
  if (lines !== undefined) raw.send(...lines.map(renamed));
  if (generate !== undefined)
    raw.send(
      `{"padding":"${'x'.repeat(64 * 1024 * 1024)}","jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"calendar__list_events","arguments":{"day":"x"}}}`,
    );
  if (method !== undefined) raw.send(renamed(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: expand(params) })));
  if (tool !== undefined)
    raw.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: named(tool), arguments: args ?? {} } }),
    );
  raw.send({ jsonrpc: '2.0', id: 'after', method: 'ping' });
  await raw.answerTo('after');
}

const onWire = cases.filter(
  (one) => call(one).transport === undefined && call(one).downstreamResult === undefined && one.setup === undefined,
);
const mustStop = onWire.filter((one) => !one.accept.includes('allow'));
const mustRun = onWire.filter(
  (one) =>
    one.accept.length === 1 &&
    one.accept[0] === 'allow' &&
    JSON.stringify(one.call).includes('list_events') &&
    !JSON.stringify(one.call).includes('cancelled'),
);

describe('what must not get through', () => {
  it.each(mustStop.map((one) => [one.id, one.why, one] as const))('%s: %s', async (_id, _why, one) => {
    const { wire, forwarded } = await guarded();
    const raw = await wire();
    await send(raw, one);
    await new Promise((done) => setTimeout(done, 20));
    expect(forwarded).toEqual([]);
    // never two answers to one id, and never a result that is not a refusal
    const answers = raw.messages.filter(
      (message) => 'id' in message && !['init', 0, 'after', null].includes(message.id as string | number | null),
    );
    expect(new Set(answers.map((message) => message.id)).size).toBe(answers.length);
    for (const message of answers)
      expect('error' in message || (message.result as { isError?: boolean }).isError === true, JSON.stringify(message)).toBe(
        true,
      );
  });
});

describe('what must still run', () => {
  it.each(mustRun.map((one) => [one.id, one.why, one] as const))('%s: %s', async (_id, _why, one) => {
    const { wire, forwarded } = await guarded();
    await send(await wire(), one);
    await expect.poll(() => forwarded.length, { timeout: 10_000 }).toBe(1);
    expect(Object.keys(forwarded[0]?.meta ?? {})).toEqual(['perimeter/identity']);
  });
});

describe('a call that is cancelled at once', () => {
  it('runs once or not at all, is answered at most once, and is on record (protocol-033, protocol-035)', async () => {
    const { wire, forwarded, events } = await guarded();
    const raw = await wire();
    for (const one of onWire.filter((each) => ['protocol-033', 'protocol-035'].includes(each.id))) await send(raw, one);
    await expect.poll(async () => (await events('call.outcome')).length, { timeout: 10_000 }).toBe(1);
    expect(forwarded.length).toBeLessThanOrEqual(1);
    expect(await events('call.intent')).toHaveLength(1);
    expect(raw.messages.filter((message) => message.id === 1).length).toBeLessThanOrEqual(1);
  });
});

describe('a name', () => {
  it("belongs to the server that was registered under it: another server's tool of the same name is another tool", async () => {
    const { call: callTool, forwarded } = await guarded();
    expect((await callTool('calendar__list_events', { day: 'x' })).isError).toBeUndefined();
    expect(decisionOf(await callTool('helper__list_events', { day: 'x' })).decision).not.toBe('allow');
    expect(decisionOf(await callTool('list_events', { day: 'x' })).decision).toBe('deny');
    expect(forwarded.map((one) => one.server)).toEqual(['calendar']);
  });

  it("that two servers claim without a prefix is neither's", async () => {
    open = await world({
      rules: RULES,
      servers: { calendar: { list_events: {} }, helper: { list_events: {} } },
      settings: { prefix: 'none' },
    });
    expect(decisionOf(await open.call('list_events', { day: 'x' }))).toMatchObject({ decision: 'deny', rule: 'tool' });
  });

  it('that a late server takes does not inherit what was approved for the first', async () => {
    open = await world({
      rules: '  - { id: mine, why: only mine, effect: allow, scope: "*:*", server: calendar }',
      servers: { calendar: { list_events: {} }, helper: {} },
      settings: { prefix: 'none' },
    });
    expect((await open.call('list_events')).isError).toBeUndefined();
    open.redefine('helper', { list_events: {}, calendar__list_events: {} });
    await open.call('list_events');
    await open.call('calendar__list_events');
    await open.call('helper__list_events');
    expect(open.forwarded.every((one) => one.server === 'calendar')).toBe(true);
  });

  it('that the list left out is checked like any other', async () => {
    const { call: callTool, forwarded } = await guarded();
    for (const name of ['admin.drop_everything', 'files__hidden', 'files__delete_file'])
      expect(decisionOf(await callTool(name, {})).decision).not.toBe('allow');
    expect(forwarded).toEqual([]);
  });
});

describe('what nobody offered', () => {
  it('resources and prompts are not there to be read around the rules', async () => {
    const { wire, forwarded, events } = await guarded();
    const raw = await wire();
    raw.initialize();
    const methods = [
      'resources/list',
      'resources/read',
      'resources/templates/list',
      'resources/subscribe',
      'prompts/list',
      'prompts/get',
      'completion/complete',
      'sampling/createMessage',
      'elicitation/create',
      'roots/list',
      'tasks/list',
      'tasks/get',
      'tasks/result',
      'logging/setLevel',
      'grants/create',
      'rpc.discover',
      'Tools/call',
    ];
    for (const method of methods)
      raw.send({
        jsonrpc: '2.0',
        id: method,
        method,
        params: { uri: 'file:///srv/share/hr/salaries.csv', name: 'x', taskId: 'x' },
      });
    for (const method of methods) expect(JSON.stringify(await raw.answerTo(method))).not.toMatch(/salaries|credentials/);
    expect(forwarded).toEqual([]);
    // to ask what there is gets an empty list; all else is an offence on record
    const offences = methods.filter((method) => !/^(resources|prompts)\/.*list$/.test(method));
    await vi.waitFor(async () => expect(await events('call.refused')).toHaveLength(offences.length));
    const refused = (await events('call.refused')).map((event) => event.method);
    expect(refused.sort()).toEqual(offences.sort());
  });

  it('a second `initialize` changes neither who asks nor what is known of it', async () => {
    const { wire, forwarded } = await guarded();
    const raw = await wire('felix-2');
    raw.initialize();
    raw.send({
      jsonrpc: '2.0',
      id: 'again',
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: { elicitation: {} },
        clientInfo: { name: 'felix-admin', version: '9' },
      },
    });
    expect(await raw.answerTo('again')).toHaveProperty('error');
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'calendar__list_events', arguments: { day: 'x' } } });
    await raw.answerTo(1);
    expect(forwarded[0]?.meta['perimeter/identity']).toMatchObject({ agent_id: 'felix-2' });
  });
});

describe('too much, or nonsense', () => {
  it('a 50 MB argument is refused, and the connection goes on', async () => {
    const { wire, forwarded, perimeter } = await guarded();
    const raw = await wire();
    raw.initialize();
    raw.send(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'calendar__list_events', arguments: { day: 'x'.repeat(50 * 1024 * 1024) } },
      }),
    );
    expect(await raw.answerTo(1)).toHaveProperty('error');
    raw.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'calendar__list_events', arguments: { day: 'x' } } });
    expect(await raw.answerTo(2)).toHaveProperty('result');
    expect(forwarded).toHaveLength(1);
    expect(perimeter.audit.failed).toBeUndefined();
  });

  it('a thousand garbage lines are each answered or dropped, and the next call works', async () => {
    const { wire, forwarded } = await guarded();
    const raw = await wire();
    raw.initialize();
    for (let line = 0; line < 1_000; line += 1)
      raw.send(['{', 'null', '[]', '"x"', '{"jsonrpc":"2.0"}', '\u0000', '{"id":1}', '[[[[[['][line % 8] ?? '');
    raw.send({
      jsonrpc: '2.0',
      id: 'real',
      method: 'tools/call',
      params: { name: 'calendar__list_events', arguments: { day: 'x' } },
    });
    expect(await raw.answerTo('real')).toHaveProperty('result');
    expect(forwarded).toHaveLength(1);
  });

  it('nesting, long names and huge numbers of arguments stay bounded in time', async () => {
    const { call: callTool, forwarded } = await guarded();
    const started = performance.now();
    const deep = JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as unknown;
    for (const args of [
      { day: deep },
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`a${index}`, 'x'])),
      { ['n'.repeat(100_000)]: 'x' },
      { path: '../'.repeat(8_000) },
      { path: '%25'.repeat(8_000) },
      { path: `${'a/'.repeat(4_000)}x` },
      { day: 'a@b.c,'.repeat(20_000) },
      { day: 'http://'.repeat(20_000) },
    ]) {
      for (const tool of ['calendar__list_events', 'files__read_file', 'helper__safe', 'n'.repeat(10_000)])
        await callTool(tool, args);
    }
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(forwarded.filter((one) => one.server !== 'calendar')).toEqual([]);
  }, 60_000);
});
