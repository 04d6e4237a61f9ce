// What keeps a log in order over the years: indexes of complete segments, retention with tombstones, new keys, checkpoints by time.
import { describe, expect, it, vi } from 'vitest';
import type { realFiles } from '../../../server/audit/files.ts';
import type { OpenAudit } from '../../../server/audit/log.ts';
import { verifyAudit } from '../../../server/audit/verify.ts';
import type { AuditEvent } from '../../../server/ports.ts';
import { HandClock, MEMORY_DIR, MemoryDisk, openInMemory } from './world.ts';

const DAY_MS = 86_400_000;
const CALL = { type: 'call.refused', agent_id: 'felix', user: 'john', decision: 'deny', rule: 'r' } as const;
const verify = (disk: MemoryDisk, pub?: string) => verifyAudit(MEMORY_DIR, { files: disk.files, ...(pub ? { pub } : {}) });

/** A log with a segment for each of so many days, closed. */
async function daysOf(
  count: number,
  disk = new MemoryDisk(),
  clock = new HandClock(),
): Promise<{ disk: MemoryDisk; clock: HandClock }> {
  const log = await openInMemory(disk, clock);
  for (let day = 0; day < count; day += 1) {
    for (let event = 0; event < 3; event += 1) await log.append({ ...CALL, tool: `tool-${day}` });
    clock.time += DAY_MS;
  }
  await log.close();
  return { disk, clock };
}

async function all(log: OpenAudit): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const event of log.events()) events.push(event);
  return events;
}

const named = (disk: MemoryDisk, end: string) => [...disk.contents.keys()].filter((path) => path.endsWith(end)).sort();

describe('the index of complete segments', () => {
  it('answers as the segments do', async () => {
    const { disk, clock } = await daysOf(4);
    expect(named(disk, '.index')).toHaveLength(3);
    const log = await openInMemory(disk, clock);
    for (const day of [0, 1, 2, 3]) expect((await log.query({ tool: `tool-${day}` })).events).toHaveLength(3);
    const events = await all(log);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
    expect((await log.why(events[2]!.id))?.chain).toHaveLength(1);
    await log.close();
  });

  it('stands in for the reading of a segment, so that what was changed in one is found by whoever reads it, and by verify', async () => {
    const { disk, clock } = await daysOf(4);
    const first = named(disk, '.jsonl')[0]!;
    disk.contents.set(first, Buffer.from(disk.contents.get(first)!.toString().replace('"rule":"r"', '"rule":"s"')));
    const log = await openInMemory(disk, clock);
    expect((await log.query({ tool: 'tool-0' })).events.at(-1)).toMatchObject({
      damaged: 'this record does not match its own hash',
    });
    await log.close();
    expect(await verify(disk)).toMatchObject({ code: 1, first_bad: 2 });
  });

  it('is made again when it was lost, changed, cut, or taken from another segment', async () => {
    const { disk, clock } = await daysOf(4);
    const [first, second] = named(disk, '.index') as [string, string];
    const good = disk.contents.get(first)!;
    const harms: [string, (copy: MemoryDisk) => void][] = [
      ['lost', (copy) => copy.contents.delete(first)],
      ['cut', (copy) => copy.contents.set(first, good.subarray(0, 100))],
      ['emptied', (copy) => copy.contents.set(first, Buffer.alloc(0))],
      ['swapped', (copy) => copy.contents.set(first, disk.contents.get(second)!)],
    ];
    for (let at = 0; at < good.length; at += 97) {
      harms.push([
        `changed at ${at}`,
        (copy) => copy.contents.set(first, Buffer.from(good.map((byte, index) => (index === at ? byte ^ 1 : byte)))),
      ]);
    }
    for (const [what, harm] of harms) {
      const copy = disk.copy();
      harm(copy);
      const log = await openInMemory(copy, clock);
      expect((await log.query({ tool: 'tool-0' })).events, what).toHaveLength(3);
      await log.close();
      expect(copy.contents.get(first)?.equals(good), what).toBe(true);
    }
  });

  it('hides no segment that was changed in length, and no missing one', async () => {
    const { disk, clock } = await daysOf(4);
    const [first, second] = named(disk, '.jsonl') as [string, string];
    const shorter = disk.copy();
    shorter.contents.set(first, shorter.contents.get(first)!.subarray(0, -500));
    await expect(openInMemory(shorter, clock)).rejects.toThrow('damaged');
    const without = disk.copy();
    without.contents.delete(second);
    await expect(openInMemory(without, clock)).rejects.toThrow('damaged');
  });
});

