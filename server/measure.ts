// What a call would do, counted by the guard before anybody is asked: by the tool's own preview where it declares one, else from the arguments.

import { namesNoLimit } from '../policies/estimate.ts';
import type { Reading } from '../policies/reading.ts';
import { type Facts, STRENGTHS, type Strength } from '../policies/types.ts';
import { maskCell, maskResource } from './audit/mask.ts';
import { iso } from './clock.ts';
import { canLook, lookAt } from './looking.ts';
import type { AuditLog, Clock, Downstream, ForwardOptions, Impact, ToolDefinition } from './ports.ts';
import type { Form, Rewritable, Rewriting } from './rewriting.ts';
import type { Sets } from './sets.ts';

const PREVIEW_MS = 8_000;
const MAX_PREVIEWS_A_MINUTE = 30;
const MAX_SAMPLES = 3;
const MAX_CELLS = 12;
const MAX_CELL = 40;
const MAX_NOTES = 12;
const MAX_NOTE = 400;
const UNITS = ['records', 'files', 'recipients', 'events', 'bytes'] as const;
type Unit = Impact['unit'];

/** What a tool says in `_meta["perimeter/impact"]`; see docs/impact-convention.md. */
export type Declared = { preview: string; unit: Unit; bound: boolean };

/** Reads the declaration. A preview must be another tool that calls itself read-only; anything else declares nothing. */
export function impactPromise(definition: ToolDefinition, all: readonly ToolDefinition[]): Declared | undefined {
  const said = definition._meta?.['perimeter/impact'];
  if (typeof said !== 'object' || said === null) return undefined;
  const { preview, unit, bound } = said as Record<string, unknown>;
  const target = all.find((tool) => tool.name === preview);
  if (typeof preview !== 'string' || preview === definition.name || target?.annotations?.readOnlyHint !== true) return undefined;
  return { preview, unit: UNITS.includes(unit as Unit) ? (unit as Unit) : 'records', bound: bound === true };
}

/** Tools that only serve as previews: the guard calls them, the agent doesn't see them. */
export function previewTools(all: readonly ToolDefinition[]): Set<string> {
  return new Set(all.map((tool) => impactPromise(tool, all)?.preview).filter((name) => name !== undefined));
}

export type Measured = {
  impact: Omit<Impact, 'claimed'>;
  facts: Facts;
  /** The digest of what was counted one by one; see server/sets.ts. */
  set?: string;
  /** A few of the things that would change, one line each and masked: to be shown, never stored. */
  samples?: string[];
  /** What the server says of it, one line each, secrets masked: to be shown as its words, never stored. */
  notes?: string[];
  /** Counted by the guard itself, which looks again just before the call leaves. */
  looked?: boolean;
  /** Counted through a rewritten statement, and held by one. */
  rewritten?: Form;
};
export type Measure = (asked: {
  downstream: Downstream;
  definition: ToolDefinition;
  reading: Reading;
  args: Record<string, unknown>;
  meta: Record<string, unknown>;
  /** For whom it is counted, as it stands in the audit; previews are rated by it. */
  who: { user: string; agent: string };
  signal: AbortSignal;
  rewrite?: Rewritable;
}) => Promise<Measured>;

