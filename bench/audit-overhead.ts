// The same guard with its audit on and off, call after call through the whole road to a real server, 32 in flight, in turns within one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../server/clock.ts';
import { loadConfig } from '../server/config.ts';
import { openPerimeter } from '../server/perimeter.ts';
import type { AuditEvent, ClientHandle } from '../server/ports.ts';

const IN_FLIGHT = 32;
const ROUNDS = 8;
const CALLS_A_ROUND = 320;
/** As many calls as the guard remembers of an agent, so that no round has less to look through than another. */
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

/** Milliseconds of a call, the median of the rounds; `ratio` is the median of on to off, round by round; `cpu` is the guard's own time. */
export type Overhead = { off: number; on: number; ratio: number; calls: number; cpu: { off: number; on: number } };
export async function measureOverhead(folder: string): Promise<Overhead> {
  const root = join(folder, 'files');
  mkdirSync(root);
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  for (let at = 0; at < IN_FLIGHT; at += 1) writeFileSync(join(root, `note-${at}.txt`), `note ${at}\n`.repeat(100));
  writeFileSync(join(folder, 'policies', 'rules', 'bench.yaml'), RULES);
  const mcpServers = { files: { command: 'perimeter', args: ['tool', 'files', '--root', './files'] } };
  const settings = { user: { name: 'john', role: 'user' }, policies: './policies', state: './guard-state', timezone: 'UTC' };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter: settings }));
  const main = fileURLToPath(new URL('../server/cli/main.js', import.meta.url));
  const perimeter = await openPerimeter({
    config: loadConfig(join(folder, 'mcp.json'), { HOME: folder }),
    clock: systemClock,
    log: () => undefined,
    version: '0.0.0',
    perimeterCommand: { command: process.execPath, args: [main] },
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
  const round = async (calls = CALLS_A_ROUND) => {
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
  const cpu = { off: 0, on: 0 };
  await round(WARM_CALLS);
  for (let at = 0; at < ROUNDS; at += 1) {
    const times = { off: 0, on: 0 };
    // Each goes first every other time, so that neither has the warmer machine.
    for (const on of at % 2 === 0 ? [true, false] : [false, true]) {
      audited(on);
      const before = process.cpuUsage();
      times[on ? 'on' : 'off'] = await round();
      const { user, system } = process.cpuUsage(before);
      cpu[on ? 'on' : 'off'] += (user + system) / 1000 / (ROUNDS * CALLS_A_ROUND);
    }
    found.push(times);
  }
  audited(true);
  await perimeter.close();
  return {
    off: median(found.map(({ off }) => off)),
    on: median(found.map(({ on }) => on)),
    ratio: median(found.map(({ off, on }) => on / off)),
    calls: ROUNDS * CALLS_A_ROUND,
    cpu,
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
