// Durations, sizes and hours as people write them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, isZone, parseDuration, parseHours, parseSize, withinHours } from '../../policies/durations.ts';

const at = (iso: string) => Date.parse(iso);

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
    ['500ms', 500],
  ])('%s', (text, length) => expect(parseDuration(text)).toBe(length));

  test.each([
    [30, 'has no unit; write `30m`'],
    ['30', 'has no unit'],
    ['forever', 'nothing is given for ever'],
    ['unlimited', 'nothing is given for ever'],
    ['-5m', 'is no duration'],
    ['0m', 'no time at all'],
    ['367d', 'longer than a year'],
    ['99999999999w', 'longer than a year'],
    ['1.5h', 'is no duration'],
    [' 5m', 'is no duration'],
    ['5 minutes', 'is no duration'],
    ['٣m', 'is no duration'],
    [null, 'is no duration'],
    [{}, 'is no duration'],
    ['Infinity', 'for ever'],
  ])('refuses %s', (text, message) => expect(() => parseDuration(text)).toThrow(message));

  test.each([
    [1_800_000, '30 minutes'],
    [7_200_000, '2 hours'],
    [3_600_000, '1 hour'],
    [5_400_000, '1 hour 30 minutes'],
    [90_000, '1 minute 30 seconds'],
    [86_400_000, '1 day'],
    [500, '500 milliseconds'],
    [0, '0 seconds'],
  ])('%d ms in words', (length, words) => expect(formatDuration(length)).toBe(words));
});

describe('sizes', () => {
  test.each([
    ['1MB', 1_000_000],
    ['1MiB', 1_048_576],
    ['500kB', 500_000],
    [2048, 2048],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  test.each(['1 MB', '-1MB', '1M', 'big', -1, 1.5, null])('refuses %s', (text) =>
    expect(() => parseSize(text)).toThrow('is no size'),
  );
});

describe('hours', () => {
  // 2026-11-23 is a Monday
  test.each([
    ['Mon-Fri 09:00-18:00', '2026-11-23T08:59:59Z', 'UTC', false],
    ['Mon-Fri 09:00-18:00', '2026-11-23T09:00:00Z', 'UTC', true],
    ['Mon-Fri 09:00-18:00', '2026-11-23T18:00:00Z', 'UTC', false],
    ['Mon-Fri 09:00-18:00', '2026-11-22T12:00:00Z', 'UTC', false],
    ['Mon-Fri 09:00-18:00', '2026-11-23T08:30:00Z', 'Europe/Berlin', true],
    ['Mon-Fri 09:00-12:00, 13:00-17:00', '2026-11-23T12:30:00Z', 'UTC', false],
    ['Mon-Fri 09:00-12:00, 13:00-17:00', '2026-11-23T13:30:00Z', 'UTC', true],
    ['Mon-Fri 09:00-12:00, 13:00-17:00', '2026-11-22T13:30:00Z', 'UTC', false],
    ['Mon,Wed 09:00-10:00', '2026-11-25T09:30:00Z', 'UTC', true],
    ['Mon,Wed 09:00-10:00', '2026-11-24T09:30:00Z', 'UTC', false],
    ['Sat 10:00-14:00', '2026-11-28T10:00:00Z', 'UTC', true],
    ['22:00-06:00', '2026-11-23T05:59:00Z', 'UTC', true],
    ['Fri 22:00-06:00', '2026-11-28T03:00:00Z', 'UTC', true],
    ['Fri 22:00-06:00', '2026-11-27T03:00:00Z', 'UTC', false],
    ['Sat-Mon 00:00-24:00', '2026-11-22T23:59:59Z', 'UTC', true],
    ['fri-tue 00:00-24:00', '2026-11-25T12:00:00Z', 'UTC', false],
  ])('%s at %s in %s', (hours, now, zone, inside) => expect(withinHours(hours, at(now), zone)).toBe(inside));

  test('go by what clocks show on the days they change', () => {
    // Berlin, 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00
    expect(withinHours('Sun 03:00-04:00', at('2026-03-29T01:00:00Z'), 'Europe/Berlin')).toBe(true);
    expect(withinHours('Sun 02:00-03:00', at('2026-03-29T00:59:00Z'), 'Europe/Berlin')).toBe(false);
    expect(withinHours('Sun 02:00-03:00', at('2026-10-25T00:30:00Z'), 'Europe/Berlin')).toBe(true);
    expect(withinHours('Sun 02:00-03:00', at('2026-10-25T01:30:00Z'), 'Europe/Berlin')).toBe(true);
    expect(withinHours('09:00-10:00', at('2026-03-29T07:00:00Z'), 'Europe/Berlin')).toBe(true);
    expect(withinHours('09:00-10:00', at('2026-03-28T08:00:00Z'), 'Europe/Berlin')).toBe(true);
  });

  test.each([
    '',
    'Mon-Fri',
    '9-5',
    'Mon-Fri 9:00-17:00',
    'Mon-Fri 09:00',
    'Mon 09:00-25:00',
    'Mon 09:60-10:00',
    'Mon 09:00-09:00',
    'Mon 24:00-02:00',
    'Xyz 09:00-10:00',
    'Mon 09:00-10:00,',
    'Mon 09:00-10:00 11:00-12:00',
  ])('refuse %s', (text) => expect(() => parseHours(text)).toThrow('`'));

  test('refuse a zone that does not exist, rather than answer', () => {
    expect(() => withinHours('Mon 09:00-10:00', at('2026-11-23T09:30:00Z'), 'Mars/Olympus')).toThrow('no time zone');
    expect(isZone('Europe/Oslo')).toBe(true);
    expect(isZone('UTC')).toBe(true);
    expect(isZone('Europe/Olso')).toBe(false);
    expect(isZone('')).toBe(false);
  });

  test('a window and its complement never both hold', () => {
    const time = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:00`);
    fc.assert(
      fc.property(time, time, fc.integer({ min: 0, max: 366 * 86_400_000 }), (from, to, offset) => {
        fc.pre(from !== to);
        const now = at('2026-01-01T00:00:00Z') + offset;
        expect(withinHours(`${from}-${to}`, now, 'America/New_York')).toBe(
          !withinHours(`${to}-${from}`, now, 'America/New_York'),
        );
      }),
      { numRuns: 100 },
    );
  });
});
