// One .ics file: read with ical.js, and changed by replacing single events so that every other byte stays as it was.
import ICAL from 'ical.js';

/** A VEVENT, and where its lines stand in the text. */
type EventPart = { component: ICAL.Component; start: number; end: number };

/** A parsed calendar. `text` has no byte order mark; `bom` says whether the file had one. */
export type Ics = {
  text: string;
  bom: boolean;
  newline: '\r\n' | '\n';
  /** Everything but the events. */
  calendar: ICAL.Component;
  events: EventPart[];
  /** Why an event was left out, one sentence each. */
  problems: string[];
  /** Where a new component goes: before the END:VCALENDAR line. */
  tail: number;
};

/** Why a file can't be used. The message completes "the file … ". */
export class BrokenIcs extends Error {
  override name = 'BrokenIcs';
}

/** Events in one file beyond which it is left alone. */
const MOST_EVENTS = 20_000;

/** An unfolded content line (RFC 5545 section 3.1) and its place in the text. */
type Line = { start: number; end: number; content: string };

/** Reads the bytes of an .ics file. Throws BrokenIcs with a reason in plain words. */
export function parseIcs(bytes: Uint8Array): Ics {
  const decoded = decode(bytes);
  const bom = decoded.startsWith('\ufeff');
  const text = bom ? decoded.slice(1) : decoded;
  const { spans, tail } = outline(text);
  const events: EventPart[] = [];
  const problems: string[] = [];
  for (const span of spans) {
    try {
      events.push({ ...span, component: parseComponent(text.slice(span.start, span.end)) });
    } catch (error) {
      problems.push(`an event ${error instanceof Error ? error.message : 'does not parse'}`);
    }
  }
  const calendar = parseComponent(cutOut(text, spans));
  return { text, bom, newline: text.includes('\r\n') ? '\r\n' : '\n', calendar, events, problems, tail };
}

function cutOut(text: string, spans: readonly { start: number; end: number }[]): string {
  let at = 0;
  let rest = '';
  for (const { start, end } of spans) {
    rest += text.slice(at, start);
    at = end;
  }
  return rest + text.slice(at);
}

/** A change of the text: what stood between `start` and `end` becomes `lines` (CR LF, empty to remove). */
export type Splice = { start: number; end: number; lines: string };

/** The text with the changes made, in the file's own line ends, as bytes. Every other byte is as it was. */
export function spliceIcs(ics: Ics, splices: readonly Splice[]): Buffer {
  const ordered = splices.map((splice, order) => ({ ...splice, order })).sort((a, b) => a.start - b.start || a.order - b.order);
  let result = '';
  let at = 0;
  for (const { start, end, lines } of ordered) {
    result += ics.text.slice(at, start) + lines.replaceAll('\r\n', ics.newline);
    at = end;
  }
  return Buffer.from((ics.bom ? '\ufeff' : '') + result + ics.text.slice(at), 'utf8');
}

/** A component as lines with CR LF at each end, folded and escaped by the library. */
export function componentLines(component: ICAL.Component): string {
  return `${component.toString()}\r\n`;
}

/** An empty calendar (RFC 5545 section 3.4 asks for PRODID and VERSION). */
export function emptyIcs(): Buffer {
  const lines = ['BEGIN:VCALENDAR', 'PRODID:-//mcp-perimeter//calendar//EN', 'VERSION:2.0', 'END:VCALENDAR', ''];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BrokenIcs('is not UTF-8 text');
  }
}

function parseComponent(text: string): ICAL.Component {
  try {
    return new ICAL.Component(ICAL.parse(text));
  } catch (error) {
    throw new BrokenIcs(`does not parse: ${error instanceof Error ? error.message.slice(0, 120) : 'unknown error'}`);
  }
}

/** Walks the BEGIN and END lines: one VCALENDAR, everything closed, and where each of its events stands. */
function outline(text: string): { spans: { start: number; end: number }[]; tail: number } {
  const open: string[] = [];
  const spans: { start: number; end: number }[] = [];
  let begun = 0;
  let tail = -1;
  for (const line of contentLines(text)) {
    const [, edge, name] = /^(begin|end):(.*)$/i.exec(line.content) ?? [];
    if (edge === undefined || name === undefined) {
      if (open.length === 0 && line.content.trim() !== '') throw new BrokenIcs('has text outside its calendar');
      continue;
    }
    const component = name.trim().toLowerCase();
    if (edge.toLowerCase() === 'begin') {
      if (open.length === 0 && (component !== 'vcalendar' || tail !== -1)) throw new BrokenIcs('is not one iCalendar object');
      if (open.length === 1 && component === 'vevent') begun = line.start;
      open.push(component);
      continue;
    }
    if (open.pop() !== component) throw new BrokenIcs(`closes \`${component}\` where it is not open`);
    if (open.length === 1 && component === 'vevent') spans.push({ start: begun, end: line.end });
    if (open.length === 0) tail = line.start;
    if (spans.length > MOST_EVENTS) throw new BrokenIcs(`has more than ${MOST_EVENTS} events`);
  }
  if (tail === -1 || open.length > 0) throw new BrokenIcs('is cut off or empty');
  return { spans, tail };
}

/** Lines as ical.js sees them: ended by LF or CR LF, continued by a space or tab. */
function* contentLines(text: string): Generator<Line> {
  let line: Line | undefined;
  let at = 0;
  while (at < text.length) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed + 1;
    const content = text.slice(at, end).replace(/\r?\n$/, '');
    if (line && (content.startsWith(' ') || content.startsWith('\t'))) {
      line.content += content.slice(1);
      line.end = end;
    } else {
      if (line) yield line;
      line = { start: at, end, content };
    }
    at = end;
  }
  if (line) yield line;
}
