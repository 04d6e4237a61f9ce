// How events look in answers: one shape for programs, one line for readers, every time in ISO 8601 in the reader's zone.
import type ICAL from 'ical.js';
import * as z from 'zod';
import { shortened } from '../text.ts';
import { type Calendar, textOf } from './folder.ts';
import type { Occurrence } from './recurrence.ts';
import { type Item, instantOf, isRecurring, type Moment, type Series } from './series.ts';
import { isoDate, isoIn } from './zones.ts';

const MOST_NOTES = 2_000;
const MOST_ATTENDEES = 50;

export const EVENT = z.object({
  uid: z.string(),
  calendar: z.string(),
  title: z.string(),
  start: z.string().describe('ISO 8601 with offset; a date for a whole-day event'),
  end: z.string().describe('Exclusive, so a whole-day event ends on the day after its last'),
  all_day: z.boolean(),
  zone: z.string().describe('The zone the event is kept in'),
  recurring: z.boolean(),
  occurrence: z.string().optional().describe('Names this one of a series: pass it to update or delete'),
  recurrence: z.string().optional(),
  location: z.string().optional(),
  notes: z.string().optional(),
  status: z.string().optional(),
  attendees: z.array(z.string()).optional(),
});
type EventView = z.infer<typeof EVENT>;

export const TROUBLE = z.object({ calendar: z.string(), problem: z.string() });

/** One occurrence of a series, or an event that doesn't repeat. */
export function viewOccurrence(calendar: Calendar, series: Series, occurrence: Occurrence, zone: string): EventView {
  const { item, allDay, original } = occurrence;
  const times = allDay
    ? { start: isoDate(occurrence.startWall), end: isoDate(occurrence.endWall) }
    : { start: isoIn(zone, occurrence.start), end: isoIn(zone, occurrence.end) };
  return {
    ...commonView(calendar, series, item),
    ...times,
    ...(original ? { occurrence: nameOf(original, zone) } : {}),
  };
}

/** A series as a whole, by its first start. */
export function viewSeries(calendar: Calendar, series: Series, zone: string): EventView {
  const item = series.master ?? series.overrides[0]!;
  const rule = item.component.getFirstPropertyValue('rrule');
  return {
    ...viewOccurrence(calendar, series, { ...item.span, item, allDay: item.start.isDate }, zone),
    ...(rule ? { recurrence: String(rule) } : {}),
  };
}

/** What names an occurrence: its start by the rules. */
export function nameOf(original: Moment, zone: string): string {
  return original.isDate ? isoDate(original.wall) : isoIn(zone, instantOf(original));
}

/** `2026-11-24T09:00:00+01:00 to 10:00:00+01:00  Standup (work, uid …)` */
function lineOf(event: EventView): string {
  const extras = [event.status?.toLowerCase() === 'cancelled' ? 'cancelled' : '', event.location ? `at ${event.location}` : ''];
  const details = extras.filter((extra) => extra !== '').map((extra) => `, ${extra}`);
  const repeats = event.occurrence ? `, occurrence ${event.occurrence}` : event.recurrence ? `, ${event.recurrence}` : '';
  return `${event.start} to ${event.end}  ${event.title}${details.join('')} (calendar ${event.calendar}, uid ${event.uid}${repeats})`;
}

export function linesOf(parts: {
  heading: string;
  events: readonly EventView[];
  troubles: readonly { calendar: string; problem: string }[];
}): string {
  const troubles = parts.troubles.map(({ calendar, problem }) => `Problem in ${calendar}: ${problem}`);
  return [parts.heading, ...parts.events.map(lineOf), ...troubles].join('\n');
}

/** The addresses of everybody on the event. */
export function attendeesOf(component: ICAL.Component): string[] {
  return component.getAllProperties('attendee').map((property) => String(property.getFirstValue()).replace(/^mailto:/i, ''));
}

/** What is attached to the event: the address of a link, the size of what stands in the event itself. */
export function attachedTo(component: ICAL.Component): string[] {
  return component.getAllProperties('attach').map((property) => {
    const value = String(property.getFirstValue());
    const inline = property.type === 'binary' || /^base64$/i.test(String(property.getParameter('encoding') ?? ''));
    return inline
      ? `attached in the event: ${Buffer.from(value, 'base64').length} bytes`
      : `attached by its address: ${oneLine(value)}`;
  });
}

function commonView(calendar: Calendar, series: Series, item: Item): Omit<EventView, 'start' | 'end'> {
  const location = textOf(item.component, 'location');
  const notes = textOf(item.component, 'description');
  const status = textOf(item.component, 'status');
  const attendees = attendeesOf(item.component).slice(0, MOST_ATTENDEES);
  return {
    uid: series.uid,
    calendar: calendar.name,
    title: oneLine(textOf(item.component, 'summary') ?? '(no title)'),
    all_day: item.start.isDate,
    zone: item.start.form === 'zoned' ? item.start.zone.name : item.start.form === 'utc' ? 'UTC' : 'floating',
    recurring: isRecurring(series),
    ...(location === undefined ? {} : { location: oneLine(location) }),
    ...(notes === undefined ? {} : { notes: shortened(notes, MOST_NOTES) }),
    ...(status === undefined ? {} : { status: status.toLowerCase() }),
    ...(attendees.length === 0 ? {} : { attendees }),
  };
}

/** Text from a file on one line, so that it can't pass for another line of the answer. */
function oneLine(text: string): string {
  return shortened(text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' '), 500);
}
