// Time in words becomes the span that somebody in that zone would mean, also on the days the clocks change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadQuestion, parseWhen } from '../../../server/audit/when.ts';

// A Tuesday, 15:30 in Berlin (UTC+1).
const NOW = Date.parse('2026-11-24T14:30:00.000Z');
const BERLIN = 'Europe/Berlin';

function span(words: string, now = NOW, zone = BERLIN): [string, string] {
  const { since, until } = parseWhen(words, now, zone);
  return [new Date(since).toISOString().slice(0, 16), new Date(until).toISOString().slice(0, 16)];
}

describe('time in words', () => {
  it.each([
    ['today', '2026-11-23T23:00', '2026-11-24T23:00'],
    ['yesterday', '2026-11-22T23:00', '2026-11-23T23:00'],
    ['the day before yesterday', '2026-11-21T23:00', '2026-11-22T23:00'],
    ['last Tuesday', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['Last  TUESDAY?', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['Tuesday', '2026-11-23T23:00', '2026-11-24T23:00'],
    ['this Thursday', '2026-11-25T23:00', '2026-11-26T23:00'],
    ['on Monday', '2026-11-22T23:00', '2026-11-23T23:00'],
    ['last fri', '2026-11-19T23:00', '2026-11-20T23:00'],
    ['Friday last week', '2026-11-19T23:00', '2026-11-20T23:00'],
    ['Monday last week', '2026-11-15T23:00', '2026-11-16T23:00'],
    ['last Tuesday afternoon', '2026-11-17T11:00', '2026-11-17T17:00'],
    ['on Monday morning', '2026-11-23T04:00', '2026-11-23T11:00'],
    ['this morning', '2026-11-24T04:00', '2026-11-24T11:00'],
    ['yesterday evening', '2026-11-23T17:00', '2026-11-23T23:00'],
    ['last night', '2026-11-23T20:00', '2026-11-24T04:00'],
    ['this week', '2026-11-22T23:00', '2026-11-29T23:00'],
    ['last week', '2026-11-15T23:00', '2026-11-22T23:00'],
    ['last weekend', '2026-11-20T23:00', '2026-11-22T23:00'],
    ['this month', '2026-10-31T23:00', '2026-11-30T23:00'],
    ['last month', '2026-09-30T22:00', '2026-10-31T23:00'],
    ['last year', '2024-12-31T23:00', '2025-12-31T23:00'],
    ['past 2 hours', '2026-11-24T12:30', '2026-11-24T14:30'],
    ['past hour', '2026-11-24T13:30', '2026-11-24T14:30'],
    ['in the last three days', '2026-11-21T14:30', '2026-11-24T14:30'],
    ['last 10 minutes', '2026-11-24T14:20', '2026-11-24T14:30'],
    ['2 hours ago', '2026-11-24T12:30', '2026-11-24T13:30'],
    ['a week ago', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['3 days ago', '2026-11-20T23:00', '2026-11-21T23:00'],
    ['2026-11-17', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['2026-11-17 14:00', '2026-11-17T13:00', '2026-11-17T14:00'],
    ['2026-11-17T14:00', '2026-11-17T13:00', '2026-11-17T14:00'],
    ['2026-11-17T14:00:00Z', '2026-11-17T14:00', '2026-11-17T15:00'],
    ['14:15 yesterday', '2026-11-23T13:15', '2026-11-23T14:15'],
    ['yesterday at 2pm', '2026-11-23T13:00', '2026-11-23T14:00'],
    ['17.11.2026', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['November 17', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['17th of November', '2026-11-16T23:00', '2026-11-17T23:00'],
    ['Nov 17, 2025', '2025-11-16T23:00', '2025-11-17T23:00'],
    ['December 24', '2025-12-23T23:00', '2025-12-24T23:00'],
    ['November 17 morning', '2026-11-17T04:00', '2026-11-17T11:00'],
    ['October', '2026-09-30T22:00', '2026-10-31T23:00'],
    ['2026-10', '2026-09-30T22:00', '2026-10-31T23:00'],
    ['between Monday and Tuesday', '2026-11-22T23:00', '2026-11-24T23:00'],
    ['between Monday and Wednesday', '2026-11-15T23:00', '2026-11-18T23:00'],
    ['between Tuesday and Monday', '2026-11-16T23:00', '2026-11-23T23:00'],
    ['from Friday afternoon to Thursday', '2026-11-13T11:00', '2026-11-19T23:00'],
    ['between 2026-11-17 14:00 and 2026-11-17 16:00', '2026-11-17T13:00', '2026-11-17T15:00'],
    ['between 14:00 and 16:00 last Tuesday', '2026-11-17T13:00', '2026-11-17T15:00'],
    ['from 9am to 5pm on Monday', '2026-11-23T08:00', '2026-11-23T16:00'],
    ['from November 2 to November 5', '2026-11-01T23:00', '2026-11-05T23:00'],
    ['since Monday', '2026-11-22T23:00', '2026-11-24T14:30'],
    ['before yesterday', '1970-01-01T00:00', '2026-11-22T23:00'],
    ['after last Friday', '2026-11-20T23:00', '2026-11-24T14:30'],
  ])('%s', (words, since, until) => {
    expect(span(words)).toEqual([since, until]);
  });

  it('reads last Tuesday on any weekday as the one before today', () => {
    for (const [day, date] of [
      ['2026-11-23', '2026-11-17'],
      ['2026-11-24', '2026-11-17'],
      ['2026-11-25', '2026-11-24'],
    ]) {
      expect(parseWhen('last Tuesday', Date.parse(`${day}T12:00:00Z`), 'UTC').since).toBe(Date.parse(`${date}T00:00:00Z`));
    }
  });

  it('reads the day of the zone, not of the machine', () => {
    const late = Date.parse('2026-11-24T03:00:00Z');
    expect(span('today', late, 'America/Los_Angeles')).toEqual(['2026-11-23T08:00', '2026-11-24T08:00']);
    expect(span('today', late, 'Pacific/Auckland')).toEqual(['2026-11-23T11:00', '2026-11-24T11:00']);
  });

  it('is right over the days the clocks change', () => {
    const hours = ({ since, until }: { since: number; until: number }) => (until - since) / 3_600_000;
    const after = Date.parse('2026-10-26T12:00:00Z');
    expect(hours(parseWhen('2026-10-25', after, BERLIN))).toBe(25);
    expect(hours(parseWhen('2026-03-29', after, BERLIN))).toBe(23);
    expect(span('yesterday afternoon', after)).toEqual(['2026-10-25T11:00', '2026-10-25T17:00']);
    expect(hours(parseWhen('past 24 hours', after, BERLIN))).toBeCloseTo(24, 5);
    expect(hours(parseWhen('last week', after, BERLIN))).toBe(169);
    // A zone whose clocks change at midnight: the day begins when there first is one.
    expect(hours(parseWhen('2026-04-24', Date.parse('2026-05-01T00:00:00Z'), 'Africa/Cairo'))).toBe(23);
  });

  it.each([
    '',
    'soon',
    'last foo',
    '2026-02-30',
    '2026-13-01',
    'past',
    'past x hours',
    '25:00',
    'February 30',
    'next tuesday',
    'x'.repeat(200),
    '17/11/2026',
    '12:99',
    'constructor',
    '__proto__',
    'toString morning',
  ])('says of %j that it can not be read, with examples', (words) => {
    expect(() => parseWhen(words, NOW, BERLIN)).toThrow(BadQuestion);
    expect(() => parseWhen(words, NOW, BERLIN)).toThrow(/say for example `today`, `last Tuesday afternoon`/);
  });

  it('refuses a span that ends before it begins', () => {
    expect(() => parseWhen('between 2026-11-20 and 2026-11-18', NOW, BERLIN)).toThrow('name the earlier time first');
  });

  it('answers a span or an error of its own, whatever is said', () => {
    const word = fc.constantFrom(
      'last',
      'this',
      'past',
      'tuesday',
      'between',
      'and',
      '14:00',
      'ago',
      '3',
      'days',
      'november',
      '17',
      'week',
      'since',
      'morning',
      'at',
      '2026-11-17',
      'pm',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
          fc.string(),
        ),
        (words) => {
          try {
            const { since, until } = parseWhen(words, NOW, BERLIN);
            expect(until).toBeGreaterThan(since);
          } catch (error) {
            expect(error).toBeInstanceOf(BadQuestion);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
