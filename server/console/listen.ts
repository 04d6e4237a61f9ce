// Listening on this machine alone: the same port on both loopback addresses, so that nobody else answers to our name.
import { createAdaptorServer } from '@hono/node-server';
import { errorCode } from '../store/files.ts';
import type { App } from './context.ts';

const HOSTS = ['127.0.0.1', '::1'];
/** The other loopback address of a free port may be taken: then the next one is tried. */
const TRIES = 10;

export type Listening = { port: number; close(): Promise<void> };
type Server = ReturnType<typeof createAdaptorServer>;

/** Listens on `port`, or on a free one for 0. Throws with the system's code when it can't. */
export async function listen(port: number, app: () => App): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const first = await bind(HOSTS[0]!, port, app);
    const bound = portOf(first);
    try {
      const second = await bind(HOSTS[1]!, bound, app);
      return { port: bound, close: async () => void (await Promise.all([close(first), close(second)])) };
    } catch (error) {
      // a machine without IPv6 resolves `localhost` to the first alone
      if (errorCode(error) === 'EADDRNOTAVAIL' || errorCode(error) === 'EAFNOSUPPORT')
        return { port: bound, close: () => close(first) };
      await close(first);
      if (port !== 0 || attempt >= TRIES) throw error;
    }
  }
}

function bind(host: string, port: number, app: () => App): Promise<Server> {
  // Node's own objects stay as they are: the guard shares this process
  const server = createAdaptorServer({ fetch: (request) => app().fetch(request), overrideGlobalObjects: false });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // a connection that can't be accepted is lost to its caller; the guard goes on
      server.on('error', () => undefined);
      server.unref();
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the console listens nowhere');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
