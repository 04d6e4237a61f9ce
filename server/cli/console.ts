// perimeter console: opens the local page, signed in. The running guard serves it; without one this command is the guard until Ctrl-C.
import type { Command } from 'commander';
import { visible } from '../../policies/values/visible.ts';
import type { Config } from '../config.ts';
import { claim, connectOwner, type Owner, onStopSignal } from '../owner/index.ts';
import { packageVersion } from '../package-root.ts';
import { NoTerminal, needTerminal } from '../terminal.ts';
import { openBrowser } from './browser.ts';
import { action, complain, EXIT, Exit, paint, print } from './output.ts';
import { readConfig } from './reach.ts';
import { openServing } from './serving.ts';

type Options = { config: string; open: boolean };

export function consoleCommand(program: Command): void {
  program
    .command('console')
    .description('open the local page: what waits for you, what you gave, what happened')
    .option('--config <file>', 'the mcp.json of the guard', './mcp.json')
    .option('--no-open', "print the link only, don't open a browser")
    .action(action(run));
}

async function run(options: Options): Promise<number> {
  const config = readConfig(options.config);
  try {
    needTerminal(
      { input: process.stdin, output: process.stdout },
      'this hands out a way in, so it needs a human at a terminal: run it in a terminal of your own',
    );
  } catch (error) {
    if (error instanceof NoTerminal) throw new Exit(EXIT.failed, `perimeter: ${error.message}`);
    throw error;
  }
  for (;;) {
    const connection = await connectOwner(config.state, packageVersion());
    if (connection) {
      const { url } = (await connection.command('console.link', {})) as { url: string };
      await lead(url, options.open);
      return EXIT.ok;
    }
    const owner = await claim(config.state);
    if (!('ownedBy' in owner)) return serve(config, owner, options);
  }
}

async function serve(config: Config, owner: Owner, options: Options): Promise<number> {
  const serving = await openServing(config, owner, { log: (line) => complain(visible(line, 4_000)) });
  if (!serving.console) {
    await serving.close();
    throw new Exit(EXIT.failed, 'perimeter: there is no console to open; see the line above, or `perimeter.console` in mcp.json');
  }
  await lead(serving.console.link(), options.open);
  print('This terminal keeps the guard running. Ctrl-C ends it, and the page with it.');
  onStopSignal(serving.close);
  // nothing else keeps the process up while nobody is connected
  setInterval(() => undefined, 2 ** 30);
  return new Promise<number>(() => undefined);
}

async function lead(url: string, open: boolean): Promise<void> {
  const opened = open && (await openBrowser(url));
  print(
    opened ? `${paint.green('opened')} in your browser; if nothing shows, use this link:` : 'Open this link in your browser:',
  );
  print(`\n  ${url}\n\nIt signs in whoever opens it, once, within two minutes.`);
}
