// One client on a pair of streams: the MCP server endpoint, for both eras of the protocol. It holds the protocol's state and
// translates; it decides nothing. The MCP SDK's server side comes in only here.
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  inputResponse,
  type JSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Cards } from './card.ts';
import type {
  CallReply,
  ClientHandle,
  Clock,
  FormAnswer,
  GuardPort,
  IncomingCall,
  LinkQuestion,
  Question,
  ToolResult,
} from './ports.ts';
import { clientGate, EMPTY_LISTS } from './wire/client-gate.ts';
import { answerKey, declared, formAnswer, formParams, inputRequired, linkParams } from './wire/elicitation.ts';
import { LineTransport } from './wire/line-transport.ts';
import { isRecord } from './wire/messages.ts';
import { progressOf } from './wire/progress.ts';
import { createQuestions, type Questions } from './wire/questions.ts';
import { type Call, type RequestStates, requestStates } from './wire/request-state.ts';

export type EndpointOptions = {
  guard: GuardPort;
  input: Readable;
  output: Writable;
  clock: Clock;
  info: { name: string; version: string; instructions: string };
  /** The agent this connection was configured for; absent means mcp.json's. */
  agent?: string;
  /** The card for clients that draw one. */
  cards?: Cards;
  /** Authenticates what travels through the client between a question and its answer. At least 32 random bytes. */
  secret: Buffer;
};
export type ServedClient = { closed: Promise<void>; close(): Promise<void> };

/** The only revision in which a client is told that what it opened a link for is over (client/elicitation, "Completion Notifications"). */
const TELLS_LINKS = '2025-11-25';

/** Serves one client until its input ends or `close()`. Nothing but MCP goes to `output`; bad input never throws. */
export async function serveClient(options: EndpointOptions): Promise<ServedClient> {
  const connection = new Connection(options);
  return { closed: connection.closed, close: () => connection.close() };
}

