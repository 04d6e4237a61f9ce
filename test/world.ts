// A whole guard in one process: the real road, audit, state and policies on a temporary folder; only time, the human and the downstream servers are ours.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { toJSONSchema } from 'zod';
import type { AuditFiles } from '../server/audit/files.ts';
import { createCommands } from '../server/commands.ts';
import { loadConfig } from '../server/config.ts';
import { DownstreamError } from '../server/errors.ts';
import { openPerimeter, type Perimeter } from '../server/perimeter.ts';
import type {
  AuditEvent,
  ClientHandle,
  Clock,
  Downstream,
  Downstreams,
  FormAnswer,
  FormQuestion,
  ForwardOptions,
  LinkQuestion,
  ServerEntry,
  ToolDefinition,
  ToolResult,
} from '../server/ports.ts';
import type { BundledTool } from '../tools/downstream/serve.ts';
import { RawClient } from './server/wire/pair.ts';
import './still.ts';

export type FakeClock = Clock & {
  /** Time passes: both clocks go on. */
  advance(ms: number): void;
  /** Somebody sets the wall clock; the monotonic one doesn't follow. */
  set(now: string | number): void;
};

/** Monday noon, unless told otherwise. */
export function fakeClock(start = '2026-11-23T12:00:00.000Z'): FakeClock {
  let now = Date.parse(start);
  let mono = 1_000_000;
  return {
    now: () => now,
    mono: () => mono,
    advance(ms) {
      now += ms;
      mono += ms;
    },
    set(to) {
      now = typeof to === 'number' ? to : Date.parse(to);
    },
  };
}

type TinyTool = Partial<Omit<ToolDefinition, 'name'>> & {
  run?(args: Record<string, unknown>, options: ForwardOptions): ToolResult | Promise<ToolResult>;
};
export type TinyServer = Record<string, TinyTool>;
export type Forwarded = { server: string; tool: string; arguments: Record<string, unknown>; meta: Record<string, unknown> };

/** The tools of a bundled server, run in this process. */
export function bundled(tools: readonly BundledTool[]): TinyServer {
  const entries = tools.map((tool): [string, TinyTool] => {
    const { title, description, annotations, impact } = tool;
    const inputSchema = toJSONSchema(tool.input, { io: 'input' }) as Record<string, unknown>;
    const run = async (args: Record<string, unknown>, { meta, signal }: ForwardOptions) =>
      (await tool.call(args, { meta, signal })) as ToolResult;
    return [
      tool.name,
      { title, description, annotations, inputSchema, ...(impact ? { _meta: { 'perimeter/impact': impact } } : {}), run },
    ];
  });
  return Object.fromEntries(entries);
}

/** How the human at the form answers; `after` in ms. Undefined: the form stays open. */
export type Human = Answers<FormQuestion>;
type Answers<Asked> = (
  question: Asked,
) => Omit<FormAnswer, 'request_id'> | undefined | Promise<Omit<FormAnswer, 'request_id'> | undefined>;

export const yes = (decision: 'approve' | 'approve_once' | 'deny' = 'approve'): Omit<FormAnswer, 'request_id'> => ({
  action: 'accept',
  content: { decision },
  after: 4_000,
});

export type WorldOptions = {
  /** rules/test.yaml; without `version:` and `rules:` they are put in front. */
  rules?: string;
  bindings?: string;
  /** More binding files, by name. */
  moreBindings?: Record<string, string>;
  /** By name; or made for the world's folder. */
  servers?: Record<string, TinyServer> | ((folder: string) => Record<string, TinyServer>);
  /** Servers as real processes, in place of `servers`. */
  processes?: Record<string, { command: string; args: string[]; env?: Record<string, string> }>;
  /** Members of `perimeter` in mcp.json. */
  settings?: Record<string, unknown>;
  /** Extra members of each server entry. */
  entries?: Record<string, Record<string, unknown>>;
  human?: Human;
  /** What the client's human says to a link; without it the client takes none. */
  opens?: Answers<LinkQuestion>;
  /** Where a request's page is; without it none is served. */
  page?: (request_id: string) => string | undefined;
  clock?: FakeClock;
  /** A folder to use again, for restarts. */
  folder?: string;
  wait_ms?: number;
  /** After how many ms a form without an answer is not enough. */
  climb_ms?: number;
  /** Is shown what the desktop would show. */
  notify?: (title: string, line: string) => void;
  /** How long a request outlives its client, in ms. */
  gone_ms?: number;
  /** The audit's disk, to make it fail. */
  auditFiles?: AuditFiles;
  /** Hears the guard's own log. */
  log?: (line: string) => void;
};

