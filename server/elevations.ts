// Requests for permission: asked once, waited for, answered in exactly one way. The only place a request changes state.
import { randomBytes } from 'node:crypto';
import type { Proof } from '../policies/types.ts';
import { PROOFS } from '../policies/types.ts';
import { formatDuration } from '../policies/durations.ts';
import { maskProse } from './audit/mask.ts';
import { iso } from './clock.ts';
import type { Grants } from './grants.ts';
import type { AuditInput, AuditLog, Clock, GrantRecord, RequestRecord, RequestState, Store } from './ports.ts';
import { after, type Timer } from './timers.ts';

/** A pending request nobody answers in this time is expired. */
export const PENDING_MS = 15 * 60_000;
/** After a denial the identical request is not put to a human again for this long; three in a row make it longer. */
const COOLDOWN_MS = 5 * 60_000;
const LONG_COOLDOWN_MS = 60 * 60_000;
const MAX_PENDING = 10;
const MAX_PROMPTS_AN_HOUR = 30;

export type Draft = Omit<RequestRecord, 'request_id' | 'state' | 'created_at' | 'expires_at'> & { justification: string; tools: string[] };
export type Answer = {
  choice: 'deny' | 'approve_once' | 'approve';
  approver: string;
  channel: string;
  proof: Proof;
  /** Narrower than asked; more than asked changes nothing. */
  minutes?: number;
  uses?: number;
  reason?: string;
  /** On deny: don't ask again for this long, in ms. */
  quiet_ms?: number;
};
export type Answered = { request: RequestRecord; grant?: GrantRecord; /** False when it was already decided: nothing changed. */ changed: boolean };

/** The answer can't be taken; the message says what to do. */
export class AnswerRefused extends Error {}

export type Elevations = {
  /** Makes a request, or joins the identical pending one; a recently denied one comes back denied, without a prompt. */
  ask(draft: Draft): Promise<RequestRecord>;
  get(id: string): RequestRecord | undefined;
  pending(): RequestRecord[];
  /** Decides a request. Throws AnswerRefused on a missing proof or an unknown id. */
  answer(id: string, answer: Answer): Promise<Answered>;
  cancel(id: string, reason: string): Promise<boolean>;
  cancelAll(fits: (request: RequestRecord) => boolean, reason: string): Promise<void>;
  /** Resolves when the request is no longer pending, `ms` have passed, or the signal fires. */
  wait(id: string, ms: number, signal?: AbortSignal): Promise<RequestRecord>;
  /** Requests left pending by a guard that stopped are cancelled: nobody waits for them. */
  recover(): Promise<void>;
  onPending(listener: (request: RequestRecord) => void): void;
  close(): void;
};

type Parts = { store: Store; audit: Pick<AuditLog, 'append'>; clock: Clock; grants: Grants; policyDigest: () => string; survive_restart: boolean };

