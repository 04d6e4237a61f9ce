// The single owner of a state directory: claims it, listens on its socket, and lets other processes bring clients and commands.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, realpath, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, privateFolder, replaceFile, StateError } from '../store/files.ts';
import { after } from '../timers.ts';
import { chooseAddress, dial, findAddress, keyPath } from './address.ts';
import { type CommandHandler, serveCommands } from './commands.ts';
import { highestLock, isHeld, releaseLock, takeLock } from './lock.ts';
import { HELLO_MS, type Hello, helloSchema, MAX_REQUEST_BYTES, PROTOCOL, readLine, writeLine } from './protocol.ts';

export type { CommandHandler } from './commands.ts';
export { connectOwner } from './connection.ts';
export { CommandError, type Hello } from './protocol.ts';
export { onStopSignal } from './signals.ts';

const RETRY_MS = 50;
const RETRIES = 200;

export type Owner = {
  readonly socketPath: string;
  /** Called for every client another process brings; `stream` is its raw MCP line stream, to be ended when it ends. Clients that came earlier wait for this. */
  onClient(serve: (stream: Duplex, hello: Hello) => void): void;
  /** Answers commands. A thrown error's `code` and message reach the caller, its stack doesn't. */
  onCommand(handle: CommandHandler): void;
  /** Lets go of the directory. Call it last: from then on another process may write there. */
  close(): Promise<void>;
};

/**
 * Becomes the owner of a state directory, or says who is.
 * @throws StateError when the directory can't be used, or a process holds it without answering
 */
export async function claim(dir: string): Promise<Owner | { ownedBy: string }> {
  await privateFolder(dir);
  // One spelling for everybody: the length of the path decides where the socket is.
  const stateDir = await realpath(dir);
  for (let attempt = 0; attempt < RETRIES; attempt += 1) {
    const taken = await answering(stateDir);
    if (taken) return { ownedBy: taken };
    const lock = await highestLock(stateDir);
    if (lock && (await isHeld(lock))) {
      // It is starting, or closing: either it answers soon or it is gone.
      await sleep(RETRY_MS);
      continue;
    }
    const number = (lock?.number ?? 0) + 1;
    if (await takeLock(stateDir, number)) return await own(stateDir, number);
  }
  const pid = (await highestLock(stateDir))?.holder?.pid;
  throw new StateError(`process ${pid ?? 'unknown'} holds \`${stateDir}\` but does not answer: end it, then try again`);
}

/** The address of an owner that accepts connections. */
async function answering(stateDir: string): Promise<string | undefined> {
  const address = await findAddress(stateDir);
  const socket = address === undefined ? undefined : await dial(address);
  socket?.destroy();
  return socket && address;
}

async function own(stateDir: string, number: number): Promise<Owner | { ownedBy: string }> {
  try {
    // An owner in another container has a process id we can't see; its socket is in the shared folder, so it answers.
    const taken = await answering(stateDir);
    if (taken) {
      await releaseLock(stateDir, number);
      return { ownedBy: taken };
    }
    const key = randomBytes(32).toString('hex');
    await replaceFile(keyPath(stateDir), key);
    const address = await chooseAddress(stateDir);
    if (process.platform !== 'win32') await rm(address, { force: true });
    return await listen(stateDir, number, address, key);
  } catch (error) {
    await releaseLock(stateDir, number).catch(() => undefined);
    if (error instanceof StateError) throw error;
    throw new StateError(
      `cannot listen for \`${stateDir}\` (${errorCode(error) ?? 'unknown error'}): set \`state\` to a folder on a local disk`,
      { cause: error },
    );
  }
}

async function listen(stateDir: string, number: number, address: string, key: string): Promise<Owner> {
  const clientHandler = later<(stream: Duplex, hello: Hello) => void>();
  const commandHandler = later<CommandHandler>();
  const sockets = new Set<Socket>();
  const receive = async (socket: Socket) => {
    const hello = await greet(socket, key);
    if (!hello) return;
    if (hello.as === 'client') {
      // Whoever serves it has this long to say goodbye to a client that has left.
      socket.once('end', () => after(HELLO_MS, () => socket.destroy()));
      (await clientHandler.value)(socket, hello);
    } else serveCommands(socket, hello, await commandHandler.value);
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A connection that breaks is only closed: nothing it asked for is taken as asked.
    socket.on('error', () => socket.destroy());
    receive(socket).catch(() => socket.destroy());
  });
  await started(server, address);
  // A connection that can't be accepted (no descriptors left) is lost to its caller; the owner goes on.
  server.on('error', () => undefined);
  if (process.platform !== 'win32') await chmod(address, 0o600);
  let closing: Promise<void> | undefined;
  const close = async () => {
    // The name goes before the socket, so that nobody's newer socket is ever removed.
    if (process.platform !== 'win32') await rm(address, { force: true });
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    await releaseLock(stateDir, number);
  };
  return {
    socketPath: address,
    onClient: clientHandler.set,
    onCommand: commandHandler.set,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function started(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Reads the hello and answers it; undefined when the connection was refused. */
async function greet(socket: Socket, key: string): Promise<Hello | undefined> {
  const timer = after(HELLO_MS, () => socket.destroy());
  try {
    const { protocol, key: shown, ...hello } = helloSchema.parse(JSON.parse(await readLine(socket, MAX_REQUEST_BYTES)));
    const refusal =
      protocol !== PROTOCOL
        ? { code: 'version', message: 'the guard that owns this state is another version: restart it, or use the same version' }
        : !same(shown, key)
          ? { code: 'key', message: 'the key is not the one of this state: read it from `owner.key` beside the socket' }
          : undefined;
    writeLine(socket, refusal ? { error: refusal } : { ok: true });
    if (!refusal) return hello;
    socket.end();
  } catch {
    socket.destroy();
  } finally {
    timer.cancel();
  }
  return undefined;
}

function same(shown: string, key: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(key)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A value that is set once, later. */
function later<T>(): { value: Promise<T>; set: (value: T) => void } {
  let set: (value: T) => void = () => undefined;
  const value = new Promise<T>((resolve) => {
    set = resolve;
  });
  return { value, set };
}
