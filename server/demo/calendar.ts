// The calendars of the sample company: a weekly meeting in its time zone, and what stands in the coming week.

const DAY = 86_400_000;

/** Central European time as RFC 5545 §3.6.5 writes it: the clocks change on the last Sundays of March and October. */
const BERLIN = [
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:STANDARD',
  'DTSTART:19701025T030000',
  'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'TZNAME:CET',
  'END:STANDARD',
  'BEGIN:DAYLIGHT',
  'DTSTART:19700329T020000',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'TZNAME:CEST',
  'END:DAYLIGHT',
  'END:VTIMEZONE',
];

type Event = { uid: string; title: string; day: string; from: string; to: string; place?: string; notes?: string; rule?: string };

/** The .ics files by name, for the week that follows `now` (milliseconds since the epoch). */
export function calendars(now: number): Record<string, string> {
  const day = (workdays: number) => compactDay(workdayAfter(now, workdays));
  const marketing: Event[] = [
    {
      uid: 'standup',
      title: 'Campaign stand-up',
      day: compactDay(mondayBefore(now) - 28 * DAY),
      from: '093000',
      to: '094500',
      place: 'Room Elbe',
      rule: 'FREQ=WEEKLY;BYDAY=MO,WE,FR',
    },
    { uid: 'review', title: 'Review of the spring campaign', day: day(2), from: '140000', to: '150000', place: 'Room Elbe' },
    { uid: 'winback', title: 'Win-back: what do we say to dormant customers?', day: day(3), from: '110000', to: '120000' },
  ];
  const john: Event[] = [
    { uid: 'dentist', title: 'Dentist', day: day(1), from: '081500', to: '090000' },
    { uid: 'lunch', title: 'Lunch with Ann', day: day(2), from: '123000', to: '133000', place: 'Café Alster' },
    { uid: 'budget', title: 'Budget round', day: day(4), from: '160000', to: '170000', notes: 'Bring the note on the campaign.' },
  ];
  return { 'marketing.ics': calendar('Marketing', marketing, now), 'john.ics': calendar('John', john, now) };
}

function calendar(name: string, events: readonly Event[], now: number): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Perimeter//sample company//EN',
    `X-WR-CALNAME:${name}`,
    ...BERLIN,
    ...events.flatMap((event) => lineOf(event, now)),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function lineOf(event: Event, now: number): string[] {
  return [
    'BEGIN:VEVENT',
    `UID:acme-${event.uid}`,
    `DTSTAMP:${compactDay(now)}T060000Z`,
    `DTSTART;TZID=Europe/Berlin:${event.day}T${event.from}`,
    `DTEND;TZID=Europe/Berlin:${event.day}T${event.to}`,
    ...(event.rule === undefined ? [] : [`RRULE:${event.rule}`]),
    `SUMMARY:${event.title}`,
    ...(event.place === undefined ? [] : [`LOCATION:${event.place}`]),
    ...(event.notes === undefined ? [] : [`DESCRIPTION:${event.notes}`]),
    'END:VEVENT',
  ];
}

/** `20261124`, in UTC: which day exactly doesn't matter here. */
function compactDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
}

function mondayBefore(ms: number): number {
  return ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY;
}

/** The nth working day after a moment. */
function workdayAfter(ms: number, workdays: number): number {
  let day = ms;
  for (let left = workdays; left > 0; ) {
    day += DAY;
    if (![0, 6].includes(new Date(day).getUTCDay())) left -= 1;
  }
  return day;
}
