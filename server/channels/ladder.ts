// The ladder: the form in the client first, and the other channels at once where it can't show one, answers by itself, or stays silent.
import type { Elevations } from '../elevations.ts';
import type { Grants } from '../grants.ts';
import { AnswerRefused } from '../narrowing.ts';
import type { AuditLog, ClientHandle, Clock, FormAnswer, Question, RequestRecord } from '../ports.ts';
import { after, type Timer } from '../timers.ts';
import type { Behaviours } from './behaviour.ts';
import type { Channel } from './channel.ts';
import { formAnswers, questionOf, readFormAnswer } from './form.ts';

/** A form that stayed without an answer this long is not enough: the human may be elsewhere. */
const CLIMB_MS = 20_000;
/** Somebody who answered elsewhere after this long would have seen a form that was there. */
const SEEN_MS = 10_000;

export type LadderParts = {
  /** The rungs above the form, in order. */
  channels: readonly Channel[];
  behaviours: Behaviours;
  elevations: Elevations;
  grants: Grants;
  audit: Pick<AuditLog, 'append'>;
  clock: Clock;
  /** Milliseconds below which an answer is the client's own. */
  min_answer: number;
  /** Who a form's answer counts for: the configured user. */
  approver: string;
  /** The person that counts, see commands.ts: everybody at this machine is one. */
  person: string;
  humanActed: (channel: string) => Promise<void>;
  climb_ms?: number;
};

export type Ladder = {
  /** Puts a request to a human, once. Returns the question, where the client must carry it as the answer to its call. */
  start(request: RequestRecord, client: ClientHandle): Question | undefined;
  /** An answer that came back with a call. It counts once. */
  answered(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void>;
  /** Whether a form of this request is up in a client. */
  formUp(request_id: string): boolean;
  /** What the human does to answer, as the agent tells it. */
  how(request: RequestRecord): Promise<string>;
};

/** One request on the ladder: the client whose form it is in, and whether the other rungs were taken. */
type Rung = {
  client?: ClientHandle;
  asked: number;
  answered: boolean;
  withdrawn: AbortController;
  climbed: boolean;
  timer?: Timer;
};

export function createLadder(parts: LadderParts): Ladder {
  const { channels, behaviours, elevations, audit, clock } = parts;
  const rungs = new Map<string, Rung>();

  elevations.onDecided((request) => {
    const rung = rungs.get(request.request_id);
    rungs.delete(request.request_id);
    if (!rung) return;
    rung.timer?.cancel();
    const elsewhere = request.channel !== undefined && request.channel !== 'form';
    if (rung.client && !rung.answered && elsewhere && clock.mono() - rung.asked >= SEEN_MS) behaviours.silent(rung.client);
    rung.withdrawn.abort();
    if (rung.climbed) for (const channel of channels) channel.decided(request);
  });

  function climb(id: string): void {
    const rung = rungs.get(id);
    const request = elevations.get(id);
    if (!rung || rung.climbed || request?.state !== 'pending') return;
    rung.climbed = true;
    rung.timer?.cancel();
    const taken = channels.filter((channel) => channel.answers(request));
    for (const channel of taken) channel.offer(request);
    note(request, 'request.offered', { channel: taken.map((channel) => channel.name).join(' ') });
  }

  function note(request: RequestRecord, type: string, more: Record<string, unknown>): void {
    const { request_id, agent: agent_id, session_id, user } = request;
    void audit.append({ type, request_id, agent_id, session_id, user, ...more }).catch(() => undefined);
  }

  async function take(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void> {
    const id = request.request_id;
    const read = readFormAnswer(answer, request, parts.min_answer);
    if (read.kind === 'not_human') {
      behaviours.alone(client);
      note(request, 'request.unanswered', { channel: 'form', why: read.reason });
      return climb(id);
    }
    behaviours.drew(client);
    await parts.humanActed('form');
    const { approver, person } = parts;
    const proof = request.proof === 'typed' ? 'typed' : 'none';
    try {
      const answered = await elevations.answer(id, {
        choice: read.choice,
        approver,
        person,
        channel: 'form',
        proof,
        shown: request.shown,
      });
      // somebody said yes elsewhere, and now no: the last word of a human that takes away holds
      const given =
        answered.changed || read.choice !== 'deny' || answer.action !== 'accept' ? undefined : answered.request.grant_id;
      if (given !== undefined)
        await parts.grants.finish(given, 'revoked', {
          type: 'grant.revoked',
          reason: 'a person said no in the form',
          by: approver,
        });
    } catch (error) {
      if (!(error instanceof AnswerRefused)) throw error;
    }
    climb(id);
  }

  return {
    start(request, client) {
      const id = request.request_id;
      // one prompt, however many ask for the same at once
      if (rungs.has(id) || elevations.get(id)?.state !== 'pending') return undefined;
      const rung: Rung = { asked: clock.mono(), answered: false, withdrawn: new AbortController(), climbed: false };
      rungs.set(id, rung);
      const carried = client.era === 'modern';
      if (!formAnswers(client, request, behaviours) || !(carried || client.form)) {
        climb(id);
        return undefined;
      }
      rung.client = client;
      rung.timer = after(parts.climb_ms ?? CLIMB_MS, () => climb(id));
      if (carried) return questionOf(request);
      client
        .form?.(questionOf(request), rung.withdrawn.signal)
        .then((answer) => {
          rung.answered = true;
          return take(client, request, answer);
        })
        // the connection is gone, or the form was withdrawn; what can't be recorded has ended the request already
        .catch(() => climb(id));
      return undefined;
    },
    async answered(client, request, answer) {
      const rung = rungs.get(request.request_id);
      if (request.state === 'pending' && (!rung?.client || rung.answered))
        return note(request, 'request.late', {
          channel: 'form',
          why: rung?.client ? 'this question was answered before' : 'no form was put up for this',
        });
      if (rung) rung.answered = true;
      await take(client, request, answer);
    },
    formUp(request_id) {
      const rung = rungs.get(request_id);
      return rung?.client !== undefined && !rung.answered;
    },
    async how(request) {
      const ways: string[] = [];
      for (const channel of channels) {
        const way = channel.answers(request) ? await channel.how(request) : undefined;
        if (way !== undefined) ways.push(way);
      }
      return ways.join(', or ');
    },
  };
}
