// The reference server-filesystem behind the guard, beside the bundled servers: its tools as they are, and nothing outside a rule.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ToolDefinition } from '../../server/ports.ts';
import { type Agent, connectV1, decisionOf, tempFolder, textOf, trailOf } from './program.ts';

const SERVER = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');

const folder = tempFolder();
const shared = join(folder, 'shared');
const config = join(folder, 'mcp.json');
const secret = join(folder, 'secret.txt');
const POLICY = `version: 1
rules:
  - id: shared-look
    why: the shared folder is there to be read
    effect: allow
    scope: [read:files, list:files]
    server: fs
`;

let agent: Agent;
beforeAll(async () => {
  mkdirSync(join(shared, 'notes'), { recursive: true });
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  mkdirSync(join(folder, 'calendar'));
  writeFileSync(join(shared, 'notes', 'plan.txt'), 'the plan');
  writeFileSync(secret, 'the secret');
  symlinkSync(secret, join(shared, 'notes', 'link.txt'));
  writeFileSync(join(folder, 'policies', 'rules', 'files.yaml'), POLICY);
  const servers = {
    fs: { command: process.execPath, args: [SERVER, shared] },
    files: { command: 'perimeter', args: ['tool', 'files', '--root', './shared'] },
    calendar: { command: 'perimeter', args: ['tool', 'calendar', '--dir', './calendar'] },
  };
  const perimeter = { agent: 'felix', user: { name: 'john@acme.example' }, policies: './policies', state: './state' };
  writeFileSync(config, JSON.stringify({ mcpServers: servers, perimeter }));
  agent = await connectV1(config, 'approve');
});
afterAll(async () => {
  await agent?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the server offers when nothing stands in between. */
async function bare(): Promise<ToolDefinition[]> {
  const client = new Client({ name: 'bare', version: '1' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [SERVER, shared], stderr: 'ignore' }));
  const { tools } = await client.listTools();
  await client.close();
  return tools as ToolDefinition[];
}

test('every tool is there under its prefix, with schemas, title and annotations intact', async () => {
  const [offered, guarded] = [await bare(), await agent.tools()];
  expect(offered.length).toBeGreaterThan(10);
  for (const tool of offered) {
    const { name, ...rest } = guarded.find((one) => one.name === `fs__${tool.name}`) ?? { name: `fs__${tool.name} is missing` };
    expect({ ...rest, name: name.replace('fs__', '') }).toEqual(tool);
  }
  expect(guarded.map((tool) => tool.name)).toEqual(
    expect.arrayContaining(['files__read', 'calendar__list', 'request_elevation']),
  );
});

describe('reading', () => {
  test('inside the root is allowed by the rule', async () => {
    const read = await agent.call('fs__read_text_file', { path: join(shared, 'notes', 'plan.txt') });
    expect(read.isError ?? false).toBe(false);
    expect(textOf(read)).toContain('the plan');
    expect(trailOf(join(folder, 'state')).findLast((event) => event.type === 'call.intent')).toMatchObject({
      server: 'fs',
      rule: 'shared-look',
      action: 'read:files:notes/plan.txt',
    });
  });

  test.each([
    ['an absolute path', () => secret],
    ['dot-dots', () => `${join(shared, 'notes')}/../../secret.txt`],
    ['a link', () => join(shared, 'notes', 'link.txt')],
  ])('outside it by %s is refused before the server sees it', async (_name, path) => {
    const before = trailOf(join(folder, 'state')).filter((event) => event.type === 'call.intent').length;
    const refused = await agent.call('fs__read_text_file', { path: path() });
    expect(refused.isError).toBe(true);
    expect(decisionOf(refused)).toMatchObject({ decision: 'ask', rule: 'default' });
    expect(textOf(refused)).not.toContain('the secret');
    expect(trailOf(join(folder, 'state')).filter((event) => event.type === 'call.intent')).toHaveLength(before);
  });

  test('of the guard’s own files is refused for good', async () => {
    const refused = await agent.call('fs__read_text_file', { path: config });
    expect(decisionOf(refused)).toMatchObject({ decision: 'deny', rule: 'protected' });
  });

  test('one path of many outside refuses the call', async () => {
    const refused = await agent.call('fs__read_multiple_files', { paths: [join(shared, 'notes', 'plan.txt'), secret] });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).not.toContain('the plan');
  });

  test('the rule is for this server alone', async () => {
    expect(decisionOf(await agent.call('files__read', { path: 'notes/plan.txt' }))).toMatchObject({
      decision: 'ask',
      rule: 'default',
    });
  });
});

describe('writing', () => {
  const path = join(shared, 'notes', 'new.txt');
  const call = { tool: 'fs__write_file', arguments: { path, content: 'written' } };

  test('asks, and writes nothing', async () => {
    expect(decisionOf(await agent.call(call.tool, call.arguments))).toMatchObject({ decision: 'ask', rule: 'default' });
    expect(existsSync(path)).toBe(false);
  });

  test('happens once when a human has approved it, and not again or elsewhere', async () => {
    const answer = await agent.call('request_elevation', { justification: 'a note', calls: [call] });
    expect(answer.structuredContent).toMatchObject({ status: 'granted', grant: { exact: true, budget: { uses: 1 } } });
    expect(agent.forms[0]).toContain('files:notes/new.txt');
    const other = { ...call.arguments, path: join(shared, 'notes', 'plan.txt') };
    expect((await agent.call(call.tool, other)).isError).toBe(true);
    expect((await agent.call(call.tool, call.arguments)).isError ?? false).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('written');
    expect((await agent.call(call.tool, { ...call.arguments, content: 'again' })).isError).toBe(true);
    expect((await agent.call(call.tool, call.arguments)).isError).toBe(true);
    expect(readFileSync(join(shared, 'notes', 'plan.txt'), 'utf8')).toBe('the plan');
  });
});
