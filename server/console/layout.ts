// What all pages share: head, skip link, navigation, what is locked, and the footer. One look, one place.
import type { Session } from './access.ts';
import type { Console } from './context.ts';
import { type Content, type Html, html, said, time } from './html.ts';
import { asset } from './public-files.ts';

const PAGES = [
  ['requests', '/requests', 'Requests'],
  ['grants', '/grants', 'Permissions'],
  ['activity', '/activity', 'Activity'],
  ['policies', '/policies', 'Rules'],
] as const;
/** The entry of the navigation that a page belongs to. */
export type Nav = (typeof PAGES)[number][0];

/** A whole page for somebody signed in. `styles` are files in public/ that only this page needs. */
export function page(
  console: Console,
  {
    title,
    nav,
    session,
    body,
    styles = [],
  }: { title: string; nav?: Nav; session: Session; body: Content; styles?: readonly string[] },
): Html {
  const { perimeter } = console;
  const waiting = perimeter.elevations.pending().length;
  const links = PAGES.map(
    ([name, address, label]) =>
      html`<li><a href="${address}"${name === nav ? current : ''}>${label}${
        name === 'requests' && waiting > 0 ? html` <span class="count">${waiting}<span class="unseen"> waiting</span></span>` : ''
      }</a></li>`,
  );
  return frame({
    title,
    styles,
    live: true,
    body: html`<header class="top">
  <a class="brand" href="/requests"><img src="${asset('icon.svg')}" alt="" width="24" height="24"> Perimeter</a>
  <nav aria-label="Pages" id="nav" data-live="requests"><ul>${links}</ul></nav>
  <a href="/passkeys"${nav === undefined && title === 'Passkeys' ? current : ''}>Passkeys</a>
  <form method="post" action="/sign-out">${csrf(session)}<button class="quiet">Sign out</button></form>
</header>
<div id="lock-note" data-live="lock" role="status">${lockNote(console)}</div>
<p id="live-note" class="note bad" role="status" hidden><strong>Not connected.</strong> What you see may be old. The guard may have stopped; start your agent again, or run <code>perimeter console</code>.</p>
<main id="main" tabindex="-1">${body}</main>
<footer>
  <p>Guards the agents of ${said(perimeter.config.user.name)}. Settings: <code>${said(perimeter.config.file, 300)}</code></p>
</footer>`,
  });
}

const current = html` aria-current="page"`;

function lockNote({ perimeter }: Console): Content {
  const { lock } = perimeter.store.data;
  if (!lock) return '';
  return html`<p class="note bad"><strong>Locked.</strong> No call goes through since ${time(lock.set_at, perimeter.config.timezone)}${
    lock.reason === undefined ? '' : html`: ${said(lock.reason, 500)}`
  }. <a href="/grants#lock">Unlock</a></p>`;
}

/** The hidden field that shows a form is of this session. */
export const csrf = (session: Session): Html => html`<input type="hidden" name="csrf" value="${session.csrf}">`;

/** A page for somebody who is not signed in: no navigation, nothing of the guard. `refresh` is a path to go on to at once. */
export function bare({ title, body, refresh }: { title: string; body: Content; refresh?: string }): Html {
  return frame({ title, refresh, body: html`<main id="main" class="bare" tabindex="-1"><h1>${title}</h1>${body}</main>` });
}

function frame(parts: {
  title: string;
  body: Html;
  styles?: readonly string[];
  live?: boolean;
  refresh?: string | undefined;
}): Html {
  const { title, body, styles = [], live = false, refresh } = parts;
  return html`<!doctype html>
<html lang="en"${live ? html` data-live-stream="/live"` : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh === undefined ? '' : html`<meta http-equiv="refresh" content="0;url=${refresh}">`}
<title>${title} · Perimeter</title>
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
${['console.css', ...styles].map((name) => html`<link rel="stylesheet" href="${asset(name)}">`)}
<script src="${asset('console.js')}" defer></script>
<script src="${asset('passkey.js')}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>`;
}
