// A passkey's signature in a form: asked for with the form as it is filled in, counted only when exactly that form comes back.
import { CommandError } from '../owner/protocol.ts';
import { PasskeyError, passkeysOf } from '../passkeys.ts';
import type { Asked, Console } from './context.ts';

/** What shows who signs is no part of what is signed; everything else in the form is. */
const NOT_SIGNED: ReadonlySet<string> = new Set(['csrf', 'passkey', 'passphrase', 'username']);

/** The act of a form: where it goes, and all that was filled in and shown with it. */
export const actOf = (path: string, body: Readonly<Record<string, string>>): unknown => ({
  path,
  fields: Object.fromEntries(Object.entries(body).filter(([name]) => !NOT_SIGNED.has(name))),
});

/** For whom a challenge is: this sign-in, or nobody yet. */
export const placeOf = ({ origin }: Console, asked: Asked): { origin: string; sign_in: string } => ({
  origin,
  sign_in: asked.get('session')?.csrf ?? '',
});

/** The name of the passkey that signed this form; undefined where none did. Throws CommandError when what is there does not count. */
export async function signedBy(console: Console, asked: Asked): Promise<string | undefined> {
  const body = asked.get('body');
  if ((body.passkey ?? '') === '') return undefined;
  try {
    const answer: unknown = JSON.parse(body.passkey!);
    const passkeys = await passkeysOf(console.perimeter);
    return (await passkeys.prove({ ...placeOf(console, asked), act: actOf(asked.req.path, body) }, answer)).name;
  } catch (error) {
    if (error instanceof PasskeyError) throw new CommandError('passkey', error.message);
    if (error instanceof SyntaxError) throw new CommandError('passkey', 'the passkey does not count: it cannot be read');
    throw error;
  }
}
