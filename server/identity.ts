// Who is behind a call: agent and user, fixed by configuration, and the human's session, which only a human can renew.
import { randomUUID } from 'node:crypto';
import { epoch, iso } from './clock.ts';
import { Deadline, storedMark, TOLERANCE_MS } from './clock-guard.ts';
import type { AuditLog, Clock, SessionRecord, Store } from './ports.ts';
import { createPresence, type Presence } from './presence.ts';
import { after, type Timer } from './timers.ts';

export type IdentityConfig = {
  agent: string;
  user: { name: string; role: string };
  /** `for` in milliseconds. */
  session: { login: 'implicit' | 'required'; for: number; survive_restart: boolean };
};
export type SessionState = 'active' | 'expired' | 'none';
export type CurrentSession = { session: SessionState; record: SessionRecord | null };
/** Why a session ended. */
export type EndReason = 'expired' | 'logout' | 'login' | 'restart' | 'clock' | 'configuration';
export type WhoAmI = {
  agent: string;
  user: string;
  role: string;
  session: SessionState;
  session_id?: string;
  how?: SessionRecord['how'];
  opened_at?: string;
  expires_at?: string;
  /** No session opens by itself any more: `perimeter login`. */
  login_required: boolean;
  user_present?: boolean;
};

export type IdentityService = Presence & {
  /** The session as it is this very moment; an `active` one has not passed on either clock. */
  current(): CurrentSession;
  /** For every call of the agent: opens an implicit session if one may be opened. Never renews one. */
  touch(): Promise<CurrentSession>;
  /** A human signed in (already proved). `for` in milliseconds; `by` says who, for the record. A session that is open ends. */
  login(how: { user?: string; for?: number; by: string }): Promise<SessionRecord>;
  /** Signs out, session or not: from now on only `login` opens one. */
  logout(how: { by: string }): Promise<void>;
  whoami(): WhoAmI;
  /** Stops the timer. The session is left to the next start, which decides by `survive_restart`. */
  close(): void;
};

/** A sign-in that can't be done; the message says why and what to do. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
}

/** The longest session somebody may ask for. */
const MAX_SESSION_MS = 30 * 24 * 60 * 60_000;

/**
 * Takes over the stored session, or ends it as a restart does. `onEnded` is awaited after every end of a session, to end its grants,
 * pending requests and waiting calls.
 */
