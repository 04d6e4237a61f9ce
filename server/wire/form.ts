// The one form a human answers, as MCP draws it, and how its answer is read back. It is the same for both eras.
import type { FormAnswer, Question } from '../ports.ts';
import { isRecord } from './messages.ts';

/** Deny comes first, since some clients pre-select the first option; there is no default, and no free text. */
const DECISIONS = ['deny', 'approve_once', 'approve'];
const PLAIN_YES = { once: 'Approve once', approve: 'Approve for the time shown' };

/** The `params` of `elicitation/create`. `mode` is left out: older revisions don't know it, and its absence means a form. */
export function formParams(question: Question): { message: string; requestedSchema: Record<string, unknown> } {
  const { once, approve } = question.yes ?? PLAIN_YES;
  // some clients fold the end of a long message away
  const description = 'The whole question, should this client cut it: perimeter pending';
  const decision = { type: 'string', title: 'Decision', description, enum: DECISIONS, enumNames: ['Deny', once, approve] };
  const number = { type: 'integer', title: 'Number', description: 'Type the number from the message' };
  return {
    message: question.message,
    requestedSchema: {
      type: 'object',
      properties: question.typed ? { decision, number } : { decision },
      required: question.typed ? ['decision', 'number'] : ['decision'],
    },
  };
}

/** What the client gave as an answer. Anything that is no answer at all counts as `cancel`, never as consent. */
export function formAnswer(request_id: string, given: unknown, after: number): FormAnswer {
  const action = isRecord(given) ? given.action : undefined;
  if (action !== 'accept' && action !== 'decline') return { request_id, action: 'cancel', after };
  const content = isRecord(given) && isRecord(given.content) ? given.content : undefined;
  return { request_id, action, after, ...(content === undefined ? {} : { content }) };
}
