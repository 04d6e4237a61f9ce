// A link to the request's page, put to the human through the client: where a form is not enough, or is not shown. To open it approves nothing.
import type { FormAnswer, LinkQuestion, RequestRecord } from '../ports.ts';
import { MIN_DECLINE_MS } from './form.ts';

/** `opened`: a human agreed to open the page. `elsewhere`: they closed the prompt without a word. `denied`: they said no to it. */
export type ReadLink = { kind: 'opened' | 'elsewhere' | 'denied' } | { kind: 'not_human'; reason: string };

/** Clients cut the message short, and the page shows the whole of it. */
const LINES = 3;

/** Reads what became of a link. Nothing in it is ever a yes: what an accept brings along is not looked at. */
export function readLinkAnswer(answer: FormAnswer, request_id: string, minAnswer: number): ReadLink {
  if (answer.request_id !== request_id) return { kind: 'not_human', reason: 'the answer was for another request' };
  const quick = answer.action === 'accept' ? minAnswer : MIN_DECLINE_MS;
  if (!(answer.after >= quick))
    return { kind: 'not_human', reason: `the client answered the link by itself (in ${Math.round(answer.after)} ms)` };
  return { kind: answer.action === 'accept' ? 'opened' : answer.action === 'decline' ? 'denied' : 'elsewhere' };
}

/** What the human reads before they open the page. */
export function linkOf({ request_id, message }: RequestRecord, url: string): LinkQuestion {
  const [first = '', ...more] = message.split('\n').slice(0, LINES);
  return { request_id, url, message: [first, 'Opening the page approves nothing: you answer there.', ...more].join('\n') };
}
