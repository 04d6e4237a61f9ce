// The calendar's tools: what each takes, says and answers.
import * as z from 'zod';
import { actualMeta, boundOf, keepInside, PREVIEW_OUTPUT, type Preview } from '../impact.ts';
import { type Annotations, type BundledTool, bundledTool, type ToolAnswer, type ToolContext, ToolProblem } from '../serve.ts';
import { checkLine } from '../text.ts';
import { readFolder } from './folder.ts';
import { type CalendarOptions, type Plan, planCreate, planDelete, planUpdate } from './plans.ts';
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

const READS: Annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const ADDS: Annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const CHANGES: Annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

const calendar = z.string().max(100).optional().describe('A calendar by its name; all of them when left out');
const uid = z.string().min(1).max(1_000).describe('The event, as list or search names it');
const occurrence = z
  .string()
  .max(40)
  .optional()
  .describe('Only this one of a series, as list names it in `occurrence`; the whole series when left out');
const RANGE = {
  from: z.string().max(40).optional().describe('ISO 8601 date or time; now when left out'),
  to: z.string().max(40).optional().describe('ISO 8601 time (exclusive) or date (inclusive); 7 days after `from` when left out'),
  calendar,
};
const FIELDS = {
  end: z.string().max(40).optional().describe('ISO 8601, exclusive; give this or `duration`'),
  duration: z.string().max(40).optional().describe('With units: `30m`, `1h30m`, `2d`'),
  zone: z.string().max(100).optional().describe('IANA zone the event is kept in, and of times without an offset'),
  location: z.string().optional(),
  notes: z.string().optional(),
  attendees: z
    .union([z.string(), z.array(z.string()).max(200)])
    .optional()
    .describe('Addresses, `ann@acme.example` or `Ann <ann@acme.example>`. This server sends them no invitation'),
  recurrence: z.string().max(500).optional().describe('RFC 5545 rule, such as `FREQ=WEEKLY;BYDAY=MO;COUNT=10`'),
};
const CREATE = z.object({
  title: z.string(),
  start: z.string().max(40).describe('ISO 8601: a date for a whole day, or a time'),
  ...FIELDS,
  calendar: z.string().max(100).optional().describe('The calendar to put it in; needed when there are several'),
});
const UPDATE = z.object({
  uid,
  occurrence,
  title: z.string().optional(),
  start: z.string().max(40).optional().describe('ISO 8601'),
  ...FIELDS,
  calendar,
});
const DELETE = z.object({ uid, occurrence, calendar });
const DONE = z.object({
  uid: z.string(),
  calendar: z.string(),
  events: z.int().describe('Occurrences touched'),
  more: z.boolean(),
  notes: z.array(z.string()),
});

/** The calendar server's tools on one folder. */
export function calendarTools(options: CalendarOptions): BundledTool[] {
  return [
    listTool(options),
    searchTool(options),
    freebusyTool(options),
    ...createTools(options),
    ...updateTools(options),
    ...deleteTools(options),
  ];
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

function createTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof CREATE>): Plan => planCreate(options, input);
  return [
    bundledTool({
      name: 'create',
      title: 'Create an event',
      description:
        'Adds an event or a series to a calendar. One hour, or one day, without `end` or `duration`. Sends no invitations.',
      input: CREATE,
      output: DONE,
      annotations: ADDS,
      impact: { preview: 'preview_create', unit: 'events', bound: true },
      run: async (input, context) => carryOut('created', plan(input), context),
    }),
    previewTool('create', CREATE, plan),
  ];
}

function updateTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof UPDATE>): Plan => planUpdate(options, input);
  return [
    bundledTool({
      name: 'update',
      title: 'Change an event',
      description:
        'Changes the given fields of an event, a series, or one occurrence of a series. An empty text takes a field away. Sends no mail.',
      input: UPDATE,
      output: DONE,
      annotations: CHANGES,
      impact: { preview: 'preview_update', unit: 'events', bound: true },
      run: async (input, context) => carryOut('changed', plan(input), context),
    }),
    previewTool('update', UPDATE, plan),
  ];
}

function deleteTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof DELETE>): Plan => planDelete(options, input);
  return [
    bundledTool({
      name: 'delete',
      title: 'Delete an event',
      description: 'Deletes an event, a whole series, or one occurrence of a series. Sends no cancellations.',
      input: DELETE,
      output: DONE,
      annotations: CHANGES,
      impact: { preview: 'preview_delete', unit: 'events', bound: true },
      run: async (input, context) => carryOut('deleted', plan(input), context),
    }),
    previewTool('delete', DELETE, plan),
  ];
}

function previewTool<Input extends z.ZodObject>(of: string, input: Input, plan: (input: z.output<Input>) => Plan): BundledTool {
  return bundledTool({
    name: `preview_${of}`,
    title: `Preview ${of}`,
    description: `Says what \`${of}\` would do with the same arguments, and changes nothing.`,
    input,
    output: PREVIEW_OUTPUT,
    annotations: READS,
    run: async (given) => {
      const { counted, more, notes } = plan(given);
      const structured: Preview = {
        ...counted,
        unit: 'events',
        strength: 'checked',
        ...(more ? { more } : {}),
        ...(notes.length > 0 ? { notes } : {}),
      };
      return { text: [`${of} would touch ${countText(counted.total, more)}`, ...notes].join('\n'), structured };
    },
  });
}

function carryOut(done: string, plan: Plan, context: ToolContext): ToolAnswer {
  const bound = boundOf(context.meta);
  if (bound) keepInside(bound, plan.counted);
  plan.carryOut();
  const { counted, more, notes, uid, calendar } = plan;
  return {
    text: [`${done} ${countText(counted.total, more)} in ${calendar}, uid ${uid}`, ...notes].join('\n'),
    structured: { uid, calendar, events: counted.total, more, notes },
    meta: actualMeta(counted, 'events'),
  };
}

function countText(count: number, more: boolean): string {
  return `${more ? 'more than ' : ''}${count} ${count === 1 ? 'event' : 'events'}`;
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
