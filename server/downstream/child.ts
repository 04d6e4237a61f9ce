// One child process that speaks MCP on its stdio: its environment, its process group, its stderr, and its end.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import { visible } from '../../policies/values/visible.ts';
import type { ServerEntry } from '../ports.ts';
import { LineReader } from '../wire/line-reader.ts';
import type { Reaper } from './reaper.ts';

/** What a child gets beside the SDK's safe list (PATH, HOME, USER, …): how to write and what time it is. No secrets live here. */
const ALSO_INHERITED = ['LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR', 'TZ'];
const MAX_STDERR_LINE = 8 * 1024;
const STOP_WAIT_MS = 700;
const KILL_WAIT_MS = 1500;

export type ChildCommand = { command: string; args: string[] };
export type Child = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves once the process is gone, with how it ended in words (`exit code 1`, `signal SIGKILL`). Never rejects. */
  readonly gone: Promise<string>;
  /** The last thing it said on stderr. */
  lastWords(): string;
  /** Ends its input, then asks, then kills; resolves when the process is gone. */
  stop(): Promise<void>;
};

/** Starts the process, or throws an Error whose message says to the user what is wrong with the entry. */
export async function startChild(
  entry: ServerEntry,
  run: ChildCommand,
  reaper: Reaper,
  log: (line: string) => void,
): Promise<Child> {
  const spawned = spawn(run.command, run.args, {
    cwd: entry.cwd,
    env: { ...baseEnvironment(), ...entry.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  await new Promise<void>((resolve, reject) => {
    spawned.once('spawn', resolve);
    spawned.once('error', (error: NodeJS.ErrnoException) => reject(new Error(startProblem(entry, run, error))));
  });
  return watched(entry.name, spawned, reaper, log);
}

type Spawned = ChildProcessByStdio<Writable, Readable, Readable>;

function watched(name: string, spawned: Spawned, reaper: Reaper, log: (line: string) => void): Child {
  const group = spawned.pid;
  if (group !== undefined) reaper.add(group);
  let last = '';
  const reader = new LineReader(MAX_STDERR_LINE, {
    line: (bytes) => {
      last = visible(bytes.toString().trimEnd(), MAX_STDERR_LINE);
      log(`[${name}] ${last}`);
    },
    overlong: ({ bytes, head }) => log(`[${name}] ${visible(head.toString(), MAX_STDERR_LINE)} … (${bytes} bytes)`),
  });
  spawned.stderr.on('data', (chunk: Buffer) => reader.push(chunk));
  for (const stream of [spawned.stdin, spawned.stdout, spawned.stderr]) stream.on('error', () => undefined);
  spawned.on('error', () => undefined);
  const gone = new Promise<string>((resolve) => {
    spawned.once('exit', (code, signal) => {
      reader.end();
      // What it started itself goes with it, before the number of its group can be anybody else's.
      signalGroup(spawned, 'SIGKILL');
      if (group !== undefined) reaper.remove(group);
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  const stop = async () => {
    if (await within(gone, 0)) return;
    spawned.stdin.end();
    if (await within(gone, STOP_WAIT_MS)) return;
    signalGroup(spawned, 'SIGTERM');
    if (await within(gone, KILL_WAIT_MS)) return;
    signalGroup(spawned, 'SIGKILL');
    await gone;
  };
  return { stdin: spawned.stdin, stdout: spawned.stdout, gone, lastWords: () => last, stop };
}

function signalGroup(spawned: Spawned, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (spawned.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawned.kill(signal);
    else process.kill(-spawned.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

async function within(event: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const answer = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return answer;
}

function baseEnvironment(): Record<string, string> {
  const environment = getDefaultEnvironment();
  for (const name of ALSO_INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

function startProblem(entry: ServerEntry, run: ChildCommand, error: NodeJS.ErrnoException): string {
  const start = `\`${entry.name}\` could not be started`;
  if (error.code === 'ENOENT' && entry.cwd !== undefined && !existsSync(entry.cwd)) {
    return `${start}: its folder \`${entry.cwd}\` does not exist; check "cwd" in mcp.json`;
  }
  if (error.code === 'ENOENT') return `${start}: command \`${run.command}\` was not found; check "command" in mcp.json`;
  if (error.code === 'EACCES') return `${start}: command \`${run.command}\` may not be run; check its permissions`;
  return `${start}: command \`${run.command}\` failed (${error.code ?? 'unknown error'})`;
}
