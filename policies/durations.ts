// Durations, sizes and business hours as people write them: `30m`, `1MB`, `Mon-Fri 09:00-18:00`.
import { TZDate } from '@date-fns/tz';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };
/** The longest duration that may be written: a leap year. */
const LONGEST = 366 * DAY;
const HOW = 'write a number and a unit, such as `90s`, `30m`, `2h`, `1d` or `2w`';

/** Reads `30m` as milliseconds. Throws an Error that says what to write: a bare number, zero, a sign and "forever" are refused. */
export function parseDuration(text: unknown): number {
  if (typeof text === 'number')
    throw new Error(`\`${text}\` has no unit; write \`${text}m\` for minutes, or ${text}s, ${text}h, ${text}d`);
  const match = typeof text === 'string' ? /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text) : null;
  if (match === null) {
    if (typeof text === 'string' && /^\s*\d+\s*$/.test(text)) throw new Error(`\`${text.trim()}\` has no unit; ${HOW}`);
    if (typeof text === 'string' && /forever|never|always|unlimited|infinit/i.test(text)) {
      throw new Error(`\`${text}\` is no duration, since nothing is given for ever; ${HOW}`);
    }
    throw new Error(`${typeof text === 'string' ? `\`${text}\`` : 'this'} is no duration; ${HOW}`);
  }
  const length = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  if (length === 0) throw new Error(`\`${text}\` is no time at all; ${HOW}`);
  if (!(length <= LONGEST))
    throw new Error(`\`${text}\` is longer than a year; nothing here may last that long, the most is \`366d\``);
  return length;
}

/** Says a length of time in words, the two largest units of it: `30 minutes`, `1 hour 30 minutes`. Takes milliseconds. */
export function formatDuration(length: number): string {
  const units: [string, number][] = [
    ['day', DAY],
    ['hour', HOUR],
    ['minute', MINUTE],
    ['second', SECOND],
  ];
  if (length > 0 && length < SECOND) return counted(Math.round(length), 'millisecond');
  const first = units.findIndex(([, size]) => length >= size);
  if (first < 0) return '0 seconds';
  let rest = length;
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(counted(count, name));
  }
  return parts.join(' ');
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const SIZES: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Reads `1MB` (a million) or `1MiB` (2^20) as bytes; a whole number is bytes already. Throws an Error that says what to write. */
export function parseSize(text: unknown): number {
  if (typeof text === 'number' && Number.isSafeInteger(text) && text >= 0) return text;
  const match = typeof text === 'string' ? /^(\d{1,9})(B|kB|KB|MB|GB|KiB|MiB|GiB)$/.exec(text) : null;
  if (match === null)
    throw new Error(`\`${String(text)}\` is no size; write a whole number and a unit, such as \`500kB\`, \`1MB\` or \`1MiB\``);
  return Number(match[1]) * (SIZES[match[2] ?? ''] ?? Number.NaN);
}

/** One window: weekdays it starts on (0 = Sunday), minutes of the day from (inclusive) and to (exclusive); `to` before `from` runs past midnight. */
export type Window = { days: readonly number[]; from: number; to: number };
export type Hours = readonly Window[];

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const HOURS_HOW = 'write it as `Mon-Fri 09:00-18:00`, several windows with commas';

/**
 * Reads `Mon-Fri 09:00-12:00, 13:00-17:00`. Days may be one, a range or a list (`Mon,Wed 08:00-12:00`); a window without days takes
 * those of the window before it, or every day. Throws an Error that says what to write.
 */
export function parseHours(text: string): Hours {
  const windows: Window[] = [];
  let days: number[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const match = /^([A-Za-z]{3}(?:\s*-\s*[A-Za-z]{3})?)?\s*(?:(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2}))?$/.exec(part);
    if (match === null || part === '') throw new Error(`\`${part === '' ? text : part}\` are no hours; ${HOURS_HOW}`);
    if (match[1] !== undefined) days.push(...parseDays(match[1]));
    if (match[2] === undefined) continue;
    const from = minutes(match[2], match[3], part);
    const to = minutes(match[4], match[5], part);
    if (from === to) throw new Error(`\`${part}\` is no time at all; write \`00:00-24:00\` for the whole day`);
    if (from === 24 * 60) throw new Error(`\`${part}\` starts at 24:00; write \`00:00\` on the day after`);
    const inherited = windows.at(-1)?.days ?? [0, 1, 2, 3, 4, 5, 6];
    windows.push({ days: days.length > 0 ? days : inherited, from, to });
    days = [];
  }
  if (days.length > 0 || windows.length === 0) throw new Error(`\`${text}\` names days without hours; ${HOURS_HOW}`);
  return windows;
}

function parseDays(text: string): number[] {
  const ends = text.split('-').map((name) => {
    const day = DAYS.indexOf(name.trim().toLowerCase());
    if (day < 0) throw new Error(`\`${name.trim()}\` is no day; use Mon Tue Wed Thu Fri Sat Sun`);
    return day;
  });
  const [first = 0, last = first] = ends;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, step) => (first + step) % 7);
}

function minutes(hour: string | undefined, minute: string | undefined, part: string): number {
  const value = Number(hour) * 60 + Number(minute);
  if (Number(minute) > 59 || !(value <= 24 * 60))
    throw new Error(`\`${part}\` has a time that no clock shows; use 00:00 to 24:00`);
  return value;
}

const read = new Map<string, Hours>();

/**
 * Whether a moment (milliseconds since the epoch) lies in the hours, by the wall clock of an IANA zone: on days when the clocks
 * change, what counts is what they show. Throws on a zone or hours that can't be read, so the caller refuses.
 */
export function withinHours(hours: string | Hours, now: number, zone: string): boolean {
  const local = wallClock(now, zone);
  const day = local.getUTCDay();
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  return windowsOf(hours).some(({ days, from, to }) => {
    if (from < to) return days.includes(day) && minute >= from && minute < to;
    return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to);
  });
}

/** The day a moment falls on in a zone, as `2026-12-25`. Throws as `withinHours` does. */
export function localDay(now: number, zone: string): string {
  return wallClock(now, zone).toISOString().slice(0, 10);
}

const QUARTER = 15 * MINUTE;
const offsets = new Map<string, { quarter: number; offset: number }>();

/**
 * What clocks show, in the UTC fields of a date. Looking up a zone costs 0.2 ms and is asked for at every call, so its offset is kept
 * for a quarter of an hour: no zone changes its clocks but at one.
 */
function wallClock(now: number, zone: string): Date {
  const quarter = Math.floor(now / QUARTER);
  const known = offsets.get(zone);
  if (known?.quarter === quarter) return new Date(now + known.offset);
  const offset = -new TZDate(now, zone).getTimezoneOffset() * MINUTE;
  if (Number.isNaN(offset)) throw new Error(`\`${zone}\` is no time zone; use an IANA name such as \`Europe/Berlin\``);
  if (offsets.size > 100) offsets.clear();
  offsets.set(zone, { quarter, offset });
  return new Date(now + offset);
}

/** Hours are read at every call, so what was parsed is kept; only policies write them, so there are few. */
function windowsOf(hours: string | Hours): Hours {
  if (typeof hours !== 'string') return hours;
  const known = read.get(hours) ?? parseHours(hours);
  if (read.size < 1000) read.set(hours, known);
  return known;
}

/** Whether this is an IANA time zone that this Node knows. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
