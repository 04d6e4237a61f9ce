// Signing in and out: a link or the passphrase becomes a cookie, and leaving ends it.
import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { CommandError } from '../owner/protocol.ts';
import { passkeysOf } from '../passkeys.ts';
import { PassphraseError, verifyPassphrase } from '../passphrase.ts';
import type { App, Asked, Console, Known } from './context.ts';
import { cookieName } from './gate.ts';
import { sentence } from './parts.ts';
import { signedBy } from './passkey-proof.ts';
import { enterPage, ownPath, signInPage } from './sign-in-page.ts';

/** Puts the cookie on an answer: only our own pages send it, no script reads it, and the browser forgets it when it closes. */
export function giveCookie(console: Console, asked: Asked, cookie: string): void {
  setCookie(asked, cookieName(console.origin), cookie, { httpOnly: true, sameSite: 'Strict', path: '/' });
}

export function signInRoutes(console: Console): App {
  const { access, perimeter, clock } = console;
  const app = new Hono<Known>();
  app.get('/enter', (asked) => asked.html(String(enterPage())));
  app.post('/enter', async (asked) => {
    const cookie = await access.enter((asked.get('body').link ?? '').trim());
    if (cookie === undefined)
      return asked.html(
        String(
          enterPage({ problem: 'This link was used before, or is older than two minutes. Run `perimeter console` for another.' }),
        ),
        403,
      );
    giveCookie(console, asked, cookie);
    return asked.redirect('/requests', 303);
  });
  app.post('/sign-in', async (asked) => {
    const { passphrase = '', next } = asked.get('body');
    const problem = (await passkeysOf(perimeter)).enrolled ? await unsigned(asked) : await wrong(passphrase);
    if (problem !== undefined) return asked.html(String(await signInPage(console, { next: ownPath(next), problem })), 403);
    giveCookie(console, asked, await access.open((await passkeysOf(perimeter)).enrolled ? 'passkey' : 'passphrase'));
    return asked.redirect(ownPath(next), 303);
  });
  app.post('/sign-out', async (asked) => {
    const cookie = getCookie(asked, cookieName(console.origin));
    if (cookie !== undefined) await access.end(cookie);
    deleteCookie(asked, cookieName(console.origin), { path: '/' });
    return asked.redirect('/requests', 303);
  });
  return app;

  async function unsigned(asked: Asked): Promise<string | undefined> {
    try {
      return (await signedBy(console, asked)) === undefined
        ? 'Sign in with your passkey, or with a link from your terminal.'
        : undefined;
    } catch (error) {
      if (error instanceof CommandError) return sentence(error.message);
      throw error;
    }
  }

  async function wrong(passphrase: string): Promise<string | undefined> {
    try {
      return (await verifyPassphrase(perimeter.config.state, passphrase, clock))
        ? undefined
        : 'That is not the passphrase. Try again.';
    } catch (error) {
      if (error instanceof PassphraseError) return `${error.message}.`;
      throw error;
    }
  }
}
