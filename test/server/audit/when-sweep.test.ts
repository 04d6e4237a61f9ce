// Time in words, swept over zones, days the clocks change, ends of years and hours of asking: the span is what the wall clock there says.
import { TZDate } from '@date-fns/tz';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadQuestion, parseWhen } from '../../../server/audit/when.ts';

/** An hour forward or back, half an hour on an island, no change at an odd offset, changes at midnight, and two offsets far apart. */
const ZONES = [
  ...['UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Cairo', 'Pacific/Apia'],
  ...['America/St_Johns', 'Pacific/Kiritimati', 'America/Los_Angeles'],
];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const HOUR = 3_600_000;

/** A moment as the clock on the wall there has it: `Tue 2026-11-17 12:00`. */
function wall(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  } as const).formatToParts(ms);
  const of = (type: string) => parts.find((part) => part.type === type)?.value;
  return `${of('weekday')} ${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}`;
}

const at = (zone: string, year: number, month: number, day: number, hour = 0, minute = 0) =>
  new TZDate(year, month - 1, day, hour, minute, zone).getTime();

/** Both ends, as the wall clock has them. */
function span(words: string, now: number, zone: string): [string, string] {
  const { since, until } = parseWhen(words, now, zone);
  return [wall(since, zone), wall(until, zone)];
}

describe.each(ZONES)('in %s', (zone) => {
  it('last Tuesday afternoon is that of the Tuesday before today, on whatever weekday and hour it is asked', () => {
    // two weeks around each change of the clocks, and the turn of a year
    for (const [year, month, day] of [
      [2026, 3, 2],
      [2026, 3, 23],
      [2026, 10, 19],
      [2026, 11, 2],
      [2026, 12, 28],
      [2024, 2, 26],
    ] as const) {
      for (let ahead = 0; ahead < 14; ahead += 1) {
        for (const [hour, minute] of [
          [0, 0],
          [2, 30],
          [23, 59],
        ] as const) {
          const now = at(zone, year, month, day + ahead, hour, minute);
          const today = new TZDate(now, zone);
          const back = (today.getDay() + 5) % 7 || 7;
          const tuesday = new TZDate(today.getFullYear(), today.getMonth(), today.getDate() - back, 12, zone);
          const date = wall(tuesday.getTime(), zone).slice(0, 14);
          expect(date.slice(0, 3)).toBe('Tue');
          expect(span('last Tuesday afternoon', now, zone), wall(now, zone)).toEqual([`${date} 12:00`, `${date} 18:00`]);
        }
      }
    }
  });

  it('yesterday, last week, last month and last year are whole by the wall clock, also over a change and at the year’s end', () => {
    const moments = [
      [2026, 3, 8],
      [2026, 3, 29],
      [2026, 3, 30],
      [2026, 4, 5],
      [2026, 4, 25],
      [2026, 10, 4],
      [2026, 10, 25],
      [2026, 11, 1],
      [2027, 1, 1],
      [2028, 3, 1],
    ] as const;
    for (const [year, month, day] of moments) {
      for (const [hour, minute] of [
        [0, 0],
        [2, 30],
        [23, 59],
      ] as const) {
        const now = at(zone, year, month, day, hour, minute);
        const midnight = (y: number, m: number, d: number) => new TZDate(y, m, d, zone).getTime();
        const today = new TZDate(now, zone);
        const [y, m, d] = [today.getFullYear(), today.getMonth(), today.getDate()];
        const monday = d - ((today.getDay() + 6) % 7);
        const exact = (words: string) => {
          const { since, until } = parseWhen(words, now, zone);
          return [since, until];
        };
        expect(exact('yesterday')).toEqual([midnight(y, m, d - 1), midnight(y, m, d)]);
        expect(exact('last week')).toEqual([midnight(y, m, monday - 7), midnight(y, m, monday)]);
        expect(exact('last month')).toEqual([midnight(y, m - 1, 1), midnight(y, m, 1)]);
        expect(exact('last year')).toEqual([midnight(y - 1, 0, 1), midnight(y, 0, 1)]);
        expect(exact('since yesterday')).toEqual([midnight(y, m, d - 1), now + 1]);
        expect(exact('past 24 hours')).toEqual([now - 24 * HOUR, now + 1]);
        expect(exact('past 90 minutes')).toEqual([now - 1.5 * HOUR, now + 1]);
        // each is before the words that come after it in time
        expect(exact('last month')[1]).toBe(exact('this month')[0]);
        expect(exact('last week')[1]).toBe(exact('this week')[0]);
        expect(exact('yesterday')[1]).toBe(exact('today')[0]);
      }
    }
  });

  it('between two weekdays is from the start of the one to the end of the other, in order', () => {
    for (let ahead = 0; ahead < 7; ahead += 1) {
      const now = at(zone, 2026, 10, 24 + ahead, 2, 30);
      const { since, until } = parseWhen('between Monday and Wednesday', now, zone);
      expect([wall(since, zone).slice(0, 3), wall(until - 1, zone).slice(0, 3)]).toEqual(['Mon', 'Wed']);
      expect(until).toBeGreaterThan(since);
      expect(until - since).toBeLessThanOrEqual(3 * 24 * HOUR + HOUR);
      expect(since).toBeLessThanOrEqual(now);
    }
  });
});

