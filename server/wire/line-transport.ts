// Our own MCP transport over byte streams: one JSON-RPC message a line, read strictly, with every refusal answered and told.
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { LineReader, type Overlong } from './line-reader.ts';
import { checkMessage, isRecord, RPC_CODES, type RpcMessage, type RpcNotification, type RpcRequest } from './messages.ts';
import { idOf, type MessageId, parseStrict } from './strict-json.ts';

export const MAX_LINE_BYTES = 10 * 1024 * 1024;

/** Something that came in and went no further. `lost`: it may have been the answer to any request of ours. */
export type Refused = { reason: string; method?: string; lost?: boolean };
/** The `data` of the errors that stand for an answer that came and couldn't be read. Nobody outside can make them up. */
export const UNREADABLE = { tooLarge: `too_large:${randomUUID()}`, malformed: `malformed:${randomUUID()}` };
export type Refusal = { code: number; message: string };

/** What the one side of a connection makes of well-formed messages, before anything else sees them. */
export type Gate = {
  /** A refusal is answered with its code; the request goes no further. */
  request(request: RpcRequest): Refusal | undefined;
  /** False drops the notification. */
  notification(notification: RpcNotification): boolean;
};

export type LineTransportOptions = {
  input: Readable;
  output: Writable;
  /** Longest line read, in bytes. */
  maxBytes?: number;
  gate?: Gate;
  /** Takes an answer before the SDK sees it; true where it was to a question of the guard's own. */
  answered?(answer: RpcMessage): boolean;
  /** A server answers garbage with JSON-RPC errors. A client fails its own request instead, if it can tell which was answered. */
  role: 'server' | 'client';
  refused(what: Refused): void;
};

