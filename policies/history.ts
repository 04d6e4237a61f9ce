// What an agent did lately, as far as judging needs it: counts for `recent`, first use, rate, refusals, and what was read.
import { scopeCovers } from './scope.ts';
import type { Action, Scope } from './types.ts';

/** One earlier (or running) call. `at` in milliseconds since the epoch. */
export type PastCall = {
  at: number;
  server: string;
  tool: string;
  actions: Action[];
  refused: boolean;
  /** Its result carried content from outside (mail, web). */
  untrusted: boolean;
  /** Data that must not leave was found in its result, or marked on what it read. */
  sensitive: boolean;
  /** Refused for good, not only until somebody is asked. */
  denied?: boolean;
  /** Its result could not be looked through whole: too long, or not text. */
  unscanned?: boolean;
  /** Characters of text in its result. */
  size?: number;
};

/** Per agent and user, oldest first. The keeper bounds it; judging only reads. */
export type History = readonly PastCall[];

/** How many actions of earlier calls inside the window a scope covers; `distinct` counts each resource once. Refused calls don't count. */
export function countRecent(
  history: History,
  now: number,
  window: number,
  scopes: readonly Scope[],
  current: readonly Action[],
  distinct: boolean,
): number {
  const hits: Action[] = [];
  const covered = (action: Action) => scopes.some((scope) => scopeCovers(scope, action, 'restrict'));
  for (const call of history) {
    if (call.refused || call.at <= now - window || call.at > now) continue;
    hits.push(...call.actions.filter(covered));
  }
  hits.push(...current.filter(covered));
  return distinct ? new Set(hits.map((action) => `${action.domain}:${action.resource ?? ''}`)).size : hits.length;
}
