// Whatever is done to a log from outside, verify names the first record that isn't as it was written.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Verdict, verifyAudit } from '../../../server/audit/verify.ts';
import type { AuditInput } from '../../../server/ports.ts';
import { HandClock, MEMORY_DIR, MemoryDisk, onlySegment, openInMemory } from './world.ts';

const WHO = { agent_id: 'felix', user: 'john@company.com' };
const CALL: AuditInput = { ...WHO, type: 'call.intent', call_id: 'call_1', decision: 'allow', rule: 'marketing-read' };
const GRANT = { ...WHO, grant_id: 'grant_1', request_id: 'req_1' };

let clean: MemoryDisk;

beforeAll(async () => {
  clean = await written([
    CALL,
    { ...WHO, type: 'call.outcome', call_id: 'call_1', outcome: 'ok' },
    { type: 'policy.loaded', policy_digest: 'sha256:1' },
  ]);
});

async function written(events: AuditInput[], close = true, more = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await openInMemory(disk, new HandClock(), more);
  for (const event of events) await log.append(event);
  if (close) await log.close();
  return disk;
}

function verify(disk: MemoryDisk, more = {}): Promise<Verdict> {
  return verifyAudit(MEMORY_DIR, { files: disk.files, ...more });
}

function changed(disk: MemoryDisk, change: (bytes: Buffer) => Buffer): MemoryDisk {
  const other = disk.copy();
  const path = onlySegment(other);
  other.contents.set(path, change(other.contents.get(path)!));
  return other;
}

function withLines(disk: MemoryDisk, change: (lines: string[]) => string[]): MemoryDisk {
  return changed(disk, (bytes) => Buffer.from(change(bytes.toString().split(/(?<=\n)/)).join('')));
}

describe('a log that nobody touched', () => {
  it('is intact', async () => {
    const verdict = await verify(clean);
    expect(verdict).toEqual({ ok: true, code: 0, events: 5, problems: [], unknown_outcomes: [], checkpoints: 1, warnings: [] });
  });

  it('is intact over many segments, openings and checkpoints, the copy included', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const more = { maxSegmentBytes: 3000, checkpointEvery: 7, copy: '/copy/checkpoints.txt' };
    for (let opening = 0; opening < 3; opening += 1) {
      const log = await openInMemory(disk, clock, more);
      for (let count = 0; count < 20; count += 1) await log.append({ type: 'audit.read', ...WHO });
      await log.close();
    }
    const verdict = await verify(disk, { copy: more.copy });
    expect(verdict).toMatchObject({ ok: true, problems: [], warnings: [] });
    expect(verdict.checkpoints).toBeGreaterThan(8);
    const counts: number[] = [];
    await verify(disk, { progress: (done: { events: number }) => counts.push(done.events) });
    expect(counts.length).toBeGreaterThan(3);
    expect(counts.at(-1)).toBe(verdict.events);
  });

  it('can be checked while it is written', async () => {
    const disk = new MemoryDisk();
    const log = await openInMemory(disk, new HandClock());
    await log.append(CALL);
    expect(await verify(disk)).toMatchObject({ code: 0, unknown_outcomes: ['call_1'] });
    await log.close();
  });
});

describe('a log that somebody touched', () => {
  it('is named at the right record, whichever byte was flipped', async () => {
    const bytes = clean.contents.get(onlySegment(clean))!;
    let seq = 1;
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = changed(clean, (copy) => {
        copy[at] = copy[at]! ^ (1 << (at % 8));
        return copy;
      });
      const { code, first_bad } = await verify(flipped);
      expect({ at, code, first_bad }).toEqual({ at, code: 1, first_bad: seq });
      if (bytes[at] === 10) seq += 1;
    }
  });

  it('is named where a record was deleted, doubled or swapped', async () => {
    for (let at = 0; at < 5; at += 1) {
      const seq = at + 1;
      expect(await verify(withLines(clean, (lines) => lines.toSpliced(at, 1))), `deleted ${seq}`).toMatchObject({
        code: 1,
        first_bad: seq,
      });
      expect(await verify(withLines(clean, (lines) => lines.toSpliced(at, 0, lines[at]!))), `doubled ${seq}`).toMatchObject({
        code: 1,
        first_bad: seq,
      });
      if (at === 4) continue;
      const swapped = withLines(clean, (lines) => lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!));
      expect(await verify(swapped), `swapped ${seq}`).toMatchObject({ code: 1, first_bad: seq });
    }
  });

  it('is named where the tail was cut, at any byte', async () => {
    const bytes = clean.contents.get(onlySegment(clean))!;
    for (let length = 0; length < bytes.length; length += 1) {
      const whole = bytes.subarray(0, length).filter((byte) => byte === 10).length;
      const cut = await verify(changed(clean, (copy) => copy.subarray(0, length)));
      expect({ length, code: cut.code, first_bad: cut.first_bad }).toEqual({ length, code: 1, first_bad: whole + 1 });
    }
  });

  it('is named when the whole log is gone, but not its checkpoints', async () => {
    const disk = clean.copy();
    disk.contents.delete(onlySegment(disk));
    expect(await verify(disk)).toMatchObject({ code: 1, first_bad: 1 });
  });

  it('is named when it was cut and its checkpoints too, where there is a copy elsewhere', async () => {
    const disk = await written([CALL, CALL, CALL], true, { copy: '/copy/c.txt' });
    const cut = withLines(disk, (lines) => lines.slice(0, 2));
    cut.contents.delete(`${MEMORY_DIR}/checkpoints.txt`);
    expect((await verify(cut)).code).toBe(0);
    expect(await verify(cut, { copy: '/copy/c.txt' })).toMatchObject({ code: 1, first_bad: 3 });
  });

  it('is named when it was rewritten whole, with a chain that holds', async () => {
    const other = await written([{ ...CALL, rule: 'another' }, CALL, CALL]);
    const disk = clean.copy();
    disk.contents.set(onlySegment(disk), other.contents.get(onlySegment(other))!);
    const verdict = await verify(disk);
    expect(verdict.code).toBe(1);
    expect(verdict.problems.map((one) => one.problem).join()).toContain('signed with another key');
  });

  it('is named when checkpoints were signed with a key that is not the one we trust', async () => {
    const other = await written([CALL]);
    const trusted = '/trusted/audit.pub';
    other.contents.set(trusted, clean.contents.get('/state/audit.pub')!);
    expect((await verify(other)).code).toBe(0);
    expect((await verify(other, { pub: trusted })).code).toBe(1);
  });

  it('is named when a byte of the checkpoint file was flipped', async () => {
    const path = `${MEMORY_DIR}/checkpoints.txt`;
    const bytes = clean.contents.get(path)!;
    for (let at = 0; at < bytes.length - 2; at += 1) {
      const disk = clean.copy();
      disk.contents.get(path)![at]! ^= 1 << (at % 7);
      const verdict = await verify(disk);
      expect({ at, noticed: verdict.code === 1 || verdict.warnings.length > 0 }).toEqual({ at, noticed: true });
    }
  });

  it('is named when junk was added to its end', async () => {
    for (const junk of ['x', '\n', '{"seq":7,', '{"seq":6,"id":"a"}\n', '\0x']) {
      expect(
        (await verify(changed(clean, (bytes) => Buffer.concat([bytes, Buffer.from(junk)])))).code,
        JSON.stringify(junk),
      ).toBe(1);
    }
  });
});

