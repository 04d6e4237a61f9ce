// Turning a question into tests on the index, and the one test that has to read the event itself.
import type { AuditEvent, AuditFilter } from '../ports.ts';
import type { ColumnName } from './columns.ts';
import type { Discretion } from './discreet.ts';
import { actionTest, personTest, resourceTest, wordTest } from './glob.ts';
import { before, between, type Condition, where } from './index.ts';
import { BadQuestion, parseWhen } from './when.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_WORDS_LENGTH = 500;
const LEVELS = ['low', 'medium', 'high', 'critical'];
const NOT_SEARCHED = new Set(['id', 'prev', 'hash', 'note', 'root', 'sha256', 'timestamp']);

/** A test of the event itself; `inLine` says of its bytes, much quicker, that it can't pass. */
export type TextTest = { inLine: (line: Buffer) => boolean; matches: (event: AuditEvent) => boolean };
export type Question = { conditions: Condition[]; text?: TextTest; limit: number };
/** What a question is read with: the time and zone of its words, and the key of the hashes, when known. */
export type Asking = { now: number; zone: string; discretion?: Discretion | undefined };

/** Throws BadQuestion when a filter can't be read. */
export function readFilter(filter: AuditFilter, asking: Asking): Question {
  const { discretion } = asking;
  for (const [name, value] of Object.entries(filter)) {
    if (typeof value === 'string' && value.length > MAX_WORDS_LENGTH)
      throw new BadQuestion(`\`${name}\` is longer than ${MAX_WORDS_LENGTH} characters`);
  }
  const stored = (text: string) => discretion?.resource(text) ?? text;
  const conditions: Condition[] = [];
  const filtered = (column: ColumnName, wanted: string | undefined, test: (wanted: string) => (value: string) => boolean) => {
    if (wanted !== undefined && wanted !== '') conditions.push(where(column, test(wanted)));
  };
  filtered('who', filter.who, personTest);
  filtered('agent', filter.agent, wordTest);
  filtered('action', filter.action && stored(filter.action), actionTest);
  filtered('resource', filter.resource && stored(filter.resource), resourceTest);
  filtered('decision', filter.decision, wordTest);
  filtered('rule', filter.rule, wordTest);
  filtered('grant', filter.grant_id, same);
  filtered('request', filter.request_id, same);
  filtered('type', filter.type, wordTest);
  filtered('risk', filter.risk, atLeast);
  filtered('tool', filter.tool, wordTest);
  filtered('server', filter.server, wordTest);
  conditions.push(...timeConditions(filter, asking));
  if (filter.cursor !== undefined) conditions.push(before(cursorSeq(filter.cursor)));
  const limit = filter.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1) throw new BadQuestion(`\`limit\` is a whole number from 1 to ${MAX_LIMIT}`);
  const question: Question = { conditions, limit: Math.min(limit, MAX_LIMIT) };
  return filter.text ? { ...question, text: textTest(filter.text, discretion) } : question;
}

function timeConditions(filter: AuditFilter, { now, zone }: Asking): Condition[] {
  const conditions: Condition[] = [];
  if (filter.when) {
    const { since, until } = parseWhen(filter.when, now, zone);
    conditions.push(between(since, until));
  }
  if (filter.since) conditions.push(between(parseWhen(filter.since, now, zone).since, Number.POSITIVE_INFINITY));
  if (filter.until) {
    const { since, until, moment } = parseWhen(filter.until, now, zone);
    conditions.push(between(Number.NEGATIVE_INFINITY, moment ? since : until));
  }
  return conditions;
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
