// What is spoken on the owner's socket: one line of hello, then either a client's raw MCP stream or commands as lines of JSON.
import type { Duplex } from 'node:stream';
import { z } from 'zod';

/** Raised when the lines below change shape, so that two versions of the program refuse each other in words. */
export const PROTOCOL = 1;
/** A hello, and a command sent to the owner: they come from our own program and are small. */
export const MAX_REQUEST_BYTES = 1_048_576;
/** An answer may carry many audit events. */
export const MAX_ANSWER_BYTES = 67_108_864;
/** How long a new connection may take to say hello, and a closing one to say goodbye. */
export const HELLO_MS = 5_000;

/** Who connects. `as` says what for; the rest is told, not proved, beyond that the sender can read the state directory. */
export type Hello = { as: 'client' | 'command'; version: string; agent?: string; pid?: number; account?: string };

export const helloSchema = z.object({
  protocol: z.number(),
  key: z.string(),
  as: z.enum(['client', 'command']),
  version: z.string(),
  agent: z.string().exactOptional(),
  pid: z.number().exactOptional(),
  account: z.string().exactOptional(),
});
const failureSchema = z.object({ code: z.string(), message: z.string() });
export const welcomeSchema = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);
export const commandSchema = z.object({ id: z.number(), command: z.string(), params: z.record(z.string(), z.unknown()) });
/** Besides these, an answer has `result` and is the last, or `event` and is not. */
export const answerSchema = z.looseObject({ id: z.number(), error: failureSchema.exactOptional() });

/** An error that crosses the socket: `code` is for programs, the message for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const writeLine = (stream: Duplex, value: unknown): boolean => stream.write(`${JSON.stringify(value)}\n`);

/**
 * Reads one line and leaves everything after it in the stream.
 * @throws Error when the stream ends first, or the line is longer than `max` bytes
 */
export function readLine(stream: Duplex, max: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const settle = (act: () => void) => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      act();
    };
    const onEnd = () => settle(() => reject(new Error('the connection ended before its first line')));
    const onReadable = () => {
      for (let chunk: Buffer | null = stream.read(); chunk !== null; chunk = stream.read()) {
        held = Buffer.concat([held, chunk]);
        const end = held.indexOf(10);
        if (end < 0 && held.length <= max) continue;
        settle(() => {
          if (end < 0 || end > max) return reject(new Error(`the first line is longer than ${max} bytes`));
          if (end + 1 < held.length) stream.unshift(held.subarray(end + 1));
          resolve(held.subarray(0, end).toString('utf8'));
        });
        return;
      }
    };
    // By `readable` and not by `data`: so the stream is handed on as if it had never flowed.
    stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
  });
}

/** Calls `onLine` with every line that follows. A line over `max` bytes destroys the stream. */
export function readLines(stream: Duplex, max: number, onLine: (line: string) => void): void {
  let pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8');
      pieces = [];
      size = 0;
      rest = rest.subarray(end + 1);
      onLine(line);
    }
    pieces.push(rest);
    size += rest.length;
    if (size > max) stream.destroy(new Error(`a line is longer than ${max} bytes`));
  });
}
