// Days in words: `last Tuesday`, `November 17`, `2026-11-17`, as the calendar of a zone has them.
import { TZDate } from '@date-fns/tz';

/** A day of the calendar; `month` counts from 0. A `day` below 1 or past the month's end lies in a neighbouring month. */
export type Day = { year: number; month: number; day: number };

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const DAYS_BACK = new Map([
  ['today', 0],
  ['yesterday', 1],
  ['day before yesterday', 2],
  ['the day before yesterday', 2],
]);
export const MONTHS = 'january february march april may june july august september october november december'.split(' ');

/** The day these words name, seen from `now` in its zone; undefined when they name none. */
export function readDay(text: string, now: TZDate): Day | undefined {
  const today = dayOf(now);
  const back = DAYS_BACK.get(text);
  if (back !== undefined) return { ...today, day: today.day - back };
  const bare = text.replace(/^(?:on|the) /, '');
  return weekday(bare, now) ?? date(bare, now);
}

function weekday(text: string, now: TZDate): Day | undefined {
  const [, which, name, tail] = /^(?:(last|this|past|previous) )?([a-z]{3,9})( last week| this week)?$/.exec(text) ?? [];
  const wanted = name ? WEEKDAYS.findIndex((day) => day === name || (name.length <= 5 && day.startsWith(name))) : -1;
  if (wanted < 0) return undefined;
  const today = dayOf(now);
  const fromMonday = (wanted + 6) % 7;
  const monday = today.day - ((now.getDay() + 6) % 7);
  if (tail) return { ...today, day: monday + fromMonday - (tail === ' last week' ? 7 : 0) };
  if (which === 'this') return { ...today, day: monday + fromMonday };
  const back = (now.getDay() - wanted + 7) % 7;
  return { ...today, day: today.day - (which && back === 0 ? 7 : back) };
}

/** Whether a day is meant by its place in the week alone. */
export function namesWeekday(text: string): boolean {
  return text
    .split(' ')
    .some((word) => word.length >= 3 && WEEKDAYS.some((day) => day.startsWith(word) && (word.length <= 5 || word === day)));
}

/** `2026-11-17`, `17.11.2026`, `november 17`, `17th of november 2026`. Without a year it is the newest such day that has begun. */
function date(text: string, now: TZDate): Day | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso) return realDay(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  if (dotted) return realDay(Number(dotted[3]), Number(dotted[2]) - 1, Number(dotted[1]));
  const named = /^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?$/.exec(text);
  const turned = /^(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]{3,9})\.?(?: (\d{4}))?$/.exec(text);
  const [name, day, year] = named ? [named[1], named[2], named[3]] : turned ? [turned[2], turned[1], turned[3]] : [];
  const month = name ? monthOf(name) : -1;
  if (month < 0) return undefined;
  if (year) return realDay(Number(year), month, Number(day));
  const today = dayOf(now);
  const isAhead = month > today.month || (month === today.month && Number(day) > today.day);
  return realDay(isAhead ? today.year - 1 : today.year, month, Number(day));
}

export function dayOf(date: TZDate): Day {
  return { year: date.getFullYear(), month: date.getMonth(), day: date.getDate() };
}

/** The index of a month by its name or the first letters of it, -1 for anything else. */
export function monthOf(name: string): number {
  return MONTHS.findIndex((month) => month === name || month.slice(0, 3) === name || (name === 'sept' && month === 'september'));
}

function realDay(year: number, month: number, day: number): Day | undefined {
  const longest = new TZDate(year, month + 1, 0, 'UTC').getDate();
  return month >= 0 && month < 12 && day >= 1 && day <= longest ? { year, month, day } : undefined;
}
