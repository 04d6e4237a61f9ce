// What a human is shown through the client, as MCP puts it on the wire: the one form, or a link to its page; and how the answer is read back.
import type { FormAnswer, FormQuestion, LinkQuestion, Question } from '../ports.ts';
import { isRecord } from './messages.ts';

/** Deny comes first, since some clients pre-select the first option; there is no default, and no free text. */
const DECISIONS = ['deny', 'approve_once', 'approve'];
const PLAIN_YES = { once: 'Approve once', approve: 'Approve for the time shown' };

/** What a client can show, by the capabilities it declares. `elicitation: {}` is a form too: the modes came later (client/elicitation, "Capabilities"). */
export function declared(capabilities: unknown): { forms: boolean; links: boolean } {
  const elicitation = isRecord(capabilities) ? capabilities.elicitation : undefined;
  if (!isRecord(elicitation)) return { forms: false, links: false };
  const links = isRecord(elicitation.url);
  return { forms: 'form' in elicitation || !('url' in elicitation), links };
}

/** The `params` of `elicitation/create`. `mode` is left out: older revisions don't know it, and its absence means a form. */
export function formParams(question: FormQuestion): { message: string; requestedSchema: Record<string, unknown> } {
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

/** The same for a link. 2026-07-28 has no id in it any more, yet a client that speaks it can't read one without (docs/clients.md). */
export function linkParams({ message, url, request_id }: LinkQuestion): Record<string, unknown> {
  return { mode: 'url', message, url, elicitationId: request_id };
}

/** The name an answer comes back under (MRTR): a link's can't be read as a form's. */
export function answerKey(link: boolean): string {
  return link ? 'page' : 'decision';
}

/** The question as the answer to a call, which a 2026-07-28 client makes again with what it was told (InputRequiredResult). */
export function inputRequired(question: Question, requestState: string): Record<string, unknown> {
  const link = 'url' in question;
  const params = link ? linkParams(question) : { mode: 'form', ...formParams(question) };
  return {
    resultType: 'input_required',
    inputRequests: { [answerKey(link)]: { method: 'elicitation/create', params } },
    requestState,
  };
}

/** What the client gave as an answer. Anything that is no answer at all counts as `cancel`, never as consent. */
export function formAnswer(request_id: string, given: unknown, after: number, link = false): FormAnswer {
  const action = isRecord(given) ? given.action : undefined;
  const answer: FormAnswer = { request_id, action: 'cancel', after, ...(link ? { link } : {}) };
  if (action !== 'accept' && action !== 'decline') return answer;
  const content = isRecord(given) && isRecord(given.content) ? given.content : undefined;
  return { ...answer, action, ...(content === undefined ? {} : { content }) };
}
