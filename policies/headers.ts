// Line breaks where there is room for one line only: in a mail's header or an event's property they begin a line of their own.
import { encodedWordsDecoded } from './values/address.ts';
import { percentDecoded, quotedPrintable } from './values/transport.ts';

/** Arguments that become one header line (RFC 5322 §3.6), whatever the tool calls them. */
const HEADER =
  /^(?:subject|from|sender|reply[-_]?to|in[-_]?reply[-_]?to|references|message[-_]?id|thread[-_]?id|return[-_]?path|x-.+)$/i;
/** Arguments that become one property of an event (RFC 5545 §3.8). */
const PROPERTY = /^(?:title|summary|name|location|organizer|uid|event[-_]?id|url|status)$/i;
const LINE_BREAK = /[\r\n\0\v\f\u0085\u2028\u2029]/;
const NEW_HEADER = /[\r\n\0\v\f\u0085\u2028\u2029]\s*[A-Za-z][A-Za-z0-9-]{0,60}\s*:/;
const NEW_PROPERTY =
  /[\r\n\u0085\u2028\u2029]\s*(?:attendee|organizer|attach|begin|end|method|url|rrule|dtstart|dtend|x-[a-z0-9-]+)\s*[;:]/i;

/** Why the value of the argument `name` would write more than its line (CWE-93); undefined when it doesn't. */
export function headerFault(name: string, value: string): string | undefined {
  if (HEADER.test(name)) {
    const decoded = [percentDecoded(value), quotedPrintable(value), encodedWordsDecoded(value)];
    if (LINE_BREAK.test(value) || decoded.some((text) => NEW_HEADER.test(text)))
      return `\`${name}\` holds a line break, which would begin another header; write one line`;
  }
  if (PROPERTY.test(name) && NEW_PROPERTY.test(value))
    return `\`${name}\` would write a further property of the event; write one line`;
  return undefined;
}
