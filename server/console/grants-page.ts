// How permissions look: each with what is left of it as a bar and in words, what it was used for, and the button that ends it.
import { formatDuration } from '../../policies/durations.ts';
import { epoch } from '../clock.ts';
import type { AuditEvent, GrantRecord } from '../ports.ts';
import type { Session } from './access.ts';
import type { Console } from './context.ts';
import { type Content, type Html, html, said, time } from './html.ts';
import { csrf, page } from './layout.ts';
import { empty, fact, note, paging, risk, scopeWords, until } from './parts.ts';
import { proving } from './proof.ts';

export type GrantList = { ended: boolean; page: number; problem?: string | undefined };

/** What a code on this page is good for. */
export const UNLOCKING = 'unlock';

const ON_A_PAGE = 50;
const MAX_USES_SHOWN = 100;

export async function grantListPage(
  console: Console,
  session: Session,
  { ended, page: wanted, problem }: GrantList,
): Promise<Html> {
  const { perimeter } = console;
  const all = perimeter.grants.all().filter((one) => (one.state === 'active') !== ended);
  // as ISO times they sort as they are: newest first
  const sorted = all.sort((a, b) => (a.issued_at < b.issued_at ? 1 : -1));
  const pages = Math.max(1, Math.ceil(sorted.length / ON_A_PAGE));
  const number = Math.min(wanted, pages);
  const shown = sorted.slice((number - 1) * ON_A_PAGE, number * ON_A_PAGE);
  const body = html`<h1>Permissions</h1>
${problem === undefined ? '' : note('bad', html`<p>${problem}</p>`)}
<p>${
    ended
      ? html`Those that ended. <a href="/grants">Show the open ones</a>`
      : html`What your agents may do because you said yes. Each ends by itself. <a href="/grants?show=ended">Show those that ended</a>`
  }</p>
<section id="grants" data-live="grants" aria-labelledby="grants-title">
<h2 id="grants-title">${title(ended, sorted.length)}</h2>
${
  shown.length === 0
    ? empty(
        html`<p>${ended ? 'None ended in the last days.' : html`Nothing is open: whatever a rule leaves to you will be asked first. <a href="/requests">See what waits</a>.`}</p>`,
      )
    : html`<ul class="cards">${shown.map((one) => card(console, session, one))}</ul>`
}
${paging(number, pages, (to) => `/grants?${ended ? 'show=ended&' : ''}page=${to}`)}
${
  ended || sorted.length < 2
    ? ''
    : html`<form method="post" action="/revoke-all">${csrf(session)}<button class="deny">Revoke all ${sorted.length}</button></form>`
}
</section>
${await lockPart(console, session)}`;
  return page(console, { title: 'Permissions', nav: 'grants', session, body });
}

const title = (ended: boolean, count: number): string =>
  ended
    ? `Ended: ${count}`
    : count === 0
      ? 'No permission is open'
      : count === 1
        ? 'One permission is open'
        : `${count} permissions are open`;

function card(console: Console, session: Session, grant: GrantRecord): Html {
  const open = grant.state === 'active';
  return html`<li class="card">
<h3><a href="/grants/${grant.grant_id}">${said(grant.agent)} may ${grant.scope.slice(0, 3).map(scopeWords).join(', ')}${grant.scope.length > 3 ? ` and ${grant.scope.length - 3} more` : ''}</a></h3>
<p class="small">${open ? html`Ends in ${until(grant.expires_at, console.clock)}` : html`<span class="state">${ENDS[grant.state]}</span>`} · given ${time(grant.issued_at, console.perimeter.config.timezone, 'day')} by ${said(grant.approver)}</p>
${meters(grant)}
${open ? html`<form method="post" action="/grants/${grant.grant_id}/revoke">${csrf(session)}<button class="deny small-button">Revoke<span class="unseen"> ${grant.scope.slice(0, 3).map(scopeWords).join(', ')}</span></button></form>` : ''}
</li>`;
}

const ENDS: Record<GrantRecord['state'], string> = {
  active: 'open',
  exhausted: 'used up',
  ended: 'ended',
  revoked: 'taken back',
};

/** What is left of each thing that is counted, as a bar and in words. */
function meters({ budget, remaining }: GrantRecord): Html {
  const rows = Object.entries(budget).filter((one): one is [string, number] => typeof one[1] === 'number');
  return html`<ul class="meters">${rows.map(([name, most]) => {
    const left = Math.max(0, Number(remaining[name as keyof typeof remaining] ?? 0));
    const words = `${left} of ${most} ${most === 1 ? name.replace(/s$/, '') : name} left`;
    return html`<li><meter min="0" max="${Math.max(1, most)}" value="${Math.min(left, most)}" aria-label="${words}"></meter> <span>${words}</span></li>`;
  })}</ul>`;
}

