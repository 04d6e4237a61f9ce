// VTIMEZONE for an IANA zone: RFC 5545 section 3.6.5 wants one in the file for every zone that an event names.
import ICAL from 'ical.js';
import { type Instant, libraryTime, offsetAt, type Wall, wallAt } from './zones.ts';

/** A clock change: on the clock as it stood before, and the offsets before and after, in milliseconds. */
type Change = { wall: Wall; from: number; to: number };

/** Changes of one kind with a day rule that holds for all of them, or without: then each is listed. */
type Run = { changes: Change[]; rule?: string };

const DAY = 86_400_000;
const FIRST_YEAR = 1970;
/** How far ahead changes are worked out: rules of today go on from there. */
const YEARS_AHEAD = 30;
/** A rule is believed when it has held for at least this many years up to the last one looked at. */
const LEAST_YEARS = 20;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** The zone's definition, exact from 1970 on for a generation: what no yearly rule makes is listed one by one. `now` says when today is. */
export function vtimezone(name: string, now: Instant): ICAL.Component {
  const zone = new ICAL.Component('vtimezone');
  zone.addPropertyWithValue('tzid', name);
  const lastYear = new Date(now).getUTCFullYear() + YEARS_AHEAD;
  const changes = changesOf(name, lastYear);
  const start = Date.UTC(FIRST_YEAR, 0, 1);
  const before = changes[0]?.from ?? offsetAt(name, start);
  zone.addSubcomponent(observance(name, { changes: [{ wall: start, from: before, to: before }] }));
  for (const run of kindsOf(changes).flatMap((kind) => runsOf(kind, lastYear))) zone.addSubcomponent(observance(name, run));
  return zone;
}

/** Every change of the zone's offset from 1970 to the end of `lastYear`. */
function changesOf(name: string, lastYear: number): Change[] {
  const changes: Change[] = [];
  const end = Date.UTC(lastYear + 1, 0, 1);
  for (let week = Date.UTC(FIRST_YEAR, 0, 1); week < end; week += 7 * DAY) {
    const from = offsetAt(name, week);
    const to = offsetAt(name, week + 7 * DAY);
    if (from === to) continue;
    let [low, high] = [week, week + 7 * DAY];
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offsetAt(name, middle) === from) low = middle;
      else high = middle;
    }
    changes.push({ wall: high + from, from, to });
  }
  return changes;
}

function kindsOf(changes: readonly Change[]): Change[][] {
  const kinds = new Map<string, Change[]>();
  for (const change of changes) {
    const key = `${change.from} ${change.to}`;
    kinds.set(key, [...(kinds.get(key) ?? []), change]);
  }
  return [...kinds.values()];
}

/** The longest end of the list that one yearly rule makes, if it reaches to the last year; what was before it is listed. */
function runsOf(changes: Change[], lastYear: number): Run[] {
  const last = changes.at(-1)!;
  const candidates = rulesFor(last.wall).map((rule) => ({ rule, from: firstKept(changes, rule) }));
  const best = candidates.sort((a, b) => a.from - b.from)[0]!;
  const kept = changes.slice(best.from);
  if (yearOf(last.wall) !== lastYear || kept.length < LEAST_YEARS) return [{ changes }];
  const listed = changes.slice(0, best.from);
  return [...(listed.length > 0 ? [{ changes: listed }] : []), { changes: kept, rule: best.rule }];
}

/** Where the unbroken run of years that follow `rule` begins, seen from the end. */
function firstKept(changes: readonly Change[], rule: string): number {
  let index = changes.length - 1;
  const clock = (wall: Wall): number => wall % DAY;
  while (index > 0) {
    const [earlier, later] = [changes[index - 1]!.wall, changes[index]!.wall];
    const follows = rulesFor(earlier).includes(rule) && yearOf(earlier) === yearOf(later) - 1 && clock(earlier) === clock(later);
    if (!follows) break;
    index -= 1;
  }
  return index;
}

/** The ways to say a day of the year: the nth weekday of its month, the last one, or the first one from a date on. */
function rulesFor(wall: Wall): string[] {
  const at = new Date(wall);
  const day = at.getUTCDate();
  const weekday = WEEKDAYS[at.getUTCDay()]!;
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  const base = `FREQ=YEARLY;BYMONTH=${at.getUTCMonth() + 1};BYDAY=`;
  return [`${base}${Math.ceil(day / 7)}${weekday}`, ...(day + 7 > lastDay ? [`${base}-1${weekday}`] : [])];
}

function observance(name: string, { changes, rule }: Run): ICAL.Component {
  const { wall, from, to } = changes[0]!;
  const part = new ICAL.Component(to > usualOffset(name, wall - from) ? 'daylight' : 'standard');
  part.addPropertyWithValue('dtstart', libraryTime(wall, false));
  part.addPropertyWithValue('tzoffsetfrom', ICAL.UtcOffset.fromSeconds(from / 1000));
  part.addPropertyWithValue('tzoffsetto', ICAL.UtcOffset.fromSeconds(to / 1000));
  if (rule !== undefined) part.addPropertyWithValue('rrule', ICAL.Recur.fromString(rule));
  // The first one stands among the others too: some readers forget DTSTART where there are RDATEs.
  else if (changes.length > 1) for (const change of changes) part.addPropertyWithValue('rdate', libraryTime(change.wall, false));
  return part;
}

/** The lesser of the offsets around that year's January and July: what is ahead of it is daylight saving time. */
function usualOffset(name: string, instant: Instant): number {
  const year = yearOf(wallAt(name, instant));
  return Math.min(offsetAt(name, Date.UTC(year, 0, 15)), offsetAt(name, Date.UTC(year, 6, 15)));
}

function yearOf(wall: Wall): number {
  return new Date(wall).getUTCFullYear();
}
