// The last day as a picture: a bar for every hour, stacked by risk. Drawn on the server; the same numbers stand in a table beside it.
import { type Day, type Hour, LEVELS, type Level, total } from '../audit/tally.ts';
import { type Content, counted, type Html, html } from './html.ts';

/** In the units of the picture, which grows and shrinks with the page. */
const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 44;
/** Half a name of the last hour. */
const RIGHT = 16;
const TOP = 8;
const BOTTOM = 22;
const STEP = (WIDTH - LEFT - RIGHT) / 24;
const BAR = STEP * 0.72;
/** Every third hour has its name: more would run into each other. */
const NAMED_EVERY = 3;

/** What a level is called where its pattern is explained. */
export const LEVEL_WORDS: Record<Level, string> = {
  low: 'low risk',
  medium: 'medium risk',
  high: 'high risk',
  critical: 'critical risk',
  unrated: 'refused before it was rated',
};

/** `nameOf` says an hour as the reader's clock shows it. Levels differ by pattern and place, and by colour only besides. */
export function plot({ hours }: Day, nameOf: (since: number) => string): Html {
  const most = Math.max(1, ...hours.map(({ counts }) => total(counts)));
  const top = roundUp(most);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const lines = [...new Set([top, Math.round(top / 2)])].map(
    (value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(value))}" y2="${round(y(value))}"/>
<text class="scale" x="${LEFT - 6}" y="${round(y(value)) + 4}" text-anchor="end">${short(value)}</text>`,
  );
  const names = hours.map(({ since }, at) =>
    (hours.length - 1 - at) % NAMED_EVERY === 0
      ? html`<text class="scale" x="${round(LEFT + (at + 0.5) * STEP)}" y="${HEIGHT - 6}" text-anchor="middle">${nameOf(since)}</text>`
      : '',
  );
  return html`<svg class="plot" viewBox="0 0 ${WIDTH + RIGHT} ${HEIGHT}" role="img" aria-labelledby="plot-title plot-words">
<title id="plot-title">Calls of the last 24 hours, by hour and risk</title>
<desc id="plot-words">${inWords(hours, nameOf)}</desc>
<defs>${PATTERNS}</defs>
${lines}
<line class="ground" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(0)}" y2="${y(0)}"/>
${hours.map((hour, at) => bar(hour, at, y))}
${names}
</svg>
<ul class="legend">${levelsOf(hours).map((level) => html`<li>${sample(level)} ${LEVEL_WORDS[level]}</li>`)}</ul>`;
}

/** The levels that occur; low always, so that the picture of a quiet day has a legend too. */
export function levelsOf(hours: readonly Hour[]): Level[] {
  return LEVELS.filter((level) => level === 'low' || hours.some(({ counts }) => total(counts, undefined, [level]) > 0));
}

function bar({ counts }: Hour, at: number, y: (value: number) => number): Content {
  let below = 0;
  return LEVELS.map((level) => {
    const count = total(counts, undefined, [level]);
    if (count === 0) return '';
    const [foot, head] = [y(below), y(below + count)];
    below += count;
    // what happened once in an hour of thousands is still seen
    const height = Math.max(2, foot - head);
    return html`<rect class="${level}" x="${round(LEFT + at * STEP + (STEP - BAR) / 2)}" y="${round(foot - height)}" width="${round(BAR)}" height="${round(height)}" fill="url(#plot-${level})"/>`;
  });
}

function inWords(hours: readonly Hour[], nameOf: (since: number) => string): string {
  const all = hours.reduce((sum, { counts }) => sum + total(counts), 0);
  if (all === 0) return 'No calls.';
  const [busiest] = [...hours].sort((a, b) => total(b.counts) - total(a.counts));
  const levels = levelsOf(hours).map((level) => {
    const count = hours.reduce((sum, { counts }) => sum + total(counts, undefined, [level]), 0);
    return `${count} ${LEVEL_WORDS[level]}`;
  });
  return `${counted(all, 'call')}: ${levels.join(', ')}. Most in the hour from ${nameOf(busiest!.since)}, ${total(busiest!.counts)}.`;
}

const MARKS: Record<Level, Html> = {
  low: html``,
  medium: html`<path class="mark" d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2"/>`,
  high: html`<path class="mark" d="M0,3 h6 M3,0 v6"/>`,
  critical: html`<path class="mark" d="M0,3 h6"/>`,
  unrated: html`<path class="mark" d="M3,3 h0.01"/>`,
};

const PATTERNS = LEVELS.map(
  (level) =>
    html`<pattern id="plot-${level}" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="fill ${level}" width="6" height="6"/>${MARKS[level]}</pattern>`,
);

const sample = (level: Level): Html =>
  html`<svg class="sample" viewBox="0 0 18 12" aria-hidden="true" focusable="false"><rect class="${level}" width="18" height="12" fill="url(#plot-${level})"/></svg>`;

/** 1, 2, 5, 10, 20 …: a top that reads well and has a half. */
function roundUp(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 10].map((step) => step * size).find((step) => step >= value) ?? value;
}

function short(value: number): string {
  return value >= 10_000 ? `${Math.round(value / 1000)}k` : String(value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
