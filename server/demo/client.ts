// The agent's side of the demo: a real MCP client of a real `perimeter serve`, with a human to show forms to.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import * as z from 'zod';
import type { ToolResult } from '../ports.ts';
import type { Form, Human } from './human.ts';

export type Agent = {
  /** Calls a tool and gives the result as it came. Throws when the guard is gone. */
  call(tool: string, args: Record<string, unknown>): Promise<ToolResult>;
  /** What the guard has written to its log. */
  log(): string;
  close(): Promise<void>;
};

/** A person may think for a while before a call that waits for them comes back. */
const PATIENCE_MS = 60 * 60_000;
const MAX_LOG = 20_000;

/** Starts the guard for a mcp.json and connects to it, as an MCP client does. `command` is how this program is started. */
export async function connectAgent(config: string, command: { command: string; args: string[] }, human: Human): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: command.command,
    args: [...command.args, 'serve', '--config', config],
    stderr: 'pipe',
  });
  let log = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-MAX_LOG);
  });
  const client = new Client(
    { name: 'perimeter-demo', version: '1.0.0' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => human(formOf(params)));
  try {
    await client.connect(transport);
  } catch (error) {
    await client.close().catch(() => undefined);
    throw new Error(`the guard did not start: ${log.trim() || (error instanceof Error ? error.message : 'no reason given')}`);
  }
  return {
    call: async (name, args) => (await client.callTool({ name, arguments: args }, { timeout: PATIENCE_MS })) as ToolResult,
    log: () => log,
    close: () => client.close(),
  };
}

const DECISION = z.object({
  message: z.string(),
  requestedSchema: z.object({
    properties: z.object({ decision: z.object({ enum: z.array(z.string()), enumNames: z.array(z.string()) }) }),
  }),
});

/** The form as this client draws it. Throws when it is not the one the guard asks with: then nobody is shown anything. */
function formOf(params: unknown): Form {
  const { message, requestedSchema } = DECISION.parse(params);
  const { enum: decisions, enumNames: titles } = requestedSchema.properties.decision;
  return { message, options: decisions.map((decision, index) => ({ decision, title: titles[index] ?? decision })) };
}
