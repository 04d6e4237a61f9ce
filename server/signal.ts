// A word from outside that a session is over: a security event as the Shared Signals Framework shapes it (CAEP 1.0, RFC 8417, RFC 9493).
import * as z from 'zod';

const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const MAX_DOCUMENT = 64 * 1024;

const subject = z.looseObject({
  format: z.string().optional(),
  email: z.string().optional(),
  sub: z.string().optional(),
  id: z.string().optional(),
  uri: z.string().optional(),
});
const reason = z.union([z.string(), z.record(z.string(), z.string())]);
const document = z.looseObject({
  iss: z.string().optional(),
  jti: z.string().optional(),
  sub: z.string().optional(),
  sub_id: subject.optional(),
  events: z.record(
    z.string(),
    z.looseObject({
      subject: subject.optional(),
      event_timestamp: z.number().optional(),
      reason_admin: reason.optional(),
      reason_user: reason.optional(),
    }),
  ),
});

/** The signal can't be used; the message says why. */
export class SignalError extends Error {}

/** `about`: every name it gives its subject; none means everybody. */
export type Revoked = { about: string[]; from: string; reason?: string };

/** Reads the claims of a security event token. Narrowing needs no proof, so no signature is asked for; whoever sends it could log out as well. */
export function readSignal(text: string): Revoked {
  if (text.length > MAX_DOCUMENT) throw new SignalError('the document is longer than 64 kB');
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw new SignalError('the document is no JSON; send the claims of the security event, not the signed token');
  }
  const { data, error } = document.safeParse(written);
  if (!data)
    throw new SignalError(
      `the document is no security event: \`${error.issues[0]?.path.join('.') ?? ''}\` ${error.issues[0]?.message ?? ''}`,
    );
  const event = Object.hasOwn(data.events, REVOKED) ? data.events[REVOKED] : undefined;
  if (!event) throw new SignalError(`the document holds no \`${REVOKED}\``);
  const about = [data.sub_id, event.subject].flatMap((one) => [
    one?.email,
    one?.sub,
    one?.id,
    one?.uri?.replace(/^(?:acct|mailto):/, ''),
  ]);
  const named = [...about, data.sub].filter((one) => one !== undefined);
  const why = event.reason_admin ?? event.reason_user;
  const words = typeof why === 'object' ? (why.en ?? Object.values(why)[0]) : why;
  return {
    about: named,
    from: (data.iss ?? 'a signal').slice(0, 200),
    ...(words === undefined ? {} : { reason: words.slice(0, 300) }),
  };
}

/** Whether it is about this user: named as in mcp.json, in any case; or about nobody in particular. */
export function concerns({ about }: Revoked, user: string): boolean {
  return about.length === 0 || about.some((name) => name.toLowerCase() === user.toLowerCase());
}
