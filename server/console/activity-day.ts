// The last day in numbers: the plot with its table, and the tallies by agent and by tool.
import { type Day, DECISIONS, type Named, total } from '../audit/tally.ts';
import type { Counted } from './activity-counts.ts';
import { type Content, type Html, html, said } from './html.ts';
import { empty, found } from './parts.ts';
import { LEVEL_WORDS, levelsOf, plot } from './plot.ts';

const SHOWN_NAMES = 10;

/** The plot, or what stands in for it while the log is still being counted. */
export function dayPart(counted: Counted | undefined, zone: string): Content {
  if (!counted) return html`<p role="status">The log is being counted. This shows by itself when it is done.</p>`;
  const day = counted.day();
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  if (day.hours.every(({ counts }) => total(counts) === 0))
    return empty(html`<p>No calls in the last 24 hours. As soon as your agent uses a tool, you see here what became of it.</p>`);
  return html`${plot(day, (since) => hour.format(since))}
<details id="day-table"><summary>The same as a table</summary>
${table(day, zone)}
</details>`;
}

function table({ hours }: Day, zone: string): Html {
  const stamp = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const levels = levelsOf(hours);
  const rows = hours.toReversed().map(({ since, counts }) => {
    const [from, to] = [stamp.format(since), stamp.format(since + 3_600_000)];
    return html`<tr><th scope="row"><a href="${found(`since:"${from}" until:"${to}"`)}">${from}</a></th><td>${total(counts)}</td>${levels.map(
      (level) => html`<td>${total(counts, undefined, [level])}</td>`,
    )}${DECISIONS.map((decision) => html`<td>${total(counts, [decision])}</td>`)}</tr>`;
  });
  return html`<div class="wide" role="region" aria-label="Calls by hour" tabindex="0"><table class="numbers"><caption>Calls of the last 24 hours (${zone}); the newest hour is not over</caption>
<thead><tr><th scope="col">Hour from</th><th scope="col">Calls</th>${levels.map((level) => html`<th scope="col">${LEVEL_WORDS[level]}</th>`)}<th scope="col">allowed</th><th scope="col">needed a person</th><th scope="col">denied</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** Who called, and what, the most often first. */
export function talliesPart(counted: Counted | undefined): Content {
  const day = counted?.day();
  if (!day || day.agents.length + day.tools.length === 0) return '';
  const ofTool = (name: string) => {
    const cut = name.indexOf('/');
    return cut < 0 ? asFilter('tool', name) : both(asFilter('server', name.slice(0, cut)), asFilter('tool', name.slice(cut + 1)));
  };
  return html`<h2>Who and what, in the last 24 hours</h2>
<div class="pair">${tally('Calls by agent', 'Agent', day.agents, (name) => asFilter('agent', name))}
${tally('Calls by tool', 'Tool', day.tools, ofTool)}</div>`;
}

function tally(caption: string, what: string, all: readonly Named[], filter: (name: string) => string | undefined): Html {
  const rows = all.slice(0, SHOWN_NAMES).map(({ name, counts }) => {
    const query = filter(name);
    const label = said(name, 80);
    const link = query === undefined ? label : html`<a href="${found(query)}">${label}</a>`;
    const risky = total(counts, undefined, ['high', 'critical']);
    return html`<tr><th scope="row">${link}</th><td>${total(counts)}</td><td>${total(counts, ['ask', 'deny'])}</td><td>${risky}</td></tr>`;
  });
  const rest = all.length - rows.length;
  return html`<div><table class="numbers"><caption>${caption}</caption>
<thead><tr><th scope="col">${what}</th><th scope="col">Calls</th><th scope="col">Refused</th><th scope="col">High or critical risk</th></tr></thead>
<tbody>${rows}</tbody></table>${rest > 0 ? html`<p class="small">and ${rest} more, called less often</p>` : ''}</div>`;
}

/** A filter for exactly this name; undefined where no filter can name it. */
function asFilter(key: string, name: string): string | undefined {
  return /["*\n]|^\(others\)$/.test(name) ? undefined : `${key}:"${name}"`;
}

const both = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || other === undefined ? undefined : `${one} ${other}`;
