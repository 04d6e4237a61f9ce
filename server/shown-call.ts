// A planned call as the human reads it: on one line, whole where it is short, and never with its end or its short arguments out of sight.
import { encodedWordBytes } from '../policies/values/transport.ts';
import { visible } from '../policies/values/visible.ts';

const MAX_SHOWN = 1_600;

/** The arguments as JSON, in at most `room` characters. What is too long is cut in its middle, and the short arguments come first: nothing hides behind padding. */
export function shownCall(args: Record<string, unknown>, room = MAX_SHOWN): string {
  const whole = JSON.stringify(args);
  if (whole.length <= room / 2) return visible(whole, room);
  const members = Object.entries(args).map(
    ([name, value]) => `${cut(JSON.stringify(name), room)}:${cut(JSON.stringify(value), room)}`,
  );
  return visible(`{${members.sort((a, b) => a.length - b.length).join(',')}}`, room);
}

/** JSON has no raw control in it, so a cut splits no line; what can't be seen is made visible afterwards, over the whole. */
function cut(json: string, room: number): string {
  const [head, tail] = [Math.floor(room / 8), Math.floor(room / 16)];
  const left = json.length - head - tail;
  return left <= 20 ? json : `${json.slice(0, head)}…(+${left})…${json.slice(-tail)}`;
}

/** RFC 2047; bounded, so that no text makes the search slow. */
const ENCODED_WORD = /=\?([\w-]{1,40})(?:\*[\w-]{1,20})?\?([bq])\?([^?\s"\\]{1,400})\?=/gi;
const MAX_WORDS = 5;

/** What mail programs show in place of encoded words in a call, which nobody reads by eye: `=?utf-8?B?SGk=?=` is "Hi". */
export function readAsMail(args: Record<string, unknown>): string[] {
  const words = [...JSON.stringify(args).matchAll(ENCODED_WORD)].map(([, charset = '', kind = '', body = '']) =>
    decoded(charset, encodedWordBytes(kind, body)),
  );
  return words.length > MAX_WORDS ? [...words.slice(0, MAX_WORDS), `and ${words.length - MAX_WORDS} more`] : words;
}

function decoded(charset: string, bytes: Buffer): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
