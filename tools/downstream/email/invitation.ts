// Calendar data that a mail carries along (iMIP, RFC 6047), as a person should see it before it goes: what it asks, and of whom.
import ICAL from 'ical.js';
import { isCalendarFile } from '../../../policies/invitations.ts';

const MOST_NAMED = 5;
const BEGINS = /^\ufeff?\s*BEGIN:VCALENDAR/i;

/** One line on what the bytes ask and of whom; undefined when they are no calendar data. */
export function invitationLine(name: string, bytes: Buffer): string | undefined {
  if (!BEGINS.test(bytes.subarray(0, 200).toString('utf8'))) {
    return isCalendarFile(name)
      ? `${name} is called calendar data and can not be read as such: it may invite anybody`
      : undefined;
  }
  try {
    const calendar = ICAL.Component.fromString(bytes.toString('utf8').replace(/^\ufeff/, ''));
    const properties = (wanted: string) => calendar.getAllSubcomponents().flatMap((part) => part.getAllProperties(wanted));
    const method = calendar.getFirstPropertyValue('method');
    const what = `${name} is calendar data${method === null ? '' : ` with the method ${String(method).slice(0, 40).toUpperCase()}`}`;
    const people = [...new Set(properties('attendee').map((one) => String(one.getFirstValue()).replace(/^mailto:/i, '')))];
    const named = `${people.slice(0, MOST_NAMED).join(', ')}${people.length > MOST_NAMED ? ', …' : ''}`;
    const invites = people.length === 0 ? 'it names no attendees' : `an invitation to ${people.length}: ${named}`;
    const attached = properties('attach').length;
    const along = attached === 0 ? '' : `; ${attached} attached to the event`;
    return `${what}, ${invites}${along}`.replace(/\p{Cc}+/gu, ' ');
  } catch {
    return `${name} is calendar data that can not be read: it may invite anybody`;
  }
}
