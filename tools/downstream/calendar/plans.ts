// What a change would do, before it is done: the preview and the real call make the same plan, so they count the same.
import { randomUUID } from 'node:crypto';
import type ICAL from 'ical.js';
import { type Counted, countedOf, markOf } from '../impact.ts';
import { ToolProblem } from '../serve.ts';
import {
  adding,
  addingZones,
  changedEvent,
  changedOccurrence,
  type Fields,
  newEvent,
  removing,
  replacing,
  type Setting,
  withoutOccurrence,
} from './changes.ts';
import { fileZones } from './filezones.ts';
import { type Calendar, changeCalendar, makeCalendar, readFolder } from './folder.ts';
import { componentLines, emptyIcs, parseIcs, type Splice } from './ics.ts';
import type { Occurrence } from './recurrence.ts';
import { calendarNamed, countOccurrences, eventNamed, type Found, occurrenceNamed } from './search.ts';
import { type Item, isRecurring, readItem, type Series } from './series.ts';
import { attachedTo, attendeesOf, nameOf, viewSeries } from './view.ts';
import { readWhen } from './when.ts';
import type { Zone } from './zones.ts';

/** Where the calendars are, the zone of times without an offset, and the clock (milliseconds since the epoch). */
export type CalendarOptions = { dir: string; zone: Zone; now(): number };

/**
 * `counted` is in occurrences, by calendar for a new event and by uid for one there is; `more` when counting stopped at the cap.
 * `marks` has the event with its ETag, which is a digest of its text in the file.
 */
export type Plan = {
  counted: Counted;
  more: boolean;
  notes: string[];
  marks: string[];
  uid: string;
  calendar: string;
  carryOut(): void;
};

type CreateInput = Fields & { title: string; start: string; calendar?: string | undefined };
type Target = { uid: string; calendar?: string | undefined; occurrence?: string | undefined };

/** The counting cap: a series without end has more occurrences than anybody approves one by one. */
const MOST_COUNTED = 1_000;
const MOST_NAMED = 5;
const FIRST_CALENDAR = 'calendar';

export function planCreate(options: CalendarOptions, input: CreateInput): Plan {
  const { calendar, isNew } = calendarFor(options, input.calendar);
  const { uid, component } = newEvent(input, settingOf(options));
  const item = readItem(component, calendar.zones, options.zone);
  const { count, more } = countOccurrences({ uid, master: item, overrides: [] }, calendar, MOST_COUNTED);
  return {
    counted: countedOf([[calendar.name, count]]),
    more,
    notes: [
      ...(isNew ? [`makes the calendar ${calendar.name}`] : []),
      describe(options, calendar, { uid, master: item, overrides: [] }, { count, more }),
      ...companyNotes(undefined, component),
    ],
    marks: [markOf('new', calendar.name, withoutStamp(component))],
    uid,
    calendar: calendar.name,
    carryOut: () => {
      if (isNew) makeCalendar(options.dir, calendar.name);
      const target = isNew ? calendarNamed(readFolder(options.dir, options.zone), calendar.name) : calendar;
      changeCalendar(target, [...addingZones(target, component, options.now()), adding(target, component)]);
    },
  };
}

export function planUpdate(options: CalendarOptions, input: Target & Fields): Plan {
  const found = eventNamed(readFolder(options.dir, options.zone), input.uid, input.calendar);
  const { uid: _uid, calendar: _calendar, occurrence: _occurrence, ...fields } = input;
  if (Object.values(fields).every((field) => field === undefined))
    throw new ToolProblem('there is nothing to change: give `title`, `start` or another field');
  return input.occurrence === undefined ? updateAll(options, found, fields) : updateOne(options, found, fields, input.occurrence);
}

export function planDelete(options: CalendarOptions, input: Target): Plan {
  const found = eventNamed(readFolder(options.dir, options.zone), input.uid, input.calendar);
  if (input.occurrence !== undefined) return deleteOne(options, found, input.occurrence);
  const items = [found.series.master, ...found.series.overrides].filter((item) => item !== undefined);
  const splices = items.map((item) => removing(found.calendar, item.component));
  const before = countOccurrences(found.series, found.calendar, MOST_COUNTED);
  const notes = isRecurring(found.series) ? ['the whole series goes'] : [];
  const counts = { ...before, count: Math.max(1, before.count) };
  return planOf(
    found,
    counts,
    [describe(options, found.calendar, found.series, counts), ...notes, ...companyNotes(items[0]?.component, undefined)],
    splices,
  );
}

function updateAll(options: CalendarOptions, found: Found, fields: Fields): Plan {
  const { series, calendar } = found;
  const item = series.master ?? series.overrides[0]!;
  if (!series.master && series.overrides.length > 1)
    throw new ToolProblem('only single occurrences of this series are here: name one with `occurrence`');
  const component = changedEvent(series, item, fields, settingOf(options));
  const before = countOccurrences(series, calendar, MOST_COUNTED);
  const changed: Series = series.master ? { ...series, master: readItem(component, calendar.zones, options.zone) } : series;
  const after = countOccurrences(changed, calendar, MOST_COUNTED);
  const counts = { count: Math.max(1, before.count, after.count), more: before.more || after.more };
  const notes = isRecurring(series) ? ['the whole series changes'] : [];
  return planOf(
    found,
    counts,
    [describe(options, calendar, series, counts), ...notes, ...companyNotes(item.component, component)],
    [...addingZones(calendar, component, options.now()), replacing(calendar, item.component, component)],
  );
}

