// audit_query: what happened and why, from the audit. An agent sees its own user's events.
import { z } from 'zod';
import type { GuardTool } from './tool.ts';

const word = z.string().max(512).optional();

export const auditQuery: GuardTool = {
  name: 'audit_query',
  title: 'Ask the audit',
  description:
    'Find past calls, refusals, requests and permissions: who did what, when, by which rule or permission. `when` takes words such as "last Tuesday"; `why` takes an event, request or grant id and returns the whole chain behind it.',
  input: z.strictObject({
    text: word,
    who: word,
    agent: word,
    action: word.describe('verb:domain:resource, `*` allowed'),
    resource: word,
    decision: z.enum(['allow', 'ask', 'deny']).optional(),
    rule: word,
    grant_id: word,
    request_id: word,
    type: word,
    tool: word,
    server: word,
    risk: z.enum(['low', 'medium', 'high', 'critical']).optional(),
    when: word.describe('words such as `last Tuesday` or `past 2 hours`'),
    since: word.describe('ISO 8601 time'),
    until: word.describe('ISO 8601 time'),
    why: word.describe('an event, call, request or grant id'),
    limit: z.number().int().min(1).max(500).optional(),
    cursor: word,
  }),
  output: z.object({
    events: z.array(z.record(z.string(), z.unknown())).optional(),
    next_cursor: z.string().optional(),
    story: z.string().optional(),
    chain: z.array(z.record(z.string(), z.unknown())).optional(),
  }),
  readOnly: true,
  async run(given, powers) {
    const value = await powers.queryAudit(given);
    const story = value.story;
    return { value, text: typeof story === 'string' ? story : JSON.stringify(value, null, 2) };
  },
};
