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
  /** All that the guard wrote, in order. */
  heard: readonly Message[];
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
  /** A `perimeter` command at a terminal of its own, `columns` wide. `types`: what is typed there, by what came on the screen since the last time. */
  terminal(args: string[], types: Hands, columns?: number): Promise<Ended>;
  /** The same through pipes, without a terminal. */
  piped(args: string[], types: Hands): Promise<Ended>;
  events(): Message[];
  remove(): void;
};

type Hands = (screen: string) => string | undefined | Promise<string | undefined>;
type SiteOptions = {
  rules?: string;
  bindings?: string;
  settings?: Message;
  /** What the client says it can show. */
  capabilities?: Message;
};

/** A folder with a mcp.json and, where given, rules. */
export function site(mcpServers: Message, options: SiteOptions = {}): Site {
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
  const start = (
    command: string,
    args: string[],
    shown: (piece: string, write: (line: string) => void) => void,
    input?: string,
  ) =>
    new Promise<Ended>((done) => {
      const child = spawn(command, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        shown(chunk.toString(), (line) => child.stdin.write(line));
      });
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdin.on('error', () => undefined);
      if (input !== undefined) child.stdin.end(input);
      child.once('close', (status) => done({ status, stdout, stderr }));
    });
  const run = (command: string, args: string[], input = '') => start(command, args, () => undefined, input);
  return {
    folder,
    serve: (...args) => serve(folder, env, args, options.capabilities ?? {}),
    run,
    terminal: (args, types, columns = 80) =>
      start('script', inTerminal([process.execPath, MAIN, ...args], columns), typist(types)),
    piped: (args, types) => start(process.execPath, [MAIN, ...args], typist(types)),
    perimeter: (args, input) => run(process.execPath, [MAIN, ...args], input),
    events: () => eventsIn(join(folder, '.perimeter', 'audit')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Reads the screen as it grows, and types. */
function typist(types: Hands): (piece: string, write: (line: string) => void) => void {
  let screen = '';
  let typing = Promise.resolve();
  return (piece, write) => {
    screen += piece;
    typing = typing.then(async () => {
      const line = await types(screen);
      if (line === undefined) return;
      screen = '';
      // a key such as Ctrl-C is pressed alone
      write(/^\p{Cc}$/u.test(line) ? line : `${line}\n`);
    });
  };
}

/** How script(1) runs a command in a pseudo-terminal, and ends as it does: on macOS the words, elsewhere one line for a shell. */
function inTerminal(words: string[], columns: number): string[] {
  const line = `stty cols ${columns}; exec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
  return process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', line] : ['-q', '-e', '-c', line, '/dev/null'];
}

function eventsIn(audit: string): Message[] {
  const names = readdirSync(audit)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return names
    .flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Message);
}

async function serve(folder: string, env: NodeJS.ProcessEnv, args: string[], capabilities: Message): Promise<Serving> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const answers = new Map<number, (message: Message) => void>();
  const heard: Message[] = [];
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      heard.push(message);
      // the guard's own questions have numbers too
      if (typeof message.id === 'number' && message.method === undefined) answers.get(message.id)?.(message);
    }
  });
  child.stdin.on('error', () => undefined);
  let last = 0;
  const given: Serving = {
    pid: child.pid ?? 0,
    heard,
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
    params: { protocolVersion: '2025-06-18', capabilities, clientInfo: { name: 'raw', version: '1' } },
  });
  await given.answerTo(0);
  given.send({ method: 'notifications/initialized' });
  return given;
}