export function unknownGrantPage(console: Console, session: Session): Html {
  return page(console, {
    title: 'Unknown permission',
    nav: 'grants',
    session,
    body: html`<h1>This permission is not known</h1>
<p>It ended long ago, or its address was cut off when it was copied. <a href="/grants">See what is open</a>, or <a href="/activity">look for it in the activity</a>.</p>`,
  });
}

export async function grantPage(console: Console, session: Session, grant: GrantRecord): Promise<Html> {
  const { perimeter, clock } = console;
  const zone = perimeter.config.timezone;
  const open = grant.state === 'active';
  const length = epoch(grant.expires_at) - epoch(grant.issued_at);
  const body = html`<article id="grant" data-live="grants">
<p class="small"><a href="/grants">All permissions</a></p>
<h1>${said(grant.agent)} may ${grant.scope.slice(0, 8).map(scopeWords).join(', ')}${grant.scope.length > 8 ? ` and ${grant.scope.length - 8} more` : ''}</h1>
${
  open
    ? html`<p class="lead">Ends in ${until(grant.expires_at, clock)}.</p>`
    : note('plain', html`<p><strong>No longer open: ${ENDS[grant.state]}.</strong> Nothing more goes through with it.</p>`)
}
<h2>${open ? 'What is left' : 'What was left'}</h2>
${meters(grant)}
${open ? html`<form method="post" action="/grants/${grant.grant_id}/revoke">${csrf(session)}<button class="deny">Revoke it now</button></form>` : ''}
<h2>What was given</h2>
<dl class="facts">
${fact('To', html`<strong>${said(grant.agent)}</strong>, for ${said(grant.user)}`)}
${fact('By', html`${said(grant.approver)} (${said(grant.channel, 40)})`)}
${fact('When', time(grant.issued_at, zone, 'day'))}
${fact('For', formatDuration(length))}
${fact('Up to', risk(grant.risk))}
${fact('Rules it answers', grant.rules.map((one) => said(one)).join(', '))}
${fact('Only', grant.exact === undefined ? '' : 'exactly the calls that were shown')}
${fact('Asked as', html`<a href="/requests/${grant.request_id}">the request</a>`)}
</dl>
<section id="uses" data-live="activity"><h2>What it was used for</h2>
${await uses(console, grant)}</section>
<p><a href="/activity/${grant.grant_id}">The whole story of this permission</a></p>
</article>`;
  return page(console, { title: `${said(grant.agent, 40)} may …`, nav: 'grants', session, body });
}

/** The calls that drew on it, newest first: what the tool was, how it ended, what it touched. */
async function uses({ perimeter }: Console, { grant_id }: GrantRecord): Promise<Content> {
  const { events, next_cursor } = await perimeter.audit.query({ grant_id, type: 'call.outcome', limit: MAX_USES_SHOWN });
  if (events.length === 0) return empty(html`<p>Not used yet.</p>`);
  return html`<table class="numbers"><caption>${events.length}${next_cursor === undefined ? '' : ' newest'} ${events.length === 1 ? 'call' : 'calls'}</caption>
<thead><tr><th scope="col">When</th><th scope="col">Tool</th><th scope="col">What came of it</th></tr></thead>
<tbody>${events.map(
    (event) => html`<tr><td><a href="/activity/${event.id}">${time(event.timestamp, perimeter.config.timezone, 'day')}</a></td>
<th scope="row">${said([event.server, event.tool].filter((one) => one !== undefined).join(' '))}</th><td>${outcome(event)}</td></tr>`,
  )}</tbody></table>`;
}

function outcome({ outcome: how = 'unknown', records, why }: AuditEvent): string {
  const count = records?.actual ?? records?.measured;
  return `${said(how, 40)}${count === undefined ? '' : `, ${count} touched`}${why === undefined ? '' : `: ${said(why, 200)}`}`;
}

async function lockPart(console: Console, session: Session): Promise<Content> {
  const { lock } = console.perimeter.store.data;
  const lead = html`<h2 id="lock-title">Lock everything</h2>`;
  if (!lock)
    return html`<section id="lock" data-live="lock" aria-labelledby="lock-title">${lead}
<form method="post" action="/lock" class="card">${csrf(session)}
<p>Stops every call at once, takes back all permissions and withdraws what waits, until you unlock.</p>
<label>Why (may be empty) <input name="reason" maxlength="500" autocomplete="off"></label>
<button class="deny">Lock</button></form></section>`;
  const proof = await proving(console, session, UNLOCKING);
  return html`<section id="lock" data-live="lock" aria-labelledby="lock-title">${lead}
<p>Locked since ${time(lock.set_at, console.perimeter.config.timezone, 'day')} by ${said(lock.by)}${lock.reason === undefined ? '' : html`: ${said(lock.reason, 500)}`}. No call goes through.</p>
${
  'cannot' in proof
    ? proof.cannot
    : html`<form method="post" action="/unlock" class="card">${csrf(session)}
<p>Calls go through again, by the rules. Permissions that were taken back stay so.</p>
${proof.fields}
<button>Unlock</button></form>`
}</section>`;
}
