// The same guard with its audit on and off: a client's calls over stdio, through the whole road to a real server, 32 in flight, in turns within one run.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeWorkspace } from '../server/demo/workspace.ts';
import type { Done, Order } from './guarded.ts';

const IN_FLIGHT = 32;
/** Many windows in pairs, one with the audit and one without: what else the machine does falls on both alike, and a median forgets the rest. */
const PAIRS = 60;
const CALLS_A_WINDOW = 480;
/** As many calls as the guard remembers of an agent, so that no window has less to look through than another. */
const WARM_CALLS = 2000;
/** So many calls are a risk by themselves, which is not what is measured here. */
const RISK = 'version: 1\nrisk: { hours: "Mon-Sun 00:00-24:00", responses: { medium: watch, high: watch, critical: watch } }\n';
/** What an agent does all day in the sample company, by the company's own rules: one call of each of the bundled servers, in turns. */
const DAY: ((at: number) => { name: string; arguments: object })[] = [
  () => ({ name: 'files__read', arguments: { path: 'marketing/plan.md' } }),
  (at) => ({
    name: 'database__query',
    arguments: { sql: 'SELECT name, email FROM customers WHERE id = ?', params: [(at % 200) + 1] },
  }),
  () => ({ name: 'calendar__list', arguments: { limit: 10 } }),
  () => ({ name: 'email__read', arguments: { id: '001-review.eml' } }),
];

/**
 * Milliseconds of a call as its client waits for it, the medians of all windows; `ratio` is the median of on to off, pair by pair, and
 * `spread` its quartiles. `busy` is how long the guard works on a call, without its waits, in milliseconds; and `shared` how many
 * records one sync made durable.
 */
export type Overhead = {
  off: number;
  on: number;
  ratio: number;
  spread: [number, number];
  calls: number;
  busy: { off: number; on: number };
  shared: number;
};
export async function measureOverhead(folder: string): Promise<Overhead> {
  const { config } = await makeWorkspace(join(folder, 'company'), Date.now());
  writeFileSync(join(dirname(config), 'policies', 'rules', 'risk.yaml'), RISK);
  const guard = spawn(process.execPath, [script('./guarded.js'), config, script('../server/cli/main.js')], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  }) as ChildProcessWithoutNullStreams;
  const order = async (audit: boolean): Promise<Done> => {
    guard.send({ audit } satisfies Order);
    return ((await once(guard, 'message')) as [Done])[0];
  };
  const ask = await connect(guard);
  const window = async (calls = CALLS_A_WINDOW) => {
    let next = 0;
    let spent = 0;
    const worker = async () => {
      while (next < calls) {
        const call = DAY[next % DAY.length]!(next);
        next += 1;
        const started = performance.now();
        const result = await ask('tools/call', call);
        spent += performance.now() - started;
        if (result.isError) throw new Error(`the bench's call was refused: ${JSON.stringify(result)}`);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return spent / calls;
  };

  const found: { off: number; on: number }[] = [];
  const busy: { off: number[]; on: number[] } = { off: [], on: [] };
  await window(WARM_CALLS);
  const first = await order(true);
  let last = first;
  for (let at = 0; at < PAIRS; at += 1) {
    const times = { off: 0, on: 0 };
    // Each goes first every other time, so that neither has the warmer machine.
    for (const on of at % 2 === 0 ? [true, false] : [false, true]) {
      await order(on);
      times[on ? 'on' : 'off'] = await window();
      last = await order(on);
      busy[on ? 'on' : 'off'].push(last.busy / CALLS_A_WINDOW);
    }
    found.push(times);
  }
  guard.stdin.end();
  await once(guard, 'exit');
  const ratios = found.map(({ off, on }) => on / off);
  return {
    off: median(found.map(({ off }) => off)),
    on: median(found.map(({ on }) => on)),
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    calls: PAIRS * CALLS_A_WINDOW,
    busy: { off: median(busy.off), on: median(busy.on) },
    shared: (last.seq - first.seq) / (last.syncs - first.syncs),
  };
}

function script(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

type Ask = (method: string, params: object) => Promise<{ isError?: boolean }>;

/** A client that does as little as a client can, so that the time of a call is the guard's. */
async function connect(guard: ChildProcessWithoutNullStreams): Promise<Ask> {
  const waiting = new Map<number, (result: { isError?: boolean }) => void>();
  let last = 0;
  createInterface({ input: guard.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: object; error?: object };
    if (id === undefined) return;
    waiting.get(id)?.(result ?? { isError: true, ...error });
    waiting.delete(id);
  });
  const send = (message: object) => guard.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ask: Ask = (method, params) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      send({ id: last, method, params });
    });
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } });
  send({ method: 'notifications/initialized' });
  return ask;
}

const median = (values: readonly number[]) => quantile(values, 0.5);

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}
