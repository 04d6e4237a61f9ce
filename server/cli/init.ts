// perimeter init: puts the guard between a client and the servers it has, with a backup and an undo.
import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CLIENTS, type Client, type Place } from '../init/clients.ts';
import { carryOut, InitError, type Plan, plan, undo } from '../init/take-over.ts';
import { action, EXIT, Exit, paint, print } from './output.ts';
import { PERIMETER_COMMAND } from './reach.ts';

type Options = { client?: string; yes?: boolean; dryRun?: boolean; undo?: boolean; folder: string };

export function initCommand(program: Command): void {
  program
    .command('init')
    .description("take over a client's servers, with a backup and an undo")
    .option('--client <name>', `only this client: ${CLIENTS.map((client) => client.name).join(', ')}`)
    .option('--folder <dir>', "where the guard's mcp.json goes", join(homedir(), '.perimeter'))
    .option('--yes', "don't ask")
    .option('--dry-run', 'only show what would be written')
    .option('--undo', 'put every file back as it was')
    .action(action(init));
}

async function init(options: Options): Promise<number> {
  const clients = options.client === undefined ? CLIENTS : CLIENTS.filter((client) => client.name === options.client);
  if (clients.length === 0)
    throw new Exit(
      EXIT.usage,
      `perimeter: there is no client \`${options.client}\`; use one of ${CLIENTS.map((client) => client.name).join(', ')}. For others, write mcp.json yourself and let the client start \`perimeter serve --config mcp.json\``,
    );
  if (options.undo) {
    const restored = clients.flatMap((client) => undo(options.folder, client));
    print(
      restored.length === 0
        ? 'nothing to undo'
        : `put back as it was:\n${restored.map((path) => `  ${path}`).join('\n')}\nRestart the client.`,
    );
    return EXIT.ok;
  }
  const place: Place = { home: homedir(), platform: process.platform, appData: process.env.APPDATA, project: process.cwd() };
  const plans = clients.flatMap((client) => planFor(client, place, options));
  if (plans.length === 0) {
    print(
      `no settings with MCP servers were found for ${clients.map((client) => client.title).join(', ')}.\nWrite an mcp.json with your servers and let the client start \`perimeter serve --config mcp.json\`; \`perimeter demo --keep DIR\` makes an example.`,
    );
    return EXIT.no;
  }
  for (const one of plans) print(describe(one));
  if (options.dryRun) {
    for (const one of plans) for (const { path, text } of one.writes) print(`\n${paint.bold(path)}\n${text}`);
    return EXIT.ok;
  }
  if (!options.yes && !(await agreed())) throw new Exit(EXIT.no, 'nothing was changed');
  for (const one of plans) carryOut(one);
  print(`\n${paint.green('done')}. Restart the client. \`perimeter init --undo\` puts everything back.`);
  print(`Look at what happens with: perimeter audit tail --config ${plans[0]?.guardFile}`);
  return EXIT.ok;
}

function planFor(client: Client, place: Place, options: Options): Plan[] {
  const file = client.files(place).find((path) => existsSync(path));
  if (file === undefined) return [];
  try {
    return [
      plan(client, file, options.folder, userInfo().username, (guardFile) => ({
        command: PERIMETER_COMMAND.command,
        args: [...PERIMETER_COMMAND.args, 'serve', '--config', guardFile],
      })),
    ];
  } catch (error) {
    if (!(error instanceof InitError)) throw error;
    if (options.client !== undefined) throw new Exit(EXIT.no, `perimeter: ${error.message}`);
    return [];
  }
}

function describe(one: Plan): string {
  return `${paint.bold(one.client)}: ${one.servers.length} server(s) (${one.servers.join(', ')})\n  ${one.file} will start only the guard\n  ${one.guardFile} gets the servers`;
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Exit(EXIT.failed, 'perimeter: this asks before it writes; run it in a terminal, or with --yes');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question('\nGo ahead? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}
