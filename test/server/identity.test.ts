// The human's session: who may open it, what ends it, and that no clock, crash or call of the agent makes it longer.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { iso } from '../../server/clock.ts';
import { createClockGuard, Deadline } from '../../server/clock-guard.ts';
import { createIdentity, type IdentityConfig, type IdentityService } from '../../server/identity.ts';
import type { AuditInput, AuditLog, Clock } from '../../server/ports.ts';
import { type OpenedStore, openStore } from '../../server/store/index.ts';

const START = Date.UTC(2026, 10, 24, 9);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A clock whose two sides move together, unless the wall is set. */
class TestClock implements Clock {
  wall = START;
  steady = 0;
  now = () => this.wall;
  mono = () => this.steady;
  pass(ms: number) {
    this.wall += ms;
    this.steady += ms;
  }
}

let dir: string;
let clock: TestClock;
let store: OpenedStore;
let events: AuditInput[];
let ended: string[];
let auditFails: boolean;
let running: IdentityService[];

const audit = {
  append: async (event: AuditInput) => {
    if (auditFails) throw new Error('the audit log cannot be written');
    events.push(event);
    return { ...event, seq: events.length, id: '', timestamp: '', prev: '', hash: '' };
  },
} as unknown as AuditLog;

const session = { login: 'implicit', for: 8 * HOUR, survive_restart: false } as const;
const start = async (changed: Partial<IdentityConfig['session']> = {}) => {
  const identity = await createIdentity({
    config: { agent: 'felix-prod', user: { name: 'john@company.com', role: 'admin' }, session: { ...session, ...changed } },
    store,
    audit,
    clock,
    onEnded: (id, reason) => void ended.push(`${reason} ${id}`),
  });
  running.push(identity);
  return identity;
};
/** What a crash or a restart leaves: the file alone. */
const restart = async (changed: Partial<IdentityConfig['session']> = {}) => {
  for (const identity of running.splice(0)) identity.close();
  await store.close();
  store = await openStore(dir, { clock });
  return await start(changed);
};
const types = () => events.map((event) => (event.type === 'session.closed' ? `${event.type} ${event.outcome}` : event.type));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perimeter-identity-'));
  clock = new TestClock();
  store = await openStore(dir, { clock });
  events = [];
  ended = [];
  auditFails = false;
  running = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const identity of running) identity.close();
  await rm(dir, { recursive: true, force: true });
});

describe('an implicit session', () => {
  it('opens at the first call, once for many at once, and is recorded before it exists', async () => {
    const identity = await start();
    expect(identity.current()).toEqual({ session: 'none', record: null });
    const seen = await Promise.all(Array.from({ length: 5 }, () => identity.touch()));
    expect(new Set(seen.map((one) => one.record?.session_id)).size).toBe(1);
    expect(seen[0]).toMatchObject({
      session: 'active',
      record: { user: 'john@company.com', role: 'admin', how: 'implicit', expires_at: iso(START + 8 * HOUR) },
    });
    expect(types()).toEqual(['session.opened']);
    expect(identity.whoami()).toMatchObject({ agent: 'felix-prod', session: 'active', login_required: false });
  });

  it('is never renewed by the agent: busy or not it ends after its time, and then only a login opens one', async () => {
    const identity = await start();
    await identity.touch();
    const id = store.data.session?.session_id;
    for (let n = 0; n < 8; n += 1) {
      expect((await identity.touch()).session).toBe('active');
      clock.pass(HOUR);
    }
    expect(identity.current().session).toBe('expired');
    expect((await identity.touch()).session).toBe('expired');
    expect(ended).toEqual([`expired ${id}`]);
    expect(types()).toEqual(['session.opened', 'session.closed expired']);
    expect((await (await restart()).touch()).session).toBe('expired');
    expect((await identity.touch()).session).toBe('expired');
  });

  it('does not open when the record of it cannot be written', async () => {
    const identity = await start();
    auditFails = true;
    await expect(identity.touch()).rejects.toThrow('cannot be written');
    expect(identity.current().session).toBe('none');
    expect(store.data.session).toBeNull();
  });

  it('does not open where a login is required', async () => {
    const identity = await start({ login: 'required' });
    expect((await identity.touch()).session).toBe('none');
    expect(identity.whoami()).toMatchObject({ session: 'none', login_required: true });
    await identity.login({ by: 'john' });
    expect((await identity.touch()).session).toBe('active');
  });
});

