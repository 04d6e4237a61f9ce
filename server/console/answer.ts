// What a form said, as the command it becomes: read strictly, since a number that isn't one must not turn into more than was meant.
import { asksNumber } from '../channels/terminal.ts';
import { CommandError } from '../owner/protocol.ts';
import type { RequestRecord } from '../ports.ts';
import type { Session } from './access.ts';
import type { Console } from './context.ts';
import { typedProof } from './proof.ts';

export type Answering = { request: RequestRecord; body: Readonly<Record<string, string>>; session: Session };

/** What the code on a request's page is good for: a yes to exactly what that page shows. */
export const approving = ({ request_id, shown = '' }: RequestRecord): string => `approve ${request_id} ${shown}`;

/** How many minutes nothing like it is asked again, as the form offers. */
export const QUIET: readonly (readonly [string, string])[] = [
  ['', 'a few minutes (as usual)'],
  ['30m', 'half an hour'],
  ['2h', '2 hours'],
  ['8h', '8 hours'],
];

/** The parameters of `approve`. Throws CommandError with what to do. */
export function readAnswer({ perimeter }: Console, { request, body, session }: Answering): Record<string, unknown> {
  const age = session.age(body.mark);
  if (age === undefined) throw refusal('this page is older than the guard that runs now; look at the request again, then answer');
  if (age < perimeter.config.channels.min_answer)
    throw refusal('that was faster than anybody can read; look at the request, then answer once more');
  if (body.decision !== 'approve' && body.decision !== 'approve_once')
    throw refusal('say how much you approve, with one of the buttons');
  const scope = (body.scope ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return {
    id: request.request_id,
    shown: body.shown ?? '',
    ...(body.decision === 'approve_once' ? { once: true } : {}),
    ...whole(body, 'minutes'),
    ...whole(body, 'uses'),
    ...whole(body, 'records'),
    ...(scope.length === 0 ? {} : { scope }),
    ...proofOf(request, body, session),
  };
}

/** The number that was counted where one is asked, on top of a passphrase too: it shows that the page was read. */
function proofOf(request: RequestRecord, body: Answering['body'], session: Session): Record<string, unknown> {
  if (!asksNumber(request)) return typedProof(session, approving(request), body);
  const number = count(body.code);
  if (number !== request.impact.measured)
    throw refusal('that is not the number that was counted; it stands at the top of this page');
  return { ...(body.passphrase ? { passphrase: body.passphrase } : { typed: true }), number };
}

/** The parameters of `deny`. */
export function readDenial({ request, body }: Answering): Record<string, unknown> {
  const reason = (body.reason ?? '').trim();
  const quiet = body.for ?? '';
  if (!QUIET.some(([value]) => value === quiet)) throw refusal('choose one of the times offered');
  return { id: request.request_id, ...(reason === '' ? {} : { reason }), ...(quiet === '' ? {} : { for: quiet }) };
}

function whole(body: Answering['body'], name: string): Record<string, number> {
  const text = (body[name] ?? '').trim();
  if (text === '') return {};
  const value = count(text);
  if (value === undefined || value < 1)
    throw refusal(`\`${text.slice(0, 20)}\` is no whole number above 0; correct it, or leave it empty`);
  return { [name]: value };
}

const count = (text = ''): number | undefined => (/^\d{1,12}$/.test(text.trim()) ? Number(text.trim()) : undefined);

export const refusal = (message: string): CommandError => new CommandError('refused', message);