class Connection {
  readonly closed: Promise<void>;
  readonly #options: EndpointOptions;
  readonly #states: RequestStates;
  readonly #questions: Questions;
  readonly #handle: { close(): Promise<void> };
  readonly #connectionId = randomUUID();
  #client: ClientHandle | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#states = requestStates(options.secret, options.clock);
    this.#questions = createQuestions(() => transport);
    const transport = new LineTransport({
      input: options.input,
      output: options.output,
      role: 'server',
      answered: (answer) => this.#questions.answered(answer),
      gate: clientGate((method, reason) => this.#refused(reason, method)),
      refused: ({ reason, method }) => this.#refused(reason, method),
    });
    this.#handle = serveStdio(({ era }) => this.#server(era), {
      transport,
      onerror: (error) => this.#refused(error.message),
    });
    this.closed = new Promise((resolve) => {
      const stop = transport.onclose;
      transport.onclose = () => {
        stop?.();
        this.#questions.close();
        if (this.#client) options.guard.disconnected(this.#client);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await this.closed;
  }

  #refused(reason: string, method?: string): void {
    this.#options.guard.refusedMessage(this.#client, { reason, ...(method === undefined ? {} : { method }) });
  }

  /** One server of the SDK for one era. Calls go through its fallback handler, since only that relays results as they are. */
  #server(era: 'legacy' | 'modern'): Server {
    const { info, guard } = this.#options;
    const server = new Server(
      { name: info.name, version: info.version },
      {
        capabilities: { tools: { listChanged: true }, ...(this.#options.cards ? { resources: {} } : {}) },
        instructions: info.instructions,
      },
    );
    let ready = era === 'modern';
    server.oninitialized = () => {
      ready = true;
      this.#client = this.#legacyClient(server);
    };
    server.fallbackRequestHandler = (request, context) => this.#request(server, era, request, context);
    const stop = guard.onToolsChanged?.(() => {
      if (ready) server.sendToolListChanged().catch(() => undefined);
    });
    server.onclose = () => stop?.();
    return server;
  }

  async #request(server: Server, era: 'legacy' | 'modern', request: JSONRPCRequest, context: ServerContext): Promise<Result> {
    const client = era === 'modern' ? this.#modernClient(context) : this.#legacyClient(server);
    this.#client = client;
    const given: Record<string, unknown> =
      era === 'modern' ? { ...context.mcpReq.envelope } : { [CLIENT_CAPABILITIES_META_KEY]: server.getClientCapabilities() };
    const cards = this.#options.cards?.shows(given[CLIENT_CAPABILITIES_META_KEY]) ? this.#options.cards : undefined;
    try {
      if (request.method === 'tools/list') {
        const tools = await this.#options.guard.listTools();
        return { tools: cards?.tools(tools) ?? tools };
      }
      if (request.method === 'tools/call') return await this.#call(client, request.params ?? {}, context, cards);
      const card = cards?.answer(request.method, request.params);
      if (card) return card;
      // downstreams' resources and prompts are not passed on, so the list of them is empty, whether or not the client minds capabilities
      const empty = Object.hasOwn(EMPTY_LISTS, request.method) ? EMPTY_LISTS[request.method] : undefined;
      if (empty !== undefined) return { [empty]: [] };
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#refused(`internal error: ${error instanceof Error ? error.message : String(error)}`, request.method);
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'the guard failed on this message; its audit log says why');
    }
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'method not found');
  }

  async #call(client: ClientHandle, params: Record<string, unknown>, context: ServerContext, cards?: Cards): Promise<Result> {
    const call: Call = { tool: String(params.name), arguments: isRecord(params.arguments) ? params.arguments : {} };
    const answer = client.era === 'modern' ? this.#answer(call, context) : undefined;
    const over = new AbortController();
    const incoming: IncomingCall = {
      ...call,
      client,
      signal: context.mcpReq.signal,
      ...progressOf(context, AbortSignal.any([context.mcpReq.signal, over.signal])),
      ...(answer ? { answer } : {}),
    };
    const reply: CallReply = await this.#options.guard.callTool(incoming).finally(() => over.abort());
    if ('result' in reply) return relayed(cards?.result(call.tool, reply.result) ?? reply.result);
    const shows = 'url' in reply.question ? client.links : client.forms;
    if (client.era === 'legacy' || !shows) throw new Error('a question was put to a client that cannot show it here');
    return inputRequired(reply.question, this.#states.seal(reply.question.request_id, call, 'url' in reply.question));
  }

  /** The answer a retried call carries. A state that isn't ours for this very call is refused, never read as an answer. */
  #answer(call: Call, context: ServerContext): FormAnswer | undefined {
    const state = context.mcpReq.requestState();
    const responses = context.mcpReq.inputResponses;
    if (state === undefined && responses === undefined) return undefined;
    const opened = typeof state === 'string' ? this.#states.open(state, call) : undefined;
    if (!opened) {
      this.#refused('a request state that is altered, expired, or of another call', 'tools/call');
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'invalid or expired requestState: make the call again without it',
        {
          reason: 'invalid_request_state',
        },
      );
    }
    const view = inputResponse(responses, answerKey(opened.link));
    return view.kind === 'elicit' ? formAnswer(opened.request_id, view, opened.after, opened.link) : undefined;
  }

  #modernClient(context: ServerContext): ClientHandle {
    const envelope: Record<string, unknown> = { ...context.mcpReq.envelope };
    return this.#known('modern', envelope[CLIENT_INFO_META_KEY], envelope[CLIENT_CAPABILITIES_META_KEY]);
  }

  #legacyClient(server: Server): ClientHandle {
    const client = this.#known('legacy', server.getClientVersion(), server.getClientCapabilities());
    if (client.forms) client.form ??= (question, withdrawn) => this.#ask(question, formParams(question), withdrawn);
    if (client.links) client.link ??= (question, over) => this.#link(server, question, over);
    return client;
  }

  /** The same handle as long as the client says the same of itself; 2026-07-28 clients say it anew with each request. */
  #known(era: 'legacy' | 'modern', info: unknown, capabilities: unknown): ClientHandle {
    const name = isRecord(info) && typeof info.name === 'string' ? info.name : 'unknown';
    const version = isRecord(info) && typeof info.version === 'string' ? info.version : '';
    const { forms, links } = declared(capabilities);
    const before = this.#client;
    const same =
      before?.era === era &&
      before.name === name &&
      before.version === version &&
      before.forms === forms &&
      before.links === links;
    if (same) return before;
    const { agent } = this.#options;
    return { connection_id: this.#connectionId, name, version, era, forms, links, ...(agent === undefined ? {} : { agent }) };
  }

  /**
   * Puts the question on the wire by itself: not inside a call, so that neither its end nor its cancellation closes the form. A JSON-RPC
   * error is the client's answer too: it didn't show the question.
   */
  async #ask(question: Question, params: Record<string, unknown>, over?: AbortSignal): Promise<FormAnswer> {
    const { clock } = this.#options;
    const asked = clock.mono();
    const given = await this.#questions.ask(params, over);
    return formAnswer(question.request_id, given, clock.mono() - asked, 'url' in question);
  }

  async #link(server: Server, question: LinkQuestion, over?: AbortSignal): Promise<FormAnswer> {
    const answer = await this.#ask(question, linkParams(question), over);
    if (answer.action === 'accept' && server.getNegotiatedProtocolVersion() === TELLS_LINKS) {
      const method = 'notifications/elicitation/complete';
      const tell = () =>
        void server.notification({ method, params: { elicitationId: question.request_id } }).catch(() => undefined);
      if (over?.aborted) tell();
      else over?.addEventListener('abort', tell, { once: true });
    }
    return answer;
  }
}

/** The result as it came, without the keys that would turn it into a question of the guard's (MRTR, InputRequiredResult). */
function relayed(result: ToolResult): Result {
  const { resultType: _, inputRequests: _questions, requestState: _state, ...rest } = result;
  return rest;
}
