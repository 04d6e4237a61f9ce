// Permissions that were given: issued, spent, lapsed, revoked. Budgets are reserved before a call and settled after it, calls in flight counted.
import { randomBytes } from 'node:crypto';
import { COUNTED } from '../policies/decide.ts';
import type { Budget, Facts, GrantView, Identity } from '../policies/types.ts';
import { iso } from './clock.ts';
import type { AuditInput, AuditLog, Clock, GrantRecord, GrantState, Impact, StateData, Store } from './ports.ts';
import { after, type Timer } from './timers.ts';

/** What one call takes from one grant. */
export type Reservation = { grant_id: string; taken: Budget; call_digest: string };
export type Issued = Omit<GrantRecord, 'grant_id' | 'state' | 'remaining' | 'issued_at' | 'expires_at'> & { for_ms: number };

export type Grants = {
  /** The grants that could answer a call of this identity now, less what calls in flight hold; with `server/tool`, those that know its definition. */
  views(who: Identity, tool?: string): GrantView[];
  all(): GrantRecord[];
  get(id: string): GrantRecord | undefined;
  /** Makes a grant; `also` changes the state in the same write, so that both are there or neither. */
  issue(grant: Issued, also?: (data: StateData, grant: GrantRecord) => void): Promise<GrantRecord>;
  /** Takes what a call needs, at once and without waiting: between judging and this nothing else runs. False when too little is left. */
  reserve(ids: readonly string[], facts: Facts, call_digest: string): Reservation[] | undefined;
  /** Whether what was reserved may still be used: nothing ended meanwhile. */
  stands(reservations: readonly Reservation[]): boolean;
  /** Lets go of a reservation that was not spent. */
  release(reservations: readonly Reservation[]): void;
  /** Books a reservation for good, before the call leaves: a crash in between costs the use. */
  spend(reservations: readonly Reservation[], call_id: string): Promise<void>;
  /** Corrects what was booked by what really happened; `unused` gives it back, for a call that provably never left. */
  settle(reservations: readonly Reservation[], actual: Partial<Record<Impact['unit'], number>> | 'unused'): Promise<void>;
  /** Ends one grant for a reason; false when it was not active. */
  finish(id: string, state: Exclude<GrantState, 'active'>, how: { type: string; reason: string; by?: string }): Promise<boolean>;
  /** Ends all that fit. */
  finishAll(
    fits: (grant: GrantRecord) => boolean,
    state: Exclude<GrantState, 'active'>,
    how: { type: string; reason: string; by?: string },
  ): Promise<number>;
  /** Ends what has run out, for clocks that jumped: a timer would come too late. */
  lapse(): Promise<void>;
  /** Ends what a restart or a passed deadline ended while nobody ran. */
  recover(): Promise<void>;
  close(): void;
};

type Parts = { store: Store; audit: Pick<AuditLog, 'append'>; clock: Clock; policyDigest: () => string };

