// Many items at once: in one call, or call by call in a run of the same kind.
import type { Action } from '../../types.ts';
import { type Asked, type Factor, number } from '../factor.ts';

const COUNTS = ['items', 'recipients', 'records', 'files', 'events', 'attachments'] as const;

export const bulk: Factor = {
  name: 'bulk',
  what: 'many items in one call, or in a run of like calls',
  applies: isBulk,
};

function isBulk({ reading, context, recent, policy }: Asked): boolean {
  if (Math.max(...COUNTS.map((fact) => number(reading, fact))) > policy.bulk_over) return true;
  const seen = new Set<string>();
  for (const { verb, domain } of reading.actions) {
    const kind = `${verb}:${domain}`;
    if (verb === 'list' || seen.has(kind)) continue;
    seen.add(kind);
    const like = (action: Action) => action.verb === verb && action.domain === domain;
    let count = reading.actions.filter(like).length;
    for (const call of recent)
      if (!call.refused && call.at <= context.now) for (const action of call.actions) if (like(action)) count += 1;
    if (count > policy.bulk_over) return true;
  }
  return false;
}
