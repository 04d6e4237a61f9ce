// From a series to its occurrences: RRULE, RDATE, EXDATE and exceptions (RFC 5545 section 3.8.5), with an end to the work.
import ICAL from 'ical.js';
import {
  BrokenEvent,
  type Item,
  instantOf,
  isRecurring,
  type Moment,
  momentsOf,
  type Override,
  type Series,
  type Span,
  spanFrom,
  valuesOf,
  wallOf,
  type ZoneLookup,
} from './series.ts';
import { type Instant, libraryTime, type Wall } from './zones.ts';

/** `original` is the start by which an exception names it; absent for an event that doesn't recur. */
export type Occurrence = Span & { item: Item; allDay: boolean; original?: Moment };

/** From (inclusive) to (exclusive). */
export type Range = { from: Instant; to: Instant };

/** The work one call may still put into recurrences, so that a folder of hostile rules can't keep it busy for ever. */
type Effort = { steps: number };

/** Turns of the recurrence library's wheel: for one rule, a daily one of 270 years or a minutely one of 69 days. */
const MOST_STEPS_PER_RULE = 100_000;
const MOST_STEPS_PER_CALL = 500_000;
/** No occurrence is looked for after the year 9999. */
const HORIZON = 253_402_300_800_000;
const DAY = 86_400_000;

export function freshEffort(): Effort {
  return { steps: MOST_STEPS_PER_CALL };
}

/** The occurrences that touch the range, by start, and at most `most`; `more` when there were others. Throws BrokenEvent. */
export function occurrencesOf(
  series: Series,
  zones: ZoneLookup,
  range: Range,
  most: number,
  effort: Effort,
): { occurrences: Occurrence[]; more: boolean } {
  const found: Occurrence[] = [];
  let more = false;
  for (const occurrence of allOccurrences(series, zones, range, effort)) {
    const touches = occurrence.start < range.to && (occurrence.end > range.from || occurrence.start >= range.from);
    if (!touches) continue;
    more = found.length === most;
    if (more) break;
    found.push(occurrence);
  }
  return { occurrences: found.sort((a, b) => a.start - b.start), more };
}

/** Exceptions first, then what the rules make. May leave out what lies before the range, and stops after it. */
function* allOccurrences(series: Series, zones: ZoneLookup, range: Range, effort: Effort): Generator<Occurrence> {
  const { master, overrides } = series;
  if (master && !isRecurring(series)) {
    yield { ...master.span, item: master, allDay: master.start.isDate };
    return;
  }
  const excluded = master ? naming(momentsOf(master.component, 'exdate', zones, master.start.zone), master) : () => false;
  for (const item of overrides) {
    if (!excluded(item.replaces)) yield { ...item.span, item, allDay: item.start.isDate, original: item.replaces };
  }
  if (!master) return;
  const replaces = overrides.map((override) => override.replaces);
  const replaced = naming(replaces, master);
  const onwards = overrides.filter((override) => override.onwards).sort((a, b) => instantOf(a.replaces) - instantOf(b.replaces));
  const reach = reachOf(master, onwards);
  const to = Math.min(range.to + reach, HORIZON);
  for (const original of recurrenceSet(master, zones, range.from - reach, effort)) {
    const instant = instantOf(original);
    if (instant >= to) return;
    if (excluded(original) || replaced(original)) continue;
    const shift = onwards.findLast((candidate) => instantOf(candidate.replaces) < instant);
    const item: Item = shift ?? master;
    const wall = shift ? original.wall + (shift.start.wall - shift.replaces.wall) : original.wall;
    yield { ...spanFrom(item.start, wall, item.length), item, allDay: item.start.isDate, original };
  }
}

/** How far outside a range a start by the rules may lie and still touch it: by its length, or moved by a "this and all after". */
function reachOf(master: Item, onwards: readonly Override[]): number {
  const lengths = [master, ...onwards].map((item) => item.length.days * DAY + item.length.exact);
  const moves = onwards.map((override) => Math.abs(override.start.wall - override.replaces.wall));
  return Math.max(...lengths) + Math.max(0, ...moves) + 2 * DAY;
}

