// When what was read counts as sensitive: by what it holds, by the operator's marks, by what its binding says it carries.
import type { Reading } from './reading.ts';
import { parsePattern, patternCoversBelow, patternMatches, patternMeetsBelow, splitSegments } from './scope.ts';
import type { SensitiveMarks } from './types.ts';
import { type DataClasses, UNSCANNED } from './values/data-classes.ts';
import { foldSegment } from './values/path.ts';

/** One of these is an address like those on every letterhead; many are a list of people. */
const CONTACT: ReadonlySet<string> = new Set(['pii.email', 'pii.phone']);
/** They point to machines, and stand in every log. */
const MACHINE: ReadonlySet<string> = new Set(['pii.ip', 'pii.mac']);
/** So many addresses or phone numbers are a list of people. */
export const PEOPLE = 5;
/** In mail and calendars, where everything has a sender and guests. */
export const PEOPLE_IN_MAIL = 25;
const CORRESPONDENCE: ReadonlySet<string> = new Set(['email', 'mail', 'calendar', 'invitation', 'chat']);

const READING: ReadonlySet<string> = new Set(['read', 'search', 'list']);
const LABELLED =
  /(?:^|[._-])(?:labels?|tags?|folders?|mailbox(?:es)?|categor(?:y|ies)|calendars?|channels?|sensitivity|classification)$/i;

/** Whether what came back must not simply go out again: a secret, a number of a person, money, health, or a list of people. */
export function isSensitive({ classes, counts }: Pick<DataClasses, 'classes' | 'counts'>, domains: readonly string[]): boolean {
  if (classes.some((name) => !CONTACT.has(name) && !MACHINE.has(name) && name !== UNSCANNED)) return true;
  const people = domains.length > 0 && domains.every((domain) => CORRESPONDENCE.has(domain)) ? PEOPLE_IN_MAIL : PEOPLE;
  return classes.some((name) => CONTACT.has(name) && (counts[name] ?? 0) >= people);
}

/** Whether a call reads what is known to be sensitive before it is read. */
export function readsSensitive(reading: Reading): boolean {
  const known = [...(reading.marked ?? []), ...(reading.carries ?? [])].length > 0;
  return known && reading.actions.every((action) => READING.has(action.verb));
}

/** The operator's marks that a call meets, as `tables:customers`. */
export function marksOf(reading: Reading, marks: SensitiveMarks | undefined): string[] {
  if (marks === undefined) return [];
  const met = (kind: keyof SensitiveMarks, meets: (mark: string) => boolean) =>
    (marks[kind] ?? []).filter(meets).map((mark) => `${kind}:${mark}`);
  const tables = [
    ...reading.actions.filter((one) => one.kind === 'table').map((one) => one.resource ?? ''),
    ...list(reading.facts['sql.tables']),
  ];
  const columns = list(reading.facts['sql.columns']);
  const labels = [
    ...reading.actions.filter((one) => one.kind === 'text').map((one) => one.resource ?? ''),
    ...labelsIn(reading.args, '', 0),
  ];
  return [
    ...met('tables', (mark) => tables.some((table) => named(mark, table))),
    ...met('columns', (mark) =>
      columns.some((column) =>
        column.endsWith('.*') ? named(mark.split('.')[0] ?? '', column.slice(0, -2)) : named(mark, column),
      ),
    ),
    ...met('folders', (mark) => reading.actions.some((one) => one.kind === 'path' && inFolder(mark, one))),
    ...met('labels', (mark) => labels.some((label) => foldSegment(label.normalize('NFKC').trim()) === foldSegment(mark))),
  ];
}

function named(mark: string, name: string): boolean {
  return patternMatches(parsePattern(mark.toLowerCase()), [name.toLowerCase()]);
}

/** A folder, and everything below it; a folder that is read whole meets a mark anywhere below. */
function inFolder(mark: string, { resource = '', folder }: Reading['actions'][number]): boolean {
  const segments = splitSegments(resource);
  const whole = mark.replace(/\/+$/, '');
  const pattern = parsePattern(`${whole}/**`);
  if (patternMatches(pattern, segments, true) || patternCoversBelow(pattern, segments, true)) return true;
  return folder === true && patternMeetsBelow(pattern, segments, true);
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Texts in arguments whose name says that they are labels. */
function labelsIn(value: unknown, name: string, depth: number): string[] {
  if (typeof value === 'string') return LABELLED.test(name) ? [value] : [];
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  if (Array.isArray(value)) return value.slice(0, 1_000).flatMap((item) => labelsIn(item, name, depth + 1));
  return Object.entries(value).flatMap(([key, item]) => labelsIn(item, key, depth + 1));
}

const ANYBODY =
  /^(?:public|public[ _-]?(?:read|link|web)[a-z_-]*|anyone|anyone[ _-]?with[ _-]?(?:the[ _-]?)?link|anybody|everyone|everybody|all[ _-]?users|world|internet|unlisted)$/i;
const SHARING =
  /(?:^|[._-])(?:visibility|access(?:[._-]?level)?|acl|audience|sharing|share|shared[._-]?with|permissions?|scope|role|type|link(?:[._-]?(?:scope|access|type|sharing))?|privacy|grantee|who)$/i;
const OPENING =
  /^(?:is[._-]?)?(?:public|published?|anyone|world[._-]?readable|public[._-]?(?:link|access|read)|anyone[._-]?can[._-]?(?:view|read|edit|access))$/i;
const CLOSING = /^(?:is[._-]?)?private$/i;
const WRITING: ReadonlySet<string> = new Set(['share', 'create', 'write', 'send', 'move', 'execute']);

/** The argument by which a call makes something readable for anybody; undefined when there is none. */
export function openedBy(reading: Reading): string | undefined {
  if (!reading.actions.some((action) => WRITING.has(action.verb))) return undefined;
  return opening(reading.args, '', 0);
}

function opening(value: unknown, name: string, depth: number): string | undefined {
  const key = name.replace(/([a-z])([A-Z])/g, '$1_$2');
  if (typeof value === 'boolean') return (value ? OPENING : CLOSING).test(key) ? name : undefined;
  if (typeof value === 'string')
    return (SHARING.test(key) && ANYBODY.test(value.trim())) || (OPENING.test(key) && /^(?:true|yes|1|on)$/i.test(value.trim()))
      ? name
      : undefined;
  if (typeof value !== 'object' || value === null || depth > 4) return undefined;
  const entries = Array.isArray(value) ? value.slice(0, 100).map((item) => [name, item] as const) : Object.entries(value);
  for (const [inner, item] of entries) {
    const found = opening(item, inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
