// The bundled servers' shared door: arguments are held against the schema, failures never show a stack.
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { buildServer, bundledTool, callBundled, ToolProblem } from '../../../tools/downstream/serve.ts';

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const tools = [
  bundledTool({
    name: 'greet',
    title: 'Greet',
    description: 'Greets somebody.',
    input: z.object({ name: z.string().min(1) }),
    output: z.object({ greeting: z.string() }),
    annotations,
    impact: { preview: 'preview_greet', unit: 'records', bound: true },
    async run({ name }, { meta }) {
      if (name === 'nobody') throw new ToolProblem('nobody is there: name somebody', { 'perimeter/outside_bound': { total: 1 } });
      if (name === 'bug') throw new Error('secret detail at /home/john');
      if (name === 'disk') throw Object.assign(new Error('no space on /home/john'), { code: 'ENOSPC' });
      return { text: `hello ${name}`, structured: { greeting: `hello ${name}` }, meta: { seen: meta['perimeter/bound'] } };
    },
  }),
];

describe('a bundled tool', () => {
  it('answers in text, structure and meta', async () => {
    const result = await callBundled(tools, 'greet', { name: 'Ada' }, { meta: { 'perimeter/bound': 3 } });
    expect(result).toEqual({
      content: [{ type: 'text', text: 'hello Ada' }],
      structuredContent: { greeting: 'hello Ada' },
      _meta: { seen: 3 },
    });
  });

  it.each([
    ['an argument it does not know', { name: 'Ada', shout: true }, 'shout'],
    ['an argument of another type', { name: 7 }, '`name`'],
    ['no arguments', undefined, '`name`'],
  ])('refuses %s', async (_, input, named) => {
    const result = await callBundled(tools, 'greet', input);
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(named);
  });

  it('says its own problems in its own words, with their meta', async () => {
    const result = await callBundled(tools, 'greet', { name: 'nobody' });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: 'nobody is there: name somebody' }],
      _meta: { 'perimeter/outside_bound': { total: 1 } },
    });
  });

  it('keeps the details of any other error to itself, but for the code of a system error', async () => {
    expect(await callBundled(tools, 'greet', { name: 'bug' })).toEqual({
      isError: true,
      content: [{ type: 'text', text: '`greet` failed' }],
    });
    expect(await callBundled(tools, 'greet', { name: 'disk' })).toEqual({
      isError: true,
      content: [{ type: 'text', text: '`greet` failed (ENOSPC)' }],
    });
  });

  it('is served with a closed schema, its annotations and its declaration of impact', async () => {
    const server = buildServer({ name: 'greeter', version: '1.0.0' }, tools);
    const client = new Client({ name: 'test', version: '1.0.0' });
    const [here, there] = InMemoryTransport.createLinkedPair();
    await Promise.all([server.connect(there), client.connect(here)]);
    const [definition] = (await client.listTools()).tools;
    expect(definition).toMatchObject({
      inputSchema: { type: 'object', additionalProperties: false, required: ['name'] },
      annotations,
      _meta: { 'perimeter/impact': { preview: 'preview_greet', unit: 'records', bound: true } },
    });
    const result = await client.callTool({
      name: 'greet',
      arguments: { name: 'Ada' },
      _meta: { 'perimeter/bound': { total: 2 } },
    });
    expect(result).toMatchObject({ structuredContent: { greeting: 'hello Ada' }, _meta: { seen: { total: 2 } } });
    expect(await client.callTool({ name: 'greet', arguments: { name: 'Ada', shout: true } })).toMatchObject({ isError: true });
    await client.close();
  });
});
