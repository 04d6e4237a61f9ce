// Requests for permission: asked once, waited for, answered in exactly one way. The only place a request changes state.
import { randomBytes } from 'node:crypto';
import type { Proof } from '../policies/types.ts';
import { PROOFS } from '../policies/types.ts';
import { maskProse } from './audit/mask.ts';
import { iso } from './clock.ts';
import { coolDown, count, tooMuch } from './fatigue.ts';
import type { Grants } from './grants.ts';
import type { Asking } from './message.ts';
import { AnswerRefused, type Narrower, type Terms, terms } from './narrowing.ts';
import type {
  Approval,
  AuditInput,
  AuditLog,
  Clock,
  GrantRecord,
  RequestRecord,
  RequestState,
  StateData,
  Store,
} from './ports.ts';
import { storedMessage } from './stored-message.ts';
import { after, type Timer } from './timers.ts';

/** A pending request nobody answers in this time is expired. */
export const PENDING_MS = 15 * 60_000;

export type Draft = Omit<RequestRecord, 'request_id' | 'state' | 'created_at' | 'expires_at'> & {
  justification: string;
  tools: string[];
  /** The message with sample rows in it: shown, never stored. */
  full?: string;
  /** What the message was written from, kept in memory for those who show it otherwise. */
  asking?: Asking;
};
/** Less than was asked is fine; more changes nothing, or is refused (a scope). */
export type Answer = Omit<Narrower, 'once'> & {
  choice: 'deny' | 'approve_once' | 'approve';
  approver: string;
  /** Who counts as one of several people; the approver when left out. */
  person?: string;
  channel: string;
  proof: Proof;
  /** The name of the passkey that gave the proof, if one did. */
  passkey?: string;
  /** Digest of what was shown to whoever answers. A yes counts for nothing else. */
  shown?: string | undefined;
  reason?: string;
  /** On deny: don't ask again for this long, in ms. */
  quiet_ms?: number;
};
/** `changed` is false when it was already decided. A yes of several that are needed changes something and leaves it pending. */
export type Answered = { request: RequestRecord; grant?: GrantRecord; changed: boolean };

export { AnswerRefused };

export type Elevations = {
  /** Makes a request, or joins the identical pending one; a recently denied one comes back denied, without a prompt. */
  ask(draft: Draft): Promise<RequestRecord>;
  get(id: string): RequestRecord | undefined;
  /** What the message of a request was written from, while it is pending. */
  asking(id: string): Asking | undefined;
  pending(): RequestRecord[];
  /** Decides a request. Throws AnswerRefused on a missing proof or an unknown id. */
  answer(id: string, answer: Answer): Promise<Answered>;
  /** `failed`: the conditions that ended, as `while vpn`. */
  cancel(id: string, reason: string, failed?: string[]): Promise<boolean>;
  cancelAll(fits: (request: RequestRecord) => boolean, reason: string): Promise<void>;
  /** Resolves when the request is no longer pending, `ms` have passed, or the signal fires. */
  wait(id: string, ms: number, signal?: AbortSignal): Promise<RequestRecord>;
  /** Requests left pending by a guard that stopped are cancelled: nobody waits for them. */
  recover(): Promise<void>;
  onPending(listener: (request: RequestRecord) => void): void;
  /** Called with every request that is no longer pending. */
  onDecided(listener: (request: RequestRecord) => void): void;
  close(): void;
};

type Parts = {
  store: Store;
  audit: Pick<AuditLog, 'append'>;
  clock: Clock;
  grants: Grants;
  policyDigest: () => string;
  survive_restart: boolean;
  /** Why a request no longer is what it was when it was shown, if so: another policy, another definition. Asked at every yes. */
  changed: (request: RequestRecord) => Promise<string | undefined>;
};