export function createElevations({ store, audit, clock, grants, policyDigest, survive_restart }: Parts): Elevations {
  const waiters = new Map<string, Set<() => void>>();
  const timers = new Map<string, Timer>();
  const deadlines = new Map<string, number>();
  const prompts: number[] = [];
  /** The messages as humans read them; what is stored is masked. */
  const messages = new Map<string, string>();
  const listeners: ((request: RequestRecord) => void)[] = [];
  /** Changes of state run one after another: of a thousand parallel answers exactly one finds the request pending. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  const get = (id: string) => (Object.hasOwn(store.data.requests, id) ? store.data.requests[id] : undefined);
  /** The request with its message as the human reads it. */
  const whole = (request: RequestRecord): RequestRecord => ({ ...request, message: messages.get(request.request_id) ?? request.message });
  const late = (request: RequestRecord) => Date.parse(request.expires_at) <= clock.now() || clock.mono() >= (deadlines.get(request.request_id) ?? Number.NEGATIVE_INFINITY);

  async function move(request: RequestRecord, state: Exclude<RequestState, 'pending'>, event: Partial<AuditInput>, extra: Partial<RequestRecord> = {}): Promise<RequestRecord> {
    await audit.append({ type: `request.${state}`, ...about(request), ...event });
    const decided: RequestRecord = { ...request, ...extra, state, decided_at: iso(clock.now()) };
    await store.update((data) => {
      data.requests[request.request_id] = decided;
    });
    timers.get(request.request_id)?.cancel();
    timers.delete(request.request_id);
    deadlines.delete(request.request_id);
    messages.delete(request.request_id);
    return decided;
  }

  function wake(id: string): void {
    for (const resolve of waiters.get(id) ?? []) resolve();
    waiters.delete(id);
  }

  async function expire(id: string): Promise<void> {
    const request = get(id);
    if (request?.state !== 'pending') return;
    await move(request, 'expired', { why: 'nobody answered in time' }, { reason: 'nobody answered in time' });
    wake(id);
  }

  function quietUntil(draft: Draft): number {
    const until = store.data.cooldowns[draft.digest];
    return until === undefined ? 0 : Date.parse(until);
  }

  async function record(draft: Draft, state: 'pending' | 'denied', reason?: string): Promise<RequestRecord> {
    const { justification, tools, message, ...rest } = draft;
    const now = clock.now();
    const request: RequestRecord = { ...rest, message: maskProse(message), request_id: `req_${randomBytes(9).toString('base64url')}`, state, created_at: iso(now), expires_at: iso(now + PENDING_MS), ...(reason === undefined ? {} : { reason }) };
    const { measured, strength } = draft.impact;
    await audit.append({
      type: 'request.created',
      ...about(request),
      justification,
      budget: draft.budget,
      tools,
      message: request.message,
      facts: { impact_strength: strength },
      ...(measured === null ? {} : { records: { measured } }),
      expires_at: request.expires_at,
    });
    if (state === 'denied') await audit.append({ type: 'request.denied', ...about(request), why: reason ?? '', granted_by: 'policy' });
    await store.update((data) => {
      data.requests[request.request_id] = request;
    });
    if (state === 'pending') messages.set(request.request_id, message);
    return whole(request);
  }

  return {
    ask: (draft) =>
      inTurn(async () => {
        const same = Object.values(store.data.requests).find((one) => one.state === 'pending' && one.digest === draft.digest && one.session_id === draft.session_id && !late(one));
        if (same) return whole(same);
        const now = clock.now();
        const quiet = quietUntil(draft);
        if (quiet > now) return record(draft, 'denied', `a person said no to this; it is not asked again for ${formatDuration(quiet - now)}`);
        while (prompts[0] !== undefined && prompts[0] <= now - 60 * 60_000) prompts.shift();
        const open = Object.values(store.data.requests).filter((one) => one.state === 'pending').length;
        if (open >= MAX_PENDING) return record(draft, 'denied', `${MAX_PENDING} requests are waiting already; wait for them, or withdraw one`);
        if (prompts.length >= MAX_PROMPTS_AN_HOUR) return record(draft, 'denied', `a person was asked ${MAX_PROMPTS_AN_HOUR} times within the hour; ask again later`);
        prompts.push(now);
        const request = await record(draft, 'pending');
        deadlines.set(request.request_id, clock.mono() + PENDING_MS);
        timers.set(request.request_id, after(PENDING_MS, () => void inTurn(() => expire(request.request_id)).catch(() => undefined)));
        for (const listener of listeners) listener(request);
        return request;
      }),
    get: (id) => {
      const found = get(id);
      return found && whole(found);
    },
    pending: () => Object.values(store.data.requests).filter((one) => one.state === 'pending' && !late(one)).map(whole),
    answer: (id, answer) =>
      inTurn(async () => {
        const request = get(id);
        if (!request) throw new AnswerRefused(`there is no request \`${id}\`; \`perimeter pending\` lists those that wait`);
        if (request.state !== 'pending') {
          await audit.append({ type: 'request.late', ...about(request), approver: answer.approver, channel: answer.channel, why: `already ${request.state}; this answer (${answer.choice}) changed nothing` });
          return { request, changed: false };
        }
        if (late(request)) {
          await expire(id);
          return { request: get(id) ?? request, changed: false };
        }
        const who = { approver: answer.approver, channel: answer.channel };
        if (answer.choice === 'deny') {
          const reason = answer.reason ?? 'a person said no';
          const denied = await move(request, 'denied', { ...who, why: reason, granted_by: 'human' }, { ...who, reason });
          await store.update((data) => {
            const before = Object.values(data.requests).filter((one) => one.digest === request.digest && one.state === 'denied').length;
            data.cooldowns[request.digest] = iso(clock.now() + (answer.quiet_ms ?? (before >= 3 ? LONG_COOLDOWN_MS : COOLDOWN_MS)));
          });
          wake(id);
          return { request: denied, changed: true };
        }
        if (PROOFS.indexOf(answer.proof) < PROOFS.indexOf(request.proof)) throw new AnswerRefused(`this request needs the proof \`${request.proof}\`; run \`perimeter approve ${id}\` in a terminal`);
        if (request.policy_digest !== policyDigest()) {
          const cancelled = await move(request, 'cancelled', { why: 'the policy changed since it was asked' }, { reason: 'the policy changed since it was asked; ask again' });
          wake(id);
          return { request: cancelled, changed: true };
        }
        return approve(request, answer, who);
      }),
    cancel: (id, reason) =>
      inTurn(async () => {
        const request = get(id);
        if (request?.state !== 'pending') return false;
        await move(request, 'cancelled', { why: reason }, { reason });
        wake(id);
        return true;
      }),
    async cancelAll(fits, reason) {
      for (const request of Object.values(store.data.requests)) if (request.state === 'pending' && fits(request)) await this.cancel(request.request_id, reason);
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
    onPending: (listener) => void listeners.push(listener),
    close() {
      for (const timer of timers.values()) timer.cancel();
      for (const id of [...waiters.keys()]) wake(id);
    },
  };

  async function approve(request: RequestRecord, answer: Answer, who: { approver: string; channel: string }): Promise<Answered> {
    const once = answer.choice === 'approve_once' && request.exact.length > 0;
    const minutes = Math.min(request.minutes, answer.minutes ?? request.minutes);
    const uses = once ? request.exact.length : Math.min(request.budget.uses, answer.uses ?? request.budget.uses);
    await audit.append({ type: 'request.approved', ...about(request), ...who, proof: answer.proof, granted_by: 'human', why: once ? 'once, exactly these calls' : 'for the time shown' });
    const { exact: calls, bound, while: conditions } = request;
    const grant = await grants.issue({
      request_id: request.request_id,
      user: request.user,
      agent: request.agent,
      session_id: request.session_id,
      scope: request.scope,
      rules: request.rules,
      risk: request.risk,
      budget: { ...request.budget, uses },
      approver: answer.approver,
      channel: answer.channel,
      granted_by: 'human',
      survive_restart,
      policy_digest: request.policy_digest,
      for_ms: minutes * 60_000,
      ...(once ? { once } : {}),
      ...(once || request.exact_only ? { exact: calls } : {}),
      ...(bound ? { bound } : {}),
      ...(conditions ? { while: conditions } : {}),
    });
    const approved: RequestRecord = { ...request, ...who, state: 'approved', grant_id: grant.grant_id, decided_at: iso(clock.now()) };
    await store.update((data) => {
      data.requests[request.request_id] = approved;
    });
    timers.get(request.request_id)?.cancel();
    messages.delete(request.request_id);
    wake(request.request_id);
    return { request: approved, grant, changed: true };
  }
}

function about(request: RequestRecord): Pick<AuditInput, "request_id" | "agent_id" | "user" | "session_id" | "scope" | "rules" | "policy_digest"> {
  return { request_id: request.request_id, agent_id: request.agent, user: request.user, session_id: request.session_id, scope: request.scope, rules: request.rules, policy_digest: request.policy_digest };
}