export type World = {
  perimeter: Perimeter;
  clock: FakeClock;
  folder: string;
  /** What reached a downstream, in order. */
  forwarded: Forwarded[];
  questions: FormQuestion[];
  links: LinkQuestion[];
  /** Requests whose form or link was taken away again. */
  withdrawn: string[];
  call(
    tool: string,
    args?: Record<string, unknown>,
    options?: { client?: ClientHandle; signal?: AbortSignal },
  ): Promise<ToolResult>;
  /** `request_elevation`, its structured answer. */
  ask(
    input: Record<string, unknown>,
    options?: { client?: ClientHandle; signal?: AbortSignal },
  ): Promise<Record<string, unknown>>;
  /** A command as from the terminal of the human. */
  command(name: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>;
  client(extra?: Partial<ClientHandle>): ClientHandle;
  /** A client that writes its own lines, over the real endpoint. `leave` ends its input. */
  wire(agent?: string): Promise<RawClient & { leave(): Promise<void> }>;
  /** Gives a server other tools, and says so as the server would. */
  redefine(server: string, tools: TinyServer): void;
  /** Puts other rules in force. */
  rules(text: string): void;
  events(type?: string): Promise<AuditEvent[]>;
  close(options?: { keep: boolean }): Promise<void>;
};

/** The decision in a refusal. */
export function decisionOf(result: ToolResult): {
  decision: string;
  rule: string;
  why: string;
  failed: string[];
  where?: string;
  request_elevation?: { arguments: Record<string, unknown> };
} {
  return result._meta?.['perimeter/decision'] as ReturnType<typeof decisionOf>;
}

const text = (said: string): ToolResult => ({ content: [{ type: 'text', text: said }] });

export async function world(options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? fakeClock();
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'perimeter-world-'));
  const servers = typeof options.servers === 'function' ? options.servers(folder) : { ...options.servers };
  if (options.folder === undefined) write(folder, options, servers);
  const forwarded: Forwarded[] = [];
  const questions: FormQuestion[] = [];
  const links: LinkQuestion[] = [];
  const withdrawn: string[] = [];
  const listeners: ((name: string) => void)[] = [];
  const config = loadConfig(join(folder, 'mcp.json'), { HOME: join(folder, 'home') });
  const perimeter = await openPerimeter({
    config,
    clock,
    log: options.log ?? (() => undefined),
    version: '0.0.0',
    perimeterCommand: { command: 'perimeter', args: [] },
    ...(options.processes === undefined ? { downstreams: tinyDownstreams(config.entries, servers, forwarded, listeners) } : {}),
    wait_ms: options.wait_ms ?? 2_000,
    ...(options.gone_ms === undefined ? {} : { gone_ms: options.gone_ms }),
    ...(options.page === undefined ? {} : { page: options.page }),
    ...(options.climb_ms === undefined ? {} : { climb_ms: options.climb_ms }),
    ...(options.notify === undefined ? {} : { notify: options.notify }),
    ...(options.auditFiles === undefined ? {} : { auditFiles: options.auditFiles }),
  });
  const commands = createCommands(perimeter);

  function client(extra: Partial<ClientHandle> = {}): ClientHandle {
    return {
      connection_id: Math.random().toString(36).slice(2),
      name: 'test-client',
      version: '1',
      era: 'legacy',
      forms: options.human !== undefined,
      links: options.opens !== undefined,
      form: (question, gone) => shown(questions, question, options.human, gone),
      link: async (question, gone) => ({ ...(await shown(links, question, options.opens, gone)), link: true }),
      ...extra,
    };
  }
  async function shown<Asked extends { request_id: string }>(
    seen: Asked[],
    question: Asked,
    human: Answers<Asked> | undefined,
    gone: AbortSignal | undefined,
  ): Promise<FormAnswer> {
    seen.push(question);
    gone?.addEventListener('abort', () => withdrawn.push(question.request_id));
    const answer = await human?.(question);
    if (answer === undefined) return new Promise<FormAnswer>(() => undefined);
    return { request_id: question.request_id, ...answer };
  }
  const usual = client();

  const made: World = {
    perimeter,
    clock,
    folder,
    forwarded,
    questions,
    links,
    withdrawn,
    client,
    async call(tool, args = {}, given = {}) {
      const reply = await perimeter.guard.callTool({
        tool,
        arguments: args,
        client: given.client ?? usual,
        signal: given.signal ?? new AbortController().signal,
      });
      if ('question' in reply) throw new Error('a modern client is asked; call the guard yourself');
      return reply.result;
    },
    async ask(input, given) {
      const result = await made.call('request_elevation', { justification: 'for the test', ...input }, given);
      if (result.isError) throw new Error(String(result.content[0]?.text));
      return result.structuredContent ?? {};
    },
    async wire(agent) {
      const streams = { input: new PassThrough(), output: new PassThrough() };
      const served = await perimeter.serve(streams, agent);
      const leave = () => {
        streams.input.end();
        return served.closed;
      };
      return Object.assign(new RawClient(streams), { leave });
    },
    redefine(server, tools) {
      servers[server] = tools;
      for (const told of listeners) told(server);
    },
    rules(text) {
      writeFileSync(rulesFile(folder), rulesText(text));
      perimeter.policies.reload();
    },
    command: async (name, params = {}) =>
      (await commands(
        name,
        // the command line shows the message and sends along what it showed
        name === 'approve' ? { shown: perimeter.elevations.get(String(params.id))?.shown ?? 'nothing', ...params } : params,
        { event: () => undefined, signal: new AbortController().signal },
        { as: 'command', version: '0.0.0', account: 'john' },
      )) as Record<string, unknown>,
    async events(type) {
      const events: AuditEvent[] = [];
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await perimeter.audit.query({
          limit: 500,
          ...(type === undefined ? {} : { type }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        events.push(...page.events);
        cursor = page.next_cursor;
      }
      return events.reverse();
    },
    async close(how) {
      await perimeter.close();
      if (how?.keep !== true) rmSync(folder, { recursive: true, force: true });
    },
  };
  return made;
}

function write(folder: string, options: WorldOptions, servers: Record<string, TinyServer>): void {
  mkdirSync(join(folder, 'home'));
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  mkdirSync(join(folder, 'policies', 'bindings'), { recursive: true });
  writeFileSync(rulesFile(folder), rulesText(options.rules ?? ''));
  if (options.bindings !== undefined) writeFileSync(join(folder, 'policies', 'bindings', 'test.yaml'), options.bindings);
  for (const [name, text] of Object.entries(options.moreBindings ?? {}))
    writeFileSync(join(folder, 'policies', 'bindings', name), text);
  const mcpServers =
    options.processes ??
    Object.fromEntries(Object.keys(servers).map((name) => [name, { command: 'tiny', args: [], ...options.entries?.[name] }]));
  const settings = {
    agent: 'felix',
    user: { name: 'john', role: 'user' },
    policies: './policies',
    state: './state',
    timezone: 'UTC',
    ...options.settings,
  };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter: settings }));
}

