// Where the owner of a state directory listens, and the key that only who can read that directory knows.
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { disk, errorCode, replaceFile, StateError } from '../store/files.ts';

/** unix(7): a socket's path has 108 bytes on Linux, 104 on macOS, the closing zero included. */
const MAX_SOCKET_PATH_BYTES = 100;
const CONNECT_MS = 5_000;

export const keyPath = (stateDir: string): string => join(stateDir, 'owner.key');
/** Holds the real path of the socket when the state directory's own is too long to be one. */
const pointerPath = (stateDir: string): string => join(stateDir, 'guard.sock.path');
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The path an owner is to listen on. Makes and checks the folder for it. */
export async function chooseAddress(stateDir: string): Promise<string> {
  const direct = directAddress(stateDir);
  if (direct) return direct;
  const folder = join(tmpdir(), `perimeter-${userInfo().uid}-${hash(resolve(stateDir))}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  await ownFolder(folder);
  const address = join(folder, 'guard.sock');
  await replaceFile(pointerPath(stateDir), address);
  return address;
}

/** The path the present owner listens on, or undefined when there can't be one. */
export async function findAddress(stateDir: string): Promise<string | undefined> {
  const direct = directAddress(stateDir);
  if (direct) return direct;
  const address = await disk.read(pointerPath(stateDir));
  if (address === undefined) return undefined;
  try {
    await ownFolder(dirname(address));
    return address;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Connects, or gives undefined when nobody listens there. Later errors of the socket only close it. */
export function dial(address: string): Promise<Socket | undefined> {
  return new Promise((settle, reject) => {
    const socket = createConnection({ path: address, allowHalfOpen: true });
    socket.setTimeout(CONNECT_MS, () =>
      socket.destroy(new StateError(`nobody answers at \`${address}\`: end the guard that hangs, then try again`)),
    );
    socket.once('connect', () => {
      socket.setTimeout(0);
      settle(socket);
    });
    socket.on('error', (error) => {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ECONNREFUSED') settle(undefined);
      else reject(error);
    });
  });
}

function directAddress(stateDir: string): string | undefined {
  // A Windows pipe has a name of its own kind, and goes away with its process.
  if (process.platform === 'win32') return `\\\\.\\pipe\\perimeter-${hash(resolve(stateDir).toLowerCase())}`;
  const path = join(resolve(stateDir), 'guard.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES ? path : undefined;
}

/** The temporary folder is everybody's: somebody else may have made ours first, to listen in our place. */
async function ownFolder(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0)
    throw new StateError(`\`${folder}\` is not a private folder of this account: remove it, or set \`state\` to a shorter path`);
}
