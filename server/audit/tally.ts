// Counts of what happened: calls of the last day by hour, risk and decision, by agent and by tool, and how often each rule had a say.
import { RISK_LEVELS } from '../../policies/types.ts';
import type { Clock } from '../ports.ts';
import { BETWEEN, type ColumnName } from './columns.ts';

/** What is counted of an event, as the columns of the index hold it. */
export const TALLIED = ['type', 'risk', 'decision', 'agent', 'server', 'tool', 'rule'] as const satisfies readonly ColumnName[];
/** `unrated`: refused before anybody could judge it. */
export const LEVELS = [...RISK_LEVELS, 'unrated'] as const;
export type Level = (typeof LEVELS)[number];
export const DECISIONS = ['allow', 'ask', 'deny'] as const;
export type Decided = (typeof DECISIONS)[number];
export type Counts = Record<Level, Record<Decided, number>>;

/** One hour of the clock on the wall, from `since` (milliseconds) on; the last one isn't over. */
export type Hour = { since: number; counts: Counts };
export type Named = { name: string; counts: Counts };
export type Day = { hours: Hour[]; agents: Named[]; tools: Named[] };

const MINUTE = 60_000;
/** Zones are off by quarters of an hour, so of these every zone's hours can be made. */
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const HOURS = 24;
/** An hour that has begun, and 24 before it, with one to spare. */
const KEPT_MS = (HOURS + 2) * HOUR;
/** Agents name tools that nobody has: of so many names in a quarter each has its own count, the rest share one. */
const MAX_NAMES = 200;
const MAX_RULES = 5_000;
/** What the rest is called. No agent, tool or server has this name. */
export const OTHERS = '(others)';
const CELLS = LEVELS.length * DECISIONS.length;
const CALLS = new Set(['call.intent', 'call.refused']);

type Cells = Uint32Array;
type Bucket = { all: Cells; agents: Map<string, Cells>; tools: Map<string, Cells> };

/** Sees events in the order they were written, and remembers no more than it can say again. */
export class Tally {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  readonly #rules = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One event: its time in milliseconds, and its TALLIED columns. A call counts once, when it is let through or refused. */
  see(time: number, texts: readonly string[]): void {
    const [type = '', risk = '', decision = '', agent = '', server = '', tool = '', rules = ''] = texts;
    if (!CALLS.has(type)) return;
    this.#matched(rules);
    const cell = cellOf(type, risk, decision);
    if (Math.abs(this.#clock.now() - time) > KEPT_MS) return;
    const bucket = this.#bucket(Math.floor(time / QUARTER));
    bucket.all[cell]! += 1;
    count(bucket.agents, agent, cell);
    count(bucket.tools, [server, tool].filter(Boolean).join('/'), cell);
  }

  /** In how many calls a rule had a say. */
  matched(rule: string): number {
    return this.#rules.get(rule) ?? 0;
  }

  /** The hour that has begun and the 23 before it. `offset`: how far the reader's zone is ahead of UTC now, in milliseconds. */
  day(offset: number): Day {
    const now = this.#clock.now();
    const last = Math.floor((now + offset) / HOUR) * HOUR - offset;
    const hours = Array.from({ length: HOURS }, (_, at): Hour => {
      const since = last - (HOURS - 1 - at) * HOUR;
      const cells = new Uint32Array(CELLS);
      for (let quarter = since; quarter < since + HOUR; quarter += QUARTER)
        add(cells, this.#buckets.get(Math.floor(quarter / QUARTER))?.all);
      return { since, counts: readable(cells) };
    });
    const first = hours[0]!.since;
    const seen = [...this.#buckets].filter(([at]) => at * QUARTER >= first && at * QUARTER < last + HOUR);
    return {
      hours,
      agents: named(seen.map(([, { agents }]) => agents)),
      tools: named(seen.map(([, { tools }]) => tools)),
    };
  }

  #matched(rules: string): void {
    for (const rule of rules.includes(BETWEEN) ? rules.split(BETWEEN) : [rules]) {
      const before = this.#rules.get(rule);
      if (rule !== '' && (before !== undefined || this.#rules.size < MAX_RULES)) this.#rules.set(rule, (before ?? 0) + 1);
    }
  }

  #bucket(at: number): Bucket {
    const known = this.#buckets.get(at);
    if (known) return known;
    const now = this.#clock.now();
    for (const other of this.#buckets.keys()) if (Math.abs(now - other * QUARTER) > KEPT_MS) this.#buckets.delete(other);
    const made: Bucket = { all: new Uint32Array(CELLS), agents: new Map(), tools: new Map() };
    this.#buckets.set(at, made);
    return made;
  }
}

/** All calls in these counts, or those of some decisions and levels. */
export function total(counts: Counts, decisions: readonly Decided[] = DECISIONS, levels: readonly Level[] = LEVELS): number {
  let sum = 0;
  for (const level of levels) for (const decision of decisions) sum += counts[level][decision];
  return sum;
}

function cellOf(type: string, risk: string, decision: string): number {
  const level = LEVELS.indexOf(risk as Level);
  const said = DECISIONS.indexOf(decision as Decided);
  // where a record names no decision, its type says what happened
  const effect = said < 0 ? DECISIONS.indexOf(type === 'call.intent' ? 'allow' : 'deny') : said;
  return (level < 0 ? LEVELS.indexOf('unrated') : level) * DECISIONS.length + effect;
}

function count(names: Map<string, Cells>, name: string, cell: number): void {
  if (name === '') return;
  const key = names.has(name) || names.size < MAX_NAMES ? name : OTHERS;
  const cells = names.get(key) ?? new Uint32Array(CELLS);
  names.set(key, cells);
  cells[cell]! += 1;
}

function add(to: Cells, from: Cells | undefined): void {
  if (from) for (let at = 0; at < CELLS; at += 1) to[at]! += from[at]!;
}

/** The most called first. */
function named(parts: readonly Map<string, Cells>[]): Named[] {
  const sums = new Map<string, Cells>();
  for (const part of parts) {
    for (const [name, cells] of part) {
      const sum = sums.get(name) ?? new Uint32Array(CELLS);
      add(sum, cells);
      sums.set(name, sum);
    }
  }
  return [...sums]
    .map(([name, cells]) => ({ name, counts: readable(cells) }))
    .sort((a, b) => total(b.counts) - total(a.counts) || (a.name < b.name ? -1 : 1));
}

function readable(cells: Cells): Counts {
  const entries = LEVELS.map((level, row) => [
    level,
    Object.fromEntries(DECISIONS.map((decision, column) => [decision, cells[row * DECISIONS.length + column]!])),
  ]);
  return Object.fromEntries(entries) as Counts;
}