export function createElevations({ store, audit, clock, grants, policyDigest, survive_restart, changed }: Parts): Elevations {
  const waiters = new Map<string, Set<() => void>>();
  const timers = new Map<string, Timer>();
  const deadlines = new Map<string, number>();
  /** The messages as humans read them; what is stored is masked. */
  const messages = new Map<string, string>();
  const askings = new Map<string, Asking>();
  /** Ended in memory, since the disk would not take it: nobody can answer these any more. */
  const lost = new Map<string, RequestRecord>();
  const listeners: { pending: ((request: RequestRecord) => void)[]; decided: ((request: RequestRecord) => void)[] } = {
    pending: [],
    decided: [],
  };
  /** Changes of state run one after another: of a thousand parallel answers exactly one finds the request pending. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  const get = (id: string) => lost.get(id) ?? (Object.hasOwn(store.data.requests, id) ? store.data.requests[id] : undefined);
  const all = () => Object.values(store.data.requests).map((one) => lost.get(one.request_id) ?? one);
  /** The request with its message as the human reads it. */
  const whole = (request: RequestRecord): RequestRecord => ({
    ...request,
    message: messages.get(request.request_id) ?? request.message,
  });
  const late = (request: RequestRecord) =>
    Date.parse(request.expires_at) <= clock.now() ||
    clock.mono() >= (deadlines.get(request.request_id) ?? Number.NEGATIVE_INFINITY);

  /** Ends a request: on record first, then in the state. When that fails it has ended all the same, and never with a yes. */
  async function move(
    request: RequestRecord,
    state: Exclude<RequestState, 'pending' | 'approved'>,
    event: Partial<AuditInput>,
    extra: Partial<RequestRecord> = {},
    also?: (data: StateData, decided: RequestRecord) => void,
  ): Promise<RequestRecord> {
    const decided: RequestRecord = { ...request, ...extra, state, decided_at: iso(clock.now()) };
    try {
      await audit.append({ type: `request.${state}`, ...about(request), ...event });
      await store.update((data) => {
        data.requests[request.request_id] = decided;
        also?.(data, decided);
      });
    } catch (error) {
      lost.set(request.request_id, decided);
      throw error;
    } finally {
      settled(decided);
    }
    return decided;
  }

  function settled(request: RequestRecord): void {
    const id = request.request_id;
    timers.get(id)?.cancel();
    timers.delete(id);
    deadlines.delete(id);
    messages.delete(id);
    askings.delete(id);
    for (const listener of listeners.decided) listener(request);
    wake(id);
  }

  function wake(id: string): void {
    for (const resolve of waiters.get(id) ?? []) resolve();
    waiters.delete(id);
  }

  async function expire(id: string): Promise<void> {
    const request = get(id);
    if (request?.state !== 'pending') return;
    await move(request, 'expired', { why: 'nobody answered in time' }, { reason: 'nobody answered in time' }, (data, expired) => {
      count(data, expired, 'expired');
      coolDown(data, expired, clock.now());
    });
  }

  async function record(draft: Draft, state: 'pending' | 'denied', reason?: string): Promise<RequestRecord> {
    const { justification, tools, message, full = message, asking, ...rest } = draft;
    const now = clock.now();
    const request: RequestRecord = {
      ...rest,
      message: storedMessage(message),
      request_id: `req_${randomBytes(9).toString('base64url')}`,
      state,
      created_at: iso(now),
      expires_at: iso(now + PENDING_MS),
      ...(reason === undefined ? {} : { reason }),
    };
    const { measured, claimed, strength } = draft.impact;
    await audit.append({
      type: 'request.created',
      ...about(request),
      justification,
      budget: draft.budget,
      tools,
      message: request.message,
      facts: { impact_strength: strength },
      ...(measured === null ? {} : { records: { measured } }),
      ...(claimed === null ? {} : { claimed }),
      expires_at: request.expires_at,
    });
    if (state === 'denied')
      await audit.append({ type: 'request.denied', ...about(request), why: reason ?? '', granted_by: 'policy' });
    await store.update((data) => {
      data.requests[request.request_id] = request;
      if (state === 'pending') count(data, request, 'asked');
    });
    if (state === 'pending') messages.set(request.request_id, full);
    if (state === 'pending' && asking) askings.set(request.request_id, asking);
    return whole(request);
  }

  return {
    ask: (draft) =>
      inTurn(async () => {
        const same = all().find(
          (one) => one.state === 'pending' && one.digest === draft.digest && one.session_id === draft.session_id && !late(one),
        );
        if (same) return whole(same);
        const open =
          draft.risk === 'low'
            ? all().find((one) => one.digest === draft.digest && one.session_id === draft.session_id && stillGiven(one))
            : undefined;
        if (open) return open;
        const refused = tooMuch(store.data, draft, all(), clock.now());
        if (refused !== undefined) return record(draft, 'denied', refused);
        const request = await record(draft, 'pending');
        deadlines.set(request.request_id, clock.mono() + PENDING_MS);
        timers.set(
          request.request_id,
          after(PENDING_MS, () => void inTurn(() => expire(request.request_id)).catch(() => undefined)),
        );
        for (const listener of listeners.pending) listener(request);
        return request;
      }),
    get: (id) => {
      const found = get(id);
      return found && whole(found);
    },
    asking: (id) => askings.get(id),
    pending: () =>
      all()
        .filter((one) => one.state === 'pending' && !late(one))
        .map(whole),
    answer: (id, answer) =>
      inTurn(async () => {
        const request = get(id);
        if (!request) throw new AnswerRefused(`there is no request \`${id}\`; \`perimeter pending\` lists those that wait`);
        if (request.state !== 'pending') {
          await audit.append({
            type: 'request.late',
            ...about(request),
            approver: answer.approver,
            channel: answer.channel,
            why: `already ${request.state}; this answer (${answer.choice}) changed nothing`,
          });
          return { request, changed: false };
        }
        if (late(request)) {
          await expire(id);
          return { request: get(id) ?? request, changed: false };
        }
        const who = { approver: answer.approver, channel: answer.channel };
        if (answer.choice === 'deny') {
          const reason = answer.reason === undefined ? 'a person said no' : maskProse(answer.reason);
          const denied = await move(
            request,
            'denied',
            { ...who, why: reason, granted_by: 'human' },
            { ...who, reason },
            (data, decided) => {
              count(data, decided, 'denied');
              coolDown(data, decided, clock.now(), answer.quiet_ms);
            },
          );
          return { request: denied, changed: true };
        }
        return approve(request, answer);
      }),
    cancel: (id, reason, failed) =>
      inTurn(async () => {
        const request = get(id);
        if (request?.state !== 'pending') return false;
        await move(request, 'cancelled', { why: reason, ...(failed ? { failed } : {}) }, { reason });
        return true;
      }),
    async cancelAll(fits, reason) {
      // one that the disk would not take has ended all the same: the others must too
      for (const request of all())
        if (request.state === 'pending' && fits(request)) await this.cancel(request.request_id, reason).catch(() => false);
    },
    async wait(id, ms, signal) {
      const found = get(id);
      if (!found) throw new AnswerRefused(`there is no request \`${id}\``);
      if (found.state !== 'pending' || signal?.aborted) return found;
      await new Promise<void>((resolve) => {
        const set = waiters.get(id) ?? new Set();
        const timer = after(ms, done);
        function done(): void {
          timer.cancel();
          set.delete(done);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        set.add(done);
        waiters.set(id, set);
        signal?.addEventListener('abort', done, { once: true });
      });
      return get(id) ?? found;
    },
    async recover() {
      await this.cancelAll(() => true, 'the guard was restarted while it waited; ask again');
    },
    onPending: (listener) => void listeners.pending.push(listener),
    onDecided: (listener) => void listeners.decided.push(listener),
    close() {
      for (const timer of timers.values()) timer.cancel();
      for (const id of [...waiters.keys()]) wake(id);
    },
  };

  /** An approved request whose permission can still be used. */
  function stillGiven(request: RequestRecord): boolean {
    const grant = request.state === 'approved' && request.grant_id !== undefined ? grants.get(request.grant_id) : undefined;
    return (
      grant !== undefined &&
      grants
        .views({ agent: request.agent, user: request.user, role: '', session_id: request.session_id })
        .some((one) => one.grant_id === grant.grant_id && one.remaining.uses >= request.budget.uses)
    );
  }

  /** One person's yes: for what they were shown, with the proof it takes, while it still is what it was. */
  async function approve(request: RequestRecord, answer: Answer): Promise<Answered> {
    const id = request.request_id;
    if (answer.shown === undefined || answer.shown !== request.shown)
      throw new AnswerRefused(`what was answered is not what \`${id}\` asks; look at it again with \`perimeter approve ${id}\``);
    if (PROOFS.indexOf(answer.proof) < PROOFS.indexOf(request.proof))
      throw new AnswerRefused(`this request needs the proof \`${request.proof}\`; run \`perimeter approve ${id}\` in a terminal`);
    const person = answer.person ?? answer.approver;
    const given = request.given ?? [];
    if (given.some((one) => one.person === person))
      throw new AnswerRefused(
        `${answer.approver} said yes already; ${(request.approvals ?? 1) - given.length} more, from somebody else, are needed`,
      );
    const approval: Approval = {
      person,
      approver: answer.approver,
      channel: answer.channel,
      proof: answer.proof,
      at: iso(clock.now()),
      ...(answer.choice === 'approve_once' ? { once: true } : {}),
      ...narrowerOf(answer),
    };
    const granted = terms(request, [...given, approval]);
    const reason = await changed(request);
    if (reason !== undefined) {
      const cancelled = await move(request, 'cancelled', { why: reason }, { reason: `${reason}; ask again` });
      return { request: cancelled, changed: true };
    }
    const so_far: RequestRecord = { ...request, given: [...given, approval] };
    const who = { approver: answer.approver, channel: answer.channel };
    try {
      if (so_far.given!.length < (request.approvals ?? 1)) {
        await audit.append({
          type: 'request.approval',
          ...about(request),
          ...who,
          ...provenBy(answer),
          granted_by: 'human',
          count: so_far.given!.length,
          why: `${so_far.given!.length} of ${request.approvals} people said yes`,
        });
        await store.update((data) => {
          data.requests[id] = so_far;
        });
        return { request: whole(so_far), changed: true };
      }
      return await give(so_far, granted, who, provenBy(answer));
    } catch (error) {
      const ended: RequestRecord = {
        ...request,
        state: 'cancelled',
        decided_at: iso(clock.now()),
        reason: 'a yes could not be recorded, so it does not count; ask again once the guard can write',
      };
      lost.set(id, ended);
      await audit
        .append({ type: 'request.cancelled', ...about(request), why: 'the yes could not be recorded' })
        .catch(() => undefined);
      settled(ended);
      throw new AnswerRefused(
        `the answer could not be recorded, so nothing was given (${error instanceof Error ? error.message : 'unknown error'}); make room or mend the disk, then let the agent ask again`,
      );
    }
  }

  /** Everybody needed said yes: the request is approved and its permission there in one write. */
  async function give(
    request: RequestRecord,
    granted: Terms,
    who: { approver: string; channel: string },
    proven: ReturnType<typeof provenBy>,
  ): Promise<Answered> {
    const { scope, budget, once, minutes } = granted;
    const policy_digest = policyDigest();
    const approver = request.given!.map((one) => one.approver).join(', ');
    await audit.append({
      type: 'request.approved',
      ...about(request),
      policy_digest,
      ...who,
      approver,
      ...proven,
      scope,
      granted_by: 'human',
      why: `${once ? 'once, exactly these calls' : 'for the time shown'}${granted.edited ? ', less than was asked' : ''}`,
    });
    const approved: RequestRecord = {
      ...request,
      ...who,
      approver,
      policy_digest,
      state: 'approved',
      decided_at: iso(clock.now()),
    };
    const grant = await grants.issue(
      {
        request_id: request.request_id,
        user: request.user,
        agent: request.agent,
        session_id: request.session_id,
        scope,
        rules: request.rules,
        risk: request.risk,
        budget,
        approver,
        channel: who.channel,
        granted_by: 'human',
        survive_restart,
        policy_digest,
        asked_at: request.created_at,
        for_ms: minutes * 60_000,
        ...(once ? { once } : {}),
        ...(once || request.exact_only ? { exact: request.exact } : {}),
        ...(request.bound ? { bound: request.bound } : {}),
        ...(request.sets ? { sets: request.sets } : {}),
        ...(request.while ? { while: request.while } : {}),
      },
      (data, { grant_id }) => {
        data.requests[request.request_id] = { ...approved, grant_id };
        count(data, { rules: request.rules, scope }, 'approved', granted.edited);
      },
    );
    const decided = { ...approved, grant_id: grant.grant_id };
    settled(decided);
    return { request: decided, grant, changed: true };
  }
}

function narrowerOf({ minutes, uses, records, scope }: Narrower): Narrower {
  return {
    ...(minutes === undefined ? {} : { minutes }),
    ...(uses === undefined ? {} : { uses }),
    ...(records === undefined ? {} : { records }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function about(
  request: RequestRecord,
): Pick<AuditInput, 'request_id' | 'agent_id' | 'user' | 'session_id' | 'scope' | 'rules' | 'policy_digest'> {
  return {
    request_id: request.request_id,
    agent_id: request.agent,
    user: request.user,
    session_id: request.session_id,
    scope: request.scope,
    rules: request.rules,
    policy_digest: request.policy_digest,
  };
}

/** The proof as the record says it: which passkey, where it was one. */
const provenBy = ({ proof, passkey }: Answer): Pick<AuditInput, 'proof'> & { passkey?: string } =>
  passkey === undefined ? { proof } : { proof: 'passkey', passkey };