/** Measures a call that no rule denies. Never throws; what can't be counted is unknown, never a guess. */
export function createMeasure({
  clock,
  audit,
  sets,
  rewriting,
  rows,
  held,
}: {
  clock: Clock;
  audit: Pick<AuditLog, 'append'>;
  sets: Pick<Sets, 'keep'>;
  rewriting: Rewriting;
  /** Past so many rows a change is counted plainly, and not tried. */
  rows: number;
  /** Whether a tool's definition is not the one that was accepted: then nothing is asked of it. */
  held: (server: string, tool: string) => boolean;
}): Measure {
  const lately = new Map<string, number[]>();
  const tooMany = (principal: string): boolean => {
    const now = clock.mono();
    const times = (lately.get(principal) ?? []).filter((at) => at > now - 60_000);
    times.push(now);
    lately.set(principal, times);
    return times.length > MAX_PREVIEWS_A_MINUTE;
  };
  return async ({ downstream, definition, reading, args, meta, who, signal, rewrite }) => {
    const own = impactPromise(definition, downstream.tools());
    // the tool's own promise first; through its SQL only where it makes none and its binding says so
    const looked = !own && !rewrite && canLook(reading, downstream.entry);
    const promise: Declared | undefined = looked
      ? { preview: '', unit: 'files', bound: true }
      : (own ?? (rewrite && { preview: definition.name, unit: 'records', bound: true }));
    if (promise === undefined) return estimated(reading, args);
    if (!own && !looked && reading.sql === undefined) return unknown(promise.unit);
    if (reading.sql && !reading.sql.countable) return unknown(promise.unit);
    const asked = own?.preview ?? rewrite?.counts?.tool;
    if (asked !== undefined && held(downstream.entry.name, asked)) return unknown(promise.unit);
    if (tooMany(`${who.user} ${who.agent}`)) return unknown(promise.unit);
    try {
      const options = { meta, signal, timeout: PREVIEW_MS };
      const found: { content: Record<string, unknown> | undefined; form?: Form } | undefined = looked
        ? { content: await lookAt(reading) }
        : own || !rewrite
          ? {
              content: await previewed(downstream, promise.preview, args, {
                ...options,
                meta: { ...meta, 'perimeter/preview': { rows } },
              }),
            }
          : await rewriting.preview({ downstream, definition, args, rewrite }, options);
      const content = found?.content;
      const counted = readCount(content, promise);
      if (!counted) return unknown(promise.unit);
      const set = content?.set === undefined || !promise.bound ? undefined : sets.keep(content.set);
      const holds: Impact['holds'] =
        !promise.bound || counted.strength === 'estimated' ? undefined : set === undefined ? 'counts' : 'each';
      const impact = { ...counted, counted_at: iso(clock.now()), ...(holds === undefined ? {} : { holds }) };
      await audit.append({
        type: 'impact.measured',
        agent_id: who.agent,
        user: who.user,
        server: downstream.entry.name,
        tool: definition.name,
        actions: [],
        records: { measured: counted.measured ?? 0 },
        outcome: counted.strength,
        ...(holds === undefined ? {} : { facts: { held_to: holds } }),
      });
      // a count that stopped at a cap fits no budget and no limit
      const facts = {
        ...alsoOf(content?.also),
        [promise.unit]: counted.more === true ? Number.MAX_SAFE_INTEGER : (counted.measured ?? 0),
      };
      const notes = notesOf(content?.notes, counted.per_resource);
      const samples = samplesOf(content?.samples);
      return {
        impact,
        facts,
        ...(set === undefined ? {} : { set }),
        ...(samples.length > 0 ? { samples } : {}),
        ...(notes.length > 0 ? { notes } : {}),
        ...(looked ? { looked: true } : found?.form ? { rewritten: found.form } : {}),
      };
    } catch {
      return unknown(promise.unit);
    }
  };
}

async function previewed(
  downstream: Downstream,
  preview: string,
  args: Record<string, unknown>,
  options: ForwardOptions,
): Promise<Record<string, unknown> | undefined> {
  const result = await downstream.call(preview, args, options);
  return result.isError === true ? undefined : result.structuredContent;
}

