// Opening a log again: a torn tail is set aside and recorded, damage is refused until somebody accepts it.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openAuditReader } from '../../../server/audit/archive.ts';
import { AuditDamaged } from '../../../server/audit/recover.ts';
import { verifyAudit } from '../../../server/audit/verify.ts';
import type { AuditEvent } from '../../../server/ports.ts';
import { HandClock, MEMORY_DIR, MemoryDisk, onlySegment, openInMemory, ZONE } from './world.ts';

const EVENT = { type: 'call.refused', agent_id: 'felix', decision: 'deny', rule: 'r' } as const;

/** A log of three events whose writer was killed, and a fourth event's bytes. */
async function killed(): Promise<{ disk: MemoryDisk; next: Buffer; clock: HandClock }> {
  const disk = new MemoryDisk();
  const clock = new HandClock();
  const log = await openInMemory(disk, clock);
  await log.append(EVENT);
  await log.append(EVENT);
  const before = disk.copy();
  await log.append(EVENT);
  const path = onlySegment(disk);
  return { disk: before, next: disk.contents.get(path)!.subarray(before.contents.get(path)!.length), clock };
}

function add(disk: MemoryDisk, bytes: Buffer): MemoryDisk {
  const other = disk.copy();
  const path = onlySegment(other);
  other.contents.set(path, Buffer.concat([other.contents.get(path)!, bytes]));
  return other;
}

async function eventsOf(disk: MemoryDisk, clock: HandClock): Promise<AuditEvent[]> {
  const reader = await openAuditReader(MEMORY_DIR, { files: disk.files, clock, zone: ZONE });
  const events: AuditEvent[] = [];
  for await (const event of reader.events()) events.push(event);
  return events;
}

describe('a torn tail', () => {
  it('is set aside and recorded, wherever the write was torn, and nothing before it is lost', async () => {
    const { disk, next, clock } = await killed();
    for (let length = 1; length < next.length; length += 1) {
      const torn = add(disk, next.subarray(0, length));
      expect(await verifyAudit(MEMORY_DIR, { files: torn.files })).toMatchObject({ code: 0, torn_tail: length });
      const log = await openInMemory(torn, clock);
      await log.close();
      const events = await eventsOf(torn, clock);
      expect(events.map((event) => event.type)).toEqual([
        'audit.opened',
        'call.refused',
        'call.refused',
        'audit.opened',
        'audit.recovered',
        'audit.checkpoint',
      ]);
      const sha256 = createHash('sha256').update(next.subarray(0, length)).digest('hex');
      expect(events[4]).toMatchObject({ bytes: length, sha256 });
      expect(torn.contents.get(`${MEMORY_DIR}/${events[4]?.torn}`)).toEqual(next.subarray(0, length));
      expect((await verifyAudit(MEMORY_DIR, { files: torn.files })).problems).toEqual([]);
    }
  });

  it('may be space that the disk gave before the bytes', async () => {
    const { disk, next, clock } = await killed();
    for (const tail of [Buffer.alloc(700), Buffer.concat([next.subarray(0, 50), Buffer.alloc(300)])]) {
      const torn = add(disk, tail);
      await (await openInMemory(torn, clock)).close();
      expect((await eventsOf(torn, clock))[4]).toMatchObject({ type: 'audit.recovered', bytes: tail.length });
    }
  });

  it('may be all there is in the newest segment, or in the log', async () => {
    const { disk, clock } = await killed();
    const path = onlySegment(disk);
    const first = disk.copy();
    first.contents.set(path, first.contents.get(path)!.subarray(0, 40));
    await (await openInMemory(first, clock)).close();
    expect((await eventsOf(first, clock)).map((event) => event.type)).toEqual([
      'audit.opened',
      'audit.recovered',
      'audit.checkpoint',
    ]);

    const second = disk.copy();
    second.contents.set(`${MEMORY_DIR}/000002-2026-11-17.jsonl`, Buffer.from('{"seq":4,"id":"evt_0'));
    await (await openInMemory(second, clock)).close();
    expect((await eventsOf(second, clock)).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await verifyAudit(MEMORY_DIR, { files: second.files })).problems).toEqual([]);
  });

  it('leaves an empty newest segment to be written', async () => {
    const { disk, clock } = await killed();
    disk.contents.set(`${MEMORY_DIR}/000002-2026-11-17.jsonl`, Buffer.alloc(0));
    await (await openInMemory(disk, clock)).close();
    expect((await verifyAudit(MEMORY_DIR, { files: disk.files })).problems).toEqual([]);
    expect(disk.contents.get(`${MEMORY_DIR}/000002-2026-11-17.jsonl`)!.length).toBeGreaterThan(0);
  });

  it('keeps whole records of a batch whose last one was torn', async () => {
    const { disk, next, clock } = await killed();
    const torn = add(disk, Buffer.concat([next, Buffer.from('{"seq":5,"id"')]));
    await (await openInMemory(torn, clock)).close();
    expect((await eventsOf(torn, clock)).map((event) => event.type).slice(3, 6)).toEqual([
      'call.refused',
      'audit.opened',
      'audit.recovered',
    ]);
  });
});