describe('login and logout', () => {
  it('logout ends the session with all that hangs on it; then calls and restarts open none, a login does', async () => {
    const identity = await start();
    await identity.touch();
    const id = store.data.session?.session_id;
    await identity.logout({ by: 'john' });
    expect(ended).toEqual([`logout ${id}`]);
    expect((await identity.touch()).session).toBe('none');
    const next = await restart();
    expect((await next.touch()).session).toBe('none');
    expect(next.whoami().login_required).toBe(true);
    const record = await next.login({ for: HOUR, by: 'john' });
    expect(record).toMatchObject({ how: 'login', expires_at: iso(clock.now() + HOUR) });
    expect(record.session_id).not.toBe(id);
    expect(next.current().session).toBe('active');
    expect(next.whoami().login_required).toBe(false);
  });

  it('logout without a session still shuts the door', async () => {
    const identity = await start();
    await identity.logout({ by: 'john' });
    expect((await identity.touch()).session).toBe('none');
    expect(events).toEqual([]);
  });

  it('logout holds even when neither log nor disk can be written', async () => {
    const identity = await start();
    await identity.touch();
    auditFails = true;
    await store.close();
    await expect(identity.logout({ by: 'john' })).rejects.toThrow();
    expect(ended).toHaveLength(1);
    auditFails = false;
    expect((await identity.touch()).session).not.toBe('active');
  });

  it('a login replaces the session that is open', async () => {
    const identity = await start();
    await identity.touch();
    await identity.login({ by: 'john' });
    expect(types()).toEqual(['session.opened', 'session.closed login', 'session.opened']);
    expect(ended).toHaveLength(1);
  });

  it('a login as somebody else, or for no or endless time, is refused', async () => {
    const identity = await start();
    await expect(identity.login({ user: 'eve', by: 'x' })).rejects.toThrow('`eve` is not the user of this guard');
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(identity.login({ for: ms, by: 'x' })).rejects.toThrow('at most 30 days');
    expect(identity.current().session).toBe('none');
  });
});

describe('a restart', () => {
  it('ends the session and what hangs on it; the next call opens a new one', async () => {
    const first = await (await start()).touch();
    const identity = await restart();
    expect(ended).toEqual([`restart ${first.record?.session_id}`]);
    expect(identity.current().session).toBe('none');
    expect((await identity.touch()).record?.session_id).not.toBe(first.record?.session_id);
  });

  it('keeps the session where that is wanted, to its old end', async () => {
    const first = await (await start()).touch();
    clock.pass(HOUR);
    const identity = await restart({ survive_restart: true });
    expect(identity.current()).toEqual({ session: 'active', record: first.record });
    clock.pass(7 * HOUR);
    expect(identity.current().session).toBe('expired');
  });

  it('finds a session expired that ran out meanwhile', async () => {
    await (await start()).touch();
    clock.pass(9 * HOUR);
    const identity = await restart({ survive_restart: true });
    expect((await identity.touch()).session).toBe('expired');
    expect(types()).toEqual(['session.opened', 'session.closed expired']);
  });

  it('with the clock set back in between ends it for good', async () => {
    await (await start()).touch();
    clock.wall = START - HOUR;
    const identity = await restart({ survive_restart: true });
    expect((await identity.touch()).session).not.toBe('active');
    expect(types()).toContain('session.closed clock');
  });
});

