// What create, update and delete do to a calendar's events: new components, never text, so that nothing a caller writes becomes a property.
import ICAL from 'ical.js';
import { type Mailbox, mailboxKey, readMailboxes } from '../address.ts';
import { ToolProblem } from '../serve.ts';
import { checkLine, checkText } from '../text.ts';
import type { Calendar } from './folder.ts';
import { componentLines, type Splice } from './ics.ts';
import type { Occurrence } from './recurrence.ts';
import type { Item, Moment, Series } from './series.ts';
import { vtimezone } from './vtimezone.ts';
import { endAfter, momentAt, readLength, readRule, readWhen } from './when.ts';
import { type Instant, ianaZone, isZoneName, libraryTime, type Zone } from './zones.ts';

/** What a caller may set. Absent means as it is; an empty text or list takes the property away. */
export type Fields = {
  title?: string | undefined;
  start?: string | undefined;
  end?: string | undefined;
  duration?: string | undefined;
  zone?: string | undefined;
  location?: string | undefined;
  notes?: string | undefined;
  attendees?: string | string[] | undefined;
  recurrence?: string | undefined;
};

/** `reader` is the zone of times without an offset; `now` stamps the change. */
export type Setting = { reader: Zone; now: Instant; uid(): string };

const MOST_TITLE = 500;
const MOST_NOTES = 20_000;
const MOST_ATTENDEES = 200;
const MOST_DAYS = 366;
const DAY = 86_400_000;

/** A new VEVENT from the fields. Throws ToolProblem on what can't be read. */
export function newEvent(
  fields: Fields & { title: string; start: string },
  setting: Setting,
): { uid: string; component: ICAL.Component } {
  const component = new ICAL.Component('vevent');
  const uid = setting.uid();
  component.addPropertyWithValue('uid', uid);
  setMoment(component, 'dtstamp', { wall: setting.now, isDate: false, zone: setting.reader, form: 'utc' });
  const zone = fields.zone === undefined ? setting.reader : ianaZone(fields.zone);
  const start = momentAt(readWhen('start', fields.start, zone), zone, 'zoned');
  const end =
    endFor(fields, start, zone) ?? endAfter(start, start.isDate ? { days: 1, exact: 0 } : { days: 0, exact: 3_600_000 });
  setSpan(component, start, end);
  setTexts(component, fields);
  setRule(component, fields, start);
  if (!component.hasProperty('summary')) throw new ToolProblem('`title` is empty: say what the event is');
  return { uid, component };
}

/** The event with the fields changed, as a copy. A series with changed or removed occurrences keeps its times: they hang on them. */
export function changedEvent(series: Series, item: Item, fields: Fields, setting: Setting): ICAL.Component {
  const component = copyOf(item.component);
  const moves = fields.start !== undefined || fields.recurrence !== undefined;
  if (moves && (series.overrides.length > 0 || component.hasProperty('exdate'))) {
    throw new ToolProblem(
      'this series has changed or removed occurrences that hang on its present times: update one `occurrence` at a time, or make a new series',
    );
  }
  const start = changeTimes(component, item, item.start, fields, setting);
  setTexts(component, fields);
  if (fields.recurrence !== undefined) component.removeAllProperties('rrule');
  setRule(component, fields, start);
  touch(component, setting);
  return component;
}

/** An exception in place of one occurrence, with the fields changed. */
export function changedOccurrence(occurrence: Occurrence, fields: Fields, setting: Setting): ICAL.Component {
  if (fields.recurrence !== undefined)
    throw new ToolProblem('`recurrence` belongs to the whole series: leave out `occurrence` to change it');
  const { item, original } = occurrence;
  if (!original) throw new ToolProblem('this event does not repeat: leave out `occurrence`');
  const component = copyOf(item.component);
  for (const name of ['rrule', 'rdate', 'exdate', 'recurrence-id', 'duration']) component.removeAllProperties(name);
  setMoment(component, 'recurrence-id', original);
  const start: Moment = { ...item.start, wall: occurrence.startWall };
  setSpan(component, start, endAfter(start, item.length));
  changeTimes(component, item, start, fields, setting);
  setTexts(component, fields);
  touch(component, setting);
  return component;
}

