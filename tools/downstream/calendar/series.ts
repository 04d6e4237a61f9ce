// An event with everything that belongs to it: its times as written, and the exceptions that replace single occurrences.
import ICAL from 'ical.js';
import { type Instant, UTC, type Wall, type Zone } from './zones.ts';

/** A DATE or DATE-TIME as written: the wall clock and the zone it is in. Dates and floating times are in the reader's zone. */
export type Moment = { wall: Wall; isDate: boolean; zone: Zone; form: 'date' | 'utc' | 'floating' | 'zoned' };

/** When something starts and ends. An all-day event ends with the start of the day after it. */
export type Span = { start: Instant; end: Instant; startWall: Wall; endWall: Wall };

/** One VEVENT and when it is. `length` is exact with DTEND, and nominal (whole days by the wall clock) with DURATION: RFC 5545 3.8.5.3. */
export type Item = { component: ICAL.Component; start: Moment; length: { days: number; exact: number }; span: Span };

/** An exception: it stands for the occurrence that was to start at `replaces`, and with `onwards` for those after it too. */
export type Override = Item & { replaces: Moment; onwards: boolean };

export type Series = { uid: string; master?: Item; overrides: Override[] };

/** What can't be read in one event. The message completes "the event … ". */
export class BrokenEvent extends Error {
  override name = 'BrokenEvent';
}

const DAY = 86_400_000;

export type ZoneLookup = (tzid: string) => Zone | undefined;

/** Reads one VEVENT's times. `reader` is the zone of dates and floating times. Throws BrokenEvent. */
export function readItem(component: ICAL.Component, zones: ZoneLookup, reader: Zone): Item {
  const start = momentOf(component, 'dtstart', zones, reader);
  if (!start) throw new BrokenEvent('has no start');
  const end = momentOf(component, 'dtend', zones, reader);
  const duration = component.getFirstPropertyValue('duration');
  const length = lengthOf(start, end, duration instanceof ICAL.Duration ? duration : undefined);
  return { component, start, length, span: spanFrom(start, start.wall, length) };
}

export function readOverride(component: ICAL.Component, zones: ZoneLookup, reader: Zone): Override {
  const replaces = momentOf(component, 'recurrence-id', zones, reader);
  if (!replaces) throw new BrokenEvent('has no recurrence id');
  const onwards =
    String(component.getFirstProperty('recurrence-id')?.getParameter('range') ?? '').toUpperCase() === 'THISANDFUTURE';
  return { ...readItem(component, zones, reader), replaces, onwards };
}

export function instantOf(moment: Moment): Instant {
  return moment.zone.instant(moment.wall);
}

export function isRecurring(series: Series): boolean {
  return series.master !== undefined && ['rrule', 'rdate'].some((name) => series.master!.component.hasProperty(name));
}

function lengthOf(start: Moment, end: Moment | undefined, duration: ICAL.Duration | undefined): Item['length'] {
  if (duration) {
    const sign = duration.isNegative ? 0 : 1;
    const exact = (duration.hours * 3600 + duration.minutes * 60 + duration.seconds) * 1000;
    return { days: sign * (duration.weeks * 7 + duration.days), exact: sign * exact };
  }
  if (!end) return { days: start.isDate ? 1 : 0, exact: 0 };
  if (start.isDate) return { days: Math.max(1, Math.round((end.wall - start.wall) / DAY)), exact: 0 };
  return { days: 0, exact: Math.max(0, instantOf(end) - instantOf(start)) };
}

/** The span of an occurrence that starts at that wall time. */
export function spanFrom(start: Moment, startWall: Wall, length: Item['length']): Span {
  const endWall = startWall + length.days * DAY;
  return {
    start: start.zone.instant(startWall),
    end: start.zone.instant(endWall) + length.exact,
    startWall,
    endWall: endWall + length.exact,
  };
}

function momentOf(component: ICAL.Component, name: string, zones: ZoneLookup, reader: Zone): Moment | undefined {
  return momentsOf(component, name, zones, reader)[0];
}

/** Every value of a date property. A PERIOD (RDATE only) counts by its start. */
export function momentsOf(component: ICAL.Component, name: string, zones: ZoneLookup, reader: Zone): Moment[] {
  return component.getAllProperties(name).flatMap((property) => {
    const tzid = property.getParameter('tzid');
    return valuesOf(property, name).map((value) => {
      const time = value instanceof ICAL.Period ? value.start : value;
      if (!(time instanceof ICAL.Time)) throw new BrokenEvent(`has a ${name.toUpperCase()} that is no time`);
      const wall = wallOf(time);
      if (time.isDate) return { wall, isDate: true, zone: reader, form: 'date' };
      if (time.zone === ICAL.Timezone.utcTimezone) return { wall, isDate: false, zone: UTC, form: 'utc' };
      if (typeof tzid !== 'string') return { wall, isDate: false, zone: reader, form: 'floating' };
      const zone = zones(tzid);
      if (!zone) throw new BrokenEvent(`is in the zone \`${tzid.slice(0, 80)}\`, which neither the file nor this machine knows`);
      return { wall, isDate: false, zone, form: 'zoned' };
    });
  });
}

/** A property's values, which the library reads only now. */
export function valuesOf(property: ICAL.Property, name: string): unknown[] {
  try {
    return property.getValues();
  } catch {
    throw new BrokenEvent(`has a ${name.toUpperCase()} that does not parse`);
  }
}

export function wallOf(time: ICAL.Time): Wall {
  const wall = Date.UTC(
    time.year,
    time.month - 1,
    time.day,
    time.isDate ? 0 : time.hour,
    time.isDate ? 0 : time.minute,
    time.isDate ? 0 : time.second,
  );
  if (!Number.isFinite(wall)) throw new BrokenEvent('has a time that is no time');
  return wall;
}
