// How quick and how light the console is: a guard with a million events and 1,000 permissions, asked as a browser asks. Run with `npm run bench:console`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { iso, systemClock } from '../server/clock.ts';
import { loadConfig } from '../server/config.ts';
import { openConsole } from '../server/console/index.ts';
import { openPerimeter } from '../server/perimeter.ts';
import type { ClientHandle, GrantRecord } from '../server/ports.ts';
import { inChromium } from './chromium.ts';
import { writeMillion } from './million.ts';

const EVENTS = Number(process.env.PERIMETER_BENCH_EVENTS ?? 1_000_000);
const GRANTS = 1_000;
const RUNS = 7;
const ASKED = 5;
const IDLE_MS = 10_000;
const RULES = `version: 1
rules:
  - { id: bench-write, why: the bench changes nothing, effect: ask, scope: "write:files:**", limits: { for: 30m } }
`;

/** Milliseconds that both processes read alike. */
const clock = () => performance.timeOrigin + performance.now();

// ---- the guard, in a process of its own

async function serve(folder: string): Promise<void> {
  const main = fileURLToPath(new URL('../server/cli/main.js', import.meta.url));
  const perimeter = await openPerimeter({
    config: loadConfig(join(folder, 'mcp.json'), { HOME: folder }),
    clock: systemClock,
    log: () => undefined,
    version: '0.0.0',
    perimeterCommand: { command: process.execPath, args: [main] },
    wait_ms: 1,
  });
  await perimeter.store.update((data) => {
    // what the log was written with is over
    [data.grants, data.requests] = [{}, {}];
    for (let at = 0; at < GRANTS; at += 1) data.grants[`grant_bench${at}`] = grantOf(at, perimeter.policies.current.digest);
  });
  const served = await openConsole(perimeter, () => undefined);
  if (!served) throw new Error('the bench has no console');
  const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);
  say({ origin: served.origin, link: served.link() });
  const client: ClientHandle = { connection_id: 'bench', name: 'bench', version: '1', era: 'legacy', forms: false, links: false };
  let asked = 0;
  const commands: Record<string, () => Promise<unknown>> = {
    async ask() {
      asked += 1;
      const calls = [{ tool: 'write', arguments: { path: `note-${asked}.txt`, content: 'x' } }];
      const input = { justification: 'the bench', calls };
      const signal = new AbortController().signal;
      const reply = await perimeter.guard.callTool({ tool: 'request_elevation', arguments: input, client, signal });
      const id = 'result' in reply ? reply.result.structuredContent?.request_id : undefined;
      return { at: Date.parse(perimeter.elevations.get(String(id))?.created_at ?? '') };
    },
    link: async () => served.link(),
    cpu: async () => process.cpuUsage(),
    memory: async () => process.memoryUsage().rss,
    async end() {
      await served.close();
      await perimeter.close();
      process.exit(0);
    },
  };
  for await (const line of createInterface(process.stdin)) say(await commands[line]?.());
}

function grantOf(at: number, policy_digest: string): GrantRecord {
  const now = systemClock.now();
  return {
    grant_id: `grant_bench${at}`,
    request_id: `req_bench${at}`,
    state: 'active',
    ...{
      user: 'john',
      agent: `agent-${at % 10}`,
      session_id: 'bench',
      scope: [`write:files:folder-${at}/**`],
      rules: ['bench-write'],
    },
    risk: 'medium',
    budget: { uses: 10, records: 100 },
    remaining: { uses: at % 10, records: at % 100 },
    policy_digest,
    issued_at: iso(now - at * 1000),
    expires_at: iso(now + 3_600_000),
    ...{ approver: 'john', channel: 'console', granted_by: 'human', survive_restart: true },
  };
}

// ---- the browser

type Got = { first: number; whole: number; bytes: number; text: string; headers: IncomingMessage['headers'] };

class Browser {
  readonly #origin: string;
  #cookie = '';

  constructor(origin: string) {
    this.#origin = origin;
  }

  async enter(link: string): Promise<void> {
    const got = await this.post('/enter', { link: link.slice(link.indexOf('#') + 1) });
    this.#cookie = String(got.headers['set-cookie']).split(';')[0] ?? '';
  }

