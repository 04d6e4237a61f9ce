// What a risk factor is: a name, what it means, and when it applies. It sees what is known of the call, the situation and the past.
import type { Baseline } from '../baseline.ts';
import type { History } from '../history.ts';
import type { Reading } from '../reading.ts';
import type { Context, RiskPolicy } from '../types.ts';

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
/** How long an agent is taken to remember what it read. */
export const REMEMBERED = 24 * 60 * MINUTE;

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
