// Laws of requests and permissions: whatever is asked, answered, used, ended and restarted in whatever order, nothing is spent twice, revived or widened.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createElevations, type Draft, type Elevations } from '../../server/elevations.ts';
import { createGrants, type Grants, type Reservation } from '../../server/grants.ts';
import type { AuditInput, RequestRecord, StateData, Store } from '../../server/ports.ts';
import { emptyState } from '../../server/store/schema.ts';
import { type FakeClock, fakeClock } from '../world.ts';

const WHO = { agent: 'felix', user: 'john', role: 'user', session_id: 's' };
const DRAFT: Omit<Draft, 'digest' | 'shown' | 'budget' | 'minutes' | 'scope'> = {
  user: 'john',
  agent: 'felix',
  session_id: 's',
  rules: ['writing'],
  risk: 'high',
  exact: [],
  exact_only: false,
  proof: 'none',
  impact: { measured: null, unit: 'records', per_resource: {}, claimed: null, strength: 'unknown' },
  message: 'felix asks',
  policy_digest: 'p',
  definition_digest: 'd',
  justification: '',
  tools: [],
};

/** A guard's requests and permissions on a memory store; `restart` makes new ones on the same state. */
class System {
  readonly clock: FakeClock = fakeClock();
  readonly events: AuditInput[] = [];
  #data: StateData = emptyState();
  grants!: Grants;
  elevations!: Elevations;
  /** What each permission was given, and what was taken from it and not given back. */
  readonly given = new Map<string, { uses: number; records: number; request: string; scope: string[]; minutes: number }>();
  readonly taken = new Map<string, { uses: number; records: number }>();
  open: { reservation: Reservation[]; spent: boolean }[] = [];
  readonly endings = new Map<string, string>();
  asked: RequestRecord[] = [];

  constructor() {
    this.start(false);
  }

  get data(): StateData {
    return this.#data;
  }

  start(survive: boolean): void {
    const data = () => this.#data;
    const put = (next: StateData) => {
      this.#data = next;
    };
    let turn: Promise<unknown> = Promise.resolve();
    const store: Store = {
      get data() {
        return data();
      },
      // one change after another, as the real one: a change waits for the disk, and nobody starts from what it will replace
      update(change) {
        const mine = turn.then(async () => {
          const next = structuredClone(data());
          const value = change(next);
          await Promise.resolve();
          put(next);
          return value;
        });
        turn = mine.catch(() => undefined);
        return mine;
      },
      close: async () => undefined,
    };
    const audit = {
      append: async (event: AuditInput) => ({
        ...event,
        seq: this.events.push(event),
        id: '',
        timestamp: '',
        prev: '',
        hash: '',
      }),
    };
    this.grants = createGrants({ store, audit, clock: this.clock, policyDigest: () => 'p' });
    this.elevations = createElevations({
      store,
      audit,
      clock: this.clock,
      grants: this.grants,
      policyDigest: () => 'p',
      survive_restart: survive,
      changed: async () => undefined,
    });
  }

  async restart(): Promise<void> {
    this.elevations.close();
    this.grants.close();
    // what was reserved and not booked is forgotten, what was booked stays booked
    for (const { reservation, spent } of this.open) if (!spent) this.count(reservation, -1);
    this.open = [];
    this.start(false);
    await this.elevations.recover();
    await this.grants.recover();
  }

  count(reservations: readonly Reservation[], sign: 1 | -1): void {
    for (const { grant_id, taken } of reservations) {
      const sum = this.taken.get(grant_id) ?? { uses: 0, records: 0 };
      this.taken.set(grant_id, { uses: sum.uses + sign * taken.uses, records: sum.records + sign * (taken.records ?? 0) });
    }
  }