function readCount(content: Record<string, unknown> | undefined, promise: Declared): Omit<Impact, 'claimed'> | undefined {
  const total = content?.total;
  if (typeof total !== 'number' || !Number.isInteger(total) || total < 0) return undefined;
  const per_resource: Record<string, number> = {};
  const said = content?.per_resource;
  if (typeof said === 'object' && said !== null) {
    for (const [name, count] of Object.entries(said))
      if (typeof count === 'number' && Number.isInteger(count) && count >= 0) per_resource[name] = count;
  }
  // a promise is only as strong as what holds it: without a bound the count was only right when it was made
  const most: Strength = promise.bound ? 'enforced' : 'checked';
  const least = STRENGTHS.find((one) => one === content?.strength) ?? most;
  const strength = STRENGTHS[Math.max(STRENGTHS.indexOf(most), STRENGTHS.indexOf(least))] ?? 'unknown';
  const names = Array.isArray(content?.by_number) ? content.by_number.map(String) : [];
  const by_number = names.filter((name) => Object.hasOwn(per_resource, name));
  const count = {
    measured: total,
    unit: promise.unit,
    per_resource,
    strength,
    ...(by_number.length > 0 ? { by_number } : {}),
    ...(content?.direct === true ? { direct: true as const } : {}),
  };
  return content?.more === true ? { ...count, more: true } : count;
}

/** `customers: id=1, name=…`: up to three rows, of as many tables as there are, each cell masked by its column's name and by what it holds. */
function samplesOf(said: unknown): string[] {
  if (typeof said !== 'object' || said === null) return [];
  const lines: string[] = [];
  for (const [place, rows] of Object.entries(said)) {
    for (const row of Array.isArray(rows) ? rows : []) {
      if (lines.length >= MAX_SAMPLES || typeof row !== 'object' || row === null) return lines;
      const cells = Object.entries(row)
        .slice(0, MAX_CELLS)
        .map(
          ([name, value]) =>
            `${name}=${maskCell(name, typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_CELL)}`,
        );
      lines.push(`${place}: ${cells.join(', ')}`);
    }
  }
  return lines;
}

/** Counts of other units, for the budgets that have them. */
function alsoOf(said: unknown): Facts {
  if (typeof said !== 'object' || said === null) return {};
  return Object.fromEntries(
    Object.entries(said).filter(([unit, count]) => UNITS.includes(unit as Unit) && Number.isSafeInteger(count) && count >= 0),
  );
}

/** `customers: 23 updated`, which the guard says already; what is deleted is worth saying twice. */
function repeats(line: string, counted: Record<string, number>): boolean {
  const [, place = '', count] = /^(.+): (\d+) (?:updated|inserted)$/.exec(line) ?? [];
  return Object.hasOwn(counted, place) && counted[place] === Number(count);
}

/** Its lines as they are, but for numbers of cards and accounts, and secrets. */
function notesOf(said: unknown, counted: Record<string, number>): string[] {
  if (!Array.isArray(said)) return [];
  const lines = said
    .filter((line) => typeof line === 'string' && !repeats(line, counted))
    .map((line) => maskResource(line.slice(0, MAX_NOTE), () => '…'));
  return lines.length > MAX_NOTES ? [...lines.slice(0, MAX_NOTES - 1), `and ${lines.length - MAX_NOTES + 1} more lines`] : lines;
}

/** For a tool that promises nothing: what its arguments say. It is shown, and never counts towards a budget. */
function estimated(reading: Reading, args: Record<string, unknown>): Measured {
  for (const unit of ['recipients', 'events', 'files'] as const) {
    const value = reading.facts[unit];
    if (typeof value === 'number')
      return { impact: { measured: value, unit, per_resource: {}, strength: 'estimated' }, facts: {} };
  }
  if (!reading.unbound) return unknown('records');
  if (namesNoLimit(args)) {
    const { impact, facts } = unknown('records');
    return { impact: { ...impact, unlimited: true }, facts };
  }
  const items = reading.facts.items;
  if (typeof items !== 'number' || items < 1) return unknown('records');
  return { impact: { measured: items, unit: 'records', per_resource: {}, strength: 'estimated' }, facts: {} };
}

function unknown(unit: Unit): Measured {
  return { impact: { measured: null, unit, per_resource: {}, strength: 'unknown' }, facts: {} };
}