describe('time', () => {
  it('setting the wall clock back does not lengthen a session', async () => {
    const identity = await start();
    await identity.touch();
    clock.pass(7 * HOUR);
    clock.wall -= 7 * HOUR;
    expect(identity.current().session).toBe('active');
    clock.pass(HOUR);
    expect(identity.current().session).toBe('expired');
    expect((await identity.touch()).session).toBe('expired');
  });

  it('the end comes by itself, without a call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const identity = await start();
    await identity.touch();
    clock.pass(8 * HOUR);
    vi.advanceTimersByTime(8 * HOUR);
    vi.useRealTimers();
    await vi.waitFor(() => expect(ended).toHaveLength(1));
    expect(store.data.login_required).toBe(true);
  });

  it('a deadline has passed when either clock says so, and when its time is none', () => {
    const deadline = Deadline.in(MINUTE, clock);
    clock.pass(MINUTE - 1);
    expect(deadline.passed(clock)).toBe(false);
    expect(deadline.left(clock)).toBe(1);
    clock.wall -= HOUR;
    expect(deadline.passed(clock)).toBe(false);
    clock.steady += 1;
    expect(deadline.passed(clock)).toBe(true);
    const asleep = Deadline.in(MINUTE, clock);
    clock.wall += MINUTE;
    expect(asleep.passed(clock)).toBe(true);
    expect(Deadline.at(Number.NaN, clock).passed(clock)).toBe(true);
    expect(Deadline.in(Number.NaN, clock).passed(clock)).toBe(true);
  });

  it('law: however the wall clock is moved, nothing lives longer than it was given', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: HOUR }),
        fc.array(fc.record({ pass: fc.nat(HOUR), jump: fc.integer({ min: -HOUR, max: HOUR }) })),
        (ms, moves) => {
          const moving = new TestClock();
          const deadline = Deadline.in(ms, moving);
          for (const { pass, jump } of moves) {
            moving.pass(pass);
            moving.wall += jump;
            if (moving.steady >= ms || moving.wall >= START + ms) expect(deadline.passed(moving)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('presence', () => {
  it('is known for 15 minutes after a human act, else unknown; calls of the agent are no such act', async () => {
    const identity = await start();
    await identity.touch();
    expect(identity.userPresent()).toBeUndefined();
    await identity.humanActed('form');
    expect(identity.userPresent()).toBe(true);
    clock.pass(15 * MINUTE - 1);
    expect(identity.userPresent()).toBe(true);
    clock.pass(1);
    await identity.touch();
    expect(identity.userPresent()).toBeUndefined();
    await identity.login({ by: 'john' });
    expect(identity.whoami().user_present).toBe(true);
  });

  it('is unknown when the act lies in the future, and not renewed by setting the clock back', async () => {
    const identity = await start();
    await identity.humanActed('form');
    clock.wall -= MINUTE;
    expect(identity.userPresent()).toBeUndefined();
    clock.wall += MINUTE;
    clock.pass(HOUR);
    clock.wall -= HOUR;
    expect(identity.userPresent()).toBeUndefined();
  });
});

describe('attack: the clock is set back', () => {
  const guard = () => {
    let anomalies = 0;
    const onAnomaly = () => {
      anomalies += 1;
    };
    const watch = createClockGuard({ store, audit, clock, onAnomaly });
    return { watch, anomalies: () => anomalies };
  };

  it('is recorded, and ends every grant, once', async () => {
    const { watch, anomalies } = guard();
    expect(await watch.check()).toBe(true);
    clock.pass(HOUR);
    expect(await watch.check()).toBe(true);
    clock.wall -= 2_000;
    expect(await watch.check()).toBe(true);
    clock.wall -= 1;
    expect(await watch.check()).toBe(false);
    expect(anomalies()).toBe(1);
    expect(events).toEqual([expect.objectContaining({ type: 'clock.anomaly', facts: { back_ms: 2_001 } })]);
    expect(await watch.check()).toBe(true);
  });

  it('is noticed also when it happened while the guard was off', async () => {
    const first = guard();
    await first.watch.check();
    clock.pass(HOUR);
    await first.watch.check();
    await store.close();
    store = await openStore(dir, { clock });
    clock.wall -= 30 * MINUTE;
    const second = guard();
    expect(await second.watch.check()).toBe(false);
    expect(second.anomalies()).toBe(1);
  });

  it('ends the grants even if it cannot be recorded', async () => {
    const { watch, anomalies } = guard();
    await watch.check();
    auditFails = true;
    clock.wall -= HOUR;
    await expect(watch.check()).rejects.toThrow('cannot be written');
    expect(anomalies()).toBe(1);
  });

  it('costs a write at most every 30 seconds', async () => {
    const { watch } = guard();
    await watch.check();
    const mark = store.data.wall_mark;
    clock.pass(29_000);
    await watch.check();
    expect(store.data.wall_mark).toBe(mark);
    clock.pass(1_000);
    await watch.check();
    expect(store.data.wall_mark).toBe(iso(START + 30_000));
  });
});
