// The impact convention, for any bundled server: what a preview answers, and how a bound is read and kept. See docs/impact-convention.md.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ToolProblem } from './serve.ts';

const counts = z.record(z.string(), z.int().min(0));

/** What a preview answers. With `more`, the counts are a floor: counting stopped at a cap. */
export const PREVIEW_OUTPUT = z.object({
  total: z.int().min(0).describe('How much would be touched, all resources together'),
  unit: z.enum(['records', 'files', 'recipients', 'events', 'bytes']),
  per_resource: counts.describe('How much in each table, path, mailbox or calendar'),
  strength: z.enum(['enforced', 'checked', 'estimated']).describe('How far a bound made from this will hold'),
  more: z.boolean().optional().describe('Counting stopped at a cap: there is more'),
  direct: z.boolean().optional().describe('Only what the change itself touches was counted, and not what follows from it'),
  set: z
    .unknown()
    .optional()
    .describe('What was counted, one by one, in the form this server understands; sent back in the bound'),
  by_number: z
    .array(z.string())
    .optional()
    .describe('Resources of which `set` does not name every one: of these the number is held'),
  samples: z
    .record(z.string(), z.array(z.record(z.string(), z.unknown())))
    .optional()
    .describe('A few of them, for people to look at'),
  also: z
    .record(z.string(), z.int().min(0))
    .optional()
    .describe('Counts of other units, such as bytes: they draw on a budget that has them'),
  notes: z.array(z.string()).optional().describe('What a person should know before they say yes, one line each'),
});
export type Preview = z.infer<typeof PREVIEW_OUTPUT>;

export type Counted = { total: number; per_resource: Record<string, number> };

/** The bound a guard sends as `_meta["perimeter/bound"]`. */
const BOUND = z.object({ per_resource: counts, total: z.int().min(0), sets: z.array(z.unknown()).optional() });
export type Bound = z.infer<typeof BOUND>;

/** Rows a change may touch before it is only counted and not tried, where nobody says otherwise. */
export const DRY_RUN_ROWS = 50_000;
const PREVIEW_LIMIT = z.object({ rows: z.int().min(0) });

/** How many rows a preview may try to change, from `_meta["perimeter/preview"]`. */
export function dryRunRows(meta: Record<string, unknown>): number {
  return PREVIEW_LIMIT.safeParse(meta['perimeter/preview']).data?.rows ?? DRY_RUN_ROWS;
}

/** Adds up what was touched; resources that weren't are left out. */
export function countedOf(touched: Iterable<readonly [resource: string, count: number]>): Counted {
  const entries = [...touched].filter(([, count]) => count > 0);
  return { total: entries.reduce((sum, [, count]) => sum + count, 0), per_resource: Object.fromEntries(entries) };
}

/** The bound sent with a call, or undefined when there is none. Throws ToolProblem on one that can't be read: then nothing may happen. */
export function boundOf(meta: Record<string, unknown>): Bound | undefined {
  if (!Object.hasOwn(meta, 'perimeter/bound')) return undefined;
  const parsed = BOUND.safeParse(meta['perimeter/bound']);
  if (!parsed.success)
    throw new ToolProblem(
      'the bound sent with this call can not be read, so nothing was changed: send `per_resource` and `total`',
    );
  return parsed.data;
}

/**
 * Throws ToolProblem, with what it would have touched in `_meta["perimeter/outside_bound"]`, unless every count lies inside the bound.
 * `fold` makes one of two spellings of a resource that are the same to the server.
 */
export function keepInside(bound: Bound, counted: Counted, fold: (resource: string) => string = (resource) => resource): void {
  const approved = new Map<string, number>();
  for (const [resource, count] of Object.entries(bound.per_resource)) {
    const key = fold(resource);
    approved.set(key, Math.min(count, approved.get(key) ?? count));
  }
  const over = Object.entries(counted.per_resource).filter(([resource, count]) => count > (approved.get(fold(resource)) ?? 0));
  if (over.length === 0 && counted.total <= bound.total) return;
  const reasons = over.map(([resource, count]) => `\`${resource}\` ${count} (approved ${approved.get(fold(resource)) ?? 0})`);
  if (counted.total > bound.total) reasons.push(`${counted.total} in all (approved ${bound.total})`);
  throw outside(`it would touch ${reasons.join(', ')}`, counted);
}

/** The refusal of a change that reaches outside of its bound; `what` goes on after a colon. */
export function outside(what: string, counted: Counted): ToolProblem {
  return new ToolProblem(`outside what was approved, so nothing was changed: ${what}`, {
    'perimeter/outside_bound': { per_resource: counted.per_resource, total: counted.total },
  });
}

/** The result's `_meta` that says what really happened. */
export function actualMeta(counted: Counted, unit: Preview['unit']): Record<string, unknown> {
  return { 'perimeter/actual': { per_resource: counted.per_resource, total: counted.total, unit } };
}

/** One thing in one state: a digest of its name and version, 128 bits, so that a set of marks tells nobody a name. */
export function markOf(...parts: readonly (string | number | bigint)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map(String)))
    .digest('base64url')
    .slice(0, 22);
}

const MARKS = z.object({ marks: z.array(z.string()) });

/** Throws ToolProblem unless everything that would be touched is in the sets sent with the bound, in the very state it was counted in. */
export function keepMarked(bound: Bound, marks: readonly string[], counted: Counted): void {
  if (!bound.sets) return;
  const approved = new Set(bound.sets.flatMap((set) => MARKS.safeParse(set).data?.marks ?? []));
  if (marks.some((mark) => !approved.has(mark))) throw outside('something is not what it was when it was counted', counted);
}
