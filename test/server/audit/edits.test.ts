// What somebody would try who knows the log well: edits that keep the chain whole, and files put in each other's place.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Verdict, verifyAudit } from '../../../server/audit/verify.ts';
import type { AuditInput } from '../../../server/ports.ts';
import { HandClock, MEMORY_DIR, MemoryDisk, openInMemory } from './world.ts';

const WHO = { agent_id: 'felix', user: 'john@company.com' };
const GRANT = { ...WHO, grant_id: 'grant_1', request_id: 'req_1' };
const ISSUED: AuditInput = {
  ...{ ...GRANT, type: 'grant.issued', action: 'permission_granted', granted_by: 'human' },
  expires_at: '2026-11-17T13:00:02.000Z',
};
const CALL: AuditInput = { ...WHO, type: 'call.intent', call_id: 'call_1', decision: 'allow', rule: 'marketing-read' };
const NOTES = `${MEMORY_DIR}/checkpoints.txt`;
const STONES = `${MEMORY_DIR}/tombstones.txt`;
const COPY = '/elsewhere/checkpoints.txt';
const DAY_MS = 86_400_000;

let small: MemoryDisk;
let days: MemoryDisk;

beforeAll(async () => {
  small = await written([ISSUED, CALL, { ...WHO, type: 'call.outcome', call_id: 'call_1', outcome: 'ok' }]);
  days = await overDays(4);
});

async function written(events: AuditInput[], more = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await openInMemory(disk, new HandClock(), { copy: COPY, ...more });
  for (const event of events) await log.append(event);
  await log.close();
  return disk;
}

/** A log of so many days, a segment each. */
async function overDays(count: number, more = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const clock = new HandClock();
  const log = await openInMemory(disk, clock, { copy: COPY, ...more });
  for (let day = 0; day < count; day += 1) {
    for (let at = 0; at < 3; at += 1) await log.append(CALL);
    clock.time += DAY_MS;
  }
  await log.close();
  return disk;
}

const verify = (disk: MemoryDisk, more = {}): Promise<Verdict> => verifyAudit(MEMORY_DIR, { files: disk.files, ...more });
const segmentsOf = (disk: MemoryDisk): string[] => [...disk.contents.keys()].filter((path) => path.endsWith('.jsonl')).sort();
const said = ({ problems }: Verdict): string => problems.map((one) => one.problem).join('; ');

