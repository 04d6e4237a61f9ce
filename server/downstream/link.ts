// One live MCP connection to a downstream: asks for its tools, makes calls, and turns what can go wrong into DownstreamErrors.
// The MCP SDK's client side comes in only here and in the two files that open a link.
import {
  Client,
  ProtocolError,
  type Result,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type Transport,
} from '@modelcontextprotocol/client';
import { visible } from '../../policies/values/visible.ts';
import { DownstreamError } from '../errors.ts';
import type { ForwardOptions, ToolResult } from '../ports.ts';
import { UNREADABLE } from '../wire/line-transport.ts';
import { isRecord } from '../wire/messages.ts';

/** What a link tells whoever holds it. */
export type LinkEvents = {
  /** The server says that its tools changed. */
  changed(): void;
  /** The server asked something of the client: it was refused. */
  asked(method: string): void;
};
export type LinkInfo = { name: string; version: string };

const MAX_WORDS = 2000;
/** The longest timer of Node; the SDK's timers would fire at once beyond it. */
const MAX_TIMEOUT = 2 ** 31 - 1;
/** Network errors before anything was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Takes any result as it is (a Standard Schema): a relay neither drops nor re-orders what it doesn't know. */
const ANYTHING = {
  '~standard': {
    version: 1,
    vendor: 'perimeter',
    validate: (value: unknown) => ({ value: value as Result }),
    types: undefined as { input: unknown; output: Result } | undefined,
  },
} as const;

/** The SDK's client for one downstream. It declares no capabilities: nothing may be asked of the human or the model through it. */
export function linkClient(info: LinkInfo, events: LinkEvents, mode: 'auto' | 'legacy' | { pin: string }): Client {
  return new Client(info, {
    capabilities: {},
    versionNegotiation: { mode },
    listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => events.changed() } },
  });
}

/** Reports every request that comes up from the server, whatever the SDK then answers (it refuses all but pings). */
export function watchRequests(transport: Transport, events: LinkEvents): void {
  transport.onmessage = (message) => {
    if ('method' in message && 'id' in message && message.method !== 'ping') events.asked(message.method);
  };
}

export type LinkEnd = {
  /** Resolves as soon as nothing can be asked over it any more. */
  closed: Promise<void>;
  /** Resolves a little later, with the reason in words. */
  gone: Promise<string>;
  /** Ends what is behind the client. */
  stop(): Promise<void>;
};

export class Link {
  readonly closed: Promise<void>;
  readonly gone: Promise<string>;
  readonly #name: string;
  readonly #client: Client;
  readonly #events: LinkEvents;
  readonly #stop: () => Promise<void>;

  constructor(name: string, client: Client, events: LinkEvents, end: LinkEnd) {
    this.#name = name;
    this.#client = client;
    this.#events = events;
    this.#stop = end.stop;
    this.closed = end.closed;
    this.gone = end.gone;
  }

  get offersTools(): boolean {
    return this.#client.getServerCapabilities()?.tools !== undefined;
  }

  /** One page of `tools/list`, as it came. Throws DownstreamError. */
  async toolPage(cursor: string | undefined, timeout: number): Promise<Record<string, unknown>> {
    try {
      const params = cursor === undefined ? {} : { cursor };
      return await this.#client.request({ method: 'tools/list', params }, ANYTHING, { timeout });
    } catch (error) {
      throw this.#problem(error, timeout);
    }
  }

  /** Whether the server still answers anything at all. */
  async isAlive(timeout: number): Promise<boolean> {
    try {
      await this.#client.request({ method: 'tools/list', params: {} }, ANYTHING, { timeout });
      return true;
    } catch (error) {
      return error instanceof ProtocolError;
    }
  }

