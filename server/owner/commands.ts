// The owner's side of commands: lines of JSON in, results, errors and events out.
import type { Socket } from 'node:net';
import { errorCode } from '../store/files.ts';
import { CommandError, commandSchema, type Hello, MAX_REQUEST_BYTES, readLines, writeLine } from './protocol.ts';

/** Events a slow reader may leave unread before it is cut off. */
const MAX_UNREAD_BYTES = 16_777_216;

/** What a running command can do besides answering: stream events, and notice that nobody waits any more. */
export type CommandStream = { event(value: unknown): void; signal: AbortSignal };
export type CommandHandler = (
  command: string,
  params: Record<string, unknown>,
  stream: CommandStream,
  peer: Hello,
) => Promise<unknown>;

/** Answers the commands of one connection until it closes. */
export function serveCommands(socket: Socket, peer: Hello, handle: CommandHandler): void {
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  socket.on('end', () => socket.end());
  const send = (line: unknown) => {
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    else if (socket.writable) writeLine(socket, line);
  };
  readLines(socket, MAX_REQUEST_BYTES, (line) => {
    const asked = parseCommand(line);
    if (!asked) return socket.destroy();
    const { id, command, params } = asked;
    const stream: CommandStream = { event: (event) => send({ id, event: event ?? null }), signal: gone.signal };
    // Started inside a promise, so that a handler that throws at once is answered like one that rejects.
    Promise.resolve()
      .then(() => handle(command, params, stream, peer))
      .then(
        (result) => send({ id, result: result ?? null }),
        (error: unknown) => send({ id, error: failure(error) }),
      );
  });
}

function parseCommand(line: string) {
  try {
    return commandSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function failure(error: unknown): { code: string; message: string } {
  if (error instanceof CommandError) return { code: error.code, message: error.message };
  return { code: errorCode(error) ?? 'failed', message: error instanceof Error ? error.message : 'the command failed' };
}
