// The form in the client: what counts as a human's answer, and what is the client answering by itself.
import { formatDuration } from '../../policies/durations.ts';
import type { ClientHandle, FormAnswer, FormQuestion, RequestRecord } from '../ports.ts';
import { type Behaviours, DRAWS_NUMBERS } from './behaviour.ts';
import { asksNumber } from './terminal.ts';

/** A decline or cancel this fast is the client's: seen from headless agents and from links they won't draw. */
export const MIN_DECLINE_MS = 1_000;
const CHOICES = ['deny', 'approve_once', 'approve'] as const;
export type Choice = (typeof CHOICES)[number];
export type ReadAnswer = { kind: 'choice'; choice: Choice } | { kind: 'not_human'; reason: string };

/** Reads a form's answer. An accept with anything but one clear decision is a no; an answer too fast for a human is nobody's. */
export function readFormAnswer(
  answer: FormAnswer,
  request: Pick<RequestRecord, 'request_id' | 'proof' | 'impact'>,
  minAnswer: number,
): ReadAnswer {
  if (answer.request_id !== request.request_id) return { kind: 'not_human', reason: 'the answer was for another request' };
  if (!(answer.after >= minAnswer))
    return { kind: 'not_human', reason: `the client answered by itself (in ${Math.round(answer.after)} ms)` };
  if (answer.action !== 'accept')
    return answer.after < MIN_DECLINE_MS
      ? { kind: 'not_human', reason: 'the client closed the form by itself' }
      : { kind: 'choice', choice: 'deny' };
  const content = answer.content ?? {};
  const decision = Object.hasOwn(content, 'decision') ? content.decision : undefined;
  const choice = CHOICES.find((one) => one === decision);
  const allowed = request.proof === 'typed' ? ['decision', 'number'] : ['decision'];
  if (choice === undefined || Object.keys(content).some((key) => !allowed.includes(key)))
    return { kind: 'choice', choice: 'deny' };
  if (choice !== 'deny' && request.proof === 'typed' && content.number !== request.impact.measured)
    return { kind: 'choice', choice: 'deny' };
  return { kind: 'choice', choice };
}

/** Whether this client's form can take the proof that the request demands, and is worth putting up. */
export function formAnswers(client: ClientHandle, request: RequestRecord, behaviours: Behaviours): boolean {
  const proof = request.proof === 'none' || (asksNumber(request) && DRAWS_NUMBERS.includes(client.name));
  return proof && behaviours.shows(client, 'form');
}

/** The question, with what each yes gives in its title: some clients fold the end of the message away (docs/clients.md). */
export function questionOf(request: RequestRecord): FormQuestion {
  const { request_id, message, proof, minutes, budget, exact_only, exact } = request;
  const calls = exact.length === 1 ? 'exactly this call' : `exactly these ${exact.length} calls`;
  const uses = budget.uses === 1 ? 'one use' : `${budget.uses} uses`;
  const approve = `Approve for ${formatDuration(minutes * 60_000)}, ${exact_only ? calls : uses}`;
  const once = `Approve once: ${exact.length === 0 ? 'one use' : calls}`;
  return { request_id, message, typed: proof === 'typed', yes: { once, approve } };
}
