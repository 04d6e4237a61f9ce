// perimeter serve: the guard on stdio. The first one on a state directory owns it; later ones pipe their client to it.
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { visible } from '../../policies/values/visible.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { serveClient } from '../endpoint.ts';
import { claim, connectOwner, type Owner, onStopSignal } from '../owner/index.ts';
import { packageVersion } from '../package-root.ts';
import type { GuardPort } from '../ports.ts';
import { action, EXIT, Exit } from './output.ts';
import { readConfig } from './reach.ts';

/** stderr is the guard's log: stdout is MCP's alone. */
function log(line: string): void {
  process.stderr.write(`${visible(line, 4_000)}\n`);
}

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the guard for a client, on stdio')
    .option('--config <file>', 'the mcp.json to serve', './mcp.json')
    .option('--agent <id>', "who this client's agent is, instead of mcp.json's `agent`")
    .option(
      '--accept-damage',
      'start although the audit was found damaged: what is damaged stays, and the log goes on in a new segment',
    )
    .option('--http <address>', 'not built yet')
    .action(
      action(async (options: { config: string; agent?: string; http?: string; acceptDamage?: boolean }) => {
        if (options.http !== undefined)
          throw new Exit(EXIT.usage, 'perimeter: --http is not built yet; clients start `perimeter serve` on stdio');
        return serve(readConfig(options.config), options.agent, options.acceptDamage === true);
      }),
    );
}

async function serve(config: Config, agent: string | undefined, acceptDamage: boolean): Promise<number> {
  const input = new PassThrough();
  const first = await discoverOnly(input);
  if (!first) return EXIT.ok;
  for (;;) {
    const connection = await connectOwner(config.state, packageVersion());
    if (connection) {
      const ended = await connection.pipeClient(input, process.stdout, {
        version: packageVersion(),
        ...(agent === undefined ? {} : { agent }),
      });
      if (ended === 'client') return EXIT.ok;
      throw new Exit(EXIT.failed, 'perimeter: the guard that owned this state directory ended; start the client again');
    }
    const owner = await claim(config.state);
    if (!('ownedBy' in owner)) return own(config, owner, input, agent, acceptDamage);
  }
}

/** Owns the state directory, serves this client and those that others bring, and stays while any of them does. */
async function own(
  config: Config,
  owner: Owner,
  input: PassThrough,
  agent: string | undefined,
  acceptDamage: boolean,
): Promise<number> {
  // not before it is needed: a client that only probes, or is piped to another guard, is not kept waiting for it
  const { openServing } = await import('./serving.ts');
  const { perimeter, guestsGone, close } = await openServing(config, owner, { log, acceptDamage });
  const forget = onStopSignal(close);
  const client = await perimeter.serve({ input, output: process.stdout }, agent);
  await client.closed;
  // other clients reach their guard through this process
  await guestsGone();
  forget();
  await close();
  return EXIT.ok;
}

/**
 * Answers `server/discover` without owning anything, so that a client that only probes starts nothing. Resolves true with the first
 * other message, which then stands at the head of `input`; false when the client went away.
 */
async function discoverOnly(input: PassThrough): Promise<boolean> {
  const probe = new PassThrough();
  const served = await serveClient({
    guard: NOBODY,
    input: probe,
    output: process.stdout,
    clock: systemClock,
    secret: Buffer.alloc(32, 1),
    info: { name: 'perimeter', version: packageVersion(), instructions: '' },
  });
  let held = Buffer.alloc(0);
  const found = await new Promise<boolean>((resolve) => {
    const onData = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
        const line = held.subarray(0, end + 1);
        if (!isDiscover(line)) return done(true);
        probe.write(line);
        held = held.subarray(end + 1);
      }
      if (held.length > MAX_PROBE_BYTES) done(true);
    };
    const onEnd = () => done(held.length > 0);
    function done(more: boolean): void {
      process.stdin.off('data', onData);
      process.stdin.off('end', onEnd);
      process.stdin.pause();
      resolve(more);
    }
    process.stdin.on('data', onData);
    process.stdin.on('end', onEnd);
  });
  await served.close();
  if (!found) return false;
  input.write(held);
  process.stdin.pipe(input);
  return true;
}

const MAX_PROBE_BYTES = 64 * 1024;

function isDiscover(line: Buffer): boolean {
  if (line.length > MAX_PROBE_BYTES) return false;
  try {
    return (JSON.parse(line.toString('utf8')) as { method?: unknown } | null)?.method === 'server/discover';
  } catch {
    return false;
  }
}

/** A guard with nothing behind it, for answering what needs none. */
const NOBODY: GuardPort = {
  listTools: async () => [],
  callTool: async () => ({ result: { content: [{ type: 'text', text: 'not started yet' }], isError: true } }),
  disconnected: () => undefined,
  refusedMessage: () => undefined,
};