/**
 * A `Transport` of the MCP SDK over two streams. Bad lines never end the connection. It ends when the input does, when the
 * output breaks, or by `close()`; the streams themselves belong to the caller and stay as they are.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #options: LineTransportOptions;
  readonly #reader: LineReader;
  /** Requests that came in and aren't answered yet, and ours that the other side hasn't answered. */
  readonly #received = new Set<MessageId>();
  readonly #asked = new Set<MessageId>();
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(options: LineTransportOptions) {
    this.#options = options;
    this.#reader = new LineReader(options.maxBytes ?? MAX_LINE_BYTES, {
      line: (bytes) => this.#onLine(bytes),
      overlong: (line) => this.#onOverlong(line),
      endless: (bytes) => this.#onEndless(bytes),
    });
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('this transport was started before');
    this.#state = 'open';
    const { input, output } = this.#options;
    input.on('data', this.#onData);
    input.resume();
    input.on('end', this.#onEnd);
    input.on('close', this.#onEnd);
    input.on('error', this.#onEnd);
    output.on('error', this.#onEnd);
    output.on('close', this.#onEnd);
    if (input.readableEnded || input.destroyed) setImmediate(this.#onEnd);
  }

  /** Writes one message. Rejects when the connection is gone; resolves once the stream took it. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#state !== 'open') throw new Error('the connection is closed');
    if ('method' in message) {
      if ('id' in message) this.#asked.add(message.id);
      else if (message.method === 'notifications/cancelled') this.#forget(this.#asked, message.params);
    } else if (message.id !== undefined) this.#received.delete(message.id);
    await this.#write(message);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const { input, output } = this.#options;
    const started = this.#state === 'open';
    this.#state = 'closed';
    if (started) {
      input.off('data', this.#onData);
      input.off('end', this.#onEnd);
      input.off('close', this.#onEnd);
      output.off('close', this.#onEnd);
      // The error listeners stay: a late write error of a closed pipe must not end the process.
      if (input.listenerCount('data') === 0) input.pause();
    }
    this.onclose?.();
  }

  readonly #onData = (chunk: Buffer | string): void => this.#reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  readonly #onEnd = (): void => void this.close();

  #onLine(bytes: Buffer): void {
    if (this.#state !== 'open' || isBlank(bytes)) return;
    const parsed = parseStrict(bytes);
    if (!parsed.ok) {
      const code = parsed.fault === 'syntax' || parsed.fault === 'encoding' ? RPC_CODES.parse : RPC_CODES.request;
      this.#unreadable({ reason: parsed.reason }, code, UNREADABLE.malformed, parsed.id);
      return;
    }
    const checked = checkMessage(parsed.value);
    if (!checked.ok) {
      const what = { reason: checked.reason, ...(checked.method === undefined ? {} : { method: checked.method }) };
      // A server doesn't answer an answer: that could go on for ever.
      if (checked.response && this.#options.role === 'server') this.#options.refused(what);
      else this.#unreadable(what, RPC_CODES.request, UNREADABLE.malformed, checked.id);
    } else if (checked.kind === 'request') this.#onRequest(checked.message);
    else if (checked.kind === 'notification') this.#onNotification(checked.message);
    else this.#onResponse(checked.message);
  }

  #onRequest(request: RpcRequest): void {
    const { id, method } = request;
    if (this.#received.has(id)) {
      // Without its id: the answer to that id belongs to the request that had it first.
      this.#refuse(RPC_CODES.request, {
        method,
        reason: `the id ${JSON.stringify(id)} is in use by a request that is still open`,
      });
      return;
    }
    const refusal = this.#options.gate?.request(request);
    if (refusal) {
      this.#refuse(refusal.code, { method, reason: refusal.message }, id);
      return;
    }
    this.#received.add(id);
    this.#deliver(request);
  }

  #onNotification(notification: RpcNotification): void {
    if (this.#options.gate && !this.#options.gate.notification(notification)) return;
    if (notification.method === 'notifications/cancelled') this.#forget(this.#received, notification.params);
    this.#deliver(notification);
  }

  #onResponse(response: RpcMessage & { id?: MessageId | null }): void {
    const { id } = response;
    const asked = id !== undefined && id !== null && this.#asked.delete(id);
    if (this.#options.answered?.(response as RpcMessage)) return;
    if (asked) this.#deliver(response as RpcMessage);
    else this.#options.refused({ reason: 'an answer to a question that was not asked, or was answered before' });
  }

  #onOverlong(line: Overlong): void {
    if (this.#state !== 'open') return;
    const id = idOf(line.head.toString('latin1')) ?? trailingId(line.tail.toString('latin1'));
    const reason = `a message of ${line.bytes} bytes is over the limit of ${this.#options.maxBytes ?? MAX_LINE_BYTES}`;
    this.#unreadable({ reason }, RPC_CODES.request, UNREADABLE.tooLarge, id);
  }

  /** The other side may never end it. A client's own answers are in it, or behind it: it gives up at once. */
  #onEndless(bytes: number): void {
    if (this.#state === 'open' && this.#options.role === 'client')
      this.#options.refused({ reason: `a message of more than ${bytes} bytes has no end`, lost: true });
  }

  /** A line that can't be read: a server tells the other side, a client fails the request that it answers. */
  #unreadable(what: Refused, code: number, data: string, id: MessageId | undefined): void {
    if (this.#options.role === 'server') {
      this.#refuse(code, what, id);
      return;
    }
    const answered = id !== undefined && this.#asked.delete(id);
    this.#options.refused({ ...what, ...(answered ? {} : { lost: data === UNREADABLE.tooLarge }) });
    if (answered) this.#deliver({ jsonrpc: '2.0', id, error: { code, message: what.reason, data } });
  }

  /** Refuses a message with an answer; `id` is left out where it is unknown or belongs to another request. */
  #refuse(code: number, what: Refused, id?: MessageId): void {
    this.#options.refused(what);
    const answer = { jsonrpc: '2.0', id: id ?? null, error: { code, message: what.reason } };
    this.#write(answer).catch((error: unknown) => this.onerror?.(error instanceof Error ? error : new Error(String(error))));
  }

  #deliver(message: RpcMessage): void {
    this.onmessage?.(message as JSONRPCMessage);
  }

  #forget(ids: Set<MessageId>, params: unknown): void {
    const id = isRecord(params) ? params.requestId : undefined;
    if (typeof id === 'string' || typeof id === 'number') ids.delete(id);
  }

  #write(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.output.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length < 64 && bytes.toString('latin1').trim() === '';
}

/** The id of a message whose last member it is: `… ,"id":7}`. One closing brace only, so it is the message's own. */
function trailingId(tail: string): MessageId | undefined {
  const match = /,\s*"id"\s*:\s*(-?\d{1,15}|"[\w:.-]{1,100}")\s*\}\s*$/.exec(tail);
  return match?.[1] === undefined ? undefined : (JSON.parse(match[1]) as MessageId);
}
