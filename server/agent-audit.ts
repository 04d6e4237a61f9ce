// The audit as an agent may see it: its own user's events, without the counts that were made for a human's eyes.
import { BadInput } from '../tools/guard/tool.ts';
import { tell } from './audit/story.ts';
import type { Sight } from './judging.ts';
import type { AuditEvent, AuditFilter, AuditLog } from './ports.ts';

/** Answers `audit_query`; that the agent looked is an event. Throws BadInput with what to ask instead. */
export async function queryAudit(
  audit: AuditLog,
  input: Record<string, unknown>,
  { who, context }: Sight,
): Promise<Record<string, unknown>> {
  const own = (event: AuditEvent) => event.user === undefined || event.user === who.user;
  const eyes = (event: AuditEvent) => (own(event) ? withoutCounts(event) : undefined);
  const reader = { type: 'audit.read', agent_id: who.agent, session_id: who.session_id, user: who.user };
  const { why, ...filter } = input;
  try {
    if (typeof why === 'string') {
      const found = await audit.why(why);
      await audit.append({ ...reader, request: why.slice(0, 80) });
      if (!found?.chain.some((event) => event.user === who.user) || !found.chain.every(own))
        throw new BadInput(`there is no event, call, request or grant \`${why.slice(0, 80)}\` of yours in the audit`);
      const chain = found.chain.map(withoutCounts);
      return { story: tell(chain, context.zone), chain };
    }
    const result = await audit.query(filter as AuditFilter, eyes);
    await audit.append(reader);
    return { ...result };
  } catch (error) {
    if (error instanceof BadInput || audit.failed) throw error;
    throw new BadInput(error instanceof Error ? error.message : 'this filter cannot be used');
  }
}

/**
 * What was counted for a human is not told to the agent afterwards either, unless it was granted. Nor are the hashes of records: what
 * is left out could be tried out against them.
 */
function withoutCounts(event: AuditEvent): AuditEvent {
  const { prev: _prev, hash: _hash, ...shown } = event;
  if (event.type.startsWith('grant.') || event.type === 'call.outcome' || event.type === 'call.intent')
    return shown as AuditEvent;
  const { records: _records, message: _message, facts: _facts, budget: _budget, ...rest } = shown;
  return rest as AuditEvent;
}
