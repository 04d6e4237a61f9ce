// Time in words: `last Tuesday afternoon` as a span of milliseconds, read in a named zone, right on the days the clocks change.
import { TZDate } from '@date-fns/tz';
// each by itself: the whole of the library takes long to load
import { addDays } from 'date-fns/addDays';
import { addHours } from 'date-fns/addHours';
import { addMinutes } from 'date-fns/addMinutes';
import { addMonths } from 'date-fns/addMonths';
import { addWeeks } from 'date-fns/addWeeks';
import { addYears } from 'date-fns/addYears';
import { type Day, dayOf, MONTHS, monthOf, namesWeekday, readDay } from './day.ts';

/** A question that can't be read. The message says what is wrong and what to say instead. */
export class BadQuestion extends Error {
  override readonly name = 'BadQuestion';
}

/** Milliseconds since the epoch; `until` exclusive. A `moment` names one point, its span is what lies from there to the next of its kind. */
export type Span = { since: number; until: number; moment?: boolean };

const MAX_LENGTH = 120;
const EXAMPLES =
  '`today`, `last Tuesday afternoon`, `past 2 hours`, `last week`, `November 17`, `2026-11-17 14:00`, `between Monday and Wednesday`';
const NUMBERS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');
/** Hours of the day, end exclusive; the night goes on into the next morning. */
const PARTS: Record<string, [number, number]> = {
  morning: [5, 12],
  afternoon: [12, 18],
  evening: [18, 24],
  night: [21, 29],
  noon: [12, 13],
};
const ADD = { minute: addMinutes, hour: addHours, day: addDays, week: addWeeks, month: addMonths, year: addYears };
type Unit = keyof typeof ADD;

/**
 * Reads a span of time. `now` in milliseconds, `zone` an IANA name. A day without `last` is the newest that has begun, today
 * included; with `last` it is before today. Weeks begin on Monday. A time of day means the hour that begins then.
 * Throws BadQuestion for words it doesn't know.
 */
export function parseWhen(words: string, now: number, zone: string): Span {
  const said = words.trim();
  const text = said.toLowerCase().replace(/[,?]/g, ' ').replace(/\s+/g, ' ').trim();
  const found = said.length <= MAX_LENGTH && text !== '' ? new Reading(now, zone).span(text) : undefined;
  if (!found)
    throw new BadQuestion(`\`${said.slice(0, MAX_LENGTH)}\` is not a time that can be read, say for example ${EXAMPLES}`);
  if (found.until <= found.since) throw new BadQuestion(`\`${said}\` ends before it begins, name the earlier time first`);
  return found;
}

class Reading {
  readonly #now: TZDate;
  readonly #zone: string;

  constructor(now: number, zone: string) {
    this.#now = new TZDate(now, zone);
    this.#zone = zone;
  }

  span(text: string): Span | undefined {
    return this.#range(text) ?? this.#simple(text);
  }

