// How requests look: the list of what waits, one request with everything a person needs to decide, and what became of it.
import { formatDuration } from '../../policies/durations.ts';
import { questionOf } from '../channels/form.ts';
import { asksNumber } from '../channels/terminal.ts';
import type { RequestRecord } from '../ports.ts';
import type { Session } from './access.ts';
import { approving, QUIET } from './answer.ts';
import type { Console } from './context.ts';
import { type Content, type Html, html, said, time } from './html.ts';
import { csrf, page } from './layout.ts';
import { empty, fact, note, risk, scopeWords, until } from './parts.ts';
import { proving } from './proof.ts';
import { claim, impactLead, impactPart, whatHappens, why } from './request-parts.ts';

type Shown = {
  session: Session;
  request: RequestRecord;
  problem?: string | undefined;
  /** What was filled in before, where an answer could not be taken. */
  given?: Readonly<Record<string, string>>;
};

const MAX_DECIDED = 20;

export function requestListPage(console: Console, session: Session): Html {
  const { perimeter, clock } = console;
  const waiting = perimeter.elevations.pending().sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  const decided = Object.values(perimeter.store.data.requests)
    .filter((one) => one.state !== 'pending')
    .sort((a, b) => ((a.decided_at ?? a.created_at) < (b.decided_at ?? b.created_at) ? 1 : -1))
    .slice(0, MAX_DECIDED);
  const body = html`<h1>Requests</h1>
<section id="waiting" data-live="requests" aria-labelledby="waiting-title" aria-live="polite">
<h2 id="waiting-title">${waiting.length === 0 ? 'Nothing waits for you' : `Waiting for you: ${waiting.length}`}</h2>
${
  waiting.length === 0
    ? empty(
        html`<p>When your agent wants something that a rule leaves to you, it shows up here at once. You can leave this page open.</p>`,
      )
    : html`<ul class="cards">${waiting.map(
        (one) => html`<li class="card request">
  <h3><a href="/requests/${one.request_id}">${said(one.agent)} asks to ${one.scope.slice(0, 3).map(scopeWords).join(', ')}${one.scope.length > 3 ? ` and ${one.scope.length - 3} more` : ''}</a></h3>
  <p>${impactPart(one)}</p>
  <p class="small">${risk(one.risk)} · can be answered for ${until(one.expires_at, clock)}</p>
</li>`,
      )}</ul>`
}
</section>
<section id="decided" data-live="requests" aria-labelledby="decided-title">
<h2 id="decided-title">Lately answered</h2>
${
  decided.length === 0
    ? empty(html`<p>Nothing was asked in the last days.</p>`)
    : html`<ul class="lines">${decided.map(
        (one) => html`<li><span class="state ${one.state}">${STATES[one.state]}</span>
<a href="/requests/${one.request_id}">${said(one.agent)}: ${one.scope.slice(0, 2).map(scopeWords).join(', ')}</a>
<span class="small">${time(one.decided_at ?? one.created_at, perimeter.config.timezone, 'day')}</span></li>`,
      )}</ul>`
}
</section>`;
  return page(console, {
    title: waiting.length === 0 ? 'Requests' : `(${waiting.length}) Requests`,
    nav: 'requests',
    session,
    body,
  });
}

const STATES: Record<RequestRecord['state'], string> = {
  pending: '… waiting',
  approved: '✓ approved',
  denied: '✕ denied',
  expired: '– nobody answered',
  cancelled: '– withdrawn',
};

export function unknownRequestPage(console: Console, session: Session): Html {
  return page(console, {
    title: 'Unknown request',
    nav: 'requests',
    session,
    body: html`<h1>This request is not known</h1>
<p>It may be from long ago, or its address was cut off when it was copied. <a href="/requests">See what waits for you</a>, or <a href="/activity">look for it in the activity</a>.</p>`,
  });
}

export async function requestPage(console: Console, shown: Shown): Promise<Html> {
  const { session, request, problem } = shown;
  const { perimeter, clock } = console;
  const open = request.state === 'pending';
  const body = html`<div class="beside"><article id="request" data-live="requests" data-state="${request.state}">
<p class="small"><a href="/requests">All requests</a></p>
<h1>${said(request.agent)} asks to ${request.scope.slice(0, 8).map(scopeWords).join(', ')}${request.scope.length > 8 ? ` and ${request.scope.length - 8} more` : ''}</h1>
${problem === undefined ? '' : note('bad', html`<p>${problem}</p>`)}
${open ? impactLead(request) : ending(console, request)}
${open ? html`<p class="jump"><a href="#answer">Go to your answer</a></p>` : ''}
<dl class="facts">
${fact('Who asks', html`<strong>${said(request.agent)}</strong>, for ${said(request.user)}`)}
${fact('Asked', time(request.created_at, perimeter.config.timezone, 'day'))}
${open ? fact('Can be answered for', until(request.expires_at, clock)) : ''}
${fact(open ? 'What you would give' : 'What was asked for', terms(request))}
${fact('Risk', risk(request.risk))}
</dl>
${open ? claim(console, request) : ''}
${open ? whatHappens(console, request) : html`<h2>What was asked</h2><pre class="wrap">${request.message.split('\n').map((line) => `${said(line, 2_000)}\n`)}</pre>`}
${why(console, request)}
</article>
${open ? await answers(console, shown) : ''}</div>`;
  return page(console, { title: `${said(request.agent, 40)} asks`, nav: 'requests', session, body });
}