/** The keeper of grants. Every change is in the audit before it is in the state. */
export function createGrants({ store, audit, clock, policyDigest }: Parts): Grants {
  const held = new Map<string, Budget>();
  /** Reserved and not yet spent. */
  const unspent = new Set<Reservation>();
  /** Reserved and not yet settled: while there is one, what it gives back may still be used. */
  const unsettled = new Set<Reservation>();
  /** Monotonic deadlines: a wall clock set back never lengthens a grant. */
  const deadlines = new Map<string, number>();
  const timers = new Map<string, Timer>();
  const ending = new Set<string>();

  const alive = (grant: GrantRecord) =>
    grant.state === 'active' &&
    grant.policy_digest === policyDigest() &&
    Date.parse(grant.expires_at) > clock.now() &&
    clock.mono() < (deadlines.get(grant.grant_id) ?? Number.NEGATIVE_INFINITY);

  /** A definition that was taken after the human was asked is another tool than the one they had in mind. */
  function knew(grant: GrantRecord, tool: string | undefined): boolean {
    const pin = tool !== undefined && Object.hasOwn(store.data.pins, tool) ? store.data.pins[tool] : undefined;
    return pin === undefined || !(Date.parse(pin.accepted_at) > Date.parse(grant.asked_at ?? grant.issued_at));
  }

  function watch(grant: GrantRecord): void {
    const left = Date.parse(grant.expires_at) - clock.now();
    deadlines.set(grant.grant_id, clock.mono() + left);
    timers.get(grant.grant_id)?.cancel();
    timers.set(
      grant.grant_id,
      after(
        Math.max(0, left),
        () => void finish(grant.grant_id, 'ended', { type: 'grant.ended', reason: 'its time ran out' }).catch(() => undefined),
      ),
    );
  }

  function forget(id: string): void {
    timers.get(id)?.cancel();
    timers.delete(id);
    deadlines.delete(id);
  }

  function view(grant: GrantRecord): GrantView {
    const remaining = less(grant.remaining, held.get(grant.grant_id));
    const shown: GrantView = {
      grant_id: grant.grant_id,
      scope: grant.scope,
      rules: grant.rules,
      risk: grant.risk,
      remaining,
      expires_at: Date.parse(grant.expires_at),
    };
    if (grant.exact) shown.exact = grant.exact;
    if (grant.while) shown.while = grant.while;
    return shown;
  }

  function hold(reservation: Reservation): void {
    held.set(reservation.grant_id, plus(held.get(reservation.grant_id), reservation.taken));
    unspent.add(reservation);
    unsettled.add(reservation);
  }

  function letGo(reservation: Reservation): void {
    // once only: letting go twice would make room that nobody gave
    if (!unspent.delete(reservation)) return;
    held.set(reservation.grant_id, less(held.get(reservation.grant_id) ?? { uses: 0 }, reservation.taken));
  }

  /** A grant for exactly these calls holds once for each: equal calls in flight count. */
  function onceLeft(grant: GrantRecord, call_digest: string): boolean {
    if (!grant.once) return true;
    const open = [...unspent].filter((one) => one.grant_id === grant.grant_id && one.call_digest === call_digest).length;
    return (grant.exact ?? []).filter((one) => one === call_digest).length > open;
  }

  async function change(id: string, how: (record: GrantRecord) => void): Promise<void> {
    await store.update((data) => {
      const record = data.grants[id];
      if (record) how(record);
    });
  }

  async function finish(
    id: string,
    state: Exclude<GrantState, 'active'>,
    how: { type: string; reason: string; by?: string },
  ): Promise<boolean> {
    const grant = store.data.grants[id];
    // one ending each: whoever comes while the first is being written finds it ended
    if (grant?.state !== 'active' || ending.has(id)) return false;
    ending.add(id);
    // gone from memory first, so that no call slips in while the record is written
    deadlines.delete(id);
    const event: AuditInput = { type: how.type, ...about(grant), outcome: state, why: how.reason };
    if (how.by !== undefined) event.approver = how.by;
    try {
      await audit.append(event);
      await store.update((data) => {
        const record = data.grants[id];
        if (record) record.state = state;
      });
    } finally {
      ending.delete(id);
    }
    forget(id);
    return true;
  }

  return {
    views: (who, tool) =>
      Object.values(store.data.grants)
        .filter(
          (grant) =>
            grant.agent === who.agent &&
            grant.user === who.user &&
            grant.session_id === who.session_id &&
            alive(grant) &&
            knew(grant, tool),
        )
        .map(view),
    all: () => Object.values(store.data.grants),
    get: (id) => (Object.hasOwn(store.data.grants, id) ? store.data.grants[id] : undefined),
    async issue({ for_ms, ...issued }, also) {
      const now = clock.now();
      const grant: GrantRecord = {
        ...issued,
        grant_id: `grant_${randomBytes(9).toString('base64url')}`,
        state: 'active',
        remaining: { ...issued.budget },
        issued_at: iso(now),
        expires_at: iso(now + for_ms),
      };
      await audit.append({
        type: 'grant.issued',
        action: 'permission_granted',
        ...about(grant),
        budget: grant.budget,
        granted_by: grant.granted_by,
        approver: grant.approver,
        channel: grant.channel,
        expires_at: grant.expires_at,
        terms: terms(grant),
      });
      try {
        await store.update((data) => {
          data.grants[grant.grant_id] = grant;
          also?.(data, grant);
        });
      } catch (error) {
        // the trail said it was given: it says as well that nobody ever held it
        await audit
          .append({ type: 'grant.ended', ...about(grant), outcome: 'ended', why: 'it could not be stored, so it never held' })
          .catch(() => undefined);
        throw error;
      }
      watch(grant);
      return grant;
    },
    reserve(ids, facts, call_digest) {
      const taking: Reservation[] = [];
      for (const id of ids) {
        const grant = store.data.grants[id];
        if (!grant || !alive(grant)) return undefined;
        const left = less(grant.remaining, held.get(id));
        const taken: Budget = { uses: 1 };
        for (const fact of COUNTED) {
          const value = facts[fact];
          if (left[fact] !== undefined && typeof value === 'number') taken[fact] = value;
        }
        if (!fits(taken, left) || !onceLeft(grant, call_digest)) return undefined;
        taking.push({ grant_id: id, taken, call_digest });
      }
      for (const reservation of taking) hold(reservation);
      return taking;
    },
    stands: (reservations) =>
      reservations.every(({ grant_id }) => {
        const grant = store.data.grants[grant_id];
        return grant !== undefined && alive(grant);
      }),
    async spend(reservations, call_id) {
      for (const reservation of reservations) {
        const { grant_id, taken, call_digest } = reservation;
        const grant = store.data.grants[grant_id];
        if (!grant) continue;
        await audit.append({ type: 'grant.used', ...about(grant), call_id, budget: taken });
        await change(grant_id, (record) => {
          record.remaining = less(record.remaining, taken);
          const at = record.once && record.exact ? record.exact.indexOf(call_digest) : -1;
          if (at >= 0) record.exact?.splice(at, 1);
        });
        letGo(reservation);
      }
    },
    async settle(reservations, actual) {
      for (const reservation of reservations) {
        const { grant_id, taken, call_digest } = reservation;
        unsettled.delete(reservation);
        if (actual === 'unused') {
          await change(grant_id, (record) => {
            record.remaining = plus(record.remaining, taken);
            if (record.once) record.exact?.push(call_digest);
          });
        } else {
          await change(grant_id, (record) => {
            for (const [unit, count] of Object.entries(actual)) {
              if (unit !== 'events' && taken[unit as keyof Budget] !== undefined)
                record.remaining[unit as keyof Budget] = Math.max(
                  0,
                  (record.remaining[unit as keyof Budget] ?? 0) + taken[unit as keyof Budget]! - count,
                );
            }
          });
        }
        const grant = store.data.grants[grant_id];
        if (grant && isSpent(grant) && ![...unsettled].some((one) => one.grant_id === grant_id))
          await finish(grant_id, 'exhausted', { type: 'grant.exhausted', reason: 'its budget is spent' });
      }
    },
    release(reservations) {
      for (const reservation of reservations) {
        letGo(reservation);
        unsettled.delete(reservation);
      }
    },
    finish,
    async finishAll(matches, state, how) {
      const ids = Object.values(store.data.grants)
        .filter((grant) => grant.state === 'active' && matches(grant))
        .map((grant) => grant.grant_id);
      let count = 0;
      for (const id of ids) if (await finish(id, state, how)) count += 1;
      return count;
    },
    async lapse() {
      for (const grant of Object.values(store.data.grants)) {
        const left = Math.min(
          Date.parse(grant.expires_at) - clock.now(),
          (deadlines.get(grant.grant_id) ?? Number.POSITIVE_INFINITY) - clock.mono(),
        );
        if (grant.state === 'active' && left <= 0)
          await finish(grant.grant_id, 'ended', { type: 'grant.ended', reason: 'its time ran out' });
      }
    },
    async recover() {
      for (const grant of Object.values(store.data.grants)) {
        if (grant.state !== 'active') continue;
        const reason = !grant.survive_restart
          ? 'the guard was restarted'
          : grant.sets
            ? 'what it was approved for, one by one, is not kept over a restart'
            : grant.policy_digest !== policyDigest()
              ? 'the policy changed since it was approved'
              : Date.parse(grant.expires_at) <= clock.now()
                ? 'its time ran out'
                : undefined;
        if (reason === undefined) watch(grant);
        else await finish(grant.grant_id, 'ended', { type: 'grant.ended', reason });
      }
    },
    close() {
      for (const timer of timers.values()) timer.cancel();
    },
  };
}