/** Changes the records of all segments, then counts and chains them anew, exactly as the log does; nothing is signed. */
function rechained(disk: MemoryDisk, change: (events: Record<string, unknown>[]) => Record<string, unknown>[]): MemoryDisk {
  const other = disk.copy();
  let [seq, prev] = [0, '0'.repeat(64)];
  for (const path of segmentsOf(other)) {
    const lines = other.contents.get(path)!.toString().trimEnd().split('\n');
    const events = change(lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    const texts = events.map((event) => {
      seq += 1;
      const body = JSON.stringify({ ...event, seq, prev, hash: undefined });
      prev = createHash('sha256')
        .update(Buffer.from(`00${prev}`, 'hex'))
        .update(body)
        .digest('hex');
      return `${body.slice(0, -1)},"hash":"${prev}"}\n`;
    });
    other.contents.set(path, Buffer.from(texts.join('')));
  }
  return other;
}

it('the chain that these edits make is a good one, as long as nothing was changed', async () => {
  expect(rechained(small, (events) => events).contents).toEqual(small.contents);
  expect(await verify(small, { copy: COPY })).toMatchObject({ code: 0, warnings: [] });
  expect(await verify(days, { copy: COPY })).toMatchObject({ code: 0, warnings: [] });
});

describe('records rewritten with a chain that holds, but without the key', () => {
  it.each<[string, (events: Record<string, unknown>[]) => Record<string, unknown>[]]>([
    [
      'the end of a grant put off',
      (events) => events.map((one) => (one.type === 'grant.issued' ? { ...one, expires_at: '2026-12-31T00:00:00.000Z' } : one)),
    ],
    ['a grant taken out', (events) => events.filter((one) => one.type !== 'grant.issued')],
    [
      'an approval put in',
      (events) => events.flatMap((one) => (one.type === 'call.intent' ? [{ ...one, type: 'lock.set' }, one] : [one])),
    ],
    [
      'another name in the place of the approver',
      (events) => events.map((one) => (one.user === undefined ? one : { ...one, user: 'somebody@else.example' })),
    ],
    [
      'the checkpoint in the log made to fit, its signature as it was',
      (events) =>
        events
          .filter((one) => one.type !== 'grant.issued')
          .map((one) =>
            one.type === 'audit.checkpoint' ? { ...one, note: String(one.note).replace(/^(.*\n)\d+\n/, '$13\n') } : one,
          ),
    ],
  ])('%s', async (_, change) => {
    const edited = rechained(small, change);
    expect((await verify(edited)).code).toBe(1);
    // also where the notes beside the log were taken away, which alone would only be noted
    edited.contents.delete(NOTES);
    const verdict = await verify(edited);
    expect(said(verdict)).toMatch(/checkpoint/);
    // and where those in the log were taken out too, by what stands elsewhere
    const bare = rechained(small, (events) => change(events).filter((one) => one.type !== 'audit.checkpoint'));
    bare.contents.delete(NOTES);
    expect((await verify(bare)).warnings.join()).toContain('there is no signed checkpoint yet');
    expect((await verify(bare, { copy: COPY })).code).toBe(1);
  });

  it('in a long log all checkpoints taken out are missed, with no copy elsewhere', async () => {
    const events = Array.from({ length: 11_100 }, () => ({ type: 'call.refused', ...WHO }));
    const disk = new MemoryDisk();
    const log = await openInMemory(disk, new HandClock());
    for (let at = 0; at < events.length; at += 500)
      await Promise.all(events.slice(at, at + 500).map((event) => log.append(event)));
    await log.close();
    expect((await verify(disk)).code).toBe(0);
    const bare = rechained(disk, (all) => all.filter((one) => one.type !== 'audit.checkpoint'));
    bare.contents.delete(NOTES);
    const verdict = await verify(bare);
    expect(verdict.code).toBe(1);
    expect(said(verdict)).toContain('that no checkpoint was signed for');
  });
});

describe('segments in each other’s place', () => {
  it('two swapped', async () => {
    const [, second, third] = segmentsOf(days);
    const swapped = days.copy();
    swapped.contents.set(second!, days.contents.get(third!)!);
    swapped.contents.set(third!, days.contents.get(second!)!);
    const first = days.contents.get(segmentsOf(days)[0]!)!.toString().trimEnd().split('\n').length;
    expect(await verify(swapped)).toMatchObject({ code: 1, first_bad: first + 1 });
  });

  it('one in the middle taken away, without and with a tombstone that is not its own', async () => {
    const [first, second] = segmentsOf(days);
    const records = (path: string) => days.contents.get(path)!.toString().trimEnd().split('\n').length;
    const gone = days.copy();
    gone.contents.delete(second!);
    const missing = { code: 1, first_bad: records(first!) + 1 };
    expect(await verify(gone)).toMatchObject(missing);
    expect(said(await verify(gone))).toContain(
      `records ${records(first!) + 1} to ${records(first!) + records(second!)} are missing`,
    );

    const checkpoint = days.contents
      .get(NOTES)!
      .toString()
      .split(/(?<=\n— [^\n]*\n)\n/)[1]!;
    const last = records(first!) + records(second!);
    const forged = checkpoint.replace(/\n(\n— )/, `\nretired ${records(first!) + 1}-${last} ${basename(second!)}\n$1`);
    for (const stone of [checkpoint, forged]) {
      const stoned = gone.copy();
      stoned.contents.set(STONES, Buffer.from(`${stone}\n`));
      const verdict = await verify(stoned);
      expect(verdict).toMatchObject(missing);
      expect(said(verdict)).toMatch(/is no tombstone|wrong signature/);
    }

    // what retention really signed for the first segment says nothing of the second
    const kept = await overDays(6, { retain: 2 * DAY_MS });
    const signed = kept.contents.get(STONES);
    expect(signed).toBeDefined();
    expect(await verify(kept)).toMatchObject({ code: 0, retired: expect.any(Number) });
    const more = kept.copy();
    more.contents.delete(segmentsOf(kept)[0]!);
    expect(await verify(more)).toMatchObject({ code: 1, first_bad: 1 });
  });
});

describe('an older state of the whole folder', () => {
  it('is whole in itself, and shorter than what the copy elsewhere was signed for', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const log = await openInMemory(disk, clock, { copy: COPY });
    await log.append(CALL);
    await log.close();
    const old = disk.copy();
    const later = await openInMemory(disk, clock, { copy: COPY });
    await later.append(CALL);
    await later.close();
    old.contents.set(COPY, disk.contents.get(COPY)!);
    expect((await verify(old)).code).toBe(0);
    expect(await verify(old, { copy: COPY })).toMatchObject({ code: 1, first_bad: 4 });
  });
});

describe('the notes beside the log', () => {
  const notesOf = (disk: MemoryDisk) =>
    disk.contents
      .get(NOTES)!
      .toString()
      .split(/(?<=\n— [^\n]*\n\n)/);

  it('in another order are named', async () => {
    const disk = days.copy();
    const notes = notesOf(disk);
    expect(notes.length).toBeGreaterThan(2);
    disk.contents.set(NOTES, Buffer.from(notes.toReversed().join('')));
    expect(said(await verify(disk))).toMatch(/the note for \d+ records stands after the one for \d+/);
  });

  it('taken out, one or all, are missed', async () => {
    const disk = days.copy();
    disk.contents.set(NOTES, Buffer.from(notesOf(disk).toSpliced(1, 1).join('')));
    expect((await verify(disk)).warnings.join()).toContain('lacks the notes of 1 checkpoint');
    disk.contents.delete(NOTES);
    expect((await verify(disk)).warnings.join()).toMatch(/lacks the notes of \d checkpoint/);
  });

  it('of another guard are named', async () => {
    const other = await overDays(2);
    const disk = days.copy();
    disk.contents.set(NOTES, other.contents.get(NOTES)!);
    expect(said(await verify(disk))).toContain('signed with another key');
  });

  it('half written in the copy by a power cut are taken away before the next, and no false alarm', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    await (await openInMemory(disk, clock, { copy: COPY })).close();
    disk.contents.set(COPY, Buffer.concat([disk.contents.get(COPY)!, Buffer.from('mcp-perimeter/audit/x\n9')]));
    await (await openInMemory(disk, clock, { copy: COPY })).close();
    expect(await verify(disk, { copy: COPY })).toMatchObject({ code: 0, warnings: [] });
  });
});
