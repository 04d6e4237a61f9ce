// The webhook: requests go out signed, one after another, and never hold up or weaken anything. Answers come in through `perimeter answer`.
import { randomUUID } from 'node:crypto';
import type { Clock, RequestRecord } from '../ports.ts';
import { after } from '../timers.ts';
import type { Channel } from './channel.ts';
import { sign } from './signed.ts';
import { asksNumber } from './terminal.ts';

/** `answers`: the secrets of those who may answer, by name. */
export type WebhookConfig = { url: string; secret: string; answers: Record<string, string> };
export type WebhookParts = {
  config: WebhookConfig;
  clock: Clock;
  log: (line: string) => void;
  /** Stand in for the network and its patience, in tests. */
  post?: typeof fetch;
  retry_ms?: readonly number[];
};

const MAX_QUEUE = 100;
const TIMEOUT_MS = 5_000;
const RETRY_MS = [1_000, 5_000, 25_000];

export function webhookChannel({
  config,
  clock,
  log,
  post = fetch,
  retry_ms = RETRY_MS,
}: WebhookParts): Channel & { watched(what: object): void; close(): void } {
  const queue: { type: string; data: Record<string, unknown> }[] = [];
  const stop = new AbortController();
  let sending = false;
  const people = Object.keys(config.answers);

  function push(type: string, data: Record<string, unknown>): void {
    if (queue.length >= MAX_QUEUE) {
      queue.shift();
      log(`the webhook at ${new URL(config.url).origin} is too slow: its oldest message was dropped`);
    }
    queue.push({ type, data });
    if (!sending) void drain();
  }

  async function drain(): Promise<void> {
    sending = true;
    for (let next = queue.shift(); next !== undefined && !stop.signal.aborted; next = queue.shift())
      await deliver(next.type, next.data);
    sending = false;
  }

  /** One message, tried again while the other side fails; the id stays, so that it can be told apart from a new one. */
  async function deliver(type: string, data: Record<string, unknown>): Promise<void> {
    const id = `msg_${randomUUID()}`;
    const body = JSON.stringify({ type, ...data });
    for (const pause of [...retry_ms, undefined]) {
      const problem = await attempt(id, body);
      if (problem === undefined || stop.signal.aborted) return;
      if (pause === undefined) log(`the webhook at ${new URL(config.url).origin} did not take a message: ${problem}`);
      else await new Promise<void>((resolve) => after(pause, resolve));
    }
  }

  /** Undefined when it was taken. What the other side says is not read. */
  async function attempt(id: string, body: string): Promise<string | undefined> {
    const timestamp = Math.floor(clock.now() / 1_000);
    try {
      const response = await post(config.url, {
        method: 'POST',
        body,
        redirect: 'error',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(config.secret, id, timestamp, body),
        },
      });
      await response.body?.cancel();
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.name : 'it could not be reached';
    }
  }

  return {
    name: 'webhook',
    answers: () => true,
    offer(request) {
      const {
        request_id,
        shown,
        agent,
        user,
        scope,
        message,
        impact,
        proof,
        minutes,
        budget,
        approvals = 1,
        created_at,
        expires_at,
      } = request;
      push('request.pending', {
        request_id,
        shown,
        agent,
        user,
        scope,
        message,
        impact,
        proof,
        minutes,
        budget,
        approvals,
        created_at,
        expires_at,
      });
    },
    decided: ({ request_id, state, approver, channel, reason }) =>
      push('request.decided', { request_id, state, approver, channel, reason }),
    how: async (request) =>
      people.length === 0 || request.proof === 'passphrase'
        ? undefined
        : `${people.join(' or ')} can answer where the webhook delivers it${typed(request)}`,
    watched: (what) => push('risk.watched', { ...what }),
    close: () => stop.abort(),
  };
}

const typed = (request: RequestRecord): string => (asksNumber(request) ? ', with the number it asks for' : '');