/** The fields of a grant that its events carry. */
export function about(
  grant: GrantRecord,
): Pick<AuditInput, 'grant_id' | 'request_id' | 'agent_id' | 'user' | 'session_id' | 'scope' | 'rules' | 'conditions'> {
  const fields = {
    grant_id: grant.grant_id,
    request_id: grant.request_id,
    agent_id: grant.agent,
    user: grant.user,
    session_id: grant.session_id,
    scope: grant.scope,
    rules: grant.rules,
  };
  return grant.while ? { ...fields, conditions: grant.while } : fields;
}

/** All that a grant holds to beside what its events say: with it in the audit, a lost state can be rebuilt. */
function terms(grant: GrantRecord): Record<string, unknown> {
  const {
    grant_id: _id,
    request_id: _request,
    state: _state,
    user: _user,
    agent: _agent,
    session_id: _session,
    scope: _scope,
    rules: _rules,
    ...rest
  } = grant;
  const {
    budget: _budget,
    remaining: _remaining,
    issued_at: _issued,
    expires_at: _expires,
    approver: _approver,
    channel: _channel,
    granted_by: _by,
    while: _while,
    ...held
  } = rest;
  return held;
}

function less(budget: Budget, taken: Budget | undefined): Budget {
  if (!taken) return budget;
  const left: Budget = { uses: budget.uses - taken.uses };
  for (const fact of COUNTED) if (budget[fact] !== undefined) left[fact] = budget[fact] - (taken[fact] ?? 0);
  return left;
}

function plus(held: Budget | undefined, taken: Budget): Budget {
  if (!held) return { ...taken };
  const sum: Budget = { uses: held.uses + taken.uses };
  for (const fact of COUNTED)
    if (held[fact] !== undefined || taken[fact] !== undefined) sum[fact] = (held[fact] ?? 0) + (taken[fact] ?? 0);
  return sum;
}

function fits(taken: Budget, left: Budget): boolean {
  return (
    taken.uses <= left.uses &&
    COUNTED.every((fact) => taken[fact] === undefined || taken[fact] <= (left[fact] ?? Number.POSITIVE_INFINITY))
  );
}

/** No uses left, or something it counted (more than none of it) is used up. */
function isSpent(grant: GrantRecord): boolean {
  return grant.remaining.uses <= 0 || COUNTED.some((fact) => (grant.budget[fact] ?? 0) > 0 && (grant.remaining[fact] ?? 0) <= 0);
}
