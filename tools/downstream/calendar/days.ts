// The whole days that a calendar file marks, such as public holidays: dates, those that come back every year included.
import ICAL from 'ical.js';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_EVENTS = 5_000;
/** Turns of the recurrence library's wheel for one file. A rule that needs more could hide days, so the file counts as unreadable. */
const MAX_STEPS = 20_000;
const MAX_SPAN = 60;

/** Dates as `2026-12-25` from one date to another, sorted. Events at a time of day mark no day. Throws on a text that is no calendar. */
export function wholeDays(text: string, from: string, to: string): string[] {
  if (text.length > MAX_BYTES) throw new Error('the calendar is larger than 4 MB');
  const calendar = new ICAL.Component(ICAL.parse(text));
  if (calendar.name !== 'vcalendar') throw new Error('this is no calendar');
  const events = calendar.getAllSubcomponents('vevent');
  if (events.length > MAX_EVENTS) throw new Error(`the calendar has more than ${MAX_EVENTS} events`);
  const days = new Set<string>();
  let steps = 0;
  for (const component of events) {
    if (String(component.getFirstPropertyValue('status') ?? '').toUpperCase() === 'CANCELLED') continue;
    const event = new ICAL.Event(component);
    if (!event.startDate?.isDate) continue;
    const span = Math.min(MAX_SPAN, Math.max(1, Math.round(event.duration.toSeconds() / 86_400)));
    const wheel = event.iterator();
    for (;;) {
      const start = wheel.next() as ICAL.Time | null;
      if (start === null || start === undefined || start.toString() > to) break;
      steps += 1;
      if (steps > MAX_STEPS) throw new Error('its repetitions take too long to work out');
      for (let more = 0; more < span; more += 1) {
        const day = start.clone();
        day.adjust(more, 0, 0, 0);
        const date = day.toString().slice(0, 10);
        if (date >= from && date <= to) days.add(date);
      }
    }
  }
  return [...days].sort();
}
