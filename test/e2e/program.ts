// The built program for end-to-end tests: its commands, and real clients of both generations on a real `serve`.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { AuditEvent, ToolDefinition, ToolResult } from '../../server/ports.ts';

export const MAIN = join(import.meta.dirname, '../../dist/server/cli/main.js');

export type Ran = { code: number | null; stdout: string; stderr: string };

/** Runs a command of the program to its end. Never throws. */
export function perimeter(args: readonly string[], env: Record<string, string> = {}, cwd?: string): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 60_000, ...(cwd === undefined ? {} : { cwd }) };
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** A new folder, by its real path. */
export function tempFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-e2e-')));
}

/** A client of the guard with a scripted human. `forms` are the messages that human was shown. */
export type Agent = {
  tools(): Promise<ToolDefinition[]>;
  call(name: string, args?: Record<string, unknown>): Promise<ToolResult>;
  forms: string[];
  close(): Promise<void>;
};
type Decision = 'deny' | 'approve_once' | 'approve';
export type Connect = (config: string, decision: Decision) => Promise<Agent>;

/** An answer in less than half a second is the client's own. */
const HUMAN_MS = 700;
const FORM = { elicitation: { form: {} } };
const serve = (config: string) => ({
  command: process.execPath,
  args: [MAIN, 'serve', '--config', config],
  stderr: 'pipe' as const,
});

function human(
  forms: string[],
  decision: Decision,
): (message: string) => Promise<{ action: 'accept'; content: { decision: string } }> {
  return async (message) => {
    forms.push(message);
    await new Promise((resolve) => setTimeout(resolve, HUMAN_MS));
    return { action: 'accept', content: { decision } };
  };
}

/** The current SDK: probes for the newest revision, and is asked by an input-required result. */
export const connectV2: Connect = async (config, decision) => {
  const forms: string[] = [];
  const answer = human(forms, decision);
  const client = new Client({ name: 'e2e-v2', version: '2' }, { capabilities: FORM, versionNegotiation: { mode: 'auto' } });
  client.setRequestHandler('elicitation/create', async ({ params }) => answer(params.message));
  await client.connect(new StdioClientTransport(serve(config)));
  return {
    forms,
    tools: async () => (await client.listTools()).tools as ToolDefinition[],
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as ToolResult,
    close: () => client.close(),
  };
};

/** The SDK before it, as most clients still have it: a handshake, and a request for the form. */
export const connectV1: Connect = async (config, decision) => {
  const forms: string[] = [];
  const answer = human(forms, decision);
  const client = new ClientV1({ name: 'e2e-v1', version: '1' }, { capabilities: FORM });
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => answer(params.message));
  await client.connect(new StdioV1(serve(config)));
  return {
    forms,
    tools: async () => (await client.listTools()).tools as ToolDefinition[],
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as ToolResult,
    close: () => client.close(),
  };
};

/** Every event of a state directory, oldest first. */
export function trailOf(state: string): AuditEvent[] {
  const folder = join(state, 'audit');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
}

/** What the guard says of a refused call; undefined when it was not refused by the guard. */
export function decisionOf(result: ToolResult): Record<string, unknown> | undefined {
  return result._meta?.['perimeter/decision'] as Record<string, unknown> | undefined;
}

export function textOf(result: ToolResult): string {
  return result.content.map((item) => (typeof item.text === 'string' ? item.text : '')).join('\n');
}
