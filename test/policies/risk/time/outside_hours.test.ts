// Business hours and days off count by the wall clock of the zone, on the days clocks change too.
import { outsideHours } from '../../../../policies/risk/time/outside_hours.ts';
import { at, cases } from '../cases.ts';

const oslo = { zone: 'Europe/Oslo' };

cases(outsideHours, {
  yes: {
    'on a Sunday': at('2026-11-22T12:00:00Z'),
    'the minute it closes': at('2026-11-23T18:00:00Z'),
    'before it opens there, though not here': at('2026-11-23T19:00:00Z', {
      zone: 'America/New_York',
      hours: 'Mon-Fri 15:00-18:00',
    }),
    'on a day off': at('2026-12-25T12:00:00Z', { holidays: 'h.ics', days_off: ['2026-12-25'] }),
    'a day off begins at midnight there': at('2026-12-24T23:30:00Z', {
      ...oslo,
      hours: 'Mon-Fri 00:00-24:00',
      holidays: 'h.ics',
      days_off: ['2026-12-25'],
    }),
    'the file of days off could not be read': at('2026-11-23T12:00:00Z', { holidays: 'h.ics', days_off: 'unreadable' }),
    'the file of days off was never read': at('2026-11-23T12:00:00Z', { holidays: 'h.ics' }),
    'summer time ended in the night: 08:30 is 09:30 no more': at('2026-10-25T06:30:00Z', { ...oslo, hours: '08:00-18:00' }),
  },
  no: {
    'on a Monday noon': at('2026-11-23T12:00:00Z'),
    'the minute it opens': at('2026-11-23T08:00:00Z'),
    'the last minute': at('2026-11-23T17:59:59.999Z'),
    'on a working day before a day off': at('2026-12-24T12:00:00Z', { holidays: 'h.ics', days_off: ['2026-12-25'] }),
    'on the day summer time begins, by the new clock': at('2026-03-29T06:00:00Z', { ...oslo, hours: '08:00-18:00' }),
    'on the day summer time ends, by the new clock': at('2026-10-25T07:00:00Z', { ...oslo, hours: '08:00-18:00' }),
  },
});
