// Questions to the trail: every filter, pages, words of time, and what a reader sees while nobody writes.
import { beforeAll, describe, expect, it } from 'vitest';
import { openAuditReader } from '../../../server/audit/archive.ts';
import { Discretion } from '../../../server/audit/discreet.ts';
import { globMatches } from '../../../server/audit/glob.ts';
import type { OpenAudit } from '../../../server/audit/log.ts';
import type { AuditFilter } from '../../../server/ports.ts';
import { HandClock, KEY, MEMORY_DIR, MemoryDisk, onlySegment, openInMemory, ZONE } from './world.ts';

const disk = new MemoryDisk();
const clock = new HandClock('2026-11-17T13:00:00.000Z');
let log: OpenAudit;

beforeAll(async () => {
  log = await openInMemory(disk, clock);
  const felix = { agent_id: 'felix-prod', user: 'john@company.com', session_id: 's1' };
  await log.append({
    ...felix,
    type: 'call.intent',
    call_id: 'call_1',
    server: 'files',
    tool: 'read',
    action: 'read:files:marketing/plan.md',
    resource: 'marketing/plan.md',
    actions: [{ action: 'read:files:marketing/plan.md', decision: 'allow', rule: 'marketing-read' }],
    decision: 'allow',
    rule: 'marketing-read',
    risk: { level: 'low', score: 0, factors: [] },
  });
  await log.append({
    ...felix,
    type: 'call.refused',
    server: 'files',
    tool: 'read',
    action: 'read:files:hr/pay.csv',
    resource: 'hr/pay.csv',
    decision: 'deny',
    rule: 'hr-closed',
    why: 'Pay is private',
    risk: { level: 'high', score: 60, factors: [] },
  });
  await log.append({
    ...felix,
    type: 'grant.issued',
    action: 'permission_granted',
    grant_id: 'grant_a',
    request_id: 'req_a',
    scope: ['write:database:customers'],
    approver: 'os:anna passphrase',
    expires_at: '2026-11-17T14:00:00.000Z',
  });
  // A new day: record 5 is the old segment's checkpoint, 6 begins the new one.
  clock.set('2026-11-24T10:00:00.000Z');
  await log.append({
    type: 'call.intent',
    agent_id: 'otto',
    user: 'eve@company.com',
    call_id: 'call_2',
    server: 'crm',
    tool: 'execute',
    actions: [{ action: 'write:database:customers', decision: 'allow', rule: 'customer-writes', grant_id: 'grant_a' }],
    decision: 'allow',
    rule: 'customer-writes',
    facts: { 'args.note': 'Blue Horse' },
    risk: { level: 'critical', score: 99, factors: [] },
  });
  clock.set('2026-11-24T14:30:00.000Z');
});

async function seqs(filter: AuditFilter): Promise<number[]> {
  return (await log.query(filter)).events.map((event) => event.seq);
}

