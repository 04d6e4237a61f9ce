// The state a 2026-07-28 client carries between a question and its answer. It comes back through the client, so it is
// authenticated and bound to the very call it was made for; single use is kept by the guard, on the stored request.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { canonicalJson, digestOf } from '../../policies/canonical-json.ts';
import type { Clock } from '../ports.ts';
import { isRecord } from './messages.ts';

/** How long an answer may take to come back, in milliseconds. The stored request usually ends earlier. */
const LIFETIME_MS = 60 * 60 * 1000;
const LABEL = 'perimeter/request-state/1\n';

export type Call = { tool: string; arguments: Record<string, unknown> };
export type RequestStates = {
  /** `link`: the question was a link, so that its accept can never be read as a form's. */
  seal(requestId: string, call: Call, link: boolean): string;
  /** The request it was made for, and milliseconds since. Undefined for a state that is altered, foreign, expired or of another call. */
  open(state: string, call: Call): { request_id: string; after: number; link: boolean } | undefined;
};

/** Seals with HMAC-SHA-256 (MRTR, "Server Requirements"). */
export function requestStates(secret: Buffer, clock: Clock): RequestStates {
  /** Monotonic times mean nothing to another process. */
  const life = randomUUID();
  const sign = (body: string) => createHmac('sha256', secret).update(LABEL).update(body).digest();
  return {
    seal(request_id, call, link) {
      const payload = { request_id, link, call: digestOf(call), asked: clock.now(), mono: clock.mono(), life };
      const body = Buffer.from(canonicalJson(payload)).toString('base64url');
      return `${body}.${sign(body).toString('base64url')}`;
    },
    open(state, call) {
      const [body, signature, more] = state.split('.');
      if (body === undefined || signature === undefined || more !== undefined) return undefined;
      const given = Buffer.from(signature, 'base64url');
      const right = sign(body);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const payload: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
      if (!isPayload(payload) || payload.call !== digestOf(call)) return undefined;
      const age = clock.now() - payload.asked;
      if (age < 0 || age > LIFETIME_MS) return undefined;
      const { request_id, link } = payload;
      return { request_id, link, after: payload.life === life ? clock.mono() - payload.mono : age };
    },
  };
}

type Payload = { request_id: string; link: boolean; call: string; asked: number; mono: number; life: string };
function isPayload(value: unknown): value is Payload {
  return (
    isRecord(value) &&
    typeof value.request_id === 'string' &&
    typeof value.link === 'boolean' &&
    typeof value.call === 'string' &&
    typeof value.asked === 'number' &&
    typeof value.mono === 'number' &&
    typeof value.life === 'string'
  );
}
