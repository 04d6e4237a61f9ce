// The trail as it is written: one event a line, chained, shared syncs, and nothing more after the first failure.
import { createHash } from 'node:crypto';
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { linesOf, newWorld, ShakyDisk, segmentNames } from './world.ts';

const EVENT = {
  type: 'call.intent',
  agent_id: 'felix',
  user: 'john@company.com',
  decision: 'allow',
  rule: 'r',
  call_id: 'call_1',
} as const;

describe('the audit log', () => {
  it('writes one event a line, with fixed keys first and the chain last', async () => {
    const { dir, open } = await newWorld();
    const log = await open();
    const event = await log.append({ rule: 'r', decision: 'allow', type: 'call.intent', agent_id: 'felix' });
    await log.close();
    expect(event.seq).toBe(2);
    expect(event.id).toMatch(/^evt_[0-9a-z]{22}$/);
    expect(event.timestamp).toMatch(/^2026-11-17T13:00:00\.\d{3}Z$/);
    const line = (await linesOf(dir))[1]!;
    expect(Object.keys(JSON.parse(line))).toEqual([
      'seq',
      'id',
      'timestamp',
      'type',
      'agent_id',
      'decision',
      'rule',
      'prev',
      'hash',
    ]);
    expect(JSON.parse(line)).toEqual(event);
  });

  it('chains so that an outsider can compute every hash again from the bytes of the file', async () => {
    const { dir, open } = await newWorld();
    const log = await open();
    await log.append({ ...EVENT, justification: 'für Müller\u2028' });
    await log.close();
    let prev = '0'.repeat(64);
    for (const line of await linesOf(dir)) {
      const { hash } = JSON.parse(line);
      const bytes = Buffer.concat([
        Buffer.from([0]),
        Buffer.from(prev, 'hex'),
        Buffer.from(line.replace(/,"hash":"[0-9a-f]{64}"\}$/, '}')),
      ]);
      expect(JSON.parse(line).prev).toBe(prev);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(hash);
      prev = hash;
    }
  });

  it('keeps its files to their owner', async () => {
    const { state, dir, open } = await newWorld();
    await (await open()).close();
    for (const path of [join(dir, (await segmentNames(dir))[0]!), join(dir, 'checkpoints.txt'), join(state, 'audit.key')]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
  });

  it('shares one write and one sync among all that wait', async () => {
    const { open } = await newWorld();
    const disk = new ShakyDisk();
    const log = await open({ files: disk.files });
    const before = { writes: disk.writes, syncs: disk.syncs };
    const events = await Promise.all(
      Array.from({ length: 100 }, (_, index) => log.append({ ...EVENT, call_id: `call_${index}` })),
    );
    expect(disk.writes - before.writes).toBe(1);
    expect(disk.syncs - before.syncs).toBe(1);
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
    expect(new Set(events.map((event) => event.id)).size).toBe(100);
    expect(events.map((event) => event.id).toSorted()).toEqual(events.map((event) => event.id));
    await log.close();
  });

  it('turns away the one that can not be recorded, and writes the others that came with it', async () => {
    const { dir, open } = await newWorld();
    const log = await open();
    const endless = Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`field${at}`, 1]));
    const all = await Promise.allSettled([log.append(EVENT), log.append({ ...EVENT, ...endless }), log.append(EVENT)]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(log.append({ ...EVENT, ...endless })).rejects.toThrow('too large to record');
    expect((await log.append(EVENT)).seq).toBe(4);
    await log.close();
    expect(await linesOf(dir)).toHaveLength(5);
  });

  it('shares what events have in common, so that nobody can change it in one', async () => {
    const { open } = await newWorld();
    const log = await open();
    const risk = () => ({ level: 'low' as const, score: 5, factors: [{ name: 'night', points: 5 }] });
    const event = await log.append({ ...EVENT, risk: risk() });
    expect(() => Object.assign(event.risk!, { level: 'high' })).toThrow(TypeError);
    expect(() => event.risk!.factors.pop()).toThrow(TypeError);
    expect((await log.append({ ...EVENT, risk: risk() })).risk).toEqual(risk());
    await log.close();
  });

  it('keeps ids in the order of writing when the clock goes back', async () => {
    const { clock, open } = await newWorld();
    const log = await open();
    const first = await log.append(EVENT);
    clock.set('2026-11-17T09:00:00.000Z');
    const second = await log.append(EVENT);
    expect(second.id > first.id).toBe(true);
    expect(second.timestamp < first.timestamp).toBe(true);
    await log.close();
  });

  it('takes no seq, id, hash or timestamp from a caller', async () => {
    const { open } = await newWorld();
    const log = await open();
    const event = await log.append({
      ...EVENT,
      seq: 99,
      id: 'evt_mine',
      timestamp: 'x',
      prev: 'p',
      hash: 'h',
      redacted: ['nothing'],
    });
    expect(event.seq).toBe(2);
    expect(event.id).not.toBe('evt_mine');
    expect(event.redacted).toBeUndefined();
    await log.close();
  });

  it.each([
    ['write', 'ENOSPC', 0],
    ['write', 'EIO', 100],
    ['sync', 'EIO', 0],
  ] as const)('refuses everything after a failed %s (%s), also once the disk works again', async (at, code, part) => {
    const { open } = await newWorld();
    const disk = new ShakyDisk();
    const log = await open({ files: disk.files });
    await log.append(EVENT);
    disk.fault = { at, code, part };
    const answers = await Promise.allSettled([log.append(EVENT), log.append(EVENT)]);
    expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'rejected']);
    disk.fault = undefined;
    expect(log.failed?.message).toContain(code);
    await expect(log.append(EVENT)).rejects.toThrow('nothing is forwarded any more');
    await log.close();
    // What was acknowledged is there, and the log opens again.
    const again = await open();
    expect((await again.query({ type: 'call.intent' })).events.length).toBeGreaterThanOrEqual(1);
    await again.close();
  });

  it.each([
    ['deleted', async (path: string) => unlink(path)],
    [
      'replaced',
      async (path: string) => {
        const bytes = await readFile(path);
        await rename(path, `${path}.old`);
        await writeFile(path, bytes);
      },
    ],
    ['changed by somebody else', async (path: string) => writeFile(path, 'x\n', { flag: 'a' })],
  ])('stops when its file is %s under it', async (what, harm) => {
    const { dir, open } = await newWorld();
    const log = await open();
    await harm(join(dir, (await segmentNames(dir))[0]!));
    await expect(log.append(EVENT)).rejects.toThrow(what);
    expect(log.failed).toBeDefined();
    await log.close();
  });

  it('refuses what would wait behind ten thousand others, and goes on after them', async () => {
    const { open } = await newWorld();
    const log = await open();
    const many = Array.from({ length: 10_005 }, () => log.append({ type: 'audit.read' }));
    const answers = await Promise.allSettled(many);
    expect(answers.filter((answer) => answer.status === 'rejected').length).toBe(5);
    expect(log.failed).toBeUndefined();
    await log.append(EVENT);
    await log.close();
  });

  it('takes nothing after it was closed', async () => {
    const { open } = await newWorld();
    const log = await open();
    const last = log.append(EVENT);
    await Promise.all([log.close(), log.close()]);
    expect((await last).seq).toBe(2);
    await expect(log.append(EVENT)).rejects.toThrow('closed');
  });

  it('begins a new segment when the day is over and when one is full, each chained to the last', async () => {
    const { dir, clock, open } = await newWorld();
    const log = await open({ maxSegmentBytes: 2000 });
    await log.append(EVENT);
    clock.set('2026-11-18T00:00:01.000Z');
    await log.append(EVENT);
    for (let count = 0; count < 8; count += 1) await log.append(EVENT);
    await log.close();
    const names = await segmentNames(dir);
    expect(names.slice(0, 3)).toEqual(['000001-2026-11-17.jsonl', '000002-2026-11-18.jsonl', '000003-2026-11-18.jsonl']);
    const lines = (await linesOf(dir)).map((line) => JSON.parse(line));
    expect(lines.map((event) => event.seq)).toEqual(lines.map((_, index) => index + 1));
    for (const [index, event] of lines.entries()) if (index > 0) expect(event.prev).toBe(lines[index - 1].hash);
    const second = JSON.parse((await readFile(join(dir, names[1]!), 'utf8')).split('\n')[0]!);
    expect(second).toMatchObject({ type: 'audit.rotated', from: names[0], segment: names[1] });
  });

  it('goes on in the same segment when it is opened again on the same day', async () => {
    const { dir, open } = await newWorld();
    await (await open()).close();
    const log = await open();
    const event = await log.append(EVENT);
    await log.close();
    expect(await segmentNames(dir)).toHaveLength(1);
    expect(event.seq).toBe(4);
    expect((await linesOf(dir)).map((line) => JSON.parse(line).type)).toEqual([
      'audit.opened',
      'audit.checkpoint',
      'audit.opened',
      'call.intent',
      'audit.checkpoint',
    ]);
  });

  it('tells listeners what is durable, and survives one that throws', async () => {
    const { open } = await newWorld();
    const log = await open();
    const heard: number[] = [];
    log.onEvent(() => {
      throw new Error('listener');
    });
    const stop = log.onEvent((event) => heard.push(event.seq));
    await log.append(EVENT);
    stop();
    await log.append(EVENT);
    expect(heard).toEqual([2]);
    await log.close();
  });

  it('goes on when the copy of the checkpoints fails, owes it the note, and says so in the next checkpoint', async () => {
    const { state, dir, open } = await newWorld();
    const copy = join(state, 'elsewhere', 'checkpoints.txt');
    const log = await open({ copy, checkpointEvery: 2 });
    await log.append(EVENT);
    await log.append(EVENT);
    await log.append(EVENT);
    await vi.waitFor(() => expect(log.copyProblem).toContain('ENOENT'));
    expect(log.failed).toBeUndefined();
    await log.close();
    const checkpoints = (await linesOf(dir)).map((line) => JSON.parse(line)).filter((event) => event.type === 'audit.checkpoint');
    expect(checkpoints.at(-1).copy_problem).toContain('ENOENT');
  });
});
