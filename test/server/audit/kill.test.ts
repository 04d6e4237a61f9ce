// A real writer, killed at random times: every acknowledged event is there afterwards, and the log opens again.
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../../server/audit/verify.ts';
import { linesOf, newWorld } from './world.ts';

const ROUNDS = Number(process.env.PERIMETER_KILL_ROUNDS ?? 15);
const WRITER = fileURLToPath(new URL('../../fixtures/audit-writer.mjs', import.meta.url));

describe('a writer killed with SIGKILL', () => {
  it(`loses no acknowledged event in ${ROUNDS} rounds`, { timeout: ROUNDS * 15_000 }, async () => {
    const { dir } = await newWorld();
    const acknowledged: [number, string][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged.push(...(await killed(dir, 5 + Math.random() * 60)));
      const verdict = await verifyAudit(dir);
      expect(verdict.problems).toEqual([]);
    }
    const written = new Map(
      (await linesOf(dir)).filter((line) => line.endsWith('}')).map((line) => [JSON.parse(line).seq, JSON.parse(line).call_id]),
    );
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 8);
    for (const [seq, call] of acknowledged) expect(written.get(seq)).toBe(call);
    const torn = (await readdir(dir)).filter((name) => name.includes('.torn-'));
    expect(torn.length).toBeLessThanOrEqual(ROUNDS);
  });
});

/** Runs the writer until `ms` after its first acknowledged event; answers what it acknowledged. */
function killed(dir: string, ms: number): Promise<[number, string][]> {
  return new Promise((resolve, reject) => {
    const writer = spawn(process.execPath, [WRITER, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complaint = '';
    let _timer: NodeJS.Timeout | undefined;
    writer.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      _timer ??= setTimeout(() => writer.kill('SIGKILL'), ms);
    });
    writer.stderr.on('data', (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    writer.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${complaint}`));
      const lines = said.split('\n').slice(0, -1);
      resolve(lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1]!]));
    });
  });
}
