// What a risk factor is: a name, what it means, and when it applies. It sees what is known of the call, the situation and the past.
import type { Baseline } from '../baseline.ts';
import type { History } from '../history.ts';
import type { Reading } from '../reading.ts';
import type { Context, RiskPolicy } from '../types.ts';
import { classCovers, UNSCANNED } from '../values/data-classes.ts';

export type Asked = {
  reading: Reading;
  context: Context;
  policy: RiskPolicy;
  /** Calls of the last ten minutes, the newest of them, oldest first. */
  recent: History;
  baseline: Baseline;
};
export type Factor = { name: string; what: string; applies(asked: Asked): boolean };

export const MINUTE = 60_000;
/** How long a run of calls or refusals counts. */
export const LATELY = 10 * MINUTE;
/** How many refusals are one too many. */
export const STUBBORN = 3;
/** How long an agent is taken to remember what it read. */
const REMEMBERED = 24 * 60 * MINUTE;

const LEAVING: ReadonlySet<string> = new Set(['send', 'share', 'create', 'write', 'move', 'execute']);
const CHANGING: ReadonlySet<string> = new Set([...LEAVING, 'delete']);

export function number(reading: Reading, fact: string): number {
  const value = reading.facts[fact];
  return typeof value === 'number' ? value : 0;
}

export function texts(reading: Reading, fact: string): string[] {
  return [reading.facts[fact] ?? []].flat().filter((value): value is string => typeof value === 'string');
}

/** Something would be changed, sent or destroyed. */
export function changes(reading: Reading): boolean {
  return reading.actions.some((action) => CHANGING.has(action.verb));
}

/** Something would go out: sent or written to where it is not surely inside, or told to a host by asking it. */
export function leaves(reading: Reading): boolean {
  return (
    reading.facts.destination !== 'internal' &&
    reading.actions.some((action) => LEAVING.has(action.verb) || action.kind === 'url')
  );
}

export function writes(reading: Reading): boolean {
  return reading.actions.some((action) => LEAVING.has(action.verb));
}

/** The arguments carry a class of this family. The same names are used for what a result carries. */
export function carries(reading: Reading, family: string): boolean {
  return texts(reading, 'data.classes').some((found) => found !== UNSCANNED && classCovers(family, found));
}

/** The refusals that still count. */
export function refusals({ baseline, context }: Asked): Baseline['refusals'] {
  return baseline.refusals.filter(({ at }) => at > context.now - LATELY);
}

/** What was read at this moment, if ever, is not forgotten yet. */
export function remembers(at: number | undefined, now: number): boolean {
  return at !== undefined && at > now - REMEMBERED;
}