describe('retention', () => {
  it('deletes whole segments past their time, and leaves a log that still verifies and answers', async () => {
    const { disk, clock } = await daysOf(6);
    const log = await openInMemory(disk, clock, { retain: 3 * DAY_MS });
    await log.append(CALL);
    await vi.waitFor(async () => expect((await log.query({ type: 'audit.retired' })).events).toHaveLength(3));
    expect((await log.query({ tool: 'tool-1' })).events).toHaveLength(0);
    expect((await log.query({ tool: 'tool-5' })).events).toHaveLength(3);
    await log.close();
    expect(named(disk, '.jsonl')[0]).toContain('000004-');
    expect(named(disk, '.index').every((path) => path >= `${MEMORY_DIR}/000004`)).toBe(true);
    const verdict = await verify(disk);
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({ code: 0, retired: expect.any(Number) });
    const again = await openInMemory(disk, clock, { retain: 3 * DAY_MS });
    expect((await all(again))[0]!.seq).toBe(verdict.retired! + 1);
    await again.close();
    expect((await verify(disk)).problems).toEqual([]);
  });

  it('is not what a missing segment, or one with a forged tombstone, is taken for', async () => {
    const { disk, clock } = await daysOf(6);
    const log = await openInMemory(disk, clock, { retain: 3 * DAY_MS });
    await vi.waitFor(async () => expect((await log.query({ type: 'audit.retired' })).events).toHaveLength(3));
    await log.close();
    const one = named(disk, '.jsonl')[0]!;
    const gone = disk.copy();
    gone.contents.delete(one);
    expect(await verify(gone)).toMatchObject({ code: 1 });
    await expect(openInMemory(gone, clock)).rejects.toThrow('damaged');

    const unmarked = disk.copy();
    unmarked.contents.delete(`${MEMORY_DIR}/tombstones.txt`);
    expect(await verify(unmarked)).toMatchObject({ code: 1, first_bad: 1 });
    await expect(openInMemory(unmarked, clock)).rejects.toThrow('damaged');

    const stones = `${MEMORY_DIR}/tombstones.txt`;
    const text = disk.contents.get(stones)!;
    for (let at = 0; at < text.length; at += 13) {
      const forged = disk.copy();
      forged.contents.set(stones, Buffer.from(text.map((byte, index) => (index === at ? byte ^ 1 : byte))));
      expect({ at, code: (await verify(forged)).code }).toEqual({ at, code: 1 });
    }
  });

  it('goes on where it was killed between the tombstone and the deletion', async () => {
    const { disk, clock } = await daysOf(6);
    const log = await openInMemory(disk, clock, {
      retain: 3 * DAY_MS,
      files: {
        ...disk.files,
        remove: async (path) => (path.endsWith('.jsonl') ? Promise.reject(new Error('killed')) : disk.files.remove(path)),
      },
    });
    await vi.waitFor(() => expect(log.upkeepProblem).toBe('killed'));
    await log.close();
    expect((await verify(disk)).problems).toEqual([]);
    const again = await openInMemory(disk, clock, { retain: 3 * DAY_MS });
    await vi.waitFor(() => expect(named(disk, '.jsonl')[0]).toContain('000004-'));
    await again.close();
    expect((await verify(disk)).problems).toEqual([]);
  });
});

describe('a new key', () => {
  it('is named and signed for by the old one, which is all an outsider has to trust', async () => {
    const { disk, clock } = await daysOf(1);
    disk.contents.set('/kept/audit.pub', Buffer.from(disk.contents.get('/state/audit.pub')!));
    const log = await openInMemory(disk, clock);
    const { from, to } = await log.changeKey();
    expect(from).not.toBe(to);
    await log.append(CALL);
    await log.close();
    await (await openInMemory(disk, clock)).close();
    const verdict = await verify(disk, '/kept/audit.pub');
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({ code: 0, warnings: [] });
  });

  it('that nobody announced is not trusted', async () => {
    const { disk, clock } = await daysOf(1);
    disk.contents.set('/kept/audit.pub', Buffer.from(disk.contents.get('/state/audit.pub')!));
    disk.contents.delete('/state/audit.key');
    const log = await openInMemory(disk, clock);
    await log.append(CALL);
    await log.close();
    expect(await verify(disk, '/kept/audit.pub')).toMatchObject({ code: 1 });
  });
});

describe('a checkpoint', () => {
  it('is signed some time after an event, also when nothing else happens', async () => {
    const disk = new MemoryDisk();
    const log = await openInMemory(disk, new HandClock(), { checkpointAfter: 20 });
    await log.append(CALL);
    await vi.waitFor(async () => expect((await log.query({ type: 'audit.checkpoint' })).events).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await log.query({ type: 'audit.checkpoint' })).events).toHaveLength(1);
    await log.close();
    expect((await verify(disk)).problems).toEqual([]);
  });
});

describe('the last word', () => {
  const failing = (disk: MemoryDisk, free: () => boolean) => {
    const wrap = (file: Awaited<ReturnType<typeof realFiles.append>>) => ({
      ...file,
      write: async (bytes: Uint8Array) => {
        if (!free()) {
          await file.write(bytes.subarray(0, 20));
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        }
        await file.write(bytes);
      },
    });
    return {
      ...disk.files,
      create: async (path: string) => wrap(await disk.files.create(path)),
      append: async (path: string) => wrap(await disk.files.append(path)),
    };
  };

  it('is written in the space kept for it when the disk is full, and a checkpoint covers it', async () => {
    const disk = new MemoryDisk();
    let full = false;
    const files = failing(disk, () => !full || !disk.contents.has(`${MEMORY_DIR}/reserve`));
    const log = await openInMemory(disk, new HandClock(), { files });
    await log.append(CALL);
    full = true;
    await expect(log.append(CALL)).rejects.toThrow('ENOSPC');
    await log.close();
    const [stopped] = (await log.query({ type: 'audit.stopped' })).events;
    expect(stopped).toMatchObject({ code: 'ENOSPC', problem: expect.stringContaining('no space left') });
    expect(await verify(disk)).toMatchObject({ code: 0, problems: [] });
    full = false;
    await (await openInMemory(disk, new HandClock(), { files })).close();
    expect(disk.contents.get(`${MEMORY_DIR}/reserve`)).toHaveLength(64 * 1024);
  });

  it('comes in a new segment when the file was taken away, and verify names what is missing', async () => {
    const disk = new MemoryDisk();
    const log = await openInMemory(disk, new HandClock());
    await log.append(CALL);
    disk.contents.delete(named(disk, '.jsonl')[0]!);
    await expect(log.append(CALL)).rejects.toThrow('deleted');
    await log.close();
    expect(named(disk, '.jsonl')[0]).toContain('000002-');
    const verdict = await verify(disk);
    expect(verdict).toMatchObject({ code: 1, first_bad: 1 });
    expect(verdict.problems[0]?.problem).toBe('records 1 to 2 are missing');
  });
});