describe('a question', () => {
  it.each<[AuditFilter, number[]]>([
    [{}, [7, 6, 5, 4, 3, 2, 1]],
    [{ who: 'john@company.com' }, [4, 3, 2]],
    [{ who: 'JOHN' }, [4, 3, 2]],
    [{ who: 'anna' }, [4]],
    [{ who: '*@company.com' }, [7, 4, 3, 2]],
    [{ who: 'joh' }, []],
    [{ agent: 'felix-*' }, [4, 3, 2]],
    [{ agent: 'otto' }, [7]],
    [{ action: 'write:database' }, [7, 4]],
    [{ action: 'write:database:customers' }, [7, 4]],
    [{ action: 'write' }, [7, 4]],
    [{ action: 'permission_granted' }, [4]],
    [{ action: 'read:files:marketing/*' }, [2]],
    [{ action: '*:files:**' }, [3, 2]],
    [{ action: 'read:files:*' }, []],
    [{ resource: 'hr/pay.csv' }, [3]],
    [{ resource: 'marketing' }, [2]],
    [{ resource: 'marketing/**' }, [2]],
    [{ resource: '**/*.csv' }, [3]],
    [{ resource: 'customers' }, [7]],
    [{ decision: 'deny' }, [3]],
    [{ rule: 'customer-writes' }, [7]],
    [{ grant_id: 'grant_a' }, [7, 4]],
    [{ request_id: 'req_a' }, [4]],
    [{ type: 'call.*' }, [7, 3, 2]],
    [{ risk: 'high' }, [7, 3]],
    [{ tool: 'read' }, [3, 2]],
    [{ server: 'crm' }, [7]],
    [{ text: 'pay is PRIVATE' }, [3]],
    [{ text: 'Blue Horse' }, [7]],
    [{ text: 'Blue' }, []],
    [{ when: 'last Tuesday' }, [4, 3, 2, 1]],
    [{ when: 'today' }, [7, 6, 5]],
    [{ when: 'past 2 hours' }, []],
    [{ since: '2026-11-20' }, [7, 6, 5]],
    [{ until: '2026-11-24T10:00:00.000Z' }, [4, 3, 2, 1]],
    [{ since: 'last Tuesday', until: 'Monday' }, [4, 3, 2, 1]],
    [{ who: 'john', decision: 'allow', text: 'marketing' }, [2]],
  ])('%j', async (filter, expected) => {
    expect(await seqs(filter)).toEqual(expected);
  });

  it('is answered in pages, newest first', async () => {
    const first = await log.query({ limit: 2 });
    expect(first.events.map((event) => event.seq)).toEqual([7, 6]);
    const second = await log.query({ limit: 2, cursor: first.next_cursor! });
    expect(second.events.map((event) => event.seq)).toEqual([5, 4]);
    const third = await log.query({ limit: 3, cursor: second.next_cursor! });
    expect(third.events.map((event) => event.seq)).toEqual([3, 2, 1]);
    expect(third.next_cursor).toBeUndefined();
  });

  it.each<[AuditFilter, string]>([
    [{ limit: 0 }, 'whole number'],
    [{ limit: 1.5 }, 'whole number'],
    [{ cursor: 'x' }, 'leave it out'],
    [{ when: 'soon' }, 'say for example'],
    [{ risk: 'huge' as 'high' }, 'not a risk level'],
    [{ text: 'x'.repeat(501) }, 'longer than 500'],
  ])('that can not be read says so: %j', async (filter, words) => {
    await expect(log.query(filter)).rejects.toThrow(words);
  });

  it('gives at most 500 events', async () => {
    const many = new MemoryDisk();
    const busy = await openInMemory(many, new HandClock());
    await Promise.all(Array.from({ length: 600 }, () => busy.append({ type: 'audit.read' })));
    const page = await busy.query({ limit: 10_000 });
    expect(page.events).toHaveLength(500);
    expect(page.next_cursor).toBe('102');
    await busy.close();
  });

  it('is answered alike by a reader, over several segments', async () => {
    const many = new MemoryDisk();
    const busy = await openInMemory(many, new HandClock(), { maxSegmentBytes: 2000 });
    for (let count = 0; count < 30; count += 1) await busy.append({ type: 'audit.read', agent_id: `a${count % 3}` });
    await busy.close();
    const reader = await openAuditReader(MEMORY_DIR, { files: many.files, clock, zone: ZONE, discretion: new Discretion(KEY) });
    expect(await reader.query({ agent: 'a1', limit: 5 })).toEqual(await busy.query({ agent: 'a1', limit: 5 }));
    const seen: number[] = [];
    for await (const event of reader.events(10)) seen.push(event.seq);
    expect(seen[0]).toBe(10);
    expect(seen.at(-1)).toBe(busy.seq);
  });

  it('marks an event that was changed after it was written', async () => {
    const changed = disk.copy();
    const path = onlySegment(changed);
    const reader = await openAuditReader(MEMORY_DIR, { files: changed.files, clock, zone: ZONE });
    changed.contents.set(
      path,
      Buffer.from(changed.contents.get(path)!.toString().replace('Pay is private', 'Pay is not mine')).subarray(
        0,
        changed.contents.get(path)!.length,
      ),
    );
    const text = changed.contents.get(path)!.toString();
    changed.contents.set(path, Buffer.from(text.replace('Pay is not mine', 'Pay is publicc')));
    const { events } = await reader.query({ decision: 'deny' });
    expect(events[0]).toMatchObject({ why: 'Pay is publicc', damaged: 'this record does not match its own hash' });
  });

  it('hears of what was appended after the index was built', async () => {
    await log.append({ type: 'lock.set', approver: 'anna' });
    expect(await seqs({ type: 'lock.set' })).toEqual([log.seq]);
  });
});

describe('globs', () => {
  it('keep one star within a segment, and stay quick on hostile patterns', () => {
    expect(globMatches('a/*', 'a/b')).toBe(true);
    expect(globMatches('a/*', 'a/b/c')).toBe(false);
    expect(globMatches('a/**/c', 'a/b/b/c')).toBe(true);
    expect(globMatches('**/*.md', 'x/y/z.md')).toBe(true);
    expect(globMatches('*a*b', 'xaxxb')).toBe(true);
    expect(globMatches('', '')).toBe(true);
    const started = performance.now();
    expect(globMatches(`${'**a*'.repeat(60)}!`, 'a'.repeat(4000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
