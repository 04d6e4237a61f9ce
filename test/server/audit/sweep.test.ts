// Every file call of a small run of the real writer fails once with EIO, once with ENOSPC, and once kills it: nothing acknowledged is lost, nothing is forwarded after a failure.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openAudit } from '../../../server/audit/log.ts';
import { AuditDamaged } from '../../../server/audit/recover.ts';
import { verifyAudit } from '../../../server/audit/verify.ts';
import { HandClock, KEY, ZONE } from './world.ts';

const RUN = fileURLToPath(new URL('../../fixtures/audit-sweep.mjs', import.meta.url));
const CALLS = ['openat', 'write', 'pwrite64', 'fdatasync', 'fsync', 'rename', 'ftruncate', 'unlink'];
const FAULTS = ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL'];
/** `npm test` tries some of them; PERIMETER_SWEEP=all tries every one. */
const EVERY = process.env.PERIMETER_SWEEP === 'all' ? 1 : 25;
const START = Date.parse('2026-11-17T13:00:00.000Z');

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'perimeter-sweep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the writer on a copy of a log that was written before; only calls on the state's files count. One thread, so that calls keep their order. */
function run(state: string, inject: string[], trace = '/dev/null') {
  const paths = pathsIn(state).flatMap((path) => ['-P', path]);
  const args = ['-f', '-qq', '-o', trace, ...paths, '-e', `trace=${CALLS.join(',')}`, ...inject.flatMap((one) => ['-e', one])];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const done = spawnSync('strace', [...args, process.execPath, RUN, join(state, 'audit'), String(START + 60_000)], {
    env,
    encoding: 'utf8',
  });
  const lines = done.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
  return { lines, code: done.status };
}

/** The files and folders of a state, and those that the run will make. */
function pathsIn(state: string): string[] {
  const audit = join(state, 'audit');
  const next = Array.from({ length: 12 }, (_, at) => join(audit, `${String(at + 1).padStart(6, '0')}-2026-11-17.jsonl`));
  const there = readdirSync(audit).map((name) => join(audit, name));
  return [
    ...new Set([
      state,
      audit,
      join(state, 'audit.key'),
      join(state, 'audit.pub'),
      join(audit, 'checkpoints.txt'),
      join(audit, 'tombstones.txt'),
      join(audit, 'reserve'),
      ...next,
      ...there,
    ]),
  ];
}

function copyOf(name: string): string {
  const copy = join(folder, name);
  cpSync(join(folder, 'before'), copy, { recursive: true });
  return copy;
}

describe.skipIf(!hasStrace)('every file call of the writer', () => {
  it('may fail or kill it, and nothing acknowledged is lost, nothing forwarded after a failure', {
    timeout: 1_800_000,
  }, async () => {
    const before = join(folder, 'before');
    const clock = new HandClock();
    const log = await openAudit({ dir: join(before, 'audit'), clock, key: KEY, zone: ZONE, maxSegmentBytes: 2500 });
    for (let at = 0; at < 8; at += 1) await log.append({ type: 'call.refused', decision: 'deny', rule: 'r' });
    await log.close();

    const trace = join(folder, 'trace');
    const clean = run(copyOf('clean'), [], trace);
    expect(clean.lines.filter(([what]) => what === 'forwarded')).toHaveLength(10);
    const traced = readFileSync(trace, 'utf8').split('\n');
    const found = { runs: 0, felt: 0, lost: 0, open: 0, calls: 0 };
    for (const call of CALLS) {
      const count = traced.filter((line) => new RegExp(`^\\d+ +${call}\\(`).test(line)).length;
      found.calls += count;
      for (const fault of FAULTS) {
        for (let at = 1; at <= count; at += EVERY) {
          const state = copyOf('run');
          const { lines, code } = run(state, [`inject=${call}:${fault}:when=${at}`]);
          const failed = lines.findIndex(([what]) => what === 'refused');
          const forwarded = lines.filter(([what]) => what === 'forwarded');
          if (failed >= 0 && lines.slice(failed).some(([what]) => what === 'forwarded')) found.open += 1;
          found.lost += await lostIn(state, forwarded as [string, string, string][], `${call} ${fault} ${at}`);
          found.runs += 1;
          if (forwarded.length < 10 || code !== 0) found.felt += 1;
          rmSync(state, { recursive: true });
        }
      }
    }
    console.log(
      `${found.calls} file calls, ${found.runs} runs with a fault, ${found.felt} of which the writer could not finish: ${found.lost} acknowledged events lost, ${found.open} times open after a failure`,
    );
    expect(found).toMatchObject({ lost: 0, open: 0 });
    expect(found.calls).toBeGreaterThan(50);
    expect(found.felt).toBeGreaterThan(found.runs / 2);
  });
});

/** Opens and verifies what a run left; answers how many of its acknowledged events are missing. */
async function lostIn(state: string, forwarded: [string, string, string][], what: string): Promise<number> {
  const dir = join(state, 'audit');
  const verdict = await verifyAudit(dir);
  expect({ what, problems: verdict.problems }).toEqual({ what, problems: [] });
  const log = await openAudit({ dir, clock: new HandClock('2026-11-17T14:00:00.000Z'), key: KEY, zone: ZONE }).catch(
    (error: unknown) => {
      expect({ what, damaged: error instanceof AuditDamaged, message: String(error) }).toEqual({
        what,
        damaged: false,
        message: '',
      });
      throw error;
    },
  );
  const there = new Map<number, unknown>();
  for await (const event of log.events()) there.set(event.seq, event.call_id);
  await log.close();
  return forwarded.filter(([, seq, call]) => there.get(Number(seq)) !== call).length;
}

describe.skipIf(hasStrace)('the sweep of file calls', () => {
  it('is not run here: there is no `strace` on this machine', () => {
    expect(() => execFileSync('strace', ['-V'], { stdio: 'ignore' })).toThrow();
  });
});
