// Who may look at the console: one-time links, and the cookies they become. Only hashes are kept, and everything here runs out.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { epoch, iso } from '../clock.ts';
import type { Clock } from '../ports.ts';
import { disk, replaceFile } from '../store/files.ts';
import { CODE_CHARACTERS } from '../terminal.ts';

/** A link is for the person who just asked for it. */
const LINK_MS = 2 * 60_000;
/** A cookie nobody used for this long has ended, and every one ends after a day. */
const IDLE_MS = 8 * 60 * 60_000;
const WHOLE_MS = 24 * 60 * 60_000;
/** That it was used is written down this often at most: after a restart it may look so much older. */
const NOTED_MS = 5 * 60_000;
const MAX_LINKS = 10;
const MAX_SESSIONS = 20;
const CODE_LENGTH = 4;

const HOW = ['link', 'passphrase', 'passkey'] as const;
/** How somebody signed in. */
export type How = (typeof HOW)[number];

const kept = z.strictObject({
  version: z.literal(1),
  port: z.int().min(1).max(65_535).exactOptional(),
  sessions: z
    .array(
      z.strictObject({
        hash: z.string().regex(/^[0-9a-f]{64}$/),
        how: z.enum(HOW),
        opened_at: z.iso.datetime(),
        seen_at: z.iso.datetime(),
      }),
    )
    .max(MAX_SESSIONS),
});
type Kept = z.infer<typeof kept>;

/** Somebody signed in. `csrf` goes into every form and is asked back. */
export type Session = {
  how: How;
  csrf: string;
  /** Characters for a human to type, always the same for the same thing to do, and of no use for another. */
  code(what: string): string;
  /** A mark that says when a page was made; `age` reads it: milliseconds, undefined when it is not ours. */
  mark(): string;
  age(mark: string | undefined): number | undefined;
};

export type Access = {
  /** The port that was used before, so that addresses hold over restarts. */
  readonly port: number | undefined;
  remember(port: number): Promise<void>;
  /** A one-time secret for a link. */
  link(): string;
  /** Uses up a link; the cookie, or undefined when it is not one that is still good. */
  enter(link: string): Promise<string | undefined>;
  /** Makes a cookie for somebody who proved who they are. */
  open(how: How): Promise<string>;
  session(cookie: string | undefined): Session | undefined;
  /** Ends one; without a cookie all of them, and the links that wait. */
  end(cookie?: string): Promise<void>;
  /** Called when any ended. Gives a function that takes the listener away. */
  onEnd(listener: () => void): () => void;
};

/** Reads what was kept in the state. A file that can't be trusted lets nobody in. */
export async function openAccess(state: string, clock: Clock): Promise<Access> {
  const path = join(state, 'console.json');
  let data = read(await disk.read(path).catch(() => undefined));
  const links = new Map<string, number>();
  const listeners = new Set<() => void>();
  let turn: Promise<unknown> = Promise.resolve();
  const save = (): Promise<void> => {
    const mine = turn.then(() => replaceFile(path, JSON.stringify(data)));
    turn = mine.catch(() => undefined);
    return mine;
  };
  const alive = ({ opened_at, seen_at }: Kept['sessions'][number]) => {
    const now = clock.now();
    const [opened, seen] = [now - epoch(opened_at), now - epoch(seen_at)];
    // a time ahead of now is a clock that was set back: what it opened is not young again
    return opened >= 0 && opened < WHOLE_MS && seen >= 0 && seen < IDLE_MS;
  };
  const find = (cookie: string) => {
    const hash = Buffer.from(hashOf(cookie));
    // all are looked at, whichever it is
    return data.sessions.filter((one) => timingSafeEqual(Buffer.from(one.hash), hash)).filter(alive)[0];
  };

  async function open(how: How): Promise<string> {
    const cookie = randomBytes(32).toString('base64url');
    const at = iso(clock.now());
    const sessions = data.sessions.filter(alive).slice(1 - MAX_SESSIONS);
    data = { ...data, sessions: [...sessions, { hash: hashOf(cookie), how, opened_at: at, seen_at: at }] };
    await save();
    return cookie;
  }

  return {
    get port() {
      return data.port;
    },
    async remember(port) {
      if (data.port === port) return;
      data = { ...data, port };
      await save();
    },
    link() {
      const link = randomBytes(32).toString('base64url');
      links.set(hashOf(link), clock.mono() + LINK_MS);
      for (const oldest of links.keys()) if (links.size > MAX_LINKS) links.delete(oldest);
      return link;
    },
    async enter(link) {
      const hash = Buffer.from(hashOf(link));
      const found = [...links].find(([one]) => timingSafeEqual(Buffer.from(one), hash));
      // used up before anything waits: of two at once one comes too late
      if (found) links.delete(found[0]);
      return found && clock.mono() < found[1] ? open('link') : undefined;
    },
    open,
    session(cookie) {
      const found = cookie === undefined || cookie.length > 100 ? undefined : find(cookie);
      if (!found || cookie === undefined) return undefined;
      if (clock.now() - epoch(found.seen_at) > NOTED_MS) {
        data = { ...data, sessions: data.sessions.map((one) => (one === found ? { ...one, seen_at: iso(clock.now()) } : one)) };
        void save().catch(() => undefined);
      }
      return sessionOf(cookie, found.how, clock);
    },
    async end(cookie) {
      const hash = cookie === undefined ? undefined : hashOf(cookie);
      if (hash === undefined) links.clear();
      data = { ...data, sessions: hash === undefined ? [] : data.sessions.filter((one) => one.hash !== hash) };
      for (const listener of listeners) listener();
      await save();
    },
    onEnd(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function sessionOf(cookie: string, how: How, clock: Clock): Session {
  const keyed = (what: string) => createHmac('sha256', cookie).update(what).digest();
  const marked = (at: string) => `${at}.${keyed(`mark ${at}`).toString('base64url')}`;
  return {
    how,
    csrf: keyed('csrf').toString('base64url'),
    code: (what) =>
      [...keyed(`code ${what}`).subarray(0, CODE_LENGTH)].map((byte) => CODE_CHARACTERS[byte % CODE_CHARACTERS.length]).join(''),
    mark: () => marked(String(Math.floor(clock.mono()))),
    age(mark = '') {
      const [at = ''] = mark.split('.');
      const age = clock.mono() - Number(at);
      return same(mark, marked(at)) && age >= 0 ? age : undefined;
    },
  };
}

/** Compares without telling by its time how much of it was right. */
export function same(given: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(given)), Buffer.from(hashOf(right)));
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

function read(text: string | undefined): Kept {
  try {
    return kept.parse(JSON.parse(text ?? ''));
  } catch {
    return { version: 1, sessions: [] };
  }
}
