// Times, durations and recurrences as a caller writes them, read strictly.
import ICAL from 'ical.js';
import { ToolProblem } from '../serve.ts';
import { checkLine } from '../text.ts';
import type { Moment } from './series.ts';
import { type Instant, libraryTime, UTC, type Wall, type Zone } from './zones.ts';

/** A day, or a point in time. */
export type When = { isDate: true; wall: Wall } | { isDate: false; instant: Instant };

/** Days by the calendar and milliseconds by the clock. */
type Length = { days: number; exact: number };

const DAY = 86_400_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/;
const DURATION = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?$/;
const HINT = 'write `2026-11-24` for a whole day or `2026-11-24T09:00`, with `Z` or an offset such as `+01:00` if it has one';

/** Reads an ISO 8601 date or time. A time without an offset is on the clock of `zone`. */
export function readWhen(name: string, text: string, zone: Zone): When {
  const date = DATE.exec(text);
  if (date) return { isDate: true, wall: wallFrom(name, text, date.slice(1).map(Number)) };
  const time = TIME.exec(text);
  if (!time) throw new ToolProblem(`\`${name}\` is not a date or time: ${HINT}`);
  const wall = wallFrom(
    name,
    text,
    time.slice(1, 7).map((part) => Number(part ?? 0)),
  );
  const offset = time[7];
  return { isDate: false, instant: offset === undefined ? zone.instant(wall) : wall - offsetFrom(name, offset) };
}

/** Reads `30m`, `1h30m`, `2d`, `1w`. */
export function readLength(name: string, text: string): Length {
  const found = DURATION.exec(text);
  const [weeks = 0, days = 0, hours = 0, minutes = 0] = (found?.slice(1) ?? []).map((part) => Number(part ?? 0));
  const length = { days: weeks * 7 + days, exact: (hours * 60 + minutes) * 60_000 };
  if (!found || length.days + length.exact <= 0)
    throw new ToolProblem(`\`${name}\` is no duration: write it with units, such as \`30m\`, \`1h30m\` or \`2d\``);
  return length;
}

/** What a zone's clock shows at an instant, for any zone. */
function wallIn(zone: Zone, instant: Instant): Wall {
  let wall = instant;
  for (let turn = 0; turn < 3; turn += 1) wall += instant - zone.instant(wall);
  return wall;
}

export function momentAt(when: When, zone: Zone, form: 'utc' | 'floating' | 'zoned'): Moment {
  if (when.isDate) return { wall: when.wall, isDate: true, zone, form: 'date' };
  return { wall: wallIn(zone, when.instant), isDate: false, zone, form: zone === UTC ? 'utc' : form };
}

/** Where something ends that starts at `start` and lasts `length`, in the same form. */
export function endAfter(start: Moment, length: Length): Moment {
  if (start.isDate) {
    if (length.exact !== 0)
      throw new ToolProblem('a whole-day event lasts whole days: write the duration as `1d`, or give `start` a time');
    return { ...start, wall: start.wall + length.days * DAY };
  }
  return { ...start, wall: wallIn(start.zone, start.zone.instant(start.wall + length.days * DAY) + length.exact) };
}

/** What a rule from a caller may say. Sub-daily rules are left out: they make thousands of occurrences and are seldom meant. */
const RULE_PARTS = new Set([
  'FREQ',
  'UNTIL',
  'COUNT',
  'INTERVAL',
  'BYMONTH',
  'BYMONTHDAY',
  'BYDAY',
  'BYYEARDAY',
  'BYWEEKNO',
  'BYSETPOS',
  'WKST',
]);
const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];
const RULE_HINT = 'write an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=MO;COUNT=10`';

/** Reads an RRULE value. UNTIL becomes what RFC 5545 section 3.3.10 asks for: a DATE for whole days, else UTC. */
export function readRule(name: string, text: string, start: Moment): ICAL.Recur {
  const value = checkLine(name, text, 500)
    .replace(/^RRULE:/i, '')
    .toUpperCase();
  const parts = value.split(';').map((part) => part.split('='));
  const keys = parts.map(([key]) => key ?? '');
  const unknown = keys.find((key) => !RULE_PARTS.has(key));
  if (unknown !== undefined)
    throw new ToolProblem(`\`${name}\` has \`${unknown.slice(0, 40)}\`, which is not used here: ${RULE_HINT}`);
  if (new Set(keys).size !== keys.length || parts.some((part) => part.length !== 2 || !/^[A-Z0-9,+-]+$/.test(part[1] ?? ''))) {
    throw new ToolProblem(`\`${name}\` does not parse: ${RULE_HINT}`);
  }
  if (keys.includes('UNTIL') && keys.includes('COUNT'))
    throw new ToolProblem(`\`${name}\` has both \`UNTIL\` and \`COUNT\`: use one`);
  const rule = parseRule(name, value);
  if (!FREQUENCIES.includes(rule.freq))
    throw new ToolProblem(`\`${name}\` must repeat ${FREQUENCIES.map((word) => `\`${word}\``).join(', ')}: ${RULE_HINT}`);
  if (rule.until) rule.until = untilFor(rule.until, start);
  return rule;
}

function parseRule(name: string, value: string): ICAL.Recur {
  try {
    const rule = ICAL.Recur.fromString(value);
    const bounded = [rule.interval, rule.count ?? 1].every(
      (number) => Number.isInteger(number) && number >= 1 && number <= 10_000,
    );
    if (bounded) return rule;
  } catch {
    // Told below, in this server's words.
  }
  throw new ToolProblem(`\`${name}\` does not parse: ${RULE_HINT}`);
}

function untilFor(until: ICAL.Time, start: Moment): ICAL.Time {
  const wall = Date.UTC(until.year, until.month - 1, until.day, until.hour, until.minute, until.second);
  if (start.isDate) return libraryTime(Math.floor(wall / DAY) * DAY, true);
  const instant = until.zone === ICAL.Timezone.utcTimezone ? wall : start.zone.instant(until.isDate ? wall + DAY - 1000 : wall);
  const time = libraryTime(instant, false);
  time.zone = ICAL.Timezone.utcTimezone;
  return time;
}

function wallFrom(name: string, text: string, [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0]: number[]): Wall {
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const same =
    year >= 1000 && new Date(wall).toISOString().startsWith(text.slice(0, 10)) && hour < 24 && minute < 60 && second < 60;
  if (!same) throw new ToolProblem(`\`${name}\` is no date that exists: ${HINT}`);
  return wall;
}

function offsetFrom(name: string, offset: string): number {
  if (offset === 'Z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 14 || minutes > 59) throw new ToolProblem(`\`${name}\` has an offset that no clock has: ${HINT}`);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