const rulesFile = (folder: string) => join(folder, 'policies', 'rules', 'test.yaml');
const rulesText = (rules: string) =>
  rules.startsWith('version:') ? rules : `version: 1\nrules:${rules === '' ? ' []' : `\n${rules}`}\n`;

function tinyDownstreams(
  entries: readonly ServerEntry[],
  servers: Record<string, TinyServer>,
  forwarded: Forwarded[],
  listeners: ((name: string) => void)[],
): Downstreams {
  const all = entries.map((entry): Downstream => {
    const server = () => servers[entry.name] ?? {};
    return {
      entry,
      state: 'ready',
      tools: () =>
        Object.entries(server()).map(([name, { run: _run, ...tool }]) => ({ inputSchema: { type: 'object' }, ...tool, name })),
      async call(tool, args, options) {
        if (options.signal.aborted) throw new DownstreamError('cancelled', false, 'the call was cancelled before it was made');
        forwarded.push({ server: entry.name, tool, arguments: args, meta: options.meta });
        const stopped = new Promise<never>((_, reject) =>
          options.signal.addEventListener(
            'abort',
            () => reject(new DownstreamError('cancelled', true, 'the call was cancelled')),
            { once: true },
          ),
        );
        return (await Promise.race([server()[tool]?.run?.(args, options), stopped])) ?? text('done');
      },
    };
  });
  return {
    all: () => all,
    get: (name) => all.find((one) => one.entry.name === name),
    start: async () => undefined,
    onTools: (listener) => void listeners.push(listener),
    close: async () => undefined,
  };
}
