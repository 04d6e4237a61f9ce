// What every way to reach a human is. None of them decides: an answer goes to the stored request, with the proof that was given for it.
import type { RequestRecord } from '../ports.ts';

export type Channel = {
  readonly name: string;
  /** Whether a human can answer this request here, with the proof it demands. */
  answers(request: RequestRecord): boolean;
  /** Tells the human of a request. Returns at once, never throws. */
  offer(request: RequestRecord): void;
  /** The request is no longer pending: what still shows it can go. */
  decided(request: RequestRecord): void;
  /** What the human does to answer here, as the agent tells it: "run `…` in a terminal". Undefined where nothing can be done. */
  how(request: RequestRecord): Promise<string | undefined>;
};

/** A few plain words of a request for places that are small and not ours: who asks for what, nothing it says about itself. */
export function inShort(request: Pick<RequestRecord, 'agent' | 'scope'>): string {
  const [first = '', ...more] = request.scope;
  return plain(`${request.agent} asks to ${first.replace(':', ' ')}${more.length > 0 ? ` and ${more.length} more` : ''}`, 120);
}

/** Letters, digits and a few marks only, on one line: no markup, no control characters, nothing a shell or a screen would act on. */
function plain(text: string, most: number): string {
  const safe = text.replace(/[^\p{L}\p{N} .,:/@_+*-]/gu, '·');
  return safe.length <= most ? safe : `${safe.slice(0, most - 1)}…`;
}
