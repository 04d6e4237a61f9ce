// How a command reaches the guard: through the owner of the state directory, or by being the owner itself while nobody else is.
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Notify } from '../channels/desktop.ts';
import { systemClock } from '../clock.ts';
import { type Config, loadConfig } from '../config.ts';
import { claim, connectOwner } from '../owner/index.ts';
import { packageVersion } from '../package-root.ts';
import type { Perimeter, PerimeterOptions } from '../perimeter.ts';
import { complain } from './output.ts';
import { patiently } from './progress.ts';

export type Reach = {
  config: Config;
  command(
    name: string,
    params?: Record<string, unknown>,
    onEvent?: (event: unknown) => void,
    signal?: AbortSignal,
  ): Promise<unknown>;
  close(): Promise<void>;
};

/** How downstreams whose command is `perimeter` are started: this very installation. */
export const PERIMETER_COMMAND = { command: process.execPath, args: [fileURLToPath(new URL('./main.js', import.meta.url))] };

export function readConfig(file: string): Config {
  const config = loadConfig(file, process.env);
  for (const warning of config.warnings) complain(`note: ${warning}`);
  return config;
}

/** Opens the guard in this process, as the owner of its state. It is loaded only here: most commands speak to one that runs already. */
export async function open(
  config: Config,
  options: {
    brief: boolean;
    log?: (line: string) => void;
    acceptDamage?: boolean;
    notify?: Notify;
    page?: PerimeterOptions['page'];
  },
): Promise<Perimeter> {
  const { openPerimeter } = await import('../perimeter.ts');
  // a long audit without its indexes is read whole
  return patiently('opening the guard and reading its audit', () =>
    openPerimeter({
      config,
      clock: systemClock,
      log: options.log ?? complain,
      version: packageVersion(),
      perimeterCommand: PERIMETER_COMMAND,
      brief: options.brief,
      ...(options.acceptDamage ? { acceptDamage: true } : {}),
      ...(options.notify ? { notify: options.notify } : {}),
      ...(options.page ? { page: options.page } : {}),
    }),
  );
}

/** Reaches the guard of a mcp.json. */
export async function reach(file: string): Promise<Reach> {
  const config = readConfig(file);
  for (;;) {
    const connection = await connectOwner(config.state, packageVersion());
    if (connection)
      return {
        config,
        command: (name, params = {}, onEvent, signal) => connection.command(name, params, onEvent, signal),
        close: async () => undefined,
      };
    const owner = await claim(config.state);
    if ('ownedBy' in owner) continue;
    const perimeter = await open(config, { brief: true }).catch(async (error: unknown) => {
      await owner.close();
      throw error;
    });
    const { createCommands } = await import('../commands.ts');
    const commands = createCommands(perimeter);
    owner.onCommand(commands);
    const account = userInfo().username;
    return {
      config,
      command: (name, params = {}, onEvent = () => undefined, signal = new AbortController().signal) =>
        commands(name, params, { event: onEvent, signal }, { as: 'command', version: packageVersion(), account }),
      async close() {
        await perimeter.close();
        await owner.close();
      },
    };
  }
}

/** Reaches the guard, does something, and lets go whatever happens. */
export async function withGuard<T>(file: string, work: (guard: Reach) => Promise<T>): Promise<T> {
  const guard = await reach(file);
  try {
    return await work(guard);
  } finally {
    await guard.close();
  }
}
