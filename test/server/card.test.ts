// The card of MCP Apps: only for clients that declare it and where there is a page; it leads there, decides nothing, and carries no right.
import { afterEach, expect, test } from 'vitest';
import { type World, type WorldOptions, world } from '../world.ts';
import { NOTES } from './console/notes.ts';

let w: World;
afterEach(() => w.close());

const UI = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } };
const PAGE: WorldOptions = { ...NOTES, page: (id) => `http://localhost:7373/requests/${id}` };
const URI = 'ui://perimeter/request';

async function client(options: WorldOptions, capabilities: Record<string, unknown>) {
  w = await world(options);
  const raw = await w.wire();
  raw.initialize(capabilities);
  let id = 0;
  const ask = async (method: string, params: Record<string, unknown> = {}) => {
    id += 1;
    raw.send({ jsonrpc: '2.0', id, method, params });
    return (await raw.answerTo(id)) as { result: Record<string, unknown>; error?: { code: number } };
  };
  const tool = async (name: string) =>
    ((await ask('tools/list')).result.tools as { name: string; _meta?: Record<string, unknown> }[]).find(
      (one) => one.name === name,
    );
  return { ask, tool };
}

test('a client that declares it is told of the card, reads it, and gets the address of the request beside the result', async () => {
  const { ask, tool } = await client(PAGE, UI);
  expect((await tool('request_elevation'))?._meta).toEqual({ ui: { resourceUri: URI } });
  expect((await tool('list_permissions'))?._meta).toBeUndefined();
  expect((await ask('resources/list')).result).toMatchObject({
    resources: [{ uri: URI, mimeType: 'text/html;profile=mcp-app' }],
  });
  const read = (await ask('resources/read', { uri: URI })).result.contents as { text: string; mimeType: string }[];
  expect(read[0]?.mimeType).toBe('text/html;profile=mcp-app');
  const { result } = await ask('tools/call', {
    name: 'request_elevation',
    arguments: { justification: 'x', calls: [{ tool: 'put', arguments: { name: 'a' } }] },
  });
  const id = (result.structuredContent as { request_id: string }).request_id;
  expect(result._meta).toEqual({ 'perimeter/page': `http://localhost:7373/requests/${id}` });
});

test('no tool of the card decides: a model that reads everything it is given finds nothing to approve with', async () => {
  const { ask } = await client(PAGE, UI);
  const tools = (await ask('tools/list')).result.tools as { name: string }[];
  expect(
    tools
      .map(({ name }) => name)
      .filter((name) => !['put', 'get'].includes(name))
      .sort(),
  ).toEqual(['audit_query', 'list_permissions', 'release_grant', 'request_elevation']);
  const { result } = await ask('resources/read', { uri: URI });
  const { text } = (result.contents as { text: string }[])[0]!;
  expect(text).not.toMatch(/tools\/call|innerHTML|eval\(|fetch\(|enter#/);
  expect(text.match(/method: '[^']+'/g)?.sort()).toEqual([
    "method: 'ui/initialize'",
    "method: 'ui/notifications/initialized'",
    "method: 'ui/notifications/size-changed'",
    "method: 'ui/open-link'",
  ]);
});

test.each([
  ['that declares nothing', PAGE, {}],
  [
    'that declares the extension for another type',
    PAGE,
    { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/plain'] } } },
  ],
  ['of a guard without a page', NOTES, UI],
] as const)('a client %s sees nothing of it', async (_, options, capabilities) => {
  const { ask, tool } = await client(options, capabilities);
  expect((await tool('request_elevation'))?._meta).toBeUndefined();
  expect((await ask('resources/list')).result).toEqual({ resources: [] });
  expect((await ask('resources/read', { uri: URI })).error?.code).toBe(-32601);
  const { result } = await ask('tools/call', {
    name: 'request_elevation',
    arguments: { justification: 'x', scope: 'read:notes:a' },
  });
  expect(result._meta).toBeUndefined();
});

test('no other resource is read, card or not', async () => {
  const { ask } = await client(PAGE, UI);
  for (const uri of ['file:///etc/passwd', 'ui://perimeter/other', `${URI}/x`, ''])
    expect([uri, (await ask('resources/read', { uri })).error?.code]).toEqual([uri, -32601]);
});
