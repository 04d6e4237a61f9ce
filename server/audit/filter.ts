// Questions to the audit as people type them: `who:john decision:deny when:"last Tuesday"`, and words that are searched for.
import { closest } from '../../policies/source.ts';
import { BadQuestion } from './when.ts';

/** What may stand before a colon; also `--options` of the command line. `verb` and `domain` are parts of `action`. */
export const FILTERS = [
  ...[
    'text',
    'who',
    'agent',
    'action',
    'verb',
    'domain',
    'resource',
    'decision',
    'rule',
    'grant',
    'request',
    'type',
    'tool',
    'server',
  ],
  ...['risk', 'when', 'since', 'until', 'cursor'],
] as const;
/** What the guard records of itself alone: left out where nobody asks for it. */
export const OWN_RECORDS: ReadonlySet<string> = new Set([
  ...['audit.opened', 'audit.checkpoint', 'audit.rotated', 'audit.retired', 'audit.read', 'policy.loaded'],
]);
/** As the guard's own tool calls them. */
const ALSO: Readonly<Record<string, string>> = { grant_id: 'grant', request_id: 'request' };
const NAMES: Readonly<Record<string, string>> = { grant: 'grant_id', request: 'request_id' };
const RISKS = ['low', 'medium', 'high', 'critical'];

/**
 * Reads the words of a command line or of a field; `given` are filters from options. A value reaches to the next filter, or to its
 * closing quote. Throws BadQuestion with what was meant where a filter is mistyped.
 */
export function readQuestion(words: readonly string[], given: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const found = new Map<string, string>();
  const text: string[] = [];
  for (const word of words)
    for (const { key, value } of partsOf(word))
      if (key === undefined) text.push(value);
      else put(found, key, value);
  for (const [key, value] of Object.entries(given)) put(found, key, value);
  if (text.length > 0) put(found, 'text', text.join(' '));
  const { verb, domain, ...rest } = Object.fromEntries(found);
  if ((verb ?? domain) !== undefined && rest.action !== undefined)
    throw wrong('`action` says verb and domain already; leave one of them off');
  if ((verb ?? domain) !== undefined) rest.action = domain === undefined ? (verb ?? '*') : `${verb ?? '*'}:${domain}`;
  if (rest.risk !== undefined && !RISKS.includes(rest.risk))
    throw wrong(`\`${rest.risk}\` is no risk; say one of ${RISKS.join(', ')}, it means this or more`);
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [NAMES[key] ?? key, value]));
}

function put(found: Map<string, string>, key: string, value: string): void {
  if (value === '') throw wrong(`\`${key}:\` has no value; write \`${key}:something\`, with quotes where it has spaces`);
  if (found.has(key)) throw wrong(`\`${key}:\` stands twice; ask once for each`);
  found.set(key, value);
}

type Part = { key?: string; value: string };

/** One word of the command line may hold a whole question, when it was quoted as one. */
function partsOf(word: string): Part[] {
  const parts: Part[] = [];
  // A key, then a value in quotes, or all up to the next key.
  const starts = [...word.matchAll(/(?<=^|\s)([a-z_]{2,20}):/g)].filter((match) => !inQuotes(word, match.index));
  const known = starts.filter((match) => keyOf(match[1]!, word.slice(match.index + match[0].length)) !== undefined);
  const before = word.slice(0, known[0]?.index ?? word.length).trim();
  if (before !== '') parts.push({ value: unquoted(before) });
  for (const [at, match] of known.entries()) {
    const value = word.slice(match.index + match[0].length, known[at + 1]?.index ?? word.length).trim();
    const [, quoted, rest = ''] = /^"([^"]*)"\s*(.*)$/s.exec(value) ?? [undefined, undefined, ''];
    parts.push({ key: keyOf(match[1]!, value)!, value: quoted ?? value });
    if (rest !== '') parts.push({ value: unquoted(rest) });
  }
  return parts;
}

/** The filter a key names; undefined for what is no filter, such as the start of an action or an address. */
function keyOf(key: string, value: string): string | undefined {
  const name = ALSO[key] ?? key;
  if ((FILTERS as readonly string[]).includes(name)) return name;
  const near = closest(key, FILTERS);
  if (near === undefined || value.startsWith('//')) return undefined;
  throw wrong(
    `\`${key}:\` is no filter; did you mean \`${near}:\`? To search for the words themselves write \`text:"${key}:${value}"\``,
  );
}

function inQuotes(word: string, at: number): boolean {
  return word.slice(0, at).split('"').length % 2 === 0;
}

function unquoted(text: string): string {
  return /^"[^"]*"$/.test(text) ? text.slice(1, -1) : text;
}

function wrong(problem: string): BadQuestion {
  return new BadQuestion(problem);
}
