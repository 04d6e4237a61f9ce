// The console: a page on this machine where its owner sees what waits, answers it, and proves who they are. One process with the guard.
import { createCommands } from '../commands.ts';
import type { Perimeter } from '../perimeter.ts';
import { errorCode } from '../store/files.ts';
import { type Access, openAccess } from './access.ts';
import { createCounting } from './activity-counts.ts';
import { createApp } from './app.ts';
import type { App, Console } from './context.ts';
import { type Listening, listen } from './listen.ts';
import { createLive } from './live.ts';

/** What the rest of the guard knows of a console that is served. */
export type OpenConsole = {
  readonly origin: string;
  /** The address of a request's page. It opens nothing by itself: whoever follows it signs in first. */
  requestUrl(request_id: string): string;
  /** The address that signs in whoever opens it, once, within two minutes. */
  link(): string;
  /** Everybody is signed out of the console, links that wait included. */
  signOut(): Promise<void>;
  close(): Promise<void>;
};

/** Puts the pages together for a guard, without listening: what tests drive. */
export function createConsole(
  perimeter: Perimeter,
  access: Access,
  origin: string,
  log: (line: string) => void,
): { console: Console; app: App } {
  const { config, clock } = perimeter;
  const live = createLive(perimeter);
  const handle = createCommands(perimeter, { channel: 'console', signOut: () => access.end() });
  const stream = { event: () => undefined, signal: new AbortController().signal };
  const peer = { as: 'command', version: '', account: config.user.name } as const;
  const console: Console = {
    perimeter,
    clock,
    origin,
    access,
    live,
    counting: createCounting(perimeter.audit, { clock, zone: config.timezone, changed: () => live.tell(['activity']) }),
    command: (name, params = {}, passkey) => handle(name, params, stream, peer, passkey),
  };
  return { console, app: createApp(console, log) };
}

/** Serves the console of a running guard. Undefined, with a line in the log, where no port can be had: the guard goes on without. */
export async function openConsole(perimeter: Perimeter, log: (line: string) => void): Promise<OpenConsole | undefined> {
  const { config, clock } = perimeter;
  if (config.console === false) return undefined;
  const access = await openAccess(config.state, clock);
  let app: App | undefined;
  const late = () => {
    if (!app) throw new Error('the console is not ready');
    return app;
  };
  const listening = await somewhere(config.console.port, access.port, late).catch((error: unknown) => {
    log(
      `there is no console: its port can't be had (${errorCode(error) ?? 'unknown error'}); set \`console.port\` in mcp.json to a free one`,
    );
    return undefined;
  });
  if (!listening) return undefined;
  const origin = `http://localhost:${listening.port}`;
  await access.remember(listening.port).catch(() => log("the console's port could not be kept: links end with this guard"));
  const made = createConsole(perimeter, access, origin, log);
  app = made.app;
  return {
    origin,
    requestUrl: (request_id) => `${origin}/requests/${encodeURIComponent(request_id)}`,
    link: () => `${origin}/enter#${access.link()}`,
    signOut: () => access.end(),
    async close() {
      made.console.live.close();
      made.console.counting.close();
      await listening.close();
    },
  };
}

/** The port that is set, or the one of last time, or a free one. */
async function somewhere(set: number | undefined, before: number | undefined, app: () => App): Promise<Listening> {
  if (set !== undefined) return listen(set, app);
  if (before === undefined) return listen(0, app);
  return listen(before, app).catch(() => listen(0, app));
}
