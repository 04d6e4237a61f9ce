// The zones that a file's events name: its VTIMEZONEs first, as RFC 5545 section 3.2.19 says, then IANA names.
import ICAL from 'ical.js';
import { type Instant, ianaZone, isZoneName, libraryTime, type Wall, type Zone, zoneFrom } from './zones.ts';

/** When an offset comes into force, and the offsets before and after, in milliseconds. */
type Onset = { at: Instant; from: number; to: number };

/** STANDARD or DAYLIGHT: `starts` and the rules are on the clock as it stood before the change (RFC 5545 section 3.6.5). */
type Observance = { starts: Wall[]; rules: { rule: ICAL.Recur; until: Instant }[]; from: number; to: number };

const MOST_OBSERVANCES = 500;
/** Onsets are worked out this far beyond what is asked for, and never beyond the last year. */
const YEARS_BEYOND = 10;
const LAST_YEAR = 9_990;

/** Looks up zones by TZID. Undefined where neither the file nor this machine knows the name. */
export function fileZones(calendar: ICAL.Component): (tzid: string) => Zone | undefined {
  const known = new Map<string, Zone | undefined>();
  return (tzid) => {
    if (!known.has(tzid)) known.set(tzid, definedZone(calendar, tzid) ?? namedZone(tzid));
    return known.get(tzid);
  };
}

function namedZone(tzid: string): Zone | undefined {
  if (isZoneName(tzid)) return { ...ianaZone(tzid), name: tzid };
  // Names made global with a prefix, such as `/example.org/20260101/Europe/Berlin` (RFC 5545 section 3.8.3.1).
  const parts = tzid.startsWith('/') ? tzid.split('/') : [];
  const tail = [3, 2].map((count) => parts.slice(-count).join('/')).find((name) => name.includes('/') && isZoneName(name));
  return tail === undefined ? undefined : { ...ianaZone(tail), name: tzid };
}

function definedZone(calendar: ICAL.Component, tzid: string): Zone | undefined {
  const component = calendar.getAllSubcomponents('vtimezone').find((zone) => zone.getFirstPropertyValue('tzid') === tzid);
  const parts = component?.getAllSubcomponents().slice(0, MOST_OBSERVANCES) ?? [];
  const observances = parts.map(readObservance);
  if (observances.length === 0 || observances.some((observance) => observance === undefined)) return undefined;
  return zoneFrom(tzid, offsetsOf(observances.filter((observance) => observance !== undefined)));
}

/** The offset in force at an instant: that of the last onset, or what stood before the first. */
function offsetsOf(observances: readonly Observance[]): (instant: Instant) => number {
  let onsets: Onset[] = [];
  let knownTo = Number.NEGATIVE_INFINITY;
  return (instant) => {
    const year = Math.min(new Date(instant).getUTCFullYear(), LAST_YEAR);
    if (year > knownTo) {
      knownTo = year + YEARS_BEYOND;
      onsets = observances.flatMap((observance) => onsetsOf(observance, knownTo)).sort((a, b) => a.at - b.at);
    }
    const last = onsets.findLast((onset) => onset.at <= instant);
    return last ? last.to : (onsets[0]?.from ?? 0);
  };
}

function onsetsOf({ starts, rules, from, to }: Observance, lastYear: number): Onset[] {
  const walls = [...starts];
  for (const { rule, until } of rules) {
    const iterator = rule.iterator(libraryTime(starts[0]!, false));
    for (let time = iterator.next(); time && time.year <= lastYear; time = iterator.next()) {
      const wall = wallOf(time);
      if (wall - from > until) break;
      walls.push(wall);
    }
  }
  return walls.map((wall) => ({ at: wall - from, from, to }));
}

/** Undefined where it can't be used: a rule that isn't yearly is no time zone, and could keep the library busy for ever. */
function readObservance(part: ICAL.Component): Observance | undefined {
  try {
    const [from, to] = ['tzoffsetfrom', 'tzoffsetto'].map((name) => part.getFirstPropertyValue(name));
    const start = part.getFirstPropertyValue('dtstart');
    if (!(from instanceof ICAL.UtcOffset && to instanceof ICAL.UtcOffset && start instanceof ICAL.Time)) return undefined;
    const [before, after] = [from.toSeconds() * 1000, to.toSeconds() * 1000];
    const dates = part
      .getAllProperties('rdate')
      .flatMap((property) => property.getValues())
      .filter((value) => value instanceof ICAL.Time);
    const rules = part.getAllProperties('rrule').map((property) => property.getFirstValue());
    const yearly = rules.filter((rule) => rule instanceof ICAL.Recur).filter((rule) => rule.freq === 'YEARLY');
    if (yearly.length !== rules.length) return undefined;
    const starts = [start, ...dates].map((time) => wallOf(time) + (isUtcTime(time) ? before : 0));
    return { starts, rules: yearly.map((rule) => withoutEnd(rule, before)), from: before, to: after };
  } catch {
    return undefined;
  }
}

/** The library would read UNTIL on the wrong clock here, so it is compared outside. */
function withoutEnd(rule: ICAL.Recur, from: number): { rule: ICAL.Recur; until: Instant } {
  const endless = rule.clone();
  // A rule without an end has null here, which the library's types leave out.
  Object.assign(endless, { until: null });
  if (!rule.until) return { rule: endless, until: Number.POSITIVE_INFINITY };
  return { rule: endless, until: isUtcTime(rule.until) ? wallOf(rule.until) : wallOf(rule.until) - from };
}

function isUtcTime(time: ICAL.Time): boolean {
  return time.zone === ICAL.Timezone.utcTimezone;
}

function wallOf(time: ICAL.Time): Wall {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
}