  /** What must hold after every step. */
  check(): void {
    for (const grant of this.grants.all()) {
      const given = this.given.get(grant.grant_id);
      const taken = this.taken.get(grant.grant_id) ?? { uses: 0, records: 0 };
      expect(taken.uses).toBeLessThanOrEqual(given?.uses ?? 0);
      expect(taken.records).toBeLessThanOrEqual(given?.records ?? 0);
      const before = this.endings.get(grant.grant_id);
      if (before !== undefined) expect(grant.state).toBe(before);
      if (grant.state !== 'active') this.endings.set(grant.grant_id, grant.state);
    }
    for (const request of Object.values(this.data.requests)) {
      const before = this.endings.get(request.request_id);
      if (before !== undefined) expect(request.state).toBe(before);
      if (request.state !== 'pending') this.endings.set(request.request_id, request.state);
      const grants = this.grants.all().filter((grant) => grant.request_id === request.request_id);
      expect(grants.length).toBe(request.state === 'approved' ? 1 : 0);
      const [grant] = grants;
      if (!grant) continue;
      expect(grant.budget.uses).toBeLessThanOrEqual(request.budget.uses);
      expect(grant.budget.records ?? 0).toBeLessThanOrEqual(request.budget.records ?? 0);
      expect(Date.parse(grant.expires_at) - Date.parse(grant.issued_at)).toBeLessThanOrEqual(request.minutes * 60_000);
    }
    for (const view of this.grants.views(WHO)) {
      const grant = this.grants.get(view.grant_id);
      expect(grant?.state).toBe('active');
      expect(view.expires_at).toBeGreaterThan(this.clock.now());
    }
    const ends = this.events
      .filter((event) => /^request\.(approved|denied|expired|cancelled)$/.test(event.type))
      .map((event) => event.request_id);
    expect(new Set(ends).size).toBe(ends.length);
    const ended = this.events
      .filter((event) => /^grant\.(exhausted|ended|revoked)$/.test(event.type))
      .map((event) => event.grant_id);
    expect(new Set(ended).size).toBe(ended.length);
    expect(this.elevations.pending().length).toBeLessThanOrEqual(10);
  }
}

type Step = { run(system: System): Promise<void>; toString(): string };
const step = (name: string, run: (system: System) => Promise<void>): Step => ({ run, toString: () => name });
const pick = <T>(all: readonly T[], at: number): T | undefined => all[at % Math.max(1, all.length)];

const ask = fc
  .record({
    what: fc.nat(3),
    uses: fc.integer({ min: 1, max: 3 }),
    records: fc.integer({ min: 0, max: 5 }),
    minutes: fc.integer({ min: 1, max: 60 }),
    approvals: fc.constantFrom(1, 1, 2),
  })
  .map(({ what, uses, records, minutes, approvals }) =>
    step(`ask ${what} ${uses}x${records} ${minutes}m by ${approvals}`, async (system) => {
      const key = `${what} ${uses} ${records} ${minutes} ${approvals}`;
      const draft: Draft = {
        ...DRAFT,
        digest: key,
        shown: key,
        budget: { uses, records },
        minutes,
        scope: [`write:files:${what}/**`],
        ...(approvals > 1 ? { approvals } : {}),
      };
      system.asked.push(await system.elevations.ask(draft));
    }),
  );
const answer = fc
  .record({
    at: fc.nat(20),
    choice: fc.constantFrom('approve' as const, 'approve' as const, 'approve_once' as const, 'deny' as const),
    person: fc.constantFrom('john', 'ann'),
    uses: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    minutes: fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
    narrower: fc.boolean(),
    stale: fc.constantFrom(false, false, false, true),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ at, choice, person, uses, minutes, narrower, stale, times }) =>
    step(`${person} ${choice} #${at} x${times}${stale ? ' stale' : ''}`, async (system) => {
      const request = pick(system.asked, at);
      if (!request) return;
      const one = () =>
        system.elevations
          .answer(request.request_id, {
            choice,
            approver: person,
            channel: 'terminal',
            proof: 'none',
            shown: stale ? 'other' : request.shown,
            ...(uses === undefined ? {} : { uses }),
            ...(minutes === undefined ? {} : { minutes }),
            ...(narrower ? { scope: [`${request.scope[0]?.replace('/**', '')}/part`] } : {}),
          })
          .catch(() => undefined);
      const answers = await Promise.all(Array.from({ length: times }, one));
      for (const answered of answers) {
        if (!answered?.grant) continue;
        expect(stale).toBe(false);
        expect(system.given.has(answered.grant.grant_id)).toBe(false);
        system.given.set(answered.grant.grant_id, {
          uses: answered.grant.budget.uses,
          records: answered.grant.budget.records ?? 0,
          request: request.request_id,
          scope: answered.grant.scope,
          minutes: request.minutes,
        });
        const people = new Set((answered.request.given ?? []).map((yes) => yes.person));
        expect(people.size).toBeGreaterThanOrEqual(request.approvals ?? 1);
      }
    }),
  );