function terms({ minutes, budget, exact_only }: RequestRecord): string {
  const uses = budget.uses === 1 ? 'one use' : `${budget.uses} uses`;
  const records = budget.records === undefined ? '' : `, ${budget.records} records at most`;
  return `${formatDuration(minutes * 60_000)}, ${uses}${records}${exact_only ? ', only exactly the calls shown' : ''}`;
}

/** What became of it, and what to do now. */
function ending({ perimeter }: Console, request: RequestRecord): Html {
  const when = request.decided_at === undefined ? '' : html` at ${time(request.decided_at, perimeter.config.timezone, 'day')}`;
  const by = request.approver === undefined ? '' : ` by ${said(request.approver)} (${said(request.channel ?? 'unknown', 40)})`;
  const reason = request.reason === undefined ? '' : html`<p>${said(request.reason, 500)}</p>`;
  switch (request.state) {
    case 'approved': {
      const grant = request.grant_id;
      return note(
        'good',
        html`<p><strong>Approved</strong>${by}${when}.</p>${grant === undefined ? '' : html`<p><a href="/grants/${grant}">See the permission: what is left of it, and how to take it back</a></p>`}`,
      );
    }
    case 'denied':
      return note('plain', html`<p><strong>Denied</strong>${by}${when}. Nothing was allowed.</p>${reason}`);
    case 'expired':
      return note(
        'plain',
        html`<p><strong>Nobody answered in time</strong>${when}. Nothing was allowed. If you want it, tell the agent to ask again.</p>`,
      );
    default:
      return note(
        'plain',
        html`<p><strong>Withdrawn</strong>${when}. Nothing was allowed. If you still want it, tell the agent to ask again.</p>${reason}`,
      );
  }
}

async function answers(console: Console, shown: Shown): Promise<Content> {
  const { request, session, problem, given = {} } = shown;
  const said_yes = (request.given ?? []).some(({ person }) => person === console.perimeter.config.user.name);
  return html`<section id="answer" aria-labelledby="answer-title" class="answer">
<h2 id="answer-title">Your answer</h2>
${people(request)}
${said_yes ? note('good', html`<p>You said yes already. Nothing is allowed until the others say yes too.</p>`) : await yes(console, shown)}
<form method="post" action="/requests/${request.request_id}/deny" class="card">
  ${csrf(session)}
  <h3>No</h3>
  <label>What the agent is told (may be empty) <input name="reason" maxlength="500" value="${problem === undefined ? '' : (given.reason ?? '')}" autocomplete="off"></label>
  <label>Don't ask me the same for <select name="for">${QUIET.map(([value, label]) => html`<option value="${value}">${label}</option>`)}</select></label>
  <button class="deny">Deny</button>
</form>
</section>`;
}

function people({ approvals = 1, given = [] }: RequestRecord): Content {
  if (approvals === 1) return '';
  return html`<p>${approvals} different people must say yes; one no ends it. So far: ${given.length === 0 ? 'nobody' : given.map(({ approver }) => said(approver)).join(', ')}.</p>`;
}

async function yes(console: Console, { request, session, problem, given = {} }: Shown): Promise<Content> {
  const proof = await proving(console, session, approving(request), request);
  if ('cannot' in proof) return html`<div class="card"><h3>Yes</h3>${proof.cannot}</div>`;
  const { yes } = questionOf(request);
  const kept = (name: string) => (problem === undefined ? '' : (given[name] ?? ''));
  const { budget, minutes, exact_only, scope } = request;
  return html`<form method="post" action="/requests/${request.request_id}/approve" class="card" data-answer>
  ${csrf(session)}
  <input type="hidden" name="shown" value="${request.shown ?? ''}">
  <input type="hidden" name="mark" value="${session.mark()}">
  <h3>Yes</h3>
  ${proof.fields}
  <details${['minutes', 'uses', 'records', 'scope'].some((name) => kept(name) !== '') ? ' open' : ''}>
    <summary>Give less than that</summary>
    <p class="small">What you leave empty stays as asked. You can never give more.</p>
    <label>For how many minutes (at most ${minutes}) <input name="minutes" inputmode="numeric" maxlength="6" size="6" value="${kept('minutes')}" autocomplete="off"></label>
    ${budget.uses > 1 ? html`<label>How often (at most ${budget.uses}) <input name="uses" inputmode="numeric" maxlength="6" size="6" value="${kept('uses')}" autocomplete="off"></label>` : ''}
    ${budget.records === undefined ? '' : html`<label>How many records in all (at most ${budget.records}) <input name="records" inputmode="numeric" maxlength="9" size="9" value="${kept('records')}" autocomplete="off"></label>`}
    ${exact_only ? '' : html`<label>For which part, one a line (within ${scope.map((one) => said(one)).join(', ')}) <textarea name="scope" rows="2" maxlength="4000" spellcheck="false">${kept('scope')}</textarea></label>`}
  </details>
  <div class="buttons">
    <button name="decision" value="approve_once">${yes?.once ?? 'Approve once'}</button>
    <button name="decision" value="approve">${yes?.approve ?? 'Approve'}</button>
  </div>
  ${asksNumber(request) ? html`<p class="small">The number is in the first lines of this page.</p>` : ''}
</form>`;
}
