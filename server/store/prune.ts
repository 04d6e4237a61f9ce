// Keeps the small state small: what has ended long ago lives on in the audit log only.
import { epoch } from '../clock.ts';
import type { StateData } from '../ports.ts';

const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** Ended requests, and ended grants, kept at most; each. */
const KEPT_MAX = 1_000;

/** Drops requests and grants that ended over 7 days ago or beyond the newest 1,000, and cool-downs that are past. Changes `data`. */
export function prune(data: StateData, now: number): void {
  const ended = (at: string | undefined, by: string) => Math.min(epoch(at ?? by), epoch(by));
  drop(data.grants, (grant) => (grant.state === 'active' ? undefined : epoch(grant.expires_at)), now);
  drop(
    data.requests,
    (request) => {
      const stillUsed = request.grant_id !== undefined && data.grants[request.grant_id] !== undefined;
      return request.state === 'pending' || stillUsed ? undefined : ended(request.decided_at, request.expires_at);
    },
    now,
  );
  for (const [key, until] of Object.entries(data.cooldowns)) if (epoch(until) <= now) delete data.cooldowns[key];
}

/** `endedAt` is when a record ended, in milliseconds; undefined for one that is still alive. */
function drop<T>(records: Record<string, T>, endedAt: (record: T) => number | undefined, now: number): void {
  const over: { id: string; at: number }[] = [];
  for (const [id, record] of Object.entries(records)) {
    const at = endedAt(record);
    if (at !== undefined) over.push({ id, at });
  }
  over.sort((a, b) => b.at - a.at);
  over.forEach(({ id, at }, index) => {
    if (index >= KEPT_MAX || at < now - KEPT_MS) delete records[id];
  });
}
