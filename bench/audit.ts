// What the audit costs and how quick it is: prints the numbers of docs/audit.md. Run with `npm run bench:audit`; about three and a half minutes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureOverhead } from './audit-overhead.ts';
import { type Opened, writeMillion } from './million.ts';

const EVENTS = Number(process.env.PERIMETER_BENCH_EVENTS ?? 1_000_000);
const MILLION = fileURLToPath(new URL('./million.js', import.meta.url));

/** One measurement in a process of its own, so that its memory is its own. */
function apart<T>(...args: string[]): T {
  return JSON.parse(execFileSync(process.execPath, [MILLION, ...args], { encoding: 'utf8', maxBuffer: 1 << 24 })) as T;
}

function line(what: string, number: string, wanted: string, good: boolean): void {
  process.stdout.write(`${good ? '✓' : '✗'} ${what.padEnd(58)} ${number.padStart(12)}   wanted: ${wanted}\n`);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const folder = mkdtempSync(join(tmpdir(), 'perimeter-bench-'));
try {
  process.stdout.write(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n\n`);
  const { off, on, ratio, calls, busy } = await measureOverhead(folder);
  process.stdout.write(
    `a client's call, 32 in flight, ${calls} of each: ${off.toFixed(2)} ms with the audit off, ${on.toFixed(2)} ms with it on\n`,
  );
  process.stdout.write(
    `the guard works ${busy.off.toFixed(2)} ms on a call with the audit off, ${busy.on.toFixed(2)} ms with it on\n`,
  );
  line('the audit adds to a call', `${((ratio - 1) * 100).toFixed(1)} %`, 'below 15 %', ratio < 1.15);

  const written = await writeMillion(join(folder, 'state'), EVENTS);
  process.stdout.write(
    `\n${EVENTS} events, ${(written.bytes / 1e6).toFixed(0)} MB in ${written.segments} segments, written in ${seconds(written.ms)}\n`,
  );
  const without = apart<Opened>('open', join(folder, 'state'), 'without');
  line('start without the index', seconds(without.ms), 'below 10 s', without.ms < 10_000);
  const opened = apart<Opened>('open', join(folder, 'state'), 'with');
  line('start with the index', seconds(opened.ms), 'below 1 s', opened.ms < 1000);
  line('audit_query, selective filters, p95', `${opened.p95.toFixed(1)} ms`, 'below 50 ms', opened.p95 < 50);
  for (const [what, ms] of Object.entries(opened.queries))
    process.stdout.write(`    ${what.padEnd(56)} ${ms.toFixed(1).padStart(9)} ms\n`);
  line('memory after start and queries (resident)', `${(opened.rss / 1e6).toFixed(0)} MB`, 'below 300 MB', opened.rss < 300e6);
  line(
    'memory after a start without the index (resident)',
    `${(without.rss / 1e6).toFixed(0)} MB`,
    'below 300 MB',
    without.rss < 300e6,
  );
  const verified = apart<{ ms: number; code: number; rss: number }>('verify', join(folder, 'state'));
  line('verify', seconds(verified.ms), 'below 15 s', verified.code === 0 && verified.ms < 15_000);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
