// The power goes at any file call, and takes what was not synced: every acknowledged event is there afterwards, and the log opens and verifies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAuditReader } from '../../../server/audit/archive.ts';
import { openAudit } from '../../../server/audit/log.ts';
import { verifyAudit } from '../../../server/audit/verify.ts';
import { type Dice, LossyDisk } from './lossy-disk.ts';
import { HandClock, KEY, MEMORY_DIR, ZONE } from './world.ts';

const RUNS = Number(process.env.PERIMETER_POWER_CUTS ?? 60);
const DAY_MS = 86_400_000;

/** Opens the log, writes on until the power goes, and answers what was acknowledged. */
async function work(disk: LossyDisk, clock: HandClock, mark: string): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>();
  const log = await openAudit({
    ...{ dir: MEMORY_DIR, clock, key: KEY, zone: ZONE, files: disk.files, maxSegmentBytes: 2500, checkpointEvery: 5 },
    ...{ retain: 2 * DAY_MS, checkpointAfter: 3_600_000 },
  }).catch(() => undefined);
  if (!log) return acknowledged;
  for (let at = 0; at < 12 && !log.failed; at += 1) {
    if (at % 4 === 3) clock.time += DAY_MS / 3;
    const several = Array.from({ length: 1 + (at % 3) }, (_, one) => `${mark}-${at}-${one}`);
    const answers = several.map((call_id) => log.append({ type: 'call.intent', call_id, decision: 'allow', rule: 'r' }));
    for (const [index, answer] of (await Promise.allSettled(answers)).entries()) {
      if (answer.status === 'fulfilled') acknowledged.set(answer.value.seq, several[index]!);
    }
    if (at === 6) await log.changeKey().catch(() => undefined);
  }
  await log.close().catch(() => undefined);
  return acknowledged;
}

describe('a power cut', () => {
  it(`at any file call loses no acknowledged event (${RUNS} lives of a log, each with several cuts)`, {
    timeout: 30_000 + RUNS * 300,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(260), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        async (cuts, chance) => {
          const dice: Dice = (below) => (chance.next().value as number) % below;
          const clock = new HandClock();
          let disk = new LossyDisk();
          const acknowledged = new Map<number, string>();
          for (const [life, calls] of cuts.entries()) {
            disk.powerUntil = calls;
            for (const [seq, call] of await work(disk, clock, `life${life}`)) acknowledged.set(seq, call);
            disk = disk.afterCrash(dice);
            const verdict = await verifyAudit(MEMORY_DIR, { files: disk.files });
            expect(verdict.problems).toEqual([]);
          }
          const log = await openAudit({ dir: MEMORY_DIR, clock, key: KEY, zone: ZONE, files: disk.files });
          await log.close();
          const verdict = await verifyAudit(MEMORY_DIR, { files: disk.files });
          expect(verdict.problems).toEqual([]);
          expect(verdict.code).toBe(0);
          const there = new Map<number, unknown>();
          const reader = await openAuditReader(MEMORY_DIR, { files: disk.files, clock, zone: ZONE }).catch(() => undefined);
          for await (const event of reader?.events() ?? []) there.set(event.seq, event.call_id);
          for (const [seq, call] of acknowledged) if (seq > (verdict.retired ?? 0)) expect(there.get(seq)).toBe(call);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
