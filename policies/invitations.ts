// Calendar data that a call carries along (iTIP, RFC 5546; as mail iMIP, RFC 6047): whom it invites, and what is attached to the event.
import { base64Texts, percentDecoded, quotedPrintable } from './values/transport.ts';

/** `unnamed`: people are meant that it doesn't name by an address. `links` are addresses of what is attached, `inline` counts the rest. */
export type CalendarData = { people: string[]; unnamed: boolean; links: string[]; inline: number };

const BEGINS = /BEGIN\s*:\s*V(?!CARD)[A-Z]{4,}/i;
/** `BEGIN:VC` and `BEGIN:VE` in base64, as they stand at the start of a part or of a text. */
const ENCODED = /QkVHSU46V[kR]/;
/** A part or an attachment that says of itself what it is. */
const CALLED = /^\s*(?:text\/calendar|application\/(?:ics|calendar\+(?:json|xml)))\b|^content-type\s*:\s*text\/calendar\b/im;
const PROPERTY = /^(?:[\w-]+\.)?(ATTENDEE|ORGANIZER|METHOD|ATTACH)((?:;(?:[^":]|"[^"]*")*)?):(.*)$/i;
const TO_THE_ORGANIZER = /^(?:REPLY|COUNTER|REFRESH)$/i;
const MAILTO = /mailto:([^\s"',;:>]+)/gi;
/** Names of files that calendars are kept and sent in. */
const CALENDAR_FILE = /\.(?:ics|ical|icalendar|ifb|vcs)$/i;

export function isCalendarFile(path: string): boolean {
  return CALENDAR_FILE.test(path);
}

/** Whether a text says that calendar data goes along, whether or not it can be read. */
export function speaksOfCalendar(text: string): boolean {
  return CALLED.test(text);
}

/** What the calendar data in a text says, in every encoding it may travel in; undefined where there is none. */
export function calendarDataIn(text: string): CalendarData | undefined {
  const encoded = ENCODED.test(text) ? base64Texts(text) : [];
  const readings = [text, quotedPrintable(text), percentDecoded(text), ...encoded].map((one) => one.replace(/\\r\\n|\\n/g, '\n'));
  const calendars = [...new Set(readings)].filter((one) => BEGINS.test(one));
  return calendars.length === 0 ? undefined : merged(calendars.map(readCalendar));
}

function readCalendar(text: string): CalendarData {
  const found: CalendarData = { people: [], unnamed: false, links: [], inline: 0 };
  const organizers: string[] = [];
  let answers = false;
  let asks = false;
  // a line that begins with a blank goes on the one before (RFC 5545 §3.1)
  for (const line of text
    .replace(/\r\n?|\u2028|\u2029|\u0085/g, '\n')
    .replace(/\n[ \t]/g, '')
    .split('\n')) {
    const [, name = '', parameters = '', value = ''] = PROPERTY.exec(line.trim()) ?? [];
    const people = () => mailboxesIn(parameters, value);
    switch (name.toUpperCase()) {
      case 'METHOD':
        answers ||= TO_THE_ORGANIZER.test(value.trim());
        asks ||= !/^PUBLISH$/i.test(value.trim());
        break;
      case 'ORGANIZER':
        organizers.push(...people());
        break;
      case 'ATTENDEE':
        found.people.push(...people());
        found.unnamed ||= people().length === 0;
        break;
      case 'ATTACH':
        if (/;\s*(?:VALUE\s*=\s*"?BINARY|ENCODING\s*=\s*"?BASE64)/i.test(parameters) || !/^[a-z][a-z0-9+.-]*:/i.test(value))
          found.inline += 1;
        else found.links.push(value.trim());
    }
  }
  if (answers) found.people.push(...organizers);
  // it asks somebody something, and doesn't say whom
  found.unnamed ||= asks && found.people.length === 0;
  return found;
}

/** Those of the value and of parameters such as `DELEGATED-TO`, `SENT-BY` and `EMAIL`; a value may leave `mailto:` out. */
function mailboxesIn(parameters: string, value: string): string[] {
  const named = [...`${parameters}\n${value}`.matchAll(MAILTO)].map(([, address = '']) => percentDecoded(address));
  const given = /;\s*EMAIL\s*=\s*"?([^";:\s]+@[^";:\s]+)/i.exec(parameters)?.[1];
  const bare = /^[^\s:@]+@[^\s:@]+$/.test(value.trim()) ? [value.trim()] : [];
  return [...named, ...(given === undefined ? [] : [given]), ...bare];
}

function merged(all: readonly CalendarData[]): CalendarData {
  return {
    people: [...new Set(all.flatMap(({ people }) => people))],
    unnamed: all.some(({ unnamed }) => unnamed),
    links: [...new Set(all.flatMap(({ links }) => links))],
    inline: Math.max(...all.map(({ inline }) => inline)),
  };
}
