// Turning a question into tests on the index, and the one test that has to read the event itself.
import type { AuditEvent, AuditFilter } from '../ports.ts';
import type { Discretion } from './discreet.ts';
import { actionTest, personTest, resourceTest, wordTest } from './glob.ts';
import type { ColumnName, EventIndex, RowTest } from './index.ts';
import { BadQuestion, parseWhen } from './when.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_WORDS_LENGTH = 500;
const LEVELS = ['low', 'medium', 'high', 'critical'];
const NOT_SEARCHED = new Set(['id', 'prev', 'hash', 'note', 'root', 'sha256', 'timestamp']);

/** A test of the event itself; `inLine` says of its bytes, much quicker, that it can't pass. */
export type TextTest = { inLine: (line: Buffer) => boolean; matches: (event: AuditEvent) => boolean };
export type Question = { rows: RowTest[]; text?: TextTest; limit: number };
/** What a question is read with: the index it is for, the time and zone of its words, and the key of the hashes, when known. */
export type Asking = { index: EventIndex; now: number; zone: string; discretion?: Discretion | undefined };

/** Throws BadQuestion when a filter can't be read. */
export function readFilter(filter: AuditFilter, asking: Asking): Question {
  const { index, discretion } = asking;
  for (const [name, value] of Object.entries(filter)) {
    if (typeof value === 'string' && value.length > MAX_WORDS_LENGTH)
      throw new BadQuestion(`\`${name}\` is longer than ${MAX_WORDS_LENGTH} characters`);
  }
  const stored = (text: string) => discretion?.resource(text) ?? text;
  const rows: RowTest[] = [];
  const where = (column: ColumnName, wanted: string | undefined, test: (wanted: string) => (value: string) => boolean) => {
    if (wanted !== undefined && wanted !== '') rows.push(index.where(column, test(wanted)));
  };
  where('who', filter.who, personTest);
  where('agent', filter.agent, wordTest);
  where('action', filter.action && stored(filter.action), actionTest);
  where('resource', filter.resource && stored(filter.resource), resourceTest);
  where('decision', filter.decision, wordTest);
  where('rule', filter.rule, wordTest);
  where('grant', filter.grant_id, same);
  where('request', filter.request_id, same);
  where('type', filter.type, wordTest);
  where('risk', filter.risk, atLeast);
  where('tool', filter.tool, wordTest);
  where('server', filter.server, wordTest);
  rows.push(...timeTests(filter, asking));
  if (filter.cursor !== undefined) rows.push(index.before(cursorSeq(filter.cursor)));
  const limit = filter.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1) throw new BadQuestion(`\`limit\` is a whole number from 1 to ${MAX_LIMIT}`);
  const question: Question = { rows, limit: Math.min(limit, MAX_LIMIT) };
  return filter.text ? { ...question, text: textTest(filter.text, discretion) } : question;
}

function timeTests(filter: AuditFilter, { index, now, zone }: Asking): RowTest[] {
  const tests: RowTest[] = [];
  if (filter.when) {
    const { since, until } = parseWhen(filter.when, now, zone);
    tests.push(index.between(since, until));
  }
  if (filter.since) tests.push(index.between(parseWhen(filter.since, now, zone).since, Number.POSITIVE_INFINITY));
  if (filter.until) {
    const { since, until, moment } = parseWhen(filter.until, now, zone);
    tests.push(index.between(Number.NEGATIVE_INFINITY, moment ? since : until));
  }
  return tests;
}

function same(wanted: string): (value: string) => boolean {
  return (value) => value === wanted;
}

function atLeast(level: string): (value: string) => boolean {
  const least = LEVELS.indexOf(level);
  if (least < 0) throw new BadQuestion(`\`${level}\` is not a risk level, say ${LEVELS.map((one) => `\`${one}\``).join(', ')}`);
  return (value) => LEVELS.indexOf(value) >= least;
}

function cursorSeq(cursor: string): number {
  if (!/^[1-9]\d{0,14}$/.test(cursor))
    throw new BadQuestion('`cursor` is the `next_cursor` of an earlier answer, leave it out to begin anew');
  return Number(cursor);
}

/** Case-insensitive part of any text of the event; a sensitive value is found when it is named whole, by its hash. */
function textTest(wanted: string, discretion: Discretion | undefined): TextTest {
  const needle = wanted.toLowerCase();
  const hash = discretion?.hash(wanted);
  const found = (value: unknown): boolean => {
    if (typeof value === 'string') return value === hash || (!value.startsWith('hmac:') && value.toLowerCase().includes(needle));
    if (Array.isArray(value)) return value.some(found);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([name, item]) => name.toLowerCase().includes(needle) || found(item));
  };
  // Only where JSON and lower case leave every character as it is can the bytes be looked through.
  const isPlain = /^[a-z0-9 _.,:;@/*+-]+$/.test(needle);
  return {
    inLine(line) {
      if (!isPlain) return true;
      const text = line.toString('latin1').toLowerCase();
      return text.includes(needle) || (hash !== undefined && text.includes(hash));
    },
    matches: (event) => Object.entries(event).some(([name, value]) => !NOT_SEARCHED.has(name) && found(value)),
  };
}
