// What an approved call is held to, and whether what it says it did lies inside: see docs/impact-convention.md.
import type { Budget, Facts } from '../policies/types.ts';
import type { Measured } from './measure.ts';
import type { GrantRecord, Impact } from './ports.ts';
import { type Sets, setsFor } from './sets.ts';

type Counted = { total: number; per_resource: Record<string, number> };
/** What is sent along as `_meta["perimeter/bound"]`. */
export type Bound = Counted & { sets?: unknown[] };

type Approved = {
  grant: GrantRecord | undefined;
  taken: Budget | undefined;
  measured: Measured;
  unit: Impact['unit'];
  /** Digest of the call. */
  call: string;
};

/**
 * What was counted is what may happen: by the grant's own bound where it has one, else by the count this very call was judged on.
 * Undefined when the sets that were approved are no longer known.
 */
export function boundFor({ grant, taken, measured, unit, call }: Approved, sets: Pick<Sets, 'get'>): Bound | undefined {
  const shown = unit === 'records' || unit === 'events' ? grant?.bound : undefined;
  const most = unit !== 'events' ? taken?.[unit] : shown && Object.values(shown).reduce((sum, count) => sum + count, 0);
  const bound: Bound = {
    total: most ?? measured.impact.measured ?? 0,
    per_resource: shown ?? measured.impact.per_resource,
  };
  const own = measured.set === undefined ? undefined : [{ call, set: measured.set }];
  // rows are the same rows whatever statement reaches them; of a message, a file or an event another call has another one
  const mine = grant?.exact && grant.sets?.filter((one) => one.call === call);
  const planned = unit === 'records' ? (grant?.sets ?? (grant?.bound ? undefined : own)) : mine?.length ? mine : own;
  if (planned === undefined) return bound;
  const found = setsFor(planned, call, sets);
  return found && { ...bound, sets: found };
}

/** What a tool says it did; undefined when that can't be read. */
export function readActual(said: unknown): Counted | undefined {
  const { total, per_resource } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(total) || Number(total) < 0) return undefined;
  const counts =
    typeof per_resource === 'object' && per_resource !== null
      ? Object.entries(per_resource).filter(([, count]) => Number.isSafeInteger(count))
      : [];
  return { total: Number(total), per_resource: Object.fromEntries(counts) as Record<string, number> };
}

/** How much more happened than a bound allows, in words. */
export function exceeded(actual: Counted, bound: Counted): string | undefined {
  if (actual.total > bound.total) return `${actual.total} in all, ${bound.total} approved`;
  const over = Object.entries(actual.per_resource).find(
    ([name, count]) => count > (Object.hasOwn(bound.per_resource, name) ? bound.per_resource[name]! : 0),
  );
  return (
    over && `${over[1]} in ${over[0]}, ${Object.hasOwn(bound.per_resource, over[0]) ? bound.per_resource[over[0]] : 0} approved`
  );
}

/** How much of a unit was approved: taken of the permission, else the most it gives, else what was counted or stands in the call. Undefined where nobody knows. */
export function approvedMost(
  unit: Impact['unit'],
  given: readonly { taken: Budget; grant: GrantRecord | undefined }[],
  measured: Measured | undefined,
  facts: Facts,
): number | undefined {
  const budgets =
    unit === 'events'
      ? []
      : given.map(({ taken, grant }) => taken[unit] ?? grant?.budget[unit]).filter((count) => count !== undefined);
  if (budgets.length > 0) return Math.min(...budgets);
  const impact = measured?.impact;
  if (impact?.unit === unit && impact.measured !== null) return impact.more ? undefined : impact.measured;
  const named = given.length === 0 ? undefined : facts[unit === 'records' ? 'items' : unit];
  return typeof named === 'number' && named > 0 ? named : undefined;
}