export async function createIdentity(parts: {
  config: IdentityConfig;
  store: Store;
  audit: AuditLog;
  clock: Clock;
  onEnded: (session_id: string, reason: EndReason) => void | Promise<void>;
  /** A command borrows the state for a moment: no guard runs, so nothing restarts, and who signs in does so for the next start. */
  brief?: boolean;
}): Promise<IdentityService> {
  const { config, store, audit, clock, onEnded } = parts;
  const { agent, user } = config;
  /** Set while a session runs; a session without it has ended, whatever the stored record says. */
  let running: { record: SessionRecord; until: Deadline; timer: Timer } | undefined;
  const presence = createPresence({ store, clock });
  /** Nobody gets in without signing in, also when the disk couldn't be told so. */
  let shut = false;
  let turn: Promise<unknown> = Promise.resolve();
  /** Openings and endings one after another, so that two calls at once never open two sessions. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act, act);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const current = (): CurrentSession => {
    const record = store.data.session;
    if (!record) return { session: 'none', record: null };
    if (running?.record.session_id === record.session_id && !running.until.passed(clock)) return { session: 'active', record };
    return { session: ranOut(record) ? 'expired' : 'none', record };
  };
  const ranOut = (record: SessionRecord): boolean => {
    if (record.closed_at !== undefined) return epoch(record.closed_at) >= epoch(record.expires_at);
    return running?.until.passed(clock) ?? clock.now() >= epoch(record.expires_at);
  };

  // The timer only wakes the ending, and a failure is met again by the next call; that call is judged by the deadline itself.
  const wake = (until: Deadline): Timer => after(until.left(clock), () => void inTurn(settle).catch(() => undefined));
  const run = (record: SessionRecord, until: Deadline) => {
    running = { record, until, timer: wake(until) };
  };

  const open = async (how: SessionRecord['how'], ms: number, by: string | undefined): Promise<SessionRecord> => {
    const now = clock.now();
    const until = Deadline.in(ms, clock);
    const record: SessionRecord = {
      session_id: randomUUID(),
      user: user.name,
      role: user.role,
      opened_at: iso(now),
      expires_at: iso(now + ms),
      how,
      ...(parts.brief && how === 'login' ? { carried: true } : {}),
    };
    const { session_id, expires_at } = record;
    await audit.append({
      type: 'session.opened',
      agent_id: agent,
      user: user.name,
      role: user.role,
      session_id,
      expires_at,
      how,
      ...(by === undefined ? {} : { approver: by }),
    });
    await store.update((data) => {
      data.session = record;
      if (how === 'login') data.login_required = false;
    });
    shut = false;
    run(record, until);
    return record;
  };

  /** Ends the open session. Each step is tried even if one before it fails: an ending must not depend on a disk that is full. */
  const end = async (record: SessionRecord, reason: EndReason, by?: string): Promise<void> => {
    running?.timer.cancel();
    running = undefined;
    const { session_id } = record;
    const expired = reason === 'expired';
    const shutting = expired || reason === 'logout' || reason === 'clock';
    shut ||= shutting;
    const steps = [
      () =>
        audit.append({
          type: 'session.closed',
          agent_id: agent,
          user: record.user,
          session_id,
          outcome: reason,
          ...(by === undefined ? {} : { approver: by }),
        }),
      () =>
        store.update((data) => {
          if (data.session?.session_id === session_id) data.session.closed_at = expired ? record.expires_at : iso(clock.now());
          if (shutting) data.login_required = true;
        }),
      async () => onEnded(session_id, reason),
    ];
    const failures: unknown[] = [];
    for (const step of steps) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };

  const openRecord = () => (store.data.session?.closed_at === undefined ? store.data.session : null);

  /** Ends a session whose time has run out. */
  const settle = async (): Promise<void> => {
    const record = openRecord();
    if (!record) return;
    if (ranOut(record)) await end(record, 'expired');
    // Woken a moment early: timers and clocks round differently.
    else if (running) {
      running.timer.cancel();
      running.timer = wake(running.until);
    }
  };

  /** Once: the restart after this one ends it like any other. */
  const takeOver = async ({ carried: _carried, ...record }: SessionRecord): Promise<void> => {
    await store.update((data) => {
      data.session = record;
    });
    run(record, Deadline.at(epoch(record.expires_at), clock));
  };

  const resume = async (): Promise<void> => {
    const record = openRecord();
    if (!record) return;
    const now = clock.now();
    const setBack = now < Math.max(epoch(record.opened_at), storedMark(store) ?? 0) - TOLERANCE_MS;
    if (ranOut(record)) await end(record, 'expired');
    else if (setBack) await end(record, 'clock');
    else if (record.user !== user.name || record.role !== user.role) await end(record, 'configuration');
    else if (parts.brief || config.session.survive_restart) run(record, Deadline.at(epoch(record.expires_at), clock));
    else if (record.carried) await takeOver(record);
    else await end(record, 'restart');
  };
  await resume();

  return {
    current,
    async touch() {
      if (current().session === 'active') return current();
      return await inTurn(async () => {
        await settle();
        const mayOpen = config.session.login === 'implicit' && !store.data.login_required && !shut;
        if (current().session !== 'active' && mayOpen) await open('implicit', config.session.for, undefined);
        return current();
      });
    },
    async login({ user: name = user.name, for: ms = config.session.for, by }) {
      if (name !== user.name)
        throw new LoginError(
          `\`${name}\` is not the user of this guard: sign in as \`${user.name}\`, or change \`user\` in mcp.json`,
        );
      if (!(ms > 0 && ms <= MAX_SESSION_MS))
        throw new LoginError('a session lasts more than nothing and at most 30 days: give `--for` such as `8h`');
      return await inTurn(async () => {
        const former = openRecord();
        if (former) await end(former, ranOut(former) ? 'expired' : 'login', by);
        const record = await open('login', ms, by);
        await presence.humanActed('login');
        return record;
      });
    },
    async logout({ by }) {
      await inTurn(async () => {
        shut = true;
        const record = openRecord();
        if (record) return await end(record, ranOut(record) ? 'expired' : 'logout', by);
        await store.update((data) => {
          data.login_required = true;
        });
      });
    },
    whoami() {
      const { session, record } = current();
      const present = presence.userPresent();
      return {
        agent,
        user: user.name,
        role: user.role,
        session,
        ...(session === 'active' && record
          ? { session_id: record.session_id, how: record.how, opened_at: record.opened_at, expires_at: record.expires_at }
          : {}),
        login_required: shut || store.data.login_required || (config.session.login === 'required' && session !== 'active'),
        ...(present === undefined ? {} : { user_present: present }),
      };
    },
    ...presence,
    close() {
      running?.timer.cancel();
    },
  };
}
