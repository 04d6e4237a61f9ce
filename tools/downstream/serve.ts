// The bundled servers' one door to the MCP SDK: a list of tools in, a stdio server out.
import { type CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type * as z from 'zod';

/** What a tool declares to join measured and enforced impact: see docs/impact-convention.md. */
type ImpactDeclaration = {
  /** The tool that takes the same arguments, changes nothing, and says what would happen. */
  preview: string;
  unit: 'records' | 'files' | 'recipients' | 'events' | 'bytes';
  /** The tool commits only inside a bound that is sent with the call. */
  bound?: true;
};

/** MCP's tool annotations, all said: a hint left out would be read as its default. */
export type Annotations = { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean; openWorldHint: boolean };

/** `meta` is the request's `_meta`; `signal` fires when the client cancels or is gone. */
export type ToolContext = { meta: Record<string, unknown>; signal: AbortSignal };

/** `text` is what a model reads, `structured` the same for programs, `meta` becomes the result's `_meta`. */
export type ToolAnswer = { text: string; structured?: Record<string, unknown>; meta?: Record<string, unknown> };

export type ToolDefinition<Input extends z.ZodObject> = {
  name: string;
  title: string;
  description: string;
  input: Input;
  /** When given, every answer must carry `structured` in this shape. */
  output?: z.ZodObject;
  annotations: Annotations;
  impact?: ImpactDeclaration;
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer>;
};

/** A tool ready to serve: its input is checked inside, so tools of different inputs share one list. */
export type BundledTool = Omit<ToolDefinition<z.ZodObject>, 'run'> & {
  /** Checks the arguments and runs the tool. Never throws: what goes wrong is a result with `isError`. */
  call(input: unknown, context: ToolContext): Promise<CallToolResult>;
};

/** A refusal or failure in the user's words. It becomes a result with `isError`, its message and `meta`. */
export class ToolProblem extends Error {
  override name = 'ToolProblem';
  readonly meta: Record<string, unknown> | undefined;
  constructor(message: string, meta?: Record<string, unknown>) {
    super(message);
    this.meta = meta;
  }
}

/** Makes a tool of its definition. Unknown arguments are refused, so nothing a policy didn't see gets through. */
export function bundledTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): BundledTool {
  const { run, ...rest } = definition;
  const input = definition.input.strict();
  return {
    ...rest,
    input,
    async call(given, context) {
      const parsed = input.safeParse(given ?? {});
      if (!parsed.success) return failure(`bad arguments for \`${rest.name}\`: ${describeIssues(parsed.error)}`);
      try {
        return success(await run(parsed.data as z.output<Input>, context));
      } catch (error) {
        if (error instanceof ToolProblem) return failure(error.message, error.meta);
        process.stderr.write(`${rest.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        return failure(`\`${rest.name}\` failed${systemCode(error)}`);
      }
    },
  };
}

/** Runs one tool of a list by name, without a transport: for tests and for code in the same process. */
export async function callBundled(
  tools: readonly BundledTool[],
  name: string,
  input: unknown,
  context: Partial<ToolContext> = {},
): Promise<CallToolResult> {
  const found = tools.find((tool) => tool.name === name);
  if (!found) return failure(`there is no tool \`${name}\`: the tools are ${tools.map((tool) => `\`${tool.name}\``).join(', ')}`);
  return found.call(input, { meta: context.meta ?? {}, signal: context.signal ?? new AbortController().signal });
}

/** Serves the tools over stdio and resolves when stdin closes. Speaks the current and the older revisions of MCP. */
export async function serveBundled(
  info: { name: string; version: string; instructions?: string },
  tools: readonly BundledTool[],
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  const handle = serveStdio(() => buildServer(info, tools), {
    onerror: (error) => process.stderr.write(`${info.name}: ${error.message}\n`),
  });
  await closed;
  await handle.close();
}

/** The server itself, for any transport. */
export function buildServer(
  info: { name: string; version: string; instructions?: string },
  tools: readonly BundledTool[],
): McpServer {
  const { instructions, ...implementation } = info;
  const server = new McpServer(implementation, {
    capabilities: { tools: {} },
    ...(instructions === undefined ? {} : { instructions }),
  });
  for (const tool of tools) {
    server.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: tool.input,
        ...(tool.output ? { outputSchema: tool.output } : {}),
        annotations: tool.annotations,
        ...(tool.impact ? { _meta: { 'perimeter/impact': tool.impact } } : {}),
      },
      (input, context) => tool.call(input, { meta: { ...context.mcpReq._meta }, signal: context.mcpReq.signal }),
    );
  }
  return server;
}

function success(answer: ToolAnswer): CallToolResult {
  return {
    content: [{ type: 'text', text: answer.text }],
    ...(answer.structured ? { structuredContent: answer.structured } : {}),
    ...(answer.meta ? { _meta: answer.meta } : {}),
  };
}

function failure(message: string, meta?: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: message }], isError: true, ...(meta ? { _meta: meta } : {}) };
}

/** The first few problems, each with the argument it is about. */
function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length > 0 ? `\`${issue.path.join('.')}\`: ${issue.message}` : issue.message))
    .join('; ');
}

/** ` (ENOSPC)` for an error of the operating system: it tells the reader something, and gives nothing away. */
function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? ` (${code})` : '';
}
