// Opens a link to a server that we start ourselves and talk to over its stdio.
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError } from '@modelcontextprotocol/client';
import type { ServerEntry } from '../ports.ts';
import { LineTransport } from '../wire/line-transport.ts';
import { type Child, type ChildCommand, startChild } from './child.ts';
import { Link, type LinkEvents, type LinkInfo, linkClient, seconds, watchRequests } from './link.ts';
import type { Reaper } from './reaper.ts';

export type StdioOptions = {
  info: LinkInfo;
  events: LinkEvents;
  log: (line: string) => void;
  reaper: Reaper;
  maxBytes: number;
  /** Milliseconds until the server must have answered the opening. */
  timeout: number;
  signal: AbortSignal;
};

const MODERN = '2026-07-28';
/** A server that prints to its stdout what is not MCP is told of this often, then in silence. */
const MAX_COMPLAINTS = 20;
const EXIT_WAIT_MS = 300;

/**
 * Starts the process and opens the protocol. The handshake of the older revisions goes first, since many servers end at
 * anything else; a server that answers it with an error is asked for the newest revision, in the same process. Throws an
 * Error whose message is for the user.
 */
export async function openStdio(entry: ServerEntry, run: ChildCommand, options: StdioOptions): Promise<Link> {
  const child = await startChild(entry, run, options.reaper, options.log);
  try {
    return await negotiate(entry, child, options);
  } catch (error) {
    // Its streams end a moment before the process does, and how that ended says more.
    const how = await Promise.race([child.gone, sleep(EXIT_WAIT_MS, undefined, { ref: false })]);
    await child.stop();
    throw how === undefined ? error : new Error(`\`${entry.name}\` stopped while starting (${how})${words(child)}`);
  }
}

async function negotiate(entry: ServerEntry, child: Child, options: StdioOptions): Promise<Link> {
  try {
    return await connect(entry, child, 'legacy', options);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw openingProblem(entry, child, error, options);
  }
  try {
    return await connect(entry, child, { pin: MODERN }, options);
  } catch (error) {
    throw openingProblem(entry, child, error, options);
  }
}

async function connect(entry: ServerEntry, child: Child, mode: 'legacy' | { pin: string }, options: StdioOptions): Promise<Link> {
  const { events, info, timeout, signal } = options;
  let lost: (() => void) | undefined;
  const transport = new LineTransport({
    input: child.stdout,
    output: child.stdin,
    maxBytes: options.maxBytes,
    role: 'client',
    refused: complaints(entry.name, options.log, () => lost?.()),
  });
  watchRequests(transport, events);
  const client = linkClient(info, events, mode);
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  await client.connect(transport, { timeout, signal });
  // An answer that was too large and names no request may belong to any of them: none of them can be trusted to end.
  lost = () => void client.close();
  const gone = closed.then(async () => {
    const how = await Promise.race([child.gone, sleep(EXIT_WAIT_MS, undefined, { ref: false })]);
    await child.stop();
    return how === undefined ? 'its connection broke off' : `it stopped (${how})${words(child)}`;
  });
  return new Link(entry.name, client, events, { closed, gone, stop: () => child.stop() });
}

function complaints(name: string, log: (line: string) => void, lost: () => void) {
  let left = MAX_COMPLAINTS;
  return (what: { reason: string; lost?: boolean }) => {
    if (left > 0) log(`[${name}] a line on its stdout was dropped: ${what.reason}`);
    left -= 1;
    if (what.lost) lost();
  };
}

function openingProblem(entry: ServerEntry, child: Child, error: unknown, { timeout, signal }: StdioOptions): Error {
  if (signal.aborted) return new Error(`\`${entry.name}\` was stopped`);
  if (error instanceof ProtocolError) return new Error(`\`${entry.name}\` speaks no protocol revision that the guard knows`);
  const late = error instanceof Error && 'code' in error && error.code === 'REQUEST_TIMEOUT';
  const problem = late ? `did not answer within ${seconds(timeout)} of its start` : 'did not open the protocol';
  return new Error(`\`${entry.name}\` ${problem}; check that its command starts an MCP server on stdio${words(child)}`);
}

/** What the server last said on stderr: mostly the very reason. */
function words(child: Child): string {
  const last = child.lastWords();
  return last === '' ? '' : `; it last said: ${last.slice(0, 300)}`;
}
