// What every page of the console is made from, and what is known of who looks at it. Types only.
import type { Context, Hono } from 'hono';
import type { Perimeter } from '../perimeter.ts';
import type { Clock } from '../ports.ts';
import type { Access, Session } from './access.ts';
import type { Counting } from './activity-counts.ts';
import type { Live } from './live.ts';

/** `command` is what the terminal uses as well, said to come from the page, with the name of the passkey that signed for it; it throws CommandError. */
export type Console = {
  perimeter: Perimeter;
  command: (name: string, params?: Record<string, unknown>, passkey?: string) => Promise<unknown>;
  clock: Clock;
  /** `http://localhost:PORT`: the only address the console answers under. */
  origin: string;
  access: Access;
  live: Live;
  /** How often what happened, for the pages that show numbers of the past. */
  counting: Counting;
};

/** What the gate leaves for those behind it: `session` is undefined on the few pages that need none. */
export type Known = { Variables: { session: Session | undefined; body: Readonly<Record<string, string>> } };
export type App = Hono<Known>;
export type Asked = Context<Known>;

/** The session behind the gate. Throws where the gate lets anybody in: those pages must not ask for it. */
export function sessionOf(asked: Asked): Session {
  const session = asked.get('session');
  if (!session) throw new Error('this page needs somebody who signed in');
  return session;
}
