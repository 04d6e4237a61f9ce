// The same guard with its audit on and off, call after call through the whole road to a real server, 32 in flight, in turns within one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AppendFile, type AuditFiles, realFiles } from '../server/audit/files.ts';
import { systemClock } from '../server/clock.ts';
import { loadConfig } from '../server/config.ts';
import { openPerimeter } from '../server/perimeter.ts';
import type { AuditEvent, ClientHandle } from '../server/ports.ts';

const IN_FLIGHT = 32;
/** Many short windows in pairs, one with the audit and one without: what else the machine does falls on both alike, and a median forgets the rest. */
const PAIRS = 60;
const CALLS_A_WINDOW = 160;
/** As many calls as the guard remembers of an agent, so that no window has less to look through than another. */
const WARM_CALLS = 2000;
/** So many calls of one kind are a risk, which is not what is measured here. */
const RULES = `version: 1
risk: { responses: { medium: watch, high: watch, critical: watch } }
rules:
  - id: bench-read
    why: the bench reads what it wrote
    effect: allow
    scope: read:files:**
`;

/**
 * Milliseconds of a call, the medians of all windows; `ratio` is the median of on to off, pair by pair, and `spread` its quartiles.
 * `busy` is how long the guard works on a call, without its waits, in milliseconds; and `shared` how many records one sync made durable.
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
  const root = join(folder, 'files');
  mkdirSync(root);
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  for (let at = 0; at < IN_FLIGHT; at += 1) writeFileSync(join(root, `note-${at}.txt`), `note ${at}\n`.repeat(100));
  writeFileSync(join(folder, 'policies', 'rules', 'bench.yaml'), RULES);
  const mcpServers = { files: { command: 'perimeter', args: ['tool', 'files', '--root', './files'] } };
  const settings = { user: { name: 'john', role: 'user' }, policies: './policies', state: './guard-state', timezone: 'UTC' };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter: settings }));
  const syncs = { count: 0 };
  const main = fileURLToPath(new URL('../server/cli/main.js', import.meta.url));
  const perimeter = await openPerimeter({
    config: loadConfig(join(folder, 'mcp.json'), { HOME: folder }),
    clock: systemClock,
    log: () => undefined,
    version: '0.0.0',
    perimeterCommand: { command: process.execPath, args: [main] },
    auditFiles: counting(syncs),
  });
  const client: ClientHandle = { connection_id: 'bench', name: 'bench', version: '1', era: 'legacy', forms: false, links: false };
  const call = async (at: number) => {
    const signal = new AbortController().signal;
    const reply = await perimeter.guard.callTool({
      tool: 'read',
      arguments: { path: `note-${at % IN_FLIGHT}.txt` },
      client,
      signal,
    });
    if (!('result' in reply) || reply.result.isError) throw new Error(`the bench's call was refused: ${JSON.stringify(reply)}`);
  };
  const window = async (calls = CALLS_A_WINDOW) => {
    let next = 0;
    let spent = 0;
    const worker = async () => {
      while (next < calls) {
        const started = performance.now();
        await call(next++);
        spent += performance.now() - started;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return spent / calls;
  };

  const append = perimeter.audit.append;
  const nothing = async () => ({}) as AuditEvent;
  const audited = (on: boolean) => {
    perimeter.audit.append = on ? append : nothing;
  };
  const found: { off: number; on: number }[] = [];
  const busy: { off: number[]; on: number[] } = { off: [], on: [] };
  await window(WARM_CALLS);
  syncs.count = 0;
  const first = perimeter.audit.seq;
  for (let at = 0; at < PAIRS; at += 1) {
    const times = { off: 0, on: 0 };
    // Each goes first every other time, so that neither has the warmer machine.
    for (const on of at % 2 === 0 ? [true, false] : [false, true]) {
      audited(on);
      const before = performance.eventLoopUtilization();
      times[on ? 'on' : 'off'] = await window();
      busy[on ? 'on' : 'off'].push(performance.eventLoopUtilization(before).active / CALLS_A_WINDOW);
    }
    found.push(times);
  }
  audited(true);
  const shared = (perimeter.audit.seq - first) / syncs.count;
  await perimeter.close();
  const ratios = found.map(({ off, on }) => on / off);
  return {
    off: median(found.map(({ off }) => off)),
    on: median(found.map(({ on }) => on)),
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    calls: PAIRS * CALLS_A_WINDOW,
    busy: { off: median(busy.off), on: median(busy.on) },
    shared,
  };
}

/** The real disk, counting how often the log waits for it. */
function counting(syncs: { count: number }): AuditFiles {
  const counted = (file: AppendFile): AppendFile => ({
    ...file,
    sync() {
      syncs.count += 1;
      return file.sync();
    },
  });
  return {
    ...realFiles,
    create: async (path) => counted(await realFiles.create(path)),
    append: async (path) => counted(await realFiles.append(path)),
  };
}

const median = (values: readonly number[]) => quantile(values, 0.5);

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}