function updateOne(options: CalendarOptions, found: Found, fields: Fields, named: string): Plan {
  const { calendar, series } = found;
  const occurrence = occurrenceNamed(found, readWhen('occurrence', named, options.zone));
  const component = changedOccurrence(occurrence, fields, settingOf(options));
  const present = exceptionAt(series, occurrence);
  const splice = present ? replacing(calendar, present.component, component) : addingBeside(found, component);
  return planOf(
    found,
    { count: 1, more: false },
    [
      describe(options, calendar, series, { count: 1, more: false }),
      occurrenceNote(options, occurrence),
      ...companyNotes(occurrence.item.component, component),
    ],
    [...addingZones(calendar, component, options.now()), splice],
  );
}

function deleteOne(options: CalendarOptions, found: Found, named: string): Plan {
  const { calendar, series } = found;
  const occurrence = occurrenceNamed(found, readWhen('occurrence', named, options.zone));
  const present = exceptionAt(series, occurrence);
  const splices: Splice[] = present ? [removing(calendar, present.component)] : [];
  if (series.master && occurrence.original) {
    splices.push(
      replacing(calendar, series.master.component, withoutOccurrence(series.master, occurrence.original, settingOf(options))),
    );
  }
  const one = { count: 1, more: false };
  return planOf(found, one, [describe(options, calendar, series, one), occurrenceNote(options, occurrence)], splices);
}

/** The exception that stands for exactly this occurrence. One that also changes all after it is not taken apart here. */
function exceptionAt(series: Series, occurrence: Occurrence): Item | undefined {
  const exception = series.overrides.find(
    (override) => override === occurrence.item && override.replaces === occurrence.original,
  );
  if (exception?.onwards)
    throw new ToolProblem('this occurrence also carries a change of all after it: change the series in the program that made it');
  return exception;
}

function addingBeside({ calendar, series }: Found, component: ICAL.Component): Splice {
  const beside = series.master?.component ?? series.overrides[0]!.component;
  const { end } = removing(calendar, beside);
  return { ...adding(calendar, component), start: end, end };
}

function planOf(found: Found, counts: { count: number; more: boolean }, notes: string[], splices: Splice[]): Plan {
  return {
    counted: countedOf([[found.series.uid, counts.count]]),
    more: counts.more,
    notes,
    marks: [markOf(found.calendar.name, found.series.uid, textOfEvent(found))],
    uid: found.series.uid,
    calendar: found.calendar.name,
    carryOut: () => changeCalendar(found.calendar, splices),
  };
}

/** Everything the file says of an event, its exceptions too: what its ETag is made of. */
function textOfEvent({ calendar: { ics }, series }: Found): string {
  const components = new Set([series.master, ...series.overrides].map((item) => item?.component));
  return ics.events
    .flatMap(({ component, start, end }) => (components.has(component) ? [ics.text.slice(start, end)] : []))
    .join('\0');
}

/** What a new event says, without the name and the time that each try gives it anew. */
function withoutStamp(component: ICAL.Component): string {
  return componentLines(component)
    .split('\r\n')
    .filter((line) => !/^(?:UID|DTSTAMP)[;:]/.test(line))
    .join('\n');
}

/** `Standup, 2026-11-23T09:00:00+01:00, every occurrence of a series of 52`: a series is told apart from single events. */
function describe(
  options: CalendarOptions,
  calendar: Calendar,
  series: Series,
  { count, more }: { count: number; more: boolean },
): string {
  const { title, start } = viewSeries(calendar, series, options.zone.name);
  const repeats = isRecurring(series) ? `, a series: ${more ? 'more than ' : ''}${count} of its occurrences` : '';
  return `${title}, ${start}${repeats}, in the calendar ${calendar.name}`;
}

/** Without a name, the only calendar there is, or the first one of an empty folder. */
function calendarFor(options: CalendarOptions, name: string | undefined): { calendar: Calendar; isNew: boolean } {
  const folder = readFolder(options.dir, options.zone);
  if (folder.calendars.length === 0 && folder.troubles.length === 0) {
    const ics = parseIcs(emptyIcs());
    return {
      calendar: { name: name ?? FIRST_CALENDAR, path: '', etag: '', ics, zones: fileZones(ics.calendar), series: [] },
      isNew: true,
    };
  }
  if (name !== undefined) return { calendar: calendarNamed(folder, name), isNew: false };
  const [only, second] = folder.calendars;
  if (only && !second && folder.troubles.every((trouble) => trouble.calendar === only.name))
    return { calendar: only, isNew: false };
  throw new ToolProblem(`say which \`calendar\`: ${folder.calendars.map((calendar) => `\`${calendar.name}\``).join(', ')}`);
}

function settingOf(options: CalendarOptions): Setting {
  return { reader: options.zone, now: options.now(), uid: randomUUID };
}

function occurrenceNote(options: CalendarOptions, occurrence: Occurrence): string {
  return `only the occurrence ${occurrence.original ? nameOf(occurrence.original, options.zone.name) : ''}`;
}

/** What is attached goes along; people on an event expect to hear of it, and from this server they won't. */
function companyNotes(before: ICAL.Component | undefined, after: ICAL.Component | undefined): string[] {
  const people = new Set([before, after].flatMap((component) => (component ? attendeesOf(component) : [])));
  const attached = [...new Set([before, after].flatMap((component) => (component ? attachedTo(component) : [])))];
  const more = attached.length - MOST_NAMED;
  const notes = [...attached.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more attached`] : [])];
  return people.size === 0
    ? notes
    : [
        ...notes,
        `${people.size === 1 ? '1 attendee' : `${people.size} attendees`} (${[...people].slice(0, MOST_NAMED).join(', ')}${people.size > MOST_NAMED ? ', …' : ''}): no invitation or cancellation mail is sent by this server`,
      ];
}
