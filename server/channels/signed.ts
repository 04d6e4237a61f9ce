// Signed documents, as the webhook sends and takes them: HMAC-SHA256 over id, time and body (Standard Webhooks, "Signature scheme").
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { parseDuration } from '../../policies/durations.ts';
import type { Answer } from '../elevations.ts';
import { AnswerRefused } from '../narrowing.ts';
import type { Clock } from '../ports.ts';
import { parseStrict } from '../wire/strict-json.ts';

/** A document older than this, or from further ahead, is not taken. Milliseconds. */
const FRESH_MS = 5 * 60_000;
const MAX_DOCUMENT = 64 * 1024;
const MAX_SEEN = 10_000;
/** The least a secret may be: 24 bytes, as Standard Webhooks asks. */
export const MIN_SECRET_BYTES = 24;

/** The key of a secret: `whsec_` and base64, else its bytes. */
export function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
}

/** `timestamp` in whole seconds. */
export function sign(secret: string, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

const envelope = z.strictObject({
  id: z.string().regex(/^[\w-]{1,128}$/),
  timestamp: z.int().nonnegative(),
  signature: z.string().max(4_096),
  by: z.string().max(128),
  body: z.string().max(MAX_DOCUMENT),
});
const count = z.int().positive();
const answerBody = z.strictObject({
  type: z.literal('request.answer'),
  request_id: z.string().max(128),
  shown: z.string().max(128),
  decision: z.enum(['deny', 'approve_once', 'approve']),
  number: z.int().nonnegative().exactOptional(),
  minutes: count.exactOptional(),
  uses: count.exactOptional(),
  records: count.exactOptional(),
  scope: z.array(z.string().max(4_096)).min(1).max(50).exactOptional(),
  reason: z.string().max(500).exactOptional(),
  for: z.string().max(32).exactOptional(),
});
/** An answer whose signature, freshness and first use are certain; `number` is what its sender typed. */
export type SignedAnswer = { request_id: string; number?: number; answer: Omit<Answer, 'proof'> };

/** Reads signed answers, each once. `secrets` are those of the people that may answer, by name. */
export function answerReader(secrets: Readonly<Record<string, string>>, clock: Clock): (document: string) => SignedAnswer {
  /** Ids of the last minutes, to the time after which they are stale anyway. */
  const seen = new Map<string, number>();
  return (document) => {
    const { id, timestamp, signature, by, body } = read(envelope, document, 'the document');
    const secret = Object.hasOwn(secrets, by) ? secrets[by] : undefined;
    // an unknown name and a wrong signature are one refusal: nobody learns who may answer
    if (secret === undefined || !signedBy(secret, id, timestamp, body, signature))
      throw new AnswerRefused('the signature is not that of anybody in `channels.webhook.answers`');
    const now = clock.now();
    if (Math.abs(now - timestamp * 1_000) > FRESH_MS)
      throw new AnswerRefused('the document is older than five minutes, or its clock is wrong; sign a new one');
    for (const [known, until] of seen) if (until <= now) seen.delete(known);
    if (seen.has(`${by} ${id}`) || seen.size >= MAX_SEEN)
      throw new AnswerRefused('this document was used before; sign a new one with another id');
    seen.set(`${by} ${id}`, now + 2 * FRESH_MS);
    const { request_id, decision, number, for: quiet, type: _, ...rest } = read(answerBody, body, 'its body');
    const quiet_ms = quiet === undefined ? {} : { quiet_ms: durationOf(quiet) };
    return {
      request_id,
      ...(number === undefined ? {} : { number }),
      answer: { ...rest, ...quiet_ms, choice: decision, approver: by, person: by, channel: 'webhook' },
    };
  };
}

function signedBy(secret: string, id: string, timestamp: number, body: string, given: string): boolean {
  const right = Buffer.from(sign(secret, id, timestamp, body));
  // several signatures, while a secret is being changed, stand side by side
  return given.split(' ').some((one) => {
    const bytes = Buffer.from(one);
    return bytes.length === right.length && timingSafeEqual(bytes, right);
  });
}

function read<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  const parsed = text.length <= MAX_DOCUMENT ? parseStrict(text) : { ok: false as const, reason: 'it is longer than 64 kB' };
  if (!parsed.ok) throw new AnswerRefused(`${what} is no answer: ${parsed.reason}; see docs/channels.md`);
  const checked = schema.safeParse(parsed.value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AnswerRefused(`${what} is no answer: \`${issue?.path.join('.') || 'the whole'}\` does not fit; see docs/channels.md`);
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new AnswerRefused((error as Error).message);
  }
}