describe('a damaged log', () => {
  async function damaged(): Promise<{ disk: MemoryDisk; clock: HandClock }> {
    const { disk, next, clock } = await killed();
    const path = onlySegment(disk);
    const text = disk.contents.get(path)!.toString();
    disk.contents.set(path, Buffer.concat([Buffer.from(text.replace('"rule":"r"', '"rule":"s"')), next]));
    return { disk, clock };
  }

  it('is refused when a bad record is followed by good ones, with what to do', async () => {
    const { disk, clock } = await damaged();
    const before = disk.copy();
    const opening = openInMemory(disk, clock);
    await expect(opening).rejects.toThrow(AuditDamaged);
    await expect(opening).rejects.toThrow(/record 2: .*perimeter audit verify.*--accept-damage/);
    expect(disk.contents).toEqual(before.contents);
  });

  it('is refused when its last record was changed, though it could be called a tail', async () => {
    const { disk, next, clock } = await killed();
    const changed = add(disk, Buffer.from(next.toString().replace('"deny"', '"allw"')));
    await expect(openInMemory(changed, clock)).rejects.toThrow('record 4');
  });

  it('is refused when records or segments are missing', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const log = await openInMemory(disk, clock, { maxSegmentBytes: 1500 });
    for (let count = 0; count < 12; count += 1) await log.append(EVENT);
    await log.close();
    const names = [...disk.contents.keys()].filter((path) => path.endsWith('.jsonl')).sort();
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const less = disk.copy();
      less.contents.delete(name);
      await expect(openInMemory(less, clock), name).rejects.toThrow(AuditDamaged);
    }
  });

  it('is refused when it is shorter than its newest checkpoint', async () => {
    const { disk, clock } = await killed();
    const log = await openInMemory(disk, clock);
    await log.close();
    const path = onlySegment(disk);
    const lines = disk.contents
      .get(path)!
      .toString()
      .split(/(?<=\n)/);
    disk.contents.set(path, Buffer.from(lines.slice(0, -1).join('')));
    await expect(openInMemory(disk, clock)).rejects.toThrow('a signed checkpoint covers 4');
    disk.contents.set(path, Buffer.alloc(0));
    await expect(openInMemory(disk, clock)).rejects.toThrow('damaged at record 1');
  });

  it('is gone on from in a new segment once somebody accepts it, and verify goes on naming it', async () => {
    const { disk, clock } = await damaged();
    const log = await openInMemory(disk, clock, { acceptDamage: true });
    await log.append(EVENT);
    await log.close();
    const again = await openInMemory(disk, clock);
    await again.append(EVENT);
    await again.close();
    const accepted = (await eventsOf(disk, clock)).find((event) => event.accepted_damage === true);
    expect(accepted).toMatchObject({ type: 'audit.opened', accepted_damage: true });
    expect(await verifyAudit(MEMORY_DIR, { files: disk.files })).toMatchObject({ code: 1, first_bad: 2 });
  });
});

describe('checkpoints after a crash', () => {
  it('are brought up to date with the chain, and a torn note is taken away', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const log = await openInMemory(disk, clock);
    await log.append(EVENT);
    await log.close();
    const path = `${MEMORY_DIR}/checkpoints.txt`;
    const whole = disk.contents.get(path)!;
    for (const length of [0, 10, whole.length - 1]) {
      const crashed = disk.copy();
      crashed.contents.set(path, whole.subarray(0, length));
      await (await openInMemory(crashed, clock)).close();
      expect(crashed.contents.get(path)!.subarray(0, whole.length)).toEqual(whole);
      expect(await verifyAudit(MEMORY_DIR, { files: crashed.files })).toMatchObject({ code: 0, warnings: [] });
    }
  });
});
