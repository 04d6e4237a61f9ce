// Time: business hours, days off and night, by the wall clock of the zone.
import { TIME } from '../../../policies/risk/time.ts';
import { cases } from './cases.ts';

const at = (moment: string, policy = {}) => ({ context: { now: Date.parse(moment) }, policy });
const oslo = { zone: 'Europe/Oslo' };

cases(TIME, {
  outside_hours: {
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
  },
  night: {
    yes: {
      'at three in the morning': at('2026-11-24T03:00:00Z'),
      'just before midnight': at('2026-11-23T23:59:00Z'),
      'at three over there': at('2026-11-23T08:00:00Z', { zone: 'America/New_York' }),
    },
    no: {
      'at ten in the evening': at('2026-11-23T22:00:00Z'),
      'at six': at('2026-11-23T06:00:00Z'),
      'where the policy says when night is': at('2026-11-24T03:00:00Z', { night: '04:00-05:00' }),
    },
  },
});