  #range(text: string): Span | undefined {
    const [, first, second] = /^(?:between|from) (.+?) (?:and|to|until|till) (.+)$/.exec(text) ?? [];
    if (first && second) return this.#betweenTwo(first, second);
    const [, word, rest] = /^(since|after|before|until) (.+)$/.exec(text) ?? [];
    const one = rest ? this.#simple(rest) : undefined;
    if (!word || !one) return undefined;
    const end = one.moment ? one.since : one.until;
    if (word === 'since') return { since: one.since, until: this.#untilNow() };
    if (word === 'after') return { since: end, until: Math.max(this.#untilNow(), end + 1) };
    return { since: 0, until: word === 'before' ? one.since : end };
  }

  #betweenTwo(first: string, second: string): Span | undefined {
    // `between 14:00 and 16:00 last Tuesday`: the day stands once, at the end.
    const [, clock, day] = /^(\d{1,2}(?::\d{2})? ?(?:am|pm)?)(?: on)? (.+)$/.exec(second) ?? [];
    const shared =
      clock &&
      day &&
      /^\d{1,2}(?::\d{2})? ?(?:am|pm)?$/.test(first) &&
      !MONTHS.some((month) => day.startsWith(month.slice(0, 3)));
    const to = this.#simple(shared ? `${day} ${clock}` : second);
    let from = this.#simple(shared ? `${day} ${first}` : first);
    // on a Tuesday the newest Wednesday is last week's, and so is the Monday before it
    if (from && to && from.since > to.since && namesWeekday(first)) from = new Reading(to.since, this.#zone).#simple(first);
    return from && to && { since: from.since, until: to.moment ? to.since : to.until };
  }

  #simple(text: string): Span | undefined {
    const bare = text
      .replace(/^(?:on|in|during|within|at|over) /, '')
      .replace(/^the (?!day before)/, '')
      .replace(/^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2})(?::\d{2})?$/, '$1 $2');
    return (
      this.#instant(bare) ??
      this.#ago(bare) ??
      this.#running(bare) ??
      this.#calendar(bare) ??
      this.#whole(bare) ??
      this.#withTime(bare)
    );
  }

  /** `2026-11-17t14:00:00z`, with any offset. */
  #instant(text: string): Span | undefined {
    if (!/^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:z|[+-]\d{2}:?\d{2})$/.test(text)) return undefined;
    const since = Date.parse(text.toUpperCase());
    return Number.isNaN(since) ? undefined : { since, until: since + 3_600_000, moment: true };
  }

  /** `2 hours ago`: the hour that began then; `3 days ago`: that whole day. */
  #ago(text: string): Span | undefined {
    const [, amount, unit] = /^(\w+) (minute|hour|day|week|month|year)s? ago$/.exec(text) ?? [];
    const count = amount ? countOf(amount) : undefined;
    if (!unit || count === undefined) return undefined;
    const then = this.#back(unit as Unit, count);
    if (unit !== 'minute' && unit !== 'hour') return this.#days(dayOf(then), 1);
    return { since: then.getTime(), until: ADD[unit](then, 1).getTime(), moment: true };
  }

  /** `past 2 hours`, `last 3 days`: up to now. */
  #running(text: string): Span | undefined {
    const [, word, amount, unit] = /^(past|last|previous) (?:(\w+) )?(minute|hour|day|week|month|year)s?$/.exec(text) ?? [];
    if (!unit || (!amount && word !== 'past' && !['minute', 'hour', 'day'].includes(unit))) return undefined;
    const count = amount ? countOf(amount) : 1;
    return count ? { since: this.#back(unit as Unit, count).getTime(), until: this.#untilNow() } : undefined;
  }

  /** `this week`, `last month`, `november 2026`, `2026-11`. */
  #calendar(text: string): Span | undefined {
    const [, which, unit] = /^(this|last|previous) (week|month|year|weekend)$/.exec(text) ?? [];
    const { year, month, day } = dayOf(this.#now);
    const back = which === 'this' ? 0 : 1;
    const monday = day - ((this.#now.getDay() + 6) % 7) - 7 * back;
    if (unit === 'week') return this.#days({ year, month, day: monday }, 7);
    if (unit === 'weekend') return this.#days({ year, month, day: monday + 5 }, 2);
    if (unit === 'month') return this.#months(year, month - back, 1);
    if (unit === 'year') return this.#months(year - back, 0, 12);
    const [, name, named] = /^([a-z]{3,9})(?: (\d{4}))?$/.exec(text) ?? [];
    const at = name ? monthOf(name) : -1;
    if (at >= 0) return this.#months(named ? Number(named) : at > month ? year - 1 : year, at, 1);
    const [, isoYear, isoMonth] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
    return isoYear ? this.#months(Number(isoYear), Number(isoMonth) - 1, 1) : undefined;
  }

  /** One whole day. */
  #whole(text: string): Span | undefined {
    const day = readDay(text, this.#now);
    return day && this.#days(day, 1);
  }

  /** A day and a part or time of it, in either order: `tuesday afternoon`, `2026-11-17 14:00`, `14:00 yesterday`, `this morning`. */
  #withTime(text: string): Span | undefined {
    if (text === 'last night') return this.#part({ ...dayOf(this.#now), day: this.#now.getDate() - 1 }, 'night');
    if (text === 'tonight') return this.#part(dayOf(this.#now), 'night');
    const [, before, part] = /^(.+?) (?:in the |at )?(morning|afternoon|evening|night|noon)$/.exec(text) ?? [];
    const partDay = before && (before === 'this' ? dayOf(this.#now) : readDay(before, this.#now));
    if (partDay && part) return this.#part(partDay, part);
    const time = String.raw`(\d{1,2}):(\d{2})(?: ?(am|pm))?|(\d{1,2}) ?(am|pm)`;
    const match =
      new RegExp(`^(?:(.+?)(?: at)? ?)?\\b(?:${time})$`).exec(text) ??
      swapped(new RegExp(`^(?:${time})(?: on)? (.+)$`).exec(text));
    if (!match) return undefined;
    const [, dayWords, hourText, minute, half, hourOnly, halfOnly] = match;
    const hour = hourOf(Number(hourText ?? hourOnly), half ?? halfOnly);
    const day = dayWords ? readDay(dayWords.trim(), this.#now) : dayOf(this.#now);
    if (!day || hour === undefined || Number(minute ?? 0) > 59) return undefined;
    const since = new TZDate(day.year, day.month, day.day, hour, Number(minute ?? 0), this.#zone);
    return { since: since.getTime(), until: addHours(since, 1).getTime(), moment: true };
  }

  #days({ year, month, day }: Day, count: number): Span {
    return { since: this.#start(year, month, day), until: this.#start(year, month, day + count) };
  }

  #months(year: number, month: number, count: number): Span {
    return { since: this.#start(year, month, 1), until: this.#start(year, month + count, 1) };
  }

  #part({ year, month, day }: Day, part: string): Span {
    const [from, to] = PARTS[part]!;
    const at = (hour: number) => new TZDate(year, month, day + Math.floor(hour / 24), hour % 24, this.#zone).getTime();
    return { since: at(from), until: at(to) };
  }

  #start(year: number, month: number, day: number): number {
    return new TZDate(year, month, day, this.#zone).getTime();
  }

  #back(unit: Unit, count: number): TZDate {
    return new TZDate(ADD[unit](this.#now, -count).getTime(), this.#zone);
  }

  /** What happened in this very millisecond is before now too. */
  #untilNow(): number {
    return this.#now.getTime() + 1;
  }
}

function countOf(word: string): number | undefined {
  if (/^\d{1,4}$/.test(word)) return Number(word);
  if (word === 'a' || word === 'an') return 1;
  const count = NUMBERS.indexOf(word);
  return count < 0 ? undefined : count;
}

function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour < 24 ? hour : undefined;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (half === 'pm' ? 12 : 0);
}

/** A match whose day stands last, brought into the order of one whose day stands first. */
function swapped(match: RegExpExecArray | null): (string | undefined)[] | undefined {
  return match ? [match[0], match[6], ...match.slice(1, 6)] : undefined;
}