  /** One tool call; the result as it came. Throws DownstreamError. */
  async call(tool: string, args: Record<string, unknown>, options: ForwardOptions): Promise<ToolResult> {
    const { signal, progress, meta } = options;
    const timeout = Math.min(options.timeout, MAX_TIMEOUT);
    if (signal.aborted)
      throw new DownstreamError('cancelled', false, `the call to \`${this.#name}\` was cancelled before it was made`);
    let result: Record<string, unknown>;
    try {
      result = await this.#client.request(
        { method: 'tools/call', params: { name: tool, arguments: args, _meta: meta } },
        ANYTHING,
        {
          signal,
          timeout,
          allowInputRequired: true,
          ...(progress ? { onprogress: (update) => progress(steps(update)) } : {}),
        },
      );
    } catch (error) {
      if (signal.aborted) throw new DownstreamError('cancelled', true, `the call to \`${this.#name}\` was cancelled`);
      throw this.#problem(error, timeout);
    }
    return this.#toolResult(result);
  }

  async close(): Promise<void> {
    await this.#client.close().catch(() => undefined);
    await this.#stop();
  }

  #toolResult(result: Record<string, unknown>): ToolResult {
    if (result.resultType === 'input_required') {
      const wanted = isRecord(result.inputRequests) ? Object.values(result.inputRequests) : [];
      const methods = wanted.map((request) =>
        isRecord(request) && typeof request.method === 'string' ? request.method : 'input',
      );
      for (const method of methods.slice(0, 10)) this.#events.asked(visible(method, 80));
      throw new DownstreamError(
        'protocol',
        true,
        `\`${this.#name}\` wants to ask the user something in the middle of a call, which is not passed on`,
      );
    }
    const answer: Record<string, unknown> = result.content === undefined ? { content: [], ...result } : result;
    if (!isToolResult(answer))
      throw new DownstreamError('protocol', true, `\`${this.#name}\` answered with something that is no tool result`);
    return withoutHopMeta(answer);
  }

  #problem(error: unknown, timeout: number): DownstreamError {
    const name = `\`${this.#name}\``;
    if (error instanceof ProtocolError) {
      if (error.data === UNREADABLE.tooLarge) return new DownstreamError('too_large', true, `the answer of ${name} is too large`);
      if (error.data === UNREADABLE.malformed)
        return new DownstreamError('protocol', true, `the answer of ${name} can't be read: ${error.message}`);
      return new DownstreamError(
        'protocol',
        true,
        `${name} answered with an error (${error.code}): ${visible(error.message, MAX_WORDS)}`,
      );
    }
    if (error instanceof SdkHttpError) return httpProblem(name, Number(error.status));
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
      return new DownstreamError('timeout', true, `${name} did not answer within ${seconds(timeout)}`);
    }
    if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) {
      return new DownstreamError('protocol', true, `the answer of ${name} does not fit the protocol`);
    }
    return new DownstreamError('died', !NOT_CONNECTED.has(networkCode(error)), `the connection to ${name} broke off`);
  }
}

export function httpProblem(name: string, status: number): DownstreamError {
  if (status === 401 || status === 403) {
    return new DownstreamError(
      'protocol',
      false,
      `${name} refused the credentials (HTTP ${status}); check "headers" in mcp.json`,
    );
  }
  // A session that the server forgot is a connection that died.
  return new DownstreamError(status === 404 ? 'died' : 'protocol', status >= 500, `${name} answered with HTTP ${status}`);
}

/** The system's code of a network error (`ECONNREFUSED`), however deep it is wrapped; '' when there is none. */
export function networkCode(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ('code' in cause && typeof cause.code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(cause.code)) return cause.code;
  }
  return '';
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Only what progress is made of, with words of a bounded length. */
function steps(update: { progress: number; total?: number | undefined; message?: string | undefined }) {
  return {
    progress: update.progress,
    ...(typeof update.total === 'number' ? { total: update.total } : {}),
    ...(typeof update.message === 'string' ? { message: visible(update.message, 500) } : {}),
  };
}

function isToolResult(value: Record<string, unknown>): value is ToolResult {
  const { content, structuredContent, isError, _meta } = value;
  if (!Array.isArray(content) || !content.every((item) => isRecord(item) && typeof item.type === 'string')) return false;
  if (isError !== undefined && typeof isError !== 'boolean') return false;
  return (_meta === undefined || isRecord(_meta)) && structuredContent !== null;
}

/** Who answered is told hop by hop (ResultMetaObject); towards the client that is the guard. */
function withoutHopMeta(result: ToolResult): ToolResult {
  if (!result._meta || !('io.modelcontextprotocol/serverInfo' in result._meta)) return result;
  const { 'io.modelcontextprotocol/serverInfo': _, ...meta } = result._meta;
  const { _meta: __, ...rest } = result;
  return Object.keys(meta).length > 0 ? { ...rest, _meta: meta } : rest;
}
