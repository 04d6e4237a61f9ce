// Questions to the calendars: what is on, what mentions a text, when is it busy, which event is meant.
import { ToolProblem } from '../serve.ts';
import { folded } from '../text.ts';
import { type Calendar, type Folder, type Trouble, textOf } from './folder.ts';
import { freshEffort, type Occurrence, occurrencesOf, type Range } from './recurrence.ts';
import { BrokenEvent, instantOf, type Series } from './series.ts';
import { attendeesOf } from './view.ts';
import type { When } from './when.ts';
import type { Instant } from './zones.ts';

export type Found = { calendar: Calendar; series: Series };
type FoundOccurrence = Found & { occurrence: Occurrence };

const DAY = 86_400_000;
const MOST_LOOKED_AT = 50_000;
const FOREVER: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** The named calendar, or all of them. */
export function calendarsOf(folder: Folder, name: string | undefined): Calendar[] {
  return name === undefined ? folder.calendars : [calendarNamed(folder, name)];
}

export function calendarNamed(folder: Folder, name: string): Calendar {
  const calendar = folder.calendars.find((candidate) => candidate.name === name);
  if (calendar) return calendar;
  const trouble = folder.troubles.find((candidate) => candidate.calendar === name);
  if (trouble) throw new ToolProblem(`calendar \`${name}\` can not be used: ${trouble.problem}`);
  const names = folder.calendars.slice(0, 20).map((candidate) => `\`${candidate.name}\``);
  throw new ToolProblem(
    `there is no calendar \`${name.slice(0, 80)}\`: ${names.length === 0 ? 'the folder is empty' : `there are ${names.join(', ')}`}`,
  );
}

/** All occurrences that touch the range, by start, at most `most`. A series that can't be worked out becomes a trouble. */
export function occurrencesIn(
  calendars: readonly Calendar[],
  range: Range,
  most: number,
): { found: FoundOccurrence[]; more: boolean; troubles: Trouble[] } {
  const found: FoundOccurrence[] = [];
  const troubles: Trouble[] = [];
  const effort = freshEffort();
  let more = false;
  for (const calendar of calendars) {
    for (const series of calendar.series) {
      try {
        const part = occurrencesOf(series, calendar.zones, range, most, effort);
        more ||= part.more;
        for (const occurrence of part.occurrences) found.push({ calendar, series, occurrence });
      } catch (error) {
        if (!(error instanceof BrokenEvent)) throw error;
        troubles.push({ calendar: calendar.name, problem: `the event \`${series.uid.slice(0, 200)}\` ${error.message}` });
      }
    }
  }
  found.sort((a, b) => a.occurrence.start - b.occurrence.start || a.occurrence.end - b.occurrence.end);
  return { found: found.slice(0, most), more: more || found.length > most, troubles };
}

/** Series whose title, place, notes or attendees have the text, exceptions included. */
export function seriesWith(calendars: readonly Calendar[], text: string): Found[] {
  const wanted = folded(text);
  const has = (series: Series): boolean =>
    [series.master, ...series.overrides].some((item) => {
      if (!item) return false;
      const texts = ['summary', 'location', 'description'].map((name) => textOf(item.component, name) ?? '');
      return [...texts, ...attendeesOf(item.component)].some((candidate) => folded(candidate).includes(wanted));
    });
  return calendars.flatMap((calendar) => calendar.series.filter(has).map((series) => ({ calendar, series })));
}

/** The one event of that UID, or a problem that says how to name it. */
export function eventNamed(folder: Folder, uid: string, calendarName: string | undefined): Found {
  const found = calendarsOf(folder, calendarName).flatMap((calendar) =>
    calendar.series.filter((series) => series.uid === uid).map((series) => ({ calendar, series })),
  );
  const [first, second] = found;
  if (!first) throw new ToolProblem(`there is no event with the uid \`${uid.slice(0, 200)}\`: take it from list or search`);
  if (!second) return first;
  if (found.some((other) => other.calendar === first.calendar && other !== first)) {
    throw new ToolProblem(
      `calendar \`${first.calendar.name}\` has several events with this uid, so none can be changed: repair the file first`,
    );
  }
  throw new ToolProblem(
    `this uid is in several calendars: name one with \`calendar\`, ${found.map((one) => `\`${one.calendar.name}\``).join(' or ')}`,
  );
}

/** The occurrence of a series whose start by the rules is `when`. */
export function occurrenceNamed({ calendar, series }: Found, when: When): Occurrence {
  const around: Instant = when.isDate ? when.wall : when.instant;
  const matches = (occurrence: Occurrence): boolean => {
    if (!occurrence.original) return false;
    if (when.isDate) return Math.floor(occurrence.original.wall / DAY) * DAY === when.wall;
    return !occurrence.original.isDate && instantOf(occurrence.original) === when.instant;
  };
  // Only an exception for "this and all after" moves an occurrence away from the start it is named by without naming it.
  const from = series.overrides.some((override) => override.onwards) ? FOREVER.from : around - 2 * DAY;
  const range = { from, to: around + 2 * DAY };
  const { occurrences } = countable(() => occurrencesOf(series, calendar.zones, range, MOST_LOOKED_AT, freshEffort()));
  const exceptions = series.overrides.map(
    (item): Occurrence => ({ ...item.span, item, allDay: item.start.isDate, original: item.replaces }),
  );
  const found = [...exceptions, ...occurrences].filter(matches);
  const distinct = new Set(found.map((occurrence) => instantOf(occurrence.original!)));
  if (found[0] && distinct.size === 1) return found[0];
  if (distinct.size > 1)
    throw new ToolProblem('several occurrences are on that day: give `occurrence` with its time, as list shows it');
  throw new ToolProblem('the series has no such `occurrence`: take it from list, where each has the one it is named by');
}

/** How many occurrences a series has, up to `most`. Throws ToolProblem where that can't be worked out: then there is no number. */
export function countOccurrences(series: Series, calendar: Calendar, most: number): { count: number; more: boolean } {
  const { occurrences, more } = countable(() => occurrencesOf(series, calendar.zones, FOREVER, most, freshEffort()));
  return { count: occurrences.length, more };
}

/** Busy times in the range, merged where they touch. Free (TRANSP:TRANSPARENT) and cancelled events don't count. */
export function busyIn(found: readonly FoundOccurrence[], range: Range): { start: Instant; end: Instant }[] {
  const merged: { start: Instant; end: Instant }[] = [];
  for (const { occurrence } of found) {
    const { component } = occurrence.item;
    const free =
      textOf(component, 'transp')?.toUpperCase() === 'TRANSPARENT' || textOf(component, 'status')?.toUpperCase() === 'CANCELLED';
    const start = Math.max(occurrence.start, range.from);
    const end = Math.min(occurrence.end, range.to);
    if (free || end <= start) continue;
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

function countable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BrokenEvent) throw new ToolProblem(`the event ${error.message}`);
    throw error;
  }
}
