// What text a bundled server takes into a file: no control characters, no half characters, nothing that hides.
import { ToolProblem } from './serve.ts';

/** C0 and C1 controls, and the two Unicode line separators that some readers take for line ends. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/**
 * One line of text for a header or a property: returned as it is, or refused. `name` is the argument, for the message.
 * A line break in a header field is how further fields are smuggled in (CWE-93).
 */
export function checkLine(name: string, value: string, most: number): string {
  refuseUnfit(name, value, most);
  if (CONTROL.test(value)) throw new ToolProblem(`\`${name}\` has a line break or control character: write it in one plain line`);
  return value;
}

/**
 * One line for a mail header. An encoded word (RFC 2047, `=?utf-8?q?…?=`) written by hand is refused: readers would show other words
 * than the ones that were judged.
 */
export function checkHeader(name: string, value: string, most: number): string {
  if (checkLine(name, value, most).includes('=?'))
    throw new ToolProblem(`\`${name}\` has \`=?\`, which starts an encoded word: write the characters themselves`);
  return value;
}

/** Running text of several lines; CR LF becomes LF. */
export function checkText(name: string, value: string, most: number): string {
  refuseUnfit(name, value, most);
  const text = value.replaceAll('\r\n', '\n');
  if (CONTROL.test(text.replace(/[\t\n]/g, ''))) throw new ToolProblem(`\`${name}\` has a control character: send plain text`);
  return text;
}

/** Lower case, compatibility forms folded and accents kept: what a search compares. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Cuts at `most` UTF-16 units without splitting a character, and marks the cut. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most);
  return `${/[\ud800-\udbff]$/u.test(cut) ? cut.slice(0, -1) : cut}…`;
}

function refuseUnfit(name: string, value: string, most: number): void {
  if (value.length > most) throw new ToolProblem(`\`${name}\` has ${value.length} characters: the most is ${most}`);
  if (/\p{Surrogate}/u.test(value))
    throw new ToolProblem(`\`${name}\` has half of a character (a lone surrogate): send valid Unicode`);
}
