// What we bundle: the default rules pass their own tests, and the bindings know every tool and argument of the servers they are for.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { classify } from '../../policies/classify.ts';
import { judge } from '../../policies/judge.ts';
import { type DescribedServer, lintPolicy } from '../../policies/lint.ts';
import { loadPolicy, type PolicyFile } from '../../policies/load.ts';
import { FACTORS } from '../../policies/risk.ts';
import { formatProblem } from '../../policies/source.ts';
import { loadSqlParsers } from '../../policies/sql/index.ts';
import type { Binding, Policy } from '../../policies/types.ts';
import { calendarTools } from '../../tools/downstream/calendar/index.ts';
import { ianaZone } from '../../tools/downstream/calendar/zones.ts';
import { databaseTools } from '../../tools/downstream/database/index.ts';
import { emailTools } from '../../tools/downstream/email/index.ts';
import { filesTools } from '../../tools/downstream/files/index.ts';
import type { BundledTool } from '../../tools/downstream/serve.ts';

const folder = join(import.meta.dirname, '../../policies');
const read = (kind: PolicyFile['kind'], inside: string): PolicyFile[] =>
  readdirSync(join(folder, inside))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ path: join(inside, name), text: readFileSync(join(folder, inside, name), 'utf8'), kind }));

function bundled(): { policy: Policy; notes: string[] } {
  const known = [...read('bindings', 'bindings'), ...read('lists', '.')];
  const loaded = loadPolicy(read('rules', 'rules'), { bundled: known, factors: FACTORS.map((factor) => factor.name) });
  if (!loaded.policy) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return { policy: loaded.policy, notes: loaded.notes.map(formatProblem) };
}

const { policy, notes } = bundled();
const bindingOf = (name: string): Binding | undefined =>
  policy.bindings.find((one) => one.bundled === name || one.packages.some((each) => each.endsWith(name)));
const disk = { realpath: (path: string) => path, isFolder: (path: string) => path === '/srv/share' };

describe('the bundled rules', () => {
  beforeAll(loadSqlParsers);

  test('load without a note', () => {
    expect(notes).toEqual([]);
    expect(policy.rules.length).toBeGreaterThan(15);
  });

  test.each(policy.tests.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const { decision } = judge(
      {
        policy,
        who: { agent: 'agent', user: 'ann', role: 'user', session_id: 's' },
        server: { server: one.call.server ?? '', binding: bindingOf(one.call.server ?? ''), root: '/srv/share' },
        tool: one.call.tool,
        args: one.call.arguments,
        definition_digest: '',
        context: { now: one.at ?? 0, zone: 'UTC', session: 'active' },
        history: [],
        grants: [],
        isProtected: () => false,
      },
      disk,
    );
    expect({ decision: decision.decision, rule: decision.rule, risk: decision.risk.level }).toMatchObject(one.expect);
  });
});

test('the only wide permission we give is on the agent’s own notes', () => {
  expect(lintPolicy(policy).map(({ message }) => message.split(':', 2).join(':'))).toEqual([
    '`memory-notes` allows `write:memory`',
  ]);
});

describe('the bundled bindings', () => {
  const described = (server: string, tools: DescribedServer['tools']): DescribedServer => ({
    server,
    binding: bindingOf(server),
    tools,
  });
  const ofBundled = (server: string, tools: readonly BundledTool[]) =>
    described(
      server,
      tools.map(({ name, input, impact }) => ({
        name,
        inputSchema: z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }),
        ...(impact ? { _meta: { 'perimeter/impact': impact } } : {}),
      })),
    );
  const ofRules = lintPolicy(policy).map(formatProblem);
  const findings = (server: DescribedServer) =>
    lintPolicy(policy, [server])
      .map(formatProblem)
      .filter((line) => !ofRules.includes(line));
  const now = () => 0;

  test.each([
    ['files', () => filesTools({ root: folder })],
    [
      'email',
      () =>
        emailTools({
          store: folder,
          from: { address: 'a@b.example', domain: 'b.example' } as Parameters<typeof emailTools>[0]['from'],
          now,
        }),
    ],
    ['calendar', () => calendarTools({ dir: folder, zone: ianaZone('UTC'), now })],
    ['database', () => databaseTools({ file: join(folder, 'none.db'), create: false, readOnly: false })],
  ])('know all of `perimeter tool %s`', (server, tools) => {
    expect(findings(ofBundled(server, tools()))).toEqual([]);
  });

  test.each([
    ['server-filesystem', [folder]],
    ['server-memory', []],
    ['server-everything', []],
  ])('know all of %s', async (server, args) => {
    const main = join(import.meta.dirname, `../../node_modules/@modelcontextprotocol/${server}/dist/index.js`);
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [main, ...args], stderr: 'ignore' }));
    try {
      const { tools } = await client.listTools();
      expect(tools.length).toBeGreaterThan(5);
      expect(findings(described(server, tools))).toEqual([]);
    } finally {
      await client.close();
    }
  });
});

test.each(['send_draft', 'reply_email', 'apply_template'])(
  'of `%s` of other people’s mail server nobody knows to whom it goes',
  (tool) => {
    const server = { server: 'mail', binding: bindingOf('email-mcp'), root: undefined };
    const { actions, facts } = classify({ server, tool, args: { id: 1, emailId: '1', body: 'x' } }, disk);
    expect(actions).toMatchObject([{ verb: 'send', domain: 'email', kind: 'none' }]);
    expect(facts).toMatchObject({ destination: 'unknown' });
    expect(facts.recipients).toBeUndefined();
    expect(facts['body.words']).toBeUndefined();
  },
);
