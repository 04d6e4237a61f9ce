// Owning a state directory for as long as somebody is served: the guard, its console, and the clients and commands others bring.
import { desktop } from '../channels/desktop.ts';
import { createCommands } from '../commands.ts';
import type { Config } from '../config.ts';
import { type OpenConsole, openConsole } from '../console/index.ts';
import type { Owner } from '../owner/index.ts';
import type { Perimeter } from '../perimeter.ts';
import { open } from './reach.ts';

export type Serving = {
  perimeter: Perimeter;
  console: OpenConsole | undefined;
  /** Resolves when no client that another process brought is served any more. */
  guestsGone(): Promise<void>;
  close(): Promise<void>;
};

/** Opens guard and console for an owner, which is closed when that fails. */
export async function openServing(
  config: Config,
  owner: Owner,
  { log, acceptDamage = false }: { log: (line: string) => void; acceptDamage?: boolean },
): Promise<Serving> {
  let console: OpenConsole | undefined;
  const notify = config.channels.desktop ? { notify: desktop(process.platform, process.env) } : {};
  const page = (id: string) => console?.requestUrl(id);
  const perimeter = await open(config, { brief: false, log, acceptDamage, page, ...notify }).catch(async (error: unknown) => {
    await owner.close();
    throw error;
  });
  // a guard without its page is a guard all the same
  console = await openConsole(perimeter, log).catch((error: unknown) => {
    log(`there is no console: ${error instanceof Error ? error.message : 'unknown error'}`);
    return undefined;
  });
  owner.onCommand(createCommands(perimeter, { channel: 'terminal', link: console?.link, signOut: console?.signOut }));
  let guests = 0;
  let idle: () => void = () => undefined;
  owner.onClient((stream, hello) => {
    guests += 1;
    void perimeter
      .serve(stream, hello.agent)
      .then((client) => client.closed)
      .catch(() => undefined)
      .finally(() => {
        guests -= 1;
        stream.end();
        if (guests === 0) idle();
      });
  });
  return {
    perimeter,
    console,
    async guestsGone() {
      if (guests > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
    async close() {
      await console?.close();
      await perimeter.close();
      await owner.close();
    },
  };
}