/** The series without one occurrence: an EXDATE in the form of its start. */
export function withoutOccurrence(master: Item, original: Moment, setting: Setting): ICAL.Component {
  const component = copyOf(master.component);
  component.addProperty(momentProperty('exdate', original));
  touch(component, setting);
  return component;
}

/** Puts `component` where `old` stands in the file. */
export function replacing(calendar: Calendar, old: ICAL.Component, component: ICAL.Component): Splice {
  return { ...placeOf(calendar, old), lines: componentLines(component) };
}

export function removing(calendar: Calendar, old: ICAL.Component): Splice {
  return { ...placeOf(calendar, old), lines: '' };
}

/** Adds `component` after everything else in the file. */
export function adding(calendar: Calendar, component: ICAL.Component): Splice {
  return { start: calendar.ics.tail, end: calendar.ics.tail, lines: componentLines(component) };
}

/** Definitions of the zones that `component` names and the file lacks. */
export function addingZones(calendar: Calendar, component: ICAL.Component, now: Instant): Splice[] {
  const named = component.getAllProperties().map((property) => property.getParameter('tzid'));
  const defined = new Set(
    calendar.ics.calendar.getAllSubcomponents('vtimezone').map((zone) => zone.getFirstPropertyValue('tzid')),
  );
  const missing = [...new Set(named)]
    .filter((name) => typeof name === 'string')
    .filter((name) => !defined.has(name) && isZoneName(name));
  return missing.map((name) => adding(calendar, vtimezone(name, now)));
}

function placeOf(calendar: Calendar, component: ICAL.Component): { start: number; end: number } {
  const part = calendar.ics.events.find((event) => event.component === component);
  if (!part) throw new ToolProblem('the event is no longer where it was: try again');
  return { start: part.start, end: part.end };
}

function copyOf(component: ICAL.Component): ICAL.Component {
  return new ICAL.Component(structuredClone(component.toJSON()));
}

/** Sets new times, if any are given, and returns the start. A new start without an end keeps the length. */
function changeTimes(component: ICAL.Component, item: Item, oldStart: Moment, fields: Fields, setting: Setting): Moment {
  if ([fields.start, fields.end, fields.duration].every((field) => field === undefined)) {
    if (fields.zone !== undefined) throw new ToolProblem('`zone` says how `start` is meant: give `start` too');
    return oldStart;
  }
  const spoken = fields.zone === undefined ? setting.reader : ianaZone(fields.zone);
  const kept = fields.zone === undefined && !oldStart.isDate ? oldStart.zone : spoken;
  const form = oldStart.form === 'floating' && fields.zone === undefined ? 'floating' : 'zoned';
  const start = fields.start === undefined ? oldStart : momentAt(readWhen('start', fields.start, spoken), kept, form);
  if (
    fields.start !== undefined &&
    start.isDate !== oldStart.isDate &&
    fields.end === undefined &&
    fields.duration === undefined
  ) {
    throw new ToolProblem('`start` changes between a whole day and a time of day: give `end` or `duration` too');
  }
  setSpan(component, start, endFor(fields, start, spoken) ?? endAfter(start, item.length));
  return start;
}

function endFor(fields: Fields, start: Moment, spoken: Zone): Moment | undefined {
  if (fields.end !== undefined && fields.duration !== undefined) throw new ToolProblem('give `end` or `duration`, not both');
  if (fields.duration !== undefined) return endAfter(start, readLength('duration', fields.duration));
  if (fields.end === undefined) return undefined;
  const end = momentAt(readWhen('end', fields.end, spoken), start.zone, start.form === 'floating' ? 'floating' : 'zoned');
  if (end.isDate !== start.isDate) throw new ToolProblem('`start` and `end` must both be whole days, or both have a time');
  return end;
}

