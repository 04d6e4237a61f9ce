// A guard as people run it: `perimeter serve` in a process of its own, spoken to line by line, and the commands beside it.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve('dist/server/cli/main.js');
type Message = Record<string, unknown>;
type Ended = { status: number | null; stdout: string; stderr: string };

export type Serving = {
  pid: number;
  send(message: Message): void;
  answerTo(id: number): Promise<Message & { result?: Message; error?: Message }>;
  call(tool: string, args: Message): Promise<Message & { result?: Message; error?: Message }>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  leave(): Promise<void>;
};
export type Site = {
  folder: string;
  serve(...args: string[]): Promise<Serving>;
  /** A `perimeter` command without a terminal. */
  perimeter(args: string[], input?: string): Promise<Ended>;
  run(command: string, args: string[], input?: string): Promise<Ended>;
  events(): Message[];
  remove(): void;
};

/** A folder with a mcp.json and, where given, rules. */
export function site(mcpServers: Message, options: { rules?: string; bindings?: string; settings?: Message } = {}): Site {
  const folder = mkdtempSync(join(tmpdir(), 'perimeter-attack-'));
  const settings = {
    agent: 'felix',
    user: { name: 'john' },
    timezone: 'UTC',
    ...(options.rules === undefined ? {} : { policies: './policies' }),
    ...options.settings,
  };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter: settings }));
  if (options.rules !== undefined) {
    mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
    mkdirSync(join(folder, 'policies', 'bindings'), { recursive: true });
    writeFileSync(join(folder, 'policies', 'rules', 'test.yaml'), `version: 1\nrules:\n${options.rules}\n`);
    if (options.bindings !== undefined) writeFileSync(join(folder, 'policies', 'bindings', 'test.yaml'), options.bindings);
  }
  const env = { ...process.env, HOME: folder, NO_COLOR: '1' };
  const run = (command: string, args: string[], input = '') =>
    new Promise<Ended>((done) => {
      const child = spawn(command, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      child.once('close', (status) => done({ status, stdout, stderr }));
    });
  return {
    folder,
    serve: (...args) => serve(folder, env, args),
    run,
    perimeter: (args, input) => run(process.execPath, [MAIN, ...args], input),
    events: () => eventsIn(join(folder, '.perimeter', 'audit')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const PERIMETER = [process.execPath, MAIN] as const;

function eventsIn(audit: string): Message[] {
  const names = readdirSync(audit)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return names
    .flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Message);
}

async function serve(folder: string, env: NodeJS.ProcessEnv, args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const answers = new Map<number, (message: Message) => void>();
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      if (typeof message.id === 'number') answers.get(message.id)?.(message);
    }
  });
  child.stdin.on('error', () => undefined);
  let last = 0;
  const given: Serving = {
    pid: child.pid ?? 0,
    send: (message) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    answerTo: (id) =>
      Promise.race([
        new Promise<Message>((done) => answers.set(id, done)),
        ended.then((): Message => ({ error: { message: 'the guard ended' } })),
      ]),
    call(tool, args) {
      last += 1;
      given.send({ id: last, method: 'tools/call', params: { name: tool, arguments: args } });
      return given.answerTo(last);
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
    async leave() {
      child.stdin.end();
      await ended;
    },
  };
  given.send({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  });
  await given.answerTo(0);
  given.send({ method: 'notifications/initialized' });
  return given;
}
