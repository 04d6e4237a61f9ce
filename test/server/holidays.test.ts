// Days off from an .ics file: whole days, yearly ones and several in a row; and a file that can't be read makes no day a working day.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_RISK } from '../../policies/risk-defaults.ts';
import { withDaysOff } from '../../server/holidays.ts';
import { wholeDays } from '../../tools/downstream/calendar/days.ts';
import { fakeClock, world } from '../world.ts';

const day = (start: string, more: string[] = []) => [
  'BEGIN:VEVENT',
  `UID:${start}@x`,
  `DTSTART;VALUE=DATE:${start}`,
  ...more,
  'END:VEVENT',
];
const calendar = (...events: string[][]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', ...events.flat(), 'END:VCALENDAR'].join('\r\n');
const FILE = calendar(
  day('20201225', ['RRULE:FREQ=YEARLY']),
  day('20261228', ['DTEND;VALUE=DATE:20261231']),
  day('20261130', ['STATUS:CANCELLED']),
  ['BEGIN:VEVENT', 'UID:m@x', 'DTSTART:20261201T100000Z', 'DTEND:20261201T110000Z', 'END:VEVENT'],
);

test('whole days, those of every year, several in a row; no cancelled ones, no meetings', () => {
  expect(wholeDays(FILE, '2026-01-01', '2027-12-31')).toEqual([
    '2026-12-25',
    '2026-12-28',
    '2026-12-29',
    '2026-12-30',
    '2027-12-25',
  ]);
});

test.each([
  ['nothing', undefined],
  ['no calendar', 'BEGIN:VCARD\r\nEND:VCARD'],
  ['cut in half', FILE.slice(0, 90)],
  ['garbage', '\u0000\u0001<html>'],
])('%s leaves no working day', (_what, text) => {
  const { risk, problem } = withDaysOff({ ...DEFAULT_RISK, holidays: 'h.ics' }, text);
  expect(risk.days_off).toBe('unreadable');
  expect(problem).toContain('h.ics');
});

test('a rule made to be slow is bounded', () => {
  const started = process.cpuUsage();
  const hostile = calendar(...Array.from({ length: 200 }, (_, index) => day(`1900010${(index % 9) + 1}`, ['RRULE:FREQ=DAILY'])));
  expect(() => wholeDays(hostile, '2026-01-01', '2026-12-31')).toThrow('too long');
  expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
});

const policy =
  "version: 1\nrules:\n  - { id: go, why: for the test, effect: allow, scope: ['*:*'] }\nrisk: { holidays: days.ics, zone: UTC, levels: { high: 90, critical: 100 } }\n";
const servers = { files: { read: { inputSchema: { type: 'object' }, run: () => ({ content: [] }) } } };

test('the guard reads the file beside the rules, again when it changes, and takes a broken one for the worst', async () => {
  const clock = fakeClock('2026-12-28T12:00:00Z');
  const guard = await world({ rules: policy, servers, clock });
  const file = join(guard.perimeter.config.policies ?? '', 'days.ics');
  const factors = async () => {
    guard.perimeter.policies.reload();
    await guard.call('read');
    return (await guard.events('call.intent')).at(-1)?.risk?.factors.map(({ name }) => name) ?? [];
  };
  expect(await factors()).toContain('outside_hours');
  expect(guard.perimeter.policies.notes.join()).toContain('days.ics');
  writeFileSync(file, calendar(day('20261225')));
  expect(await factors()).not.toContain('outside_hours');
  expect(guard.perimeter.policies.notes).toEqual([]);
  writeFileSync(file, FILE);
  expect(await factors()).toContain('outside_hours');
  rmSync(file);
  clock.set('2026-12-29T12:00:00Z');
  expect(await factors()).toContain('outside_hours');
  await guard.close();
});
