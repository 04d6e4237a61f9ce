// What a server says on its way to the client, so that nobody takes it for the guard's own words: its progress, and pages that it wants drawn.
import { visible } from '../policies/values/visible.ts';
import type { IncomingCall, ToolDefinition, ToolResult } from './ports.ts';

type Progress = NonNullable<IncomingCall['progress']>;
type Content = ToolResult['content'][number];

const MAX_WORDS = 200;
const MAX_NAME = 80;
/** An address that a client would make a link of. */
const ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/\S*|\bwww\.\S+/gi;
/** What makes a line more than a line in clients that draw markdown or HTML, and the sign that ends the quotation. */
const MARKUP = /[`*~#<>|"\\[\]]/g;
const PLAIN: Readonly<Record<string, string>> = { '"': "'", '`': "'", '<': '‹', '>': '›', '[': '(', ']': ')' };

/** Passes steps on, their words as those of the server that says them; the guard's own have no name before them. */
export function toldBy(server: string, progress: Progress): Progress {
  return ({ message, ...steps }) => progress(message === undefined ? steps : { ...steps, message: quoted(server, message) });
}

function quoted(server: string, said: string): string {
  return `${plain(server, MAX_NAME)} says: "${plain(said.replace(ADDRESS, '(address left out)'), MAX_WORDS)}"`;
}

/** A text that no client draws as anything but its letters, on one line. */
export function plain(text: string, max: number): string {
  const letters = text.replace(MARKUP, (sign) => PLAIN[sign] ?? ' ');
  return visible(letters, max);
}

/**
 * A definition without what is under `_meta`: it names pages for the client to draw, the guard's own card among them, and none of a
 * downstream's is passed on.
 */
export function undrawn({ _meta, ...definition }: ToolDefinition): ToolDefinition {
  return definition;
}

/** The same part of a result, or words in its place where it is a page, or leads to one, that some clients would draw as the guard's. */
export function notDrawn(item: Content): Content {
  const resource = item.type === 'resource' ? (item.resource as { uri?: unknown } | undefined) : item;
  const uri = resource?.uri;
  if (typeof uri !== 'string' || !/^\s*ui:/i.test(uri)) return item;
  return { type: 'text', text: `(a page to draw, \`${visible(uri, MAX_NAME)}\`: it is not passed on)` };
}
