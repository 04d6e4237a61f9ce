// One event with the chain behind it: the story step by step, as `perimeter audit why` tells it, and the records it is told from.
import { type Step, steps } from '../audit/story.ts';
import type { AuditEvent } from '../ports.ts';
import type { Session } from './access.ts';
import { sentence } from './activity-rows.ts';
import type { Console } from './context.ts';
import { type Html, html, said } from './html.ts';
import { page } from './layout.ts';
import { empty, note, ticked } from './parts.ts';
import { recordText } from './record-text.ts';

/** A chain has up to 500 records; so many of them are shown whole. */
const SHOWN_RECORDS = 50;

export function chainPage(console: Console, session: Session, id: string, chain: readonly AuditEvent[]): Html {
  const zone = console.perimeter.config.timezone;
  const asked = chain.find((event) => event.id === id) ?? chain.find((event) => event.call_id === id) ?? chain[0]!;
  // how a call ended says what it was only with its beginning
  const named =
    (asked.type === 'call.outcome' && chain.find((one) => one.type === 'call.intent' && one.call_id === asked.call_id)) || asked;
  const story = steps(chain, zone);
  const broken = chain.filter((event) => typeof event.damaged === 'string');
  const body = html`<p class="small"><a href="/activity">All activity</a></p>
<h1>${sentence(named)}</h1>
${broken.length === 0 ? '' : note('bad', html`<p><strong>${broken.length === 1 ? 'A record' : `${broken.length} records`} of this story ${broken.length === 1 ? 'was' : 'were'} changed after being written.</strong> Don’t believe what they say, and <a href="/activity#record">check every record</a>.</p>`)}
<h2>How it came about</h2>
${story.length === 0 ? empty(html`<p>The records below tell nothing that can be put into words.</p>`) : html`<ol class="steps">${story.map((step) => stepPart(step, asked))}</ol>`}
<h2>The records behind it</h2>
<p class="small">${chain.length === 1 ? 'One record' : `${chain.length} records`}, as they are stored: texts hashed where they were sensitive, secrets left out. <code>perimeter audit why ${said(id, 200)} --json</code> prints the same.</p>
${chain.slice(0, SHOWN_RECORDS).map(recordPart)}
${chain.length > SHOWN_RECORDS ? html`<p class="small">and ${chain.length - SHOWN_RECORDS} more: the command above prints them all</p>` : ''}`;
  return page(console, { title: sentence(named), nav: 'activity', session, body, styles: ['activity.css'] });
}

function stepPart({ event, when, said: words }: Step, asked: AuditEvent): Html {
  const here = event.id === asked.id;
  return html`<li${here ? html` class="here" aria-current="true"` : ''}><time datetime="${said(event.timestamp, 40)}">${when}</time>
<p>${ticked(words)}</p>${here ? '' : html`<p class="small"><a href="/activity/${encodeURIComponent(event.id)}">Record ${event.seq}<span class="unseen">: ${said(event.type, 60)}, seen from there</span></a></p>`}</li>`;
}

const recordPart = (event: AuditEvent): Html =>
  html`<details id="r${event.seq}"><summary>Record ${event.seq}: <code>${said(event.type, 60)}</code></summary>
<pre tabindex="0" role="region" aria-label="Record ${event.seq}">${recordText(event)}</pre></details>`;

export function unknownPage(console: Console, session: Session, id: string): Html {
  const body = html`<h1>Nothing in the log has this id</h1>
<p>There is no event, call, request or permission <code>${said(id, 200)}</code>. It may have been cut off when it was copied, or its time in the log may be over.</p>
<p><a href="/activity">Look through the activity</a></p>`;
  return page(console, { title: 'Unknown event', nav: 'activity', session, body, styles: ['activity.css'] });
}
