// The other side of the owner's socket: how a second `serve` brings its client, and how commands ask the guard that runs.
import { realpath } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { disk } from '../store/files.ts';
import { after } from '../timers.ts';
import { dial, findAddress, keyPath } from './address.ts';
import {
  answerSchema,
  CommandError,
  HELLO_MS,
  type Hello,
  MAX_ANSWER_BYTES,
  MAX_REQUEST_BYTES,
  PROTOCOL,
  readLine,
  readLines,
  welcomeSchema,
  writeLine,
} from './protocol.ts';

export type OwnerConnection = {
  readonly socketPath: string;
  /** Pipes a client's streams to the owner until one side ends. `owner` means the guard went away under the client: say so and exit non-zero. */
  pipeClient(input: Readable, output: Writable, hello: { version: string; agent?: string }): Promise<'client' | 'owner'>;
  /**
   * Asks the owner to run a command.
   * @throws CommandError with the owner's code and message; code `gone` when the owner went away before it answered
   */
  command(
    name: string,
    params: Record<string, unknown>,
    onEvent?: (event: unknown) => void,
    signal?: AbortSignal,
  ): Promise<unknown>;
};

/** Reaches the owner of a state directory, or gives undefined when nobody owns it. `version` is the program's own. */
export async function connectOwner(dir: string, version = ''): Promise<OwnerConnection | undefined> {
  const stateDir = await realpath(dir).catch(() => undefined);
  if (stateDir === undefined) return undefined;
  const address = await findAddress(stateDir);
  const found = address === undefined ? undefined : await dial(address);
  if (!found || address === undefined) return undefined;
  found.destroy();
  return {
    socketPath: address,
    async pipeClient(input, output, hello) {
      const socket = await open(stateDir, address, { as: 'client', ...hello });
      return await pipe(socket, input, output);
    },
    async command(name, params, onEvent, signal) {
      const socket = await open(stateDir, address, { as: 'command', version });
      try {
        return await ask(socket, { id: 1, command: name, params }, onEvent, signal);
      } finally {
        socket.destroy();
      }
    },
  };
}

const gone = () => new CommandError('gone', 'the guard that owns this state went away: try again');

/** Connects and says hello; the stream is ready for what follows. */
async function open(stateDir: string, address: string, hello: Hello): Promise<Socket> {
  const socket = await dial(address);
  if (!socket) throw gone();
  let silent = false;
  const timer = after(HELLO_MS, () => {
    silent = true;
    socket.destroy();
  });
  try {
    const key = await disk.read(keyPath(stateDir));
    const line = readLine(socket, MAX_REQUEST_BYTES);
    writeLine(socket, { protocol: PROTOCOL, key: key ?? '', pid: process.pid, account: userInfo().username, ...hello });
    const welcome = welcomeSchema.parse(JSON.parse(await line));
    if ('error' in welcome) throw new CommandError(welcome.error.code, welcome.error.message);
    return socket;
  } catch (error) {
    socket.destroy();
    if (error instanceof CommandError) throw error;
    throw silent ? new CommandError('silent', 'the guard that owns this state does not answer: end it, then try again') : gone();
  } finally {
    timer.cancel();
  }
}

function pipe(socket: Socket, input: Readable, output: Writable): Promise<'client' | 'owner'> {
  return new Promise((resolve) => {
    let clientEnded = false;
    const leave = () => {
      if (clientEnded) return;
      clientEnded = true;
      socket.end();
      // The owner's last answers may still be on their way; it has no reason to take long.
      after(HELLO_MS, () => socket.destroy());
    };
    input.once('end', leave).once('close', leave).once('error', leave);
    output.once('error', leave).once('close', leave);
    socket.once('close', () => {
      input.unpipe(socket);
      resolve(clientEnded ? 'client' : 'owner');
    });
    socket.once('end', () => socket.end());
    input.pipe(socket, { end: false });
    socket.pipe(output, { end: false });
  });
}

function ask(
  socket: Socket,
  command: { id: number; command: string; params: Record<string, unknown> },
  onEvent?: (event: unknown) => void,
  signal?: AbortSignal,
) {
  return new Promise<unknown>((resolve, reject) => {
    const stop = () => reject(new CommandError('stopped', 'stopped before the answer came'));
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop, { once: true });
    socket.once('close', () => {
      signal?.removeEventListener('abort', stop);
      reject(gone());
    });
    socket.once('end', () => socket.destroy());
    readLines(socket, MAX_ANSWER_BYTES, (line) => {
      const answer = parseAnswer(line);
      if (answer?.id !== command.id) return socket.destroy();
      if (answer.error) reject(new CommandError(answer.error.code, answer.error.message));
      else if ('event' in answer) onEvent?.(answer.event);
      else resolve(answer.result);
    });
    writeLine(socket, command);
  });
}

function parseAnswer(line: string) {
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
