// The gate before every page: only our own address, only our own forms, only somebody signed in; and what each answer forbids the browser.
import { bodyLimit } from 'hono/body-limit';
import { getCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { same } from './access.ts';
import type { Asked, Console, Known } from './context.ts';
import { html } from './html.ts';
import { bare } from './layout.ts';
import { signInPage } from './sign-in-page.ts';

const MAX_BODY_BYTES = 32 * 1024;

/** `Referrer-Policy: no-referrer` would make browsers send `Origin: null` with our own forms (Fetch, "serializing a request origin"). */
const HEADERS: Record<string, string> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'camera=(), publickey-credentials-get=(self), publickey-credentials-create=(self), microphone=(), geolocation=(), payment=(), usb=()',
  'Cache-Control': 'no-store',
};

/** What answers without a session: these change nothing but who is signed in, or are the same for everybody. */
const OPEN = /^\/(?:enter|sign-in(?:\/[\w-]+)?|public\/[\w.-]+)$/;

export const cookieName = (origin: string): string => `perimeter-${new URL(origin).port}`;

/** What every answer tells the browser, refusals and errors too. */
export const forbidding = createMiddleware<Known>(async (asked, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS))
    if (name !== 'Cache-Control' || !asked.res.headers.has(name)) asked.res.headers.set(name, value);
});

/** Answers before any page does. */
export const gate = (console: Console) =>
  createMiddleware<Known>(async (asked, next) => stranger(console, asked) ?? (await admit(console, asked)) ?? (await next()));

/** Bodies are small forms. */
export const smallBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (asked) => asked.text('This is too long. Go back and shorten what you wrote.', 413),
});

/** Refuses what does not come from our own pages or somebody's own hand. */
function stranger({ origin }: Console, asked: Asked): Response | undefined {
  const { method, url } = asked.req;
  const host = asked.req.header('host');
  const { host: ours, port } = new URL(origin);
  if (host !== ours) {
    // a number in place of the name is the same machine; any other name is somebody else's, made to lead here
    if ((host === `127.0.0.1:${port}` || host === `[::1]:${port}`) && method === 'GET')
      return asked.redirect(`${origin}${new URL(url).pathname}`, 302);
    return asked.text(`This is not the address of the console. Open ${origin} instead.`, 421);
  }
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return asked.text('Only GET and POST are answered.', 405);
  const site = asked.req.header('sec-fetch-site');
  const near = site === undefined || site === 'same-origin' || site === 'none';
  if (method !== 'POST')
    return near || asked.req.header('sec-fetch-mode') === 'navigate'
      ? undefined
      : asked.text('Another page asked for this; only a person may.', 403);
  if (asked.req.header('origin') !== origin || !near)
    return asked.text(
      'This answer did not come from a page of the console, so it does not count. Open the console and answer there.',
      403,
    );
  return undefined;
}

/** Refuses who is not signed in, and forms that are not of their session. */
async function admit(console: Console, asked: Asked): Promise<Response | undefined> {
  const { method, path } = asked.req;
  const session = console.access.session(getCookie(asked, cookieName(console.origin)));
  asked.set('session', session);
  asked.set('body', method === 'POST' ? await formOf(asked) : {});
  if (OPEN.test(path)) return undefined;
  if (!session)
    return method === 'POST' || path === '/live'
      ? asked.text('You are signed out. Open the console again.', 401)
      : signIn(console, asked);
  if (method === 'POST' && !same(asked.req.header('x-perimeter-csrf') ?? asked.get('body').csrf ?? '', session.csrf))
    return asked.text('This form is older than your sign-in. Go back, reload the page, and answer again.', 403);
  return undefined;
}

async function signIn(console: Console, asked: Asked): Promise<Response> {
  const { path } = asked.req;
  // a strict cookie is not sent when another site leads here: the page asks for itself once more, now from our own site
  const site = asked.req.header('sec-fetch-site');
  if (site === 'cross-site' || site === 'same-site')
    return asked.html(
      String(bare({ title: 'One moment', refresh: path, body: html`<p><a href="${path}">Go on to the console</a></p>` })),
      401,
    );
  return asked.html(String(await signInPage(console, { next: path })), 401);
}

/** The fields of a form, or of a flat JSON object sent by our script; anything else is no form. */
async function formOf(asked: Asked): Promise<Record<string, string>> {
  const type = asked.req.header('content-type')?.split(';')[0]?.trim();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(await asked.req.text()));
  return {};
}
