// An endpoint and its client in one process: real SDK clients, or raw lines, over in-memory streams, and a guard that only remembers.
import { PassThrough } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioServerTransport as StreamsV1 } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StdioServerTransport as Streams } from '@modelcontextprotocol/server/stdio';
import { type ServedClient, serveClient } from '../../../server/endpoint.ts';
import type { CallReply, ClientHandle, Clock, GuardPort, IncomingCall, ToolDefinition } from '../../../server/ports.ts';

export const ECHO: ToolDefinition = { name: 'echo', description: 'says it again', inputSchema: { type: 'object' } };

/** A guard that allows everything and keeps what it saw. `answer` may be replaced by a test. */
export class RememberingGuard implements GuardPort {
  calls: IncomingCall[] = [];
  refused: { method?: string; reason: string }[] = [];
  gone: ClientHandle[] = [];
  tools: ToolDefinition[] = [ECHO];
  changed: (() => void)[] = [];
  answer: (call: IncomingCall) => Promise<CallReply> = async (call) => ({
    result: { content: [{ type: 'text', text: JSON.stringify(call.arguments) }] },
  });
  async listTools(): Promise<ToolDefinition[]> {
    return this.tools;
  }
  async callTool(call: IncomingCall): Promise<CallReply> {
    this.calls.push(call);
    return this.answer(call);
  }
  onToolsChanged(listener: () => void): () => void {
    this.changed.push(listener);
    return () => undefined;
  }
  /** Says that the tools changed. */
  tell(): void {
    for (const changed of this.changed) changed();
  }
  disconnected(client: ClientHandle): void {
    this.gone.push(client);
  }
  refusedMessage(_client: ClientHandle | undefined, what: { method?: string; reason: string }): void {
    this.refused.push(what);
  }
}

/** A clock that moves only when told. */
export class HandClock implements Clock {
  wall = Date.parse('2026-11-23T10:00:00Z');
  now(): number {
    return this.wall;
  }
  mono(): number {
    return this.wall - 1000;
  }
}

export type Pair = { guard: RememberingGuard; clock: HandClock; served: ServedClient; input: PassThrough; output: PassThrough };

export async function pair(secret: Buffer = Buffer.alloc(32, 7)): Promise<Pair> {
  const guard = new RememberingGuard();
  const clock = new HandClock();
  const input = new PassThrough();
  const output = new PassThrough();
  const info = { name: 'perimeter', version: '0.0.0', instructions: 'ask first' };
  const served = await serveClient({ guard, input, output, clock, info, secret });
  return { guard, clock, served, input, output };
}

/** The client's end for the v2 SDK; the class only needs two streams. */
export function streamsOf({ output, input }: Pair): Transport {
  return new Streams(output, input);
}

/** A connected client of the v1 SDK. */
export async function clientV1(given: Pair, capabilities: Record<string, unknown> = {}): Promise<ClientV1> {
  const client = new ClientV1({ name: 'old', version: '1' }, { capabilities });
  await client.connect(new StreamsV1(given.output, given.input));
  return client;
}

/** Raw lines out, parsed messages in, in the order they came. */
export class RawClient {
  readonly messages: Record<string, unknown>[] = [];
  readonly #pair: Pick<Pair, 'input' | 'output'>;
  #text = '';
  #waiting: (() => void)[] = [];

  constructor(given: Pick<Pair, 'input' | 'output'>) {
    this.#pair = given;
    given.output.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      const lines = this.#text.split('\n');
      this.#text = lines.pop() ?? '';
      for (const line of lines) this.messages.push(JSON.parse(line) as Record<string, unknown>);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  send(...lines: (string | Buffer | Record<string, unknown>)[]): void {
    for (const line of lines) {
      const bytes = typeof line === 'string' || Buffer.isBuffer(line) ? line : JSON.stringify(line);
      this.#pair.input.write(Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]));
    }
  }

  initialize(capabilities: Record<string, unknown> = {}, name = 'raw'): void {
    const params = { protocolVersion: '2025-06-18', capabilities, clientInfo: { name, version: '1' } };
    this.send(
      { jsonrpc: '2.0', id: 'init', method: 'initialize', params },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
    );
  }

  /** Waits for the message that the test is after. */
  async next(matches: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  answerTo(id: unknown): Promise<Record<string, unknown>> {
    return this.next((message) => message.id === id && !('method' in message));
  }
}