const use = fc.record({ at: fc.nat(20), records: fc.nat(4) }).map(({ at, records }) =>
  step(`use #${at} ${records}`, async (system) => {
    const view = pick(system.grants.views(WHO), at);
    const reservation = view && system.grants.reserve([view.grant_id], { records }, 'call');
    if (!reservation) return;
    system.count(reservation, 1);
    system.open.push({ reservation, spent: false });
  }),
);
const go = fc
  .record({ at: fc.nat(20), how: fc.constantFrom('spend' as const, 'settle' as const, 'unused' as const, 'release' as const) })
  .map(({ at, how }) =>
    step(`${how} #${at}`, async (system) => {
      const one = pick(system.open, at);
      if (!one) return;
      if (how === 'spend' && !one.spent) {
        one.spent = true;
        await system.grants.spend(one.reservation, 'call');
      } else if (how === 'release' && !one.spent) {
        system.open = system.open.filter((other) => other !== one);
        system.grants.release(one.reservation);
        system.count(one.reservation, -1);
      } else if (one.spent && (how === 'settle' || how === 'unused')) {
        system.open = system.open.filter((other) => other !== one);
        await system.grants.settle(one.reservation, how === 'unused' ? 'unused' : {});
        if (how === 'unused') system.count(one.reservation, -1);
      }
    }),
  );
const pass = fc
  .integer({ min: 1, max: 40 })
  .map((minutes) => step(`${minutes} minutes pass`, async (system) => void system.clock.advance(minutes * 60_000)));
const revoke = fc.nat(20).map((at) =>
  step(`revoke #${at}`, async (system) => {
    const grant = pick(system.grants.all(), at);
    if (grant) await system.grants.finish(grant.grant_id, 'revoked', { type: 'grant.revoked', reason: 'by hand' });
    if (grant) expect(system.grants.views(WHO).map((view) => view.grant_id)).not.toContain(grant.grant_id);
  }),
);
const withdraw = fc
  .nat(20)
  .map((at) =>
    step(
      `withdraw #${at}`,
      async (system) => void (await system.elevations.cancel(pick(system.asked, at)?.request_id ?? '', 'withdrawn')),
    ),
  );
const restart = fc.constant(
  step('restart', async (system) => {
    await system.restart();
    expect(system.grants.views(WHO)).toEqual([]);
    expect(system.elevations.pending()).toEqual([]);
  }),
);
const leave = fc.constant(
  step('session ends', async (system) => {
    await system.elevations.cancelAll(() => true, 'the session ended');
    await system.grants.finishAll(() => true, 'ended', { type: 'grant.ended', reason: 'the session ended' });
    expect(system.grants.views(WHO)).toEqual([]);
    expect(system.elevations.pending()).toEqual([]);
  }),
);

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: ask },
    { weight: 8, arbitrary: answer },
    { weight: 6, arbitrary: use },
    { weight: 6, arbitrary: go },
    { weight: 2, arbitrary: pass },
    { weight: 1, arbitrary: revoke },
    { weight: 1, arbitrary: withdraw },
    { weight: 1, arbitrary: restart },
    { weight: 1, arbitrary: leave },
  ),
  { minLength: 5, maxLength: 60 },
);

describe('requests and permissions', () => {
  it('hold their laws one step after another', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const system = new System();
        for (const one of all) {
          await one.run(system);
          system.check();
        }
        system.elevations.close();
        system.grants.close();
      }),
      { numRuns: 150 },
    );
  });

  it('hold them when several steps run at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.oneof(ask, answer, answer, use, go, pass, revoke, withdraw), { minLength: 1, maxLength: 6 }), {
          maxLength: 12,
        }),
        async (rounds) => {
          const system = new System();
          for (const round of rounds) {
            await Promise.all(round.map((one) => one.run(system)));
            system.check();
          }
          system.elevations.close();
          system.grants.close();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('a thousand answers at once have one outcome', async () => {
    const system = new System();
    const request = await system.elevations.ask({
      ...DRAFT,
      digest: 'x',
      shown: 'x',
      budget: { uses: 1 },
      minutes: 5,
      scope: ['write:files:a'],
    });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        system.elevations.answer(request.request_id, {
          choice: index % 3 === 1 ? 'deny' : 'approve',
          approver: `p${index}`,
          channel: 'terminal',
          proof: 'none',
          shown: 'x',
        }),
      ),
    );
    expect(answers.filter((one) => one.changed)).toHaveLength(1);
    expect(system.grants.all().length).toBeLessThanOrEqual(1);
    expect(system.events.filter((event) => event.type === 'request.late')).toHaveLength(999);
  });
});