describe('what a log must say of itself', () => {
  const issued: AuditInput = {
    ...GRANT,
    type: 'grant.issued',
    action: 'permission_granted',
    expires_at: '2026-11-17T13:30:00.000Z',
    granted_by: 'human',
  };
  const byGrant: AuditInput = { ...CALL, grant_id: 'grant_1', rule: 'customer-writes' };
  const used: AuditInput = { ...GRANT, type: 'grant.used', call_id: 'call_1' };
  const outcome: AuditInput = { ...WHO, type: 'call.outcome', call_id: 'call_1', outcome: 'ok' };

  it.each<[string, AuditInput[], string]>([
    [
      'a call that no rule allowed',
      [{ ...WHO, type: 'call.intent', call_id: 'call_1', decision: 'allow' }],
      'no rule and no grant',
    ],
    ['a call that was forwarded in spite of a deny', [{ ...CALL, decision: 'deny' }], 'decision was `deny`'],
    ['a call on a grant that was never given', [byGrant], 'never given'],
    ['a call on a revoked grant', [issued, { ...GRANT, type: 'grant.revoked' }, { type: 'lock.set' }, byGrant], 'over'],
    ['a call on an exhausted grant', [issued, { ...GRANT, type: 'grant.exhausted' }, byGrant], 'nothing left'],
    ['a call on a grant without an end', [{ ...GRANT, type: 'grant.issued' }, byGrant], 'over'],
  ])('names %s', async (_, events, words) => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const log = await openInMemory(disk, clock);
    for (const event of events) {
      clock.time += 3000;
      await log.append(event);
    }
    await log.close();
    const verdict = await verify(disk);
    expect(verdict.code).toBe(1);
    expect(verdict.first_bad).toBe(events.length + 1);
    expect(verdict.problems[0]?.problem).toContain(words);
  });

  it('names a call after its grant ran out', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const log = await openInMemory(disk, clock);
    await log.append(issued);
    clock.set('2026-11-17T13:30:05.000Z');
    await log.append(byGrant);
    await log.close();
    expect(await verify(disk)).toMatchObject({ code: 1, first_bad: 3 });
  });

  it('takes the use and the call in either order, and a use that emptied the grant', async () => {
    expect((await verify(await written([issued, used, byGrant, outcome, { ...GRANT, type: 'grant.exhausted' }]))).code).toBe(0);
    expect((await verify(await written([issued, byGrant, used, { ...GRANT, type: 'grant.exhausted' }, outcome]))).code).toBe(0);
    expect((await verify(await written([issued, used, { ...GRANT, type: 'grant.exhausted' }, byGrant, outcome]))).code).toBe(0);
  });

  it('reports a call without an outcome as unknown, and does not call it tampering', async () => {
    expect(await verify(await written([CALL]))).toMatchObject({ code: 0, unknown_outcomes: ['call_1'] });
    expect(await verify(await written([CALL, { ...outcome, outcome: 'unknown' }]))).toMatchObject({
      code: 0,
      unknown_outcomes: ['call_1'],
    });
  });
});

describe('what cannot be checked', () => {
  it('is said so, with code 3', async () => {
    expect(await verify(new MemoryDisk())).toMatchObject({ ok: false, code: 3 });
    expect(await verifyAudit('/nowhere/at/all')).toMatchObject({ ok: false, code: 3 });
    expect(await verify(clean, { pub: '/no/such.pub' })).toMatchObject({ ok: false, code: 3 });
    expect(await verify(clean, { copy: '/no/such.txt' })).toMatchObject({ ok: false, code: 3 });
    const young = await written([CALL], false);
    expect(await verify(young, { copy: '/no/such.txt' })).toMatchObject({ ok: true, code: 0 });
  });

  it('is a warning where only the public key is gone', async () => {
    const disk = clean.copy();
    disk.contents.delete('/state/audit.pub');
    const verdict = await verify(disk);
    expect(verdict.code).toBe(0);
    expect(verdict.warnings[0]).toContain('signatures are not checked');
  });
});