  post(path: string, fields: Record<string, string>): Promise<Got> {
    const body = new URLSearchParams(fields).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: this.#origin,
      'sec-fetch-site': 'same-origin',
      cookie: this.#cookie,
    };
    const sent = request(`${this.#origin}${path}`, { method: 'POST', headers });
    sent.end(body);
    return received(sent);
  }

  /** Milliseconds to the first byte of the answer's body and to its last, and what it weighed on the way. */
  get(path: string): Promise<Got> {
    return received(get(`${this.#origin}${path}`, { headers: { cookie: this.#cookie, 'accept-encoding': 'gzip' } }));
  }

  /** Calls with each event of the stream, and when it came. */
  async live(told: (data: string, at: number) => void): Promise<() => void> {
    const sent = get(`${this.#origin}/live`, { headers: { cookie: this.#cookie } });
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.on('data', (bytes: Buffer) => told(bytes.toString(), clock())).on('error', () => undefined);
    sent.on('error', () => undefined);
    return () => sent.destroy();
  }
}

async function received(sent: ClientRequest): Promise<Got> {
  const started = clock();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  let first = 0;
  for await (const piece of answer) {
    first ||= clock() - started;
    pieces.push(piece as Buffer);
  }
  const bytes = Buffer.concat(pieces);
  const text = (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  return { first, whole: clock() - started, bytes: bytes.length, text, headers: answer.headers };
}

// ---- what is printed

function line(what: string, number: string, wanted?: { text: string; good: boolean }): void {
  const end = wanted ? `   wanted: ${wanted.text}` : '';
  process.stdout.write(`${wanted ? (wanted.good ? '✓' : '✗') : ' '} ${what.padEnd(58)} ${number.padStart(12)}${end}\n`);
}
const ms = (value: number) => `${value.toFixed(1)} ms`;
const kb = (value: number) => `${(value / 1000).toFixed(1)} kB`;
const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function measure(folder: string): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'serve', folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const hear = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
  const tell = <T>(command: string): Promise<T> => {
    child.stdin.write(`${command}\n`);
    return hear<T>();
  };
  const { origin, link } = await hear<{ origin: string; link: string }>();
  const browser = new Browser(origin);
  await browser.enter(link);
  line('memory of the guard at its start (resident)', `${((await tell<number>('memory')) / 1e6).toFixed(0)} MB`);
  await browser.get('/requests');
  await paints(browser);
  await weights(browser);
  await checked(browser);
  await lively(browser, tell);
  await idle(browser, tell);
  await inChromium(
    {
      origin,
      link: await tell<string>('link'),
      ask: () => tell<{ at: number }>('ask'),
      async spent() {
        const { user, system } = await tell<NodeJS.CpuUsage>('cpu');
        return (user + system) / 1000;
      },
    },
    line,
  );
  line('memory of the guard in the end (resident)', `${((await tell<number>('memory')) / 1e6).toFixed(0)} MB`);
  await ended(child);
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.write('end\n');
  await once(child, 'exit');
}

async function paints(browser: Browser): Promise<void> {
  const fresh = await browser.get('/activity');
  line('/activity the first time, while the log is counted', ms(fresh.whole), { text: 'below 300 ms', good: fresh.whole < 300 });
  const started = clock();
  while ((await browser.get('/activity')).text.includes('is being counted'))
    await new Promise((resolve) => setTimeout(resolve, 50));
  line('  and its numbers are there after', ms(clock() - started + fresh.whole));
  const paths = ['/requests', '/grants', '/activity', '/activity?q=decision:deny', '/policies'];
  for (const path of paths) {
    const runs: Got[] = [];
    for (let at = 0; at < RUNS; at += 1) runs.push(await browser.get(path));
    const whole = median(runs.map((run) => run.whole));
    line(`${path}: first byte`, ms(median(runs.map((run) => run.first))));
    line(`${path}: all of it, median of ${RUNS}`, ms(whole), { text: 'below 300 ms', good: whole < 300 });
  }
  const next = /rel="next" href="([^"]+)"/.exec((await browser.get('/activity')).text)?.[1]?.replaceAll('&amp;', '&');
  const chain = /href="(\/activity\/evt_[^"]+)"/.exec((await browser.get('/activity?q=type:grant.issued')).text)?.[1];
  for (const [what, path] of [
    ['an earlier page', next],
    ['the chain of a permission', chain],
  ] as const) {
    const { whole } = await browser.get(path ?? '/missing');
    line(`/activity: ${what}`, ms(whole), { text: 'below 300 ms', good: whole < 300 });
  }
}

async function weights(browser: Browser): Promise<void> {
  for (const path of ['/requests', '/grants', '/activity', '/policies']) {
    const page = await browser.get(path);
    const assets = [...page.text.matchAll(/(?:href|src)="(\/public\/[^"]+)"/g)].map((match) => match[1]!);
    let bytes = page.bytes;
    for (const asset of new Set(assets)) bytes += (await browser.get(asset)).bytes;
    line(`${path}: weight with all it loads, compressed`, kb(bytes), { text: 'below 60 kB', good: bytes < 60_000 });
  }
}

/** Every record is checked while somebody goes on asking: how long it takes, and how long they wait. */
async function checked(browser: Browser): Promise<void> {
  const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.get('/activity')).text)?.[1] ?? '';
  const started = clock();
  await browser.post('/activity/verify', { csrf });
  const waits: number[] = [];
  while ((await browser.get('/activity?q=agent:nobody')).text.includes('Checking…')) {
    for (let at = 0; at < 5; at += 1) waits.push((await browser.get('/requests')).whole);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  line('every record is checked in', `${((clock() - started) / 1000).toFixed(1)} s`);
  const worst = Math.max(...waits);
  line('  and whoever asks meanwhile waits at most', ms(worst), { text: 'below 100 ms', good: worst < 100 });
}

async function lively(browser: Browser, tell: <T>(command: string) => Promise<T>): Promise<void> {
  const came: number[] = [];
  const stop = await browser.live((data, at) => data.includes('requests') && came.push(at));
  const times: number[] = [];
  for (let at = 0; at < ASKED; at += 1) {
    const before = came.length;
    const { at: asked } = await tell<{ at: number }>('ask');
    for (let waited = 0; came.length === before && waited < 100; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    times.push((came[before] ?? Number.POSITIVE_INFINITY) - asked);
  }
  stop();
  line(`from a request being made to the event that tells of it, median of ${ASKED}`, ms(median(times)), {
    text: 'below 200 ms',
    good: median(times) < 200,
  });
}

async function idle(browser: Browser, tell: <T>(command: string) => Promise<T>): Promise<void> {
  const spent = async () => {
    const { user, system } = await tell<NodeJS.CpuUsage>('cpu');
    return (user + system) / 1000;
  };
  const during = async () => {
    const before = await spent();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return (await spent()) - before;
  };
  const without = await during();
  const stop = await browser.live(() => undefined);
  const withOne = await during();
  stop();
  line(`processor in ${IDLE_MS / 1000} s of a guard nobody looks at`, ms(without));
  const share = withOne / IDLE_MS;
  line('  with one open page', ms(withOne), { text: 'below 1 %', good: share < 0.01 });
}

const [what, where] = process.argv.slice(2);
if (what === 'serve' && where) await serve(where);
else {
  // a log that is there already need not be written again
  const kept = process.env.PERIMETER_BENCH_FOLDER;
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'perimeter-bench-'));
  try {
    process.stdout.write(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`);
    mkdirSync(join(folder, 'files'), { recursive: true });
    mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
    writeFileSync(join(folder, 'policies', 'rules', 'bench.yaml'), RULES);
    const mcpServers = { files: { command: 'perimeter', args: ['tool', 'files', '--root', './files'] } };
    const perimeter = { user: { name: 'john', role: 'user' }, policies: './policies', state: './state', timezone: 'UTC' };
    writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter }));
    if (!existsSync(join(folder, 'state', 'audit'))) await writeMillion(join(folder, 'state'), EVENTS);
    process.stdout.write(`${EVENTS} events, ${GRANTS} permissions\n\n`);
    await measure(folder);
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
