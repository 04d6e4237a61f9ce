// How the activity looks: the filter, the last day, the stream of events, who and what, and whether the record is intact.
import type { AuditEvent } from '../ports.ts';
import type { Session } from './access.ts';
import type { Counted } from './activity-counts.ts';
import { dayPart, talliesPart } from './activity-day.ts';
import { isRunning, type Record as LogRecord, recordPart } from './activity-record.ts';
import { rows } from './activity-rows.ts';
import type { Console } from './context.ts';
import { type Content, type Html, html } from './html.ts';
import { page } from './layout.ts';
import { empty, found, ticked } from './parts.ts';

export type Shown = {
  session: Session;
  /** Who looks again at a page whose reading is recorded says so with this. */
  view: string;
  /** The filter as it was typed, and where the page begins. */
  query: string;
  cursor: string | undefined;
  /** The page stays as it is, whatever happens meanwhile. */
  held: boolean;
  found: { events: AuditEvent[]; next_cursor?: string } | { problem: string };
  endings: ReadonlyMap<string, AuditEvent>;
  counted: Counted | undefined;
  record: LogRecord;
};

const EXAMPLES: readonly [label: string, query: string][] = [
  ['Denied', 'decision:deny'],
  ['Needed a person', 'decision:ask'],
  ['High risk or more', 'risk:high'],
  ['Requests', 'type:request.*'],
  ['Permissions', 'type:grant.*'],
  ['The past hour', 'when:"past 1 hour"'],
];

export function activityPage(console: Console, shown: Shown): Html {
  const { session, query, cursor, held, counted } = shown;
  const problem = 'problem' in shown.found ? shown.found.problem : undefined;
  const zone = console.perimeter.config.timezone;
  const plain = query === '' && cursor === undefined;
  // a page that is filtered, of earlier events or held still stays as it was asked for
  const live = plain && !held && problem === undefined;
  const part = (id: string, content: Content) =>
    content === '' ? '' : html`<section id="${id}"${live ? html` data-live="activity"` : ''}>${content}</section>`;
  const body = html`<h1>Activity</h1>
<div id="view" data-view="${shown.view}"${live ? html` data-live="activity"` : ''} hidden></div>
${form(query, problem)}
${plain ? part('day', html`<h2>The last 24 hours</h2>${dayPart(counted, zone)}`) : ''}
${part('stream', stream(console, shown))}
${plain ? part('tallies', talliesPart(counted)) : ''}
<section id="record"${live || isRunning(shown.record.check) ? html` data-live="activity"` : ''}>${recordPart(console, session, shown.record)}</section>`;
  return page(console, { title: 'Activity', nav: 'activity', session, body, styles: ['activity.css'] });
}

/** Where nothing can be recorded, nothing is read either. */
export function stoppedPage(console: Console, session: Session, record: LogRecord): Html {
  const body = html`<h1>Activity</h1><p>What happened can’t be shown, since looking at it could not be recorded. It is all still on disk.</p>
${recordPart(console, session, record)}`;
  return page(console, { title: 'Activity', nav: 'activity', session, body, styles: ['activity.css'] });
}

function form(query: string, problem: string | undefined): Html {
  return html`<form method="get" action="/activity" class="filter" role="search">
<label for="q">Find events</label>
<input id="q" name="q" type="search" value="${query}" maxlength="1000" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="${problem === undefined ? '' : 'q-problem '}q-how"${problem === undefined ? '' : html` aria-invalid="true"`}>
<button>Find</button>
${problem === undefined ? '' : html`<p id="q-problem" class="note bad" role="alert">${ticked(problem)}</p>`}
<p id="q-how" class="small">Words, or filters such as <code>who:john</code> <code>verb:write</code> <code>risk:high</code> <code>when:"last Tuesday"</code>, the same as in <code>perimeter audit query</code>.</p>
<ul class="examples" aria-label="Ready-made filters">${EXAMPLES.map(
    ([label, example]) =>
      html`<li><a href="${found(example)}"${example === query ? html` aria-current="true"` : ''}>${label}</a></li>`,
  )}${query === '' ? '' : html`<li><a href="/activity">Everything</a></li>`}</ul>
</form>`;
}

function stream({ perimeter }: Console, { query, cursor, held, found: result, endings }: Shown): Content {
  if ('problem' in result)
    return html`<h2>Nothing was searched</h2><p>Change the filter above, or <a href="/activity">look at everything</a>.</p>`;
  const { events, next_cursor } = result;
  const title = query !== '' ? 'What was found' : cursor === undefined ? 'What happened' : 'What happened earlier';
  const hold =
    query !== '' || cursor !== undefined
      ? ''
      : held
        ? html`<p class="small">This list is held still. <a id="hold" href="/activity">Let it go on by itself</a></p>`
        : html`<p class="small">Newest first; new events show by themselves. <a id="hold" href="/activity?hold=yes">Hold it still</a></p>`;
  const pages = [
    cursor === undefined ? '' : html`<a href="${found(query)}">Newest</a>`,
    next_cursor === undefined ? '' : html`<a rel="next" href="${found(query, { cursor: next_cursor })}">Earlier events</a>`,
  ].filter((link) => link !== '');
  return html`<h2>${title}</h2>
${hold}
${
  events.length === 0
    ? empty(html`<p>No event fits. Leave a filter off, or look at <a href="/activity">everything</a>.</p>`)
    : rows(events, endings, perimeter.config.timezone)
}
${pages.length === 0 ? '' : html`<nav class="pager" aria-label="Pages of events">${pages}</nav>`}`;
}