/** DTSTART, RRULEs and RDATEs merged in ascending order without repeats; without end where a rule has none. */
function* recurrenceSet(master: Item, zones: ZoneLookup, from: Instant, effort: Effort): Generator<Moment> {
  const dates = [master.start, ...momentsOf(master.component, 'rdate', zones, master.start.zone)];
  const sources = [
    dates.sort((a, b) => instantOf(a) - instantOf(b)).values(),
    ...rulesOf(master).map((rule) => ruleStarts(rule, master.start, from, effort)),
  ];
  const heads = sources.map((source) => source.next());
  let last = Number.NEGATIVE_INFINITY;
  for (;;) {
    let first: { index: number; moment: Moment; instant: Instant } | undefined;
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const instant = instantOf(head.value);
      if (!first || instant < first.instant) first = { index, moment: head.value, instant };
    }
    if (!first) return;
    if (first.instant > last) yield first.moment;
    last = first.instant;
    heads[first.index] = sources[first.index]!.next();
  }
}

function rulesOf(master: Item): ICAL.Recur[] {
  return master.component.getAllProperties('rrule').map((property) => {
    const [rule] = valuesOf(property, 'rrule');
    if (!(rule instanceof ICAL.Recur)) throw new BrokenEvent('has a recurrence rule that does not parse');
    return rule;
  });
}

/**
 * The starts one RRULE makes from about `from` on, on the wall clock of DTSTART's zone, so that nine o'clock stays nine o'clock
 * over a clock change. UNTIL is compared here as an instant; as a date it takes in its whole day.
 */
function* ruleStarts(rule: ICAL.Recur, start: Moment, from: Instant, effort: Effort): Generator<Moment, undefined> {
  const endless = rule.clone();
  // A rule without an end has null here, which the library's types leave out.
  Object.assign(endless, { until: null });
  const until = rule.until ? untilInstant(rule.until, start) : Number.POSITIVE_INFINITY;
  const iterator = new BoundedIterator(endless, libraryTime(start.wall, start.isDate), effort);
  for (let time = iterator.following(); time !== undefined; time = iterator.following()) {
    const wall: Wall = wallOf(time);
    if (wall < from) continue;
    if (start.zone.instant(wall) > until) return;
    yield { ...start, wall };
  }
}

function untilInstant(until: ICAL.Time, start: Moment): Instant {
  if (until.isDate) return start.isDate ? start.zone.instant(wallOf(until)) : start.zone.instant(wallOf(until) + DAY) - 1;
  return until.zone === ICAL.Timezone.utcTimezone ? wallOf(until) : start.zone.instant(wallOf(until));
}

/** The library's iterator with an end to its patience: a rule that never matches would keep it turning for ever. */
class BoundedIterator extends ICAL.RecurIterator {
  private left = MOST_STEPS_PER_RULE;
  private readonly effort: Effort;

  constructor(rule: ICAL.Recur, dtstart: ICAL.Time, effort: Effort) {
    try {
      super({ rule, dtstart });
    } catch {
      throw new BrokenEvent('has a recurrence rule that can never hold');
    }
    this.effort = effort;
  }

  override check_contracting_rules(): boolean {
    this.left -= 1;
    this.effort.steps -= 1;
    if (this.left < 0) throw new BrokenEvent('repeats too often or never: its recurrence can not be worked out');
    if (this.effort.steps < 0) throw new BrokenEvent('was left out, because the recurrences here take too long to work out');
    return super.check_contracting_rules();
  }

  following(): ICAL.Time | undefined {
    try {
      return this.next() ?? undefined;
    } catch (error) {
      if (error instanceof BrokenEvent) throw error;
      throw new BrokenEvent('has a recurrence rule that can not be worked out');
    }
  }
}

/** Whether one of `moments` (EXDATEs, or recurrence ids) names an occurrence: by the same instant or, as a DATE, by its day. */
function naming(moments: readonly Moment[], master: Item): (original: Moment) => boolean {
  const instants = new Set(moments.filter((moment) => !moment.isDate || master.start.isDate).map(instantOf));
  const days = new Set(moments.filter((moment) => moment.isDate).map((moment) => moment.wall));
  return (original) => instants.has(instantOf(original)) || days.has(Math.floor(original.wall / DAY) * DAY);
}