function setSpan(component: ICAL.Component, start: Moment, end: Moment): void {
  const [from, to] = [start.zone.instant(start.wall), end.zone.instant(end.wall)];
  if (to < from || (start.isDate && to === from)) {
    throw new ToolProblem('`end` is not after `start`: the end of a whole-day event is the day after its last');
  }
  if (to - from > MOST_DAYS * DAY) throw new ToolProblem(`an event lasts at most ${MOST_DAYS} days`);
  component.removeAllProperties('duration');
  setMoment(component, 'dtstart', start);
  setMoment(component, 'dtend', end);
}

function setMoment(component: ICAL.Component, name: string, moment: Moment): void {
  component.removeAllProperties(name);
  component.addProperty(momentProperty(name, moment));
}

function momentProperty(name: string, moment: Moment): ICAL.Property {
  const property = new ICAL.Property(name);
  const time = libraryTime(moment.wall, moment.isDate);
  if (moment.form === 'utc') time.zone = ICAL.Timezone.utcTimezone;
  if (moment.form === 'zoned') property.setParameter('tzid', moment.zone.name);
  property.setValue(time);
  return property;
}

function setTexts(component: ICAL.Component, fields: Fields): void {
  setText(component, 'summary', fields.title === undefined ? undefined : checkLine('title', fields.title, MOST_TITLE));
  setText(component, 'location', fields.location === undefined ? undefined : checkLine('location', fields.location, MOST_TITLE));
  setText(component, 'description', fields.notes === undefined ? undefined : checkText('notes', fields.notes, MOST_NOTES));
  if (fields.attendees !== undefined) setAttendees(component, readMailboxes('attendees', fields.attendees));
}

function setText(component: ICAL.Component, name: string, text: string | undefined): void {
  if (text === undefined) return;
  component.removeAllProperties(name);
  if (text.trim() !== '') component.addPropertyWithValue(name, text);
}

/** Who stays keeps what they answered. */
function setAttendees(component: ICAL.Component, mailboxes: readonly Mailbox[]): void {
  if (mailboxes.length > MOST_ATTENDEES)
    throw new ToolProblem(`\`attendees\` has ${mailboxes.length} people: the most is ${MOST_ATTENDEES}`);
  const distinct = new Map(mailboxes.map((mailbox) => [mailboxKey(mailbox), mailbox]));
  const before = new Map(component.getAllProperties('attendee').map((property) => [attendeeKey(property), property]));
  component.removeAllProperties('attendee');
  for (const mailbox of distinct.values()) {
    const value = `mailto:${mailbox.address}`;
    const kept = before.get(value.toLowerCase());
    if (kept) {
      component.addProperty(kept);
      continue;
    }
    const property = new ICAL.Property('attendee');
    if (mailbox.name !== '') property.setParameter('cn', mailbox.name);
    property.setParameter('partstat', 'NEEDS-ACTION');
    property.setValue(value);
    component.addProperty(property);
  }
}

function attendeeKey(property: ICAL.Property): string {
  return String(property.getFirstValue()).toLowerCase();
}

function setRule(component: ICAL.Component, fields: Fields, start: Moment): void {
  if (fields.recurrence === undefined || fields.recurrence.trim() === '') return;
  component.addPropertyWithValue('rrule', readRule('recurrence', fields.recurrence, start));
}

/** Says that and when it was changed: RFC 5545 sections 3.8.7.2 to 3.8.7.4. */
function touch(component: ICAL.Component, setting: Setting): void {
  const stamp: Moment = { wall: setting.now, isDate: false, zone: setting.reader, form: 'utc' };
  setMoment(component, 'dtstamp', stamp);
  setMoment(component, 'last-modified', stamp);
  const sequence = Number(component.getFirstPropertyValue('sequence') ?? 0);
  component.updatePropertyWithValue('sequence', Number.isInteger(sequence) ? sequence + 1 : 1);
}
