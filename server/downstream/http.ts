// Opens a link to a server that runs elsewhere, over Streamable HTTP, with bounded answers.
import { SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ServerEntry } from '../ports.ts';
import { UNREADABLE } from '../wire/line-transport.ts';
import { isRecord, RPC_CODES } from '../wire/messages.ts';
import { type MessageId, parseStrict } from '../wire/strict-json.ts';
import { httpProblem, Link, type LinkEvents, type LinkInfo, linkClient, networkCode, watchRequests } from './link.ts';

export type HttpOptions = {
  info: LinkInfo;
  events: LinkEvents;
  maxBytes: number;
  timeout: number;
  signal: AbortSignal;
};

/** Connects, asking for the newest revision first. Throws an Error whose message is for the user. */
export async function openHttp(entry: ServerEntry, url: string, options: HttpOptions): Promise<Link> {
  const { events, info, timeout, signal } = options;
  const address = webAddress(entry.name, url);
  const transport = new StreamableHTTPClientTransport(address, {
    requestInit: { headers: entry.headers ?? {} },
    fetch: boundedFetch(options.maxBytes, (id) => transport.onmessage?.(tooLarge(id))),
  });
  watchRequests(transport, events);
  const client = linkClient(info, events, 'auto');
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  try {
    await client.connect(transport, { timeout, signal });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw connectProblem(entry.name, address, error);
  }
  return new Link(entry.name, client, events, {
    closed,
    gone: closed.then(() => 'its connection broke off'),
    stop: async () => undefined,
  });
}

function webAddress(name: string, url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol === 'https:' || address?.protocol === 'http:') return address;
  throw new Error(`\`${name}\` has no usable address: check "url" in mcp.json`);
}

function connectProblem(name: string, address: URL, error: unknown): Error {
  if (error instanceof SdkHttpError) return new Error(httpProblem(`\`${name}\``, Number(error.status)).message);
  const code = networkCode(error);
  return new Error(
    `\`${name}\` could not be reached at ${address.origin}${code === '' ? '' : ` (${code})`}; check "url" in mcp.json`,
  );
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A fetch whose answers are never longer than `maxBytes`; a JSON answer is read strictly. `overflow` names the request of an answer that was. */
function boundedFetch(maxBytes: number, overflow: (id: MessageId) => void): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!response.body) return response;
    const id = requestId(init?.body);
    const streamed = response.headers.get('content-type')?.includes('text/event-stream') ?? false;
    const body = response.body.pipeThrough(
      limiter(maxBytes, streamed, () => (streamed && id !== undefined ? overflow(id) : undefined)),
    );
    const { status, statusText, headers } = response;
    if (streamed || !response.ok) return new Response(body, { status, statusText, headers });
    return new Response(await strictBody(body, id), {
      status,
      statusText,
      headers: { ...Object.fromEntries(headers), 'content-encoding': 'identity' },
    });
  };
}

/** Counts bytes; in an event stream, those of the event that is under way. Ends the stream with an error when there are too many. */
function limiter(maxBytes: number, events: boolean, overflow: () => void): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const text = events ? Buffer.from(chunk).toString('latin1') : '';
      const end = Math.max(text.lastIndexOf('\n\n'), text.lastIndexOf('\r\n\r\n'), text.lastIndexOf('\r\r'));
      bytes = end >= 0 ? chunk.length - end : bytes + chunk.length;
      if (bytes > maxBytes) {
        overflow();
        controller.error(new Error('the answer is too large'));
      } else controller.enqueue(chunk);
    },
  });
}

/** The JSON body, or in its place a JSON-RPC error for the request it answered. */
async function strictBody(body: ReadableStream<Uint8Array>, id: MessageId | undefined): Promise<string> {
  let text: string;
  try {
    text = await new Response(body).text();
  } catch {
    return JSON.stringify(id === undefined ? {} : tooLarge(id));
  }
  if (text.trim() === '') return text;
  const parsed = parseStrict(text);
  if (parsed.ok || id === undefined) return parsed.ok ? text : '{}';
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: RPC_CODES.parse, message: parsed.reason, data: UNREADABLE.malformed },
  });
}

function tooLarge(id: MessageId): { jsonrpc: '2.0'; id: MessageId; error: { code: number; message: string; data: string } } {
  return {
    jsonrpc: '2.0',
    id,
    error: { code: RPC_CODES.request, message: 'the answer is too large', data: UNREADABLE.tooLarge },
  };
}

function requestId(body: unknown): MessageId | undefined {
  const message: unknown = typeof body === 'string' ? JSON.parse(body) : undefined;
  const id = isRecord(message) ? message.id : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
