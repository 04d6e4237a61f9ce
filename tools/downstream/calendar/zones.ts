// Time zones by IANA name: from a wall clock to an instant and back.
import { tzOffset } from '@date-fns/tz';
import ICAL from 'ical.js';
import { ToolProblem } from '../serve.ts';

/** Wall-clock time as the milliseconds that UTC would show: plain arithmetic on years, days and hours. */
export type Wall = number;
/** Milliseconds since the epoch. */
export type Instant = number;

export type Zone = { name: string; instant(wall: Wall): Instant };

const DAY = 86_400_000;
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,3}$/;

export const UTC: Zone = { name: 'UTC', instant: (wall) => wall };

/** Milliseconds that the zone's clock is ahead of UTC at that instant. */
export function offsetAt(zone: string, instant: Instant): number {
  return Math.round(tzOffset(zone, new Date(instant)) * 60_000);
}

/** What the zone's clock shows at that instant. */
export function wallAt(zone: string, instant: Instant): Wall {
  return instant + offsetAt(zone, instant);
}

export function isZoneName(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The IANA zone of that name, or a problem that says what a name looks like. */
export function ianaZone(name: string): Zone {
  if (!isZoneName(name))
    throw new ToolProblem(`\`${name.slice(0, 80)}\` is no time zone: use an IANA name such as \`Europe/Berlin\``);
  return isUtc(name) ? UTC : zoneFrom(name, (instant) => offsetAt(name, instant));
}

/**
 * A zone from its offsets (milliseconds ahead of UTC). RFC 5545 section 3.3.5: a wall time that happens twice is the first one;
 * one that never happens (the clock goes forward) is read with the offset before the gap.
 */
export function zoneFrom(name: string, offset: (instant: Instant) => number): Zone {
  const instant = (wall: Wall): Instant => {
    const before = offset(wall - DAY);
    const after = offset(wall + DAY);
    if (before === after || offset(wall - before) === before) return wall - before;
    return offset(wall - after) === after ? wall - after : wall - before;
  };
  return { name, instant };
}

/** The library's time for a wall clock, without a zone. */
export function libraryTime(wall: Wall, isDate: boolean): ICAL.Time {
  const at = new Date(wall);
  const floating = ICAL.Timezone.localTimezone;
  const day = { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
  if (isDate) return new ICAL.Time({ ...day, isDate: true }, floating);
  const clock = { hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds() };
  return new ICAL.Time({ ...day, ...clock, isDate: false }, floating);
}

function isUtc(name: string): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|Zulu|Universal)$|^(?:Etc\/)?GMT$/i.test(name);
}

/** `2026-03-29T09:00:00+02:00` as the zone's clock shows it. */
export function isoIn(zone: string, instant: Instant): string {
  const offset = Math.round(offsetAt(zone, instant) / 60_000);
  const wall = new Date(instant + offset * 60_000).toISOString().slice(0, 19);
  const ahead = Math.abs(offset);
  return `${wall}${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(ahead / 60))}:${twoDigits(ahead % 60)}`;
}

/** `2026-03-29` */
export function isoDate(wall: Wall): string {
  return new Date(wall).toISOString().slice(0, 10);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
