// The small pieces that several pages show alike: risk, who, countdowns, scopes, fields, and what to do when nothing is there.
import { formatDuration } from '../../policies/durations.ts';
import type { RiskLevel } from '../../policies/types.ts';
import { epoch } from '../clock.ts';
import type { Clock } from '../ports.ts';
import { type Content, type Html, html, said } from './html.ts';

/** Told by word and by shape, so that colour only repeats it. */
const SHAPES: Record<RiskLevel, string> = { low: '○', medium: '◐', high: '▲', critical: '◆' };
export const risk = (level: RiskLevel): Html =>
  html`<span class="risk ${level}"><span aria-hidden="true">${SHAPES[level]}</span> ${level} risk</span>`;

/** `write:database:customers` as people say it. */
export function scopeWords(scope: string): string {
  const cut = scope.indexOf(':');
  return said(cut < 0 ? scope : `${scope.slice(0, cut)} ${scope.slice(cut + 1)}`, 300);
}

/** The activity with this filter in its field. */
export const found = (query: string, more: Record<string, string> = {}): string =>
  `/activity?${new URLSearchParams({ ...(query === '' ? {} : { q: query }), ...more })}`;

/** What stands between backticks is a name. */
export const ticked = (words: string): Content =>
  words
    .split('`')
    .map((piece, at, all) => (at % 2 === 0 ? piece : at < all.length - 1 ? html`<code>${piece}</code>` : `\`${piece}`));

/** How long until an ISO time; the script keeps it right while somebody looks. */
export function until(iso: string, clock: Clock): Html {
  const left = epoch(iso) - clock.now();
  return html`<span data-until="${iso}">${left > 0 ? formatDuration(Math.max(1_000, left)) : 'no time'}</span>`;
}

/** What went wrong, or what to know, right under the heading. */
export const note = (kind: 'bad' | 'good' | 'plain', content: Content): Html =>
  html`<div class="note ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${content}</div>`;

/** An empty list says what it would hold, and what to do. */
export const empty = (content: Content): Html => html`<div class="empty">${content}</div>`;

/** A term and what it is, in a list of both. */
export const fact = (term: string, content: Content): Content =>
  content === '' || content === undefined ? '' : html`<div><dt>${term}</dt><dd>${content}</dd></div>`;

/** Links to the pages before and after; nothing where there is one page. */
export const paging = (page: number, pages: number, address: (page: number) => string): Content =>
  pages < 2
    ? ''
    : html`<nav class="paging" aria-label="More pages">
${page > 1 ? html`<a href="${address(page - 1)}" rel="prev">Newer</a>` : ''}
<span>Page ${page} of ${pages}</span>
${page < pages ? html`<a href="${address(page + 1)}" rel="next">Older</a>` : ''}
</nav>`;

/** An error's words as a sentence of its own. It may quote what somebody sent. */
export function sentence(text: string): string {
  const shown = said(text, 600);
  return `${shown.charAt(0).toUpperCase()}${shown.slice(1)}${/[.!?]$/.test(shown) ? '' : '.'}`;
}
