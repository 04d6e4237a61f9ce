// The ladder: the form in the client first, else a link to the page, and the other channels at once where it shows neither, answers by itself, or stays silent.
import type { Answered, Elevations } from '../elevations.ts';
import type { Grants } from '../grants.ts';
import { AnswerRefused } from '../narrowing.ts';
import type { AuditLog, ClientHandle, Clock, FormAnswer, Question, RequestRecord } from '../ports.ts';
import { after, type Timer } from '../timers.ts';
import { type Behaviours, KEEPS_FORMS, type Way } from './behaviour.ts';
import type { Channel } from './channel.ts';
import { type Choice, formAnswers, questionOf, readFormAnswer } from './form.ts';
import { linkOf, readLinkAnswer } from './link.ts';

/** A question that stayed without an answer this long is not enough: the human may be elsewhere. */
const CLIMB_MS = 20_000;
/** Somebody who answered elsewhere after this long would have seen what was there. */
const SEEN_MS = 10_000;

/** The channel of an answer that was given on the page a link leads to. */
const ON_PAGE = 'console';

export type LadderParts = {
  /** The rungs above the client's own, in order. */
  channels: readonly Channel[];
  /** The address of a request's page; undefined where none is served. */
  page: (request_id: string) => string | undefined;
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
  /** Puts a request to a human, once for each way. Returns the question, where the client must carry it as the answer to its call. */
  start(request: RequestRecord, client: ClientHandle): Question | undefined;
  /** An answer that came back with a call. It counts once. */
  answered(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void>;
  /** Whether a form of this request is up in a client. */
  formUp(request_id: string): boolean;
  /** What the human does to answer, as the agent tells it. */
  how(request: RequestRecord): Promise<string>;
};

/** One request on the ladder: in which client the question is up, by which way, and whether the other rungs were taken. */
type Rung = {
  client?: ClientHandle;
  way?: Way;
  asked: number;
  answered: boolean;
  /** The client showed nothing that way, and has to carry the next question with its call. */
  due?: boolean;
  over: AbortController;
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
    const { client, way } = rung;
    const elsewhere = request.channel !== undefined && request.channel !== (way === 'link' ? ON_PAGE : 'form');
    if (client && way && !rung.answered && elsewhere && clock.mono() - rung.asked >= SEEN_MS) behaviours.silent(client, way);
    rung.over.abort();
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

  /** The best way to put it to a human through this client, if there is one. */
  function wayIn(request: RequestRecord, client: ClientHandle): Way | undefined {
    const carried = client.era === 'modern';
    if (formAnswers(client, request, behaviours) && (carried || client.form)) return 'form';
    const page = parts.page(request.request_id) !== undefined && behaviours.shows(client, 'link');
    return page && (carried || client.link) ? 'link' : undefined;
  }

  /** Takes the next rung: a question in this client, else all that is beside it. Returns the question where the client must carry it. */
  function put(rung: Rung, request: RequestRecord, client: ClientHandle): Question | undefined {
    const id = request.request_id;
    const way = wayIn(request, client);
    rung.due = false;
    if (way === undefined) {
      climb(id);
      return undefined;
    }
    Object.assign(rung, { client, way, asked: clock.mono(), answered: false });
    wait(rung, id);
    const link = way === 'link' ? linkOf(request, parts.page(id) ?? '') : undefined;
    if (client.era === 'modern') return link ?? questionOf(request);
    const { signal } = rung.over;
    (link
      ? client.link?.(link, signal)
      : client.form?.(questionOf(request), KEEPS_FORMS.includes(client.name) ? undefined : signal)
    )
      ?.then((answer) => {
        rung.answered = true;
        return signal.aborted ? afterwards(client, request, answer) : take(client, request, answer);
      })
      // the connection is gone; what can't be recorded has ended the request already
      .catch(() => climb(id));
    return undefined;
  }

  /** Silence for this long, and the other channels are taken as well. */
  function wait(rung: Rung, id: string): void {
    rung.timer?.cancel();
    rung.timer = after(parts.climb_ms ?? CLIMB_MS, () => climb(id));
  }

  async function take(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void> {
    const id = request.request_id;
    const way: Way = answer.link ? 'link' : 'form';
    const read = answer.link ? readLinkAnswer(answer, id, parts.min_answer) : readFormAnswer(answer, request, parts.min_answer);
    if (read.kind === 'not_human') {
      behaviours.alone(client, way);
      note(request, 'request.unanswered', { channel: way, why: read.reason });
      return next(client, request);
    }
    behaviours.drew(client, way);
    if (read.kind === 'choice') await choose(request, answer, read.choice);
    else if (read.kind === 'denied') await decide(request, 'deny', 'link');
    else if (read.kind === 'opened') {
      note(request, 'request.opened', { channel: 'link' });
      const rung = rungs.get(id);
      // they are on the page now
      if (rung && !rung.climbed) wait(rung, id);
      return;
    }
    climb(id);
  }

  /** What a client says of a question that was taken back. Closing it is no word of anybody's; whoever chose in it is heard, and on record. */
  async function afterwards(client: ClientHandle, request: RequestRecord, answer: FormAnswer): Promise<void> {
    const way: Way = answer.link ? 'link' : 'form';
    const read = answer.link || answer.action !== 'accept' ? undefined : readFormAnswer(answer, request, parts.min_answer);
    if (read?.kind === 'choice') return take(client, request, answer);
    const state = elevations.get(request.request_id)?.state ?? 'over';
    note(request, 'request.late', {
      channel: way,
      why: `already ${state}; what the client said (${answer.action}) changed nothing`,
    });
  }

  /** The client showed it to nobody: what else it has is tried, then the other channels. */
  function next(client: ClientHandle, request: RequestRecord): void {
    const id = request.request_id;
    const rung = rungs.get(id);
    if (!rung || elevations.get(id)?.state !== 'pending' || wayIn(request, client) === undefined) climb(id);
    else if (client.era === 'modern') rung.due = true;
    else put(rung, request, client);
  }

  async function choose(request: RequestRecord, answer: FormAnswer, choice: Choice): Promise<void> {
    // a disk that can't take this won't take the answer either: then the request ends, and does not hang
    await parts.humanActed('form').catch(() => undefined);
    const answered = await decide(request, choice, 'form');
    // somebody said yes elsewhere, and now no: the last word of a human that takes away holds
    const crossed = answered !== undefined && !answered.changed && choice === 'deny' && answer.action === 'accept';
    const given = crossed ? answered.request.grant_id : undefined;
    if (given !== undefined)
      await parts.grants.finish(given, 'revoked', {
        type: 'grant.revoked',
        reason: 'a person said no in the form',
        by: parts.approver,
      });
  }

  async function decide(request: RequestRecord, choice: Choice, channel: Way): Promise<Answered | undefined> {
    const { approver, person } = parts;
    const proof = channel === 'form' && request.proof === 'typed' ? 'typed' : 'none';
    try {
      return await elevations.answer(request.request_id, { choice, approver, person, channel, proof, shown: request.shown });
    } catch (error) {
      if (error instanceof AnswerRefused) return undefined;
      throw error;
    }
  }

  return {
    start(request, client) {
      const id = request.request_id;
      if (elevations.get(id)?.state !== 'pending') return undefined;
      const known = rungs.get(id);
      // one prompt, however many ask for the same at once
      if (known)
        return known.due && known.client?.connection_id === client.connection_id ? put(known, request, client) : undefined;
      const rung: Rung = { asked: clock.mono(), answered: false, over: new AbortController(), climbed: false };
      rungs.set(id, rung);
      return put(rung, request, client);
    },
    async answered(client, request, answer) {
      const rung = rungs.get(request.request_id);
      const asked = rung?.client !== undefined && (rung.way === 'link') === (answer.link === true);
      if (request.state === 'pending' && (!asked || rung.answered))
        return note(request, 'request.late', {
          channel: answer.link ? 'link' : 'form',
          why: asked ? 'this question was answered before' : 'this was not put to anybody there',
        });
      if (rung) rung.answered = true;
      await take(client, request, answer);
    },
    formUp(request_id) {
      const rung = rungs.get(request_id);
      return rung?.way === 'form' && !rung.answered;
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
