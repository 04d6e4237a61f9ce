// The calendar tools that only read: list, search, freebusy.
import * as z from 'zod';
import { type Annotations, type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { checkLine } from '../text.ts';
import { readFolder } from './folder.ts';
import type { CalendarOptions } from './plans.ts';
import type { Range } from './recurrence.ts';
import { busyIn, calendarsOf, occurrencesIn, seriesWith } from './search.ts';
import { EVENT, linesOf, TROUBLE, viewOccurrence, viewSeries } from './view.ts';
import { readWhen } from './when.ts';
import { isoIn } from './zones.ts';

const DAY = 86_400_000;
const DEFAULT_DAYS = 7;
const MOST_DAYS = 1_830;
/** Occurrences in one answer; the rest is `more`. */
const MOST_OCCURRENCES = 1_000;
const MOST_BUSY_OCCURRENCES = 20_000;
const MOST_FOUND = 100;

export const READS: Annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const calendar = z.string().max(100).optional().describe('A calendar by its name; all of them when left out');
const RANGE = {
  from: z.string().max(40).optional().describe('ISO 8601 date or time; now when left out'),
  to: z.string().max(40).optional().describe('ISO 8601 time (exclusive) or date (inclusive); 7 days after `from` when left out'),
  calendar,
};

/** The tools that read the calendars in one folder. */
export function readingTools(options: CalendarOptions): BundledTool[] {
  return [listTool(options), searchTool(options), freebusyTool(options)];
}

function listTool(options: CalendarOptions): BundledTool {
  return bundledTool({
    name: 'list',
    title: 'List events',
    description: 'Lists what is in the calendars in a range of time, every occurrence of a series by itself.',
    input: z.object({ ...RANGE, limit: z.int().min(1).max(MOST_OCCURRENCES).optional().describe('200 when left out') }),
    output: z.object({
      zone: z.string(),
      from: z.string(),
      to: z.string(),
      events: z.array(EVENT),
      more: z.boolean(),
      problems: z.array(TROUBLE),
    }),
    annotations: READS,
    run: async (input) => {
      const folder = readFolder(options.dir, options.zone);
      const range = rangeOf(options, input);
      const { found, more, troubles } = occurrencesIn(calendarsOf(folder, input.calendar), range, input.limit ?? 200);
      const zone = options.zone.name;
      const events = found.map(({ calendar, series, occurrence }) => viewOccurrence(calendar, series, occurrence, zone));
      const problems = [...folder.troubles, ...troubles];
      const span = { from: isoIn(zone, range.from), to: isoIn(zone, range.to) };
      const heading = `${events.length} events from ${span.from} to ${span.to} (${zone})${more ? ', and more' : ''}`;
      return { text: linesOf({ heading, events, troubles: problems }), structured: { zone, ...span, events, more, problems } };
    },
  });
}

function searchTool(options: CalendarOptions): BundledTool {
  return bundledTool({
    name: 'search',
    title: 'Search events',
    description: 'Finds events by a text in title, location, notes or attendees. A series is one result.',
    input: z.object({ text: z.string().min(1), calendar }),
    output: z.object({ zone: z.string(), events: z.array(EVENT), more: z.boolean(), problems: z.array(TROUBLE) }),
    annotations: READS,
    run: async (input) => {
      const folder = readFolder(options.dir, options.zone);
      const found = seriesWith(calendarsOf(folder, input.calendar), checkLine('text', input.text, 200));
      const zone = options.zone.name;
      const events = found.slice(0, MOST_FOUND).map(({ calendar, series }) => viewSeries(calendar, series, zone));
      const more = found.length > MOST_FOUND;
      const problems = folder.troubles;
      const heading = `${events.length} events found (${zone})${more ? ', and more' : ''}`;
      return { text: linesOf({ heading, events, troubles: problems }), structured: { zone, events, more, problems } };
    },
  });
}

function freebusyTool(options: CalendarOptions): BundledTool {
  return bundledTool({
    name: 'freebusy',
    title: 'Free and busy times',
    description: 'Says when the calendars are busy in a range of time, without saying with what.',
    input: z.object(RANGE),
    output: z.object({
      zone: z.string(),
      from: z.string(),
      to: z.string(),
      busy: z.array(z.object({ start: z.string(), end: z.string() })),
      complete: z.boolean().describe('False when something could not be read: then free times may not be free'),
    }),
    annotations: READS,
    run: async (input) => {
      const folder = readFolder(options.dir, options.zone);
      const range = rangeOf(options, input);
      const { found, more, troubles } = occurrencesIn(calendarsOf(folder, input.calendar), range, MOST_BUSY_OCCURRENCES);
      const zone = options.zone.name;
      const busy = busyIn(found, range).map(({ start, end }) => ({ start: isoIn(zone, start), end: isoIn(zone, end) }));
      const complete = !more && troubles.length + folder.troubles.length === 0;
      const span = { from: isoIn(zone, range.from), to: isoIn(zone, range.to) };
      const lines = busy.map(({ start, end }) => `busy ${start} to ${end}`);
      const warning = complete ? [] : ['not complete: some events could not be read, see `list`'];
      const text = [`${busy.length} busy times from ${span.from} to ${span.to} (${zone})`, ...lines, ...warning].join('\n');
      return { text, structured: { zone, ...span, busy, complete } };
    },
  });
}

/** The range asked for. A date as `to` takes in its whole day. */
function rangeOf(options: CalendarOptions, input: { from?: string | undefined; to?: string | undefined }): Range {
  const { zone } = options;
  const from = input.from === undefined ? options.now() : startOf('from', input.from, options);
  const to = input.to === undefined ? from + DEFAULT_DAYS * DAY : startOf('to', input.to, options, DAY);
  if (to <= from) throw new ToolProblem(`\`to\` is not after \`from\`, which is ${isoIn(zone.name, from)}`);
  if (to - from > MOST_DAYS * DAY) throw new ToolProblem(`the range is longer than ${MOST_DAYS} days: ask for less at a time`);
  return { from, to };
}

function startOf(name: string, text: string, { zone }: CalendarOptions, dayLater = 0): number {
  const when = readWhen(name, text, zone);
  return when.isDate ? zone.instant(when.wall + dayLater) : when.instant;
}