describe('the end of a month', () => {
  it.each([
    ['2026-03-31T12:00:00Z', 'last month', '2026-02-01', '2026-03-01'],
    ['2026-05-31T12:00:00Z', 'last month', '2026-04-01', '2026-05-01'],
    ['2024-03-31T12:00:00Z', 'last month', '2024-02-01', '2024-03-01'],
    ['2027-01-31T12:00:00Z', 'last month', '2026-12-01', '2027-01-01'],
    ['2026-03-31T12:00:00Z', 'a month ago', '2026-02-28', '2026-03-01'],
    ['2024-02-29T12:00:00Z', 'a year ago', '2023-02-28', '2023-03-01'],
    ['2026-01-01T00:00:00Z', 'last week', '2025-12-22', '2025-12-29'],
    ['2026-01-01T00:00:00Z', 'December 31', '2025-12-31', '2026-01-01'],
    ['2026-12-31T23:59:59Z', 'yesterday', '2026-12-30', '2026-12-31'],
    ['2027-01-01T00:00:00Z', 'last Tuesday', '2026-12-29', '2026-12-30'],
  ])('%s: %s', (now, words, since, until) => {
    expect(parseWhen(words, Date.parse(now), 'UTC')).toEqual({ since: Date.parse(since), until: Date.parse(until) });
  });
});

describe('nonsense', () => {
  it.each([
    ...[
      'last Blursday',
      'yesteryear',
      '31 February',
      'the 45th of May',
      '2026-06-31',
      'afternoon Tuesday last',
      'between Monday',
      'since',
      'past -2 hours',
    ],
    ...[
      'past 1.5 hours',
      'tomorrowish',
      '99999 days ago',
      'last Tuesday; drop table',
      '26:00 yesterday',
      '13pm',
      'between 17:00 and',
      '../../etc',
    ],
    ...['past 0 hours', 'between and', 'next week', 'in the future', 'вчера'],
  ])('%j is refused, with what to write instead', (words) => {
    expect(() => parseWhen(words, at('UTC', 2026, 11, 24), 'UTC')).toThrow(BadQuestion);
    expect(() => parseWhen(words, at('UTC', 2026, 11, 24), 'UTC')).toThrow('`last Tuesday afternoon`');
  });
});

it('whatever is asked, at any moment and anywhere: a span that is not empty, in order, on the hours and days that its words promise', () => {
  const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2032, 0, 1) });
  const parts: Record<string, [number, number]> = { morning: [5, 12], afternoon: [12, 18], evening: [18, 0] };
  const asked = fc.record({
    which: fc.constantFrom('last ', 'on ', ''),
    weekday: fc.constantFrom(...WEEKDAYS),
    part: fc.constantFrom('', ...Object.keys(parts)),
  });
  fc.assert(
    fc.property(moment, fc.constantFrom(...ZONES), asked, (now, zone, { which, weekday, part }) => {
      const { since, until } = parseWhen(`${which}${weekday} ${part}`, now, zone);
      expect(until).toBeGreaterThan(since);
      expect(wall(since, zone).slice(0, 3)).toBe(weekday.slice(0, 3));
      expect(wall(until - 1, zone).slice(0, 3)).toBe(weekday.slice(0, 3));
      if (part !== '') {
        const [from, to] = parts[part]!;
        expect([wall(since, zone).slice(-5), wall(until, zone).slice(-5)]).toEqual(
          [from, to].map((hour) => `${String(hour).padStart(2, '0')}:00`),
        );
      }
      // the newest such day that has begun, or with `last` one that is over
      if (part === '') expect(since).toBeLessThanOrEqual(now);
      expect(now - since).toBeLessThan(8 * 24 * HOUR + HOUR);
      if (which === 'last ') expect(until).toBeLessThanOrEqual(now);
    }),
    { numRuns: 400 },
  );
});
