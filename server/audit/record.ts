// One record of the trail: its keys in their order, its exact bytes, and the hash that chains it to the one before.
import { createHash } from 'node:crypto';
import type { AuditEvent } from '../ports.ts';

/** What the very first record follows. */
export const NO_HASH = '0'.repeat(64);
/** A record is never longer; a longer line is not ours. Bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The keys between `timestamp` and `redacted`, in the order they are written. Others follow them, sorted. */
const KEY_ORDER = [
  ...[
    'type',
    'agent_id',
    'session_id',
    'user',
    'action',
    'resource',
    'server',
    'tool',
    'actions',
    'scope',
    'budget',
    'conditions',
  ],
  ...['decision', 'rule', 'rules', 'where', 'why', 'failed', 'policy_digest', 'risk', 'facts', 'args_digest', 'justification'],
  ...['message', 'granted_by', 'approver', 'channel', 'proof', 'expires_at', 'user_present', 'request_id', 'grant_id', 'call_id'],
  ...['outcome', 'records', 'duration_us'],
];
const RANK = new Map(KEY_ORDER.map((key, rank) => [key, rank]));
/** Written by the log itself; a caller's own are dropped. */
const OWN_KEYS: ReadonlySet<string> = new Set(['seq', 'id', 'timestamp', 'redacted', 'prev', 'hash']);

/** The members between `timestamp` and `prev`: as they are told to listeners, and as the JSON text that is written, without braces. */
export type Members = { fields: Record<string, unknown>; text: string };

/** Puts members in their order; `redacted` comes last. What JSON would leave out or change must not be among them. */
export function membersOf(members: Readonly<Record<string, unknown>>, redacted: readonly string[] = []): Members {
  const keys = Object.keys(members).filter((key) => !OWN_KEYS.has(key) && members[key] !== undefined);
  keys.sort((a, b) => (RANK.get(a) ?? KEY_ORDER.length) - (RANK.get(b) ?? KEY_ORDER.length) || (a < b ? -1 : 1));
  const fields = Object.fromEntries(keys.map((key) => [key, members[key]]));
  if (redacted.length > 0) fields.redacted = redacted;
  return { fields, text: JSON.stringify(fields).slice(1, -1) };
}

export type Head = { seq: number; id: string; timestamp: string };

/** The record's bytes with the line feed, and its hash. */
export function encodeRecord(head: Head, members: string, prev: string): { bytes: Buffer; hash: string } {
  const { seq, id, timestamp } = head;
  const body = `{"seq":${seq},"id":${JSON.stringify(id)},"timestamp":${JSON.stringify(timestamp)},${members},"prev":"${prev}"}`;
  const hash = chainHash(prev, Buffer.from(body));
  return { bytes: Buffer.from(`${body.slice(0, -1)},"hash":"${hash}"}\n`), hash };
}

/** SHA-256 over a zero byte, the 32 bytes of `prev`, and the record's bytes without its `hash` member. Hex. */
function chainHash(prev: string, body: Uint8Array, end = ''): string {
  return createHash('sha256')
    .update(Buffer.from(`00${prev}`, 'hex'))
    .update(body)
    .update(end)
    .digest('hex');
}

// `,"hash":"` and 64 hex digits and `"}`
const HASH_MEMBER_BYTES = 75;
const RECORD_END = /,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;

export type ReadRecord = { event: AuditEvent } | { problem: string; event?: AuditEvent };

/**
 * Reads one line (without its line feed) and says what is wrong with it, if anything. With `hashed` the hash is computed again.
 * A record whose hash is wrong comes back with its event, so that a checker can tell which one it claims to be.
 */
export function readRecord(line: Buffer, hashed: boolean): ReadRecord {
  const end = RECORD_END.exec(line.subarray(-160).toString('latin1'));
  if (!end) return { problem: 'is not a whole record' };
  let event: AuditEvent;
  try {
    event = JSON.parse(line.toString('utf8')) as AuditEvent;
  } catch {
    return { problem: 'is not JSON' };
  }
  const shaped = Number.isSafeInteger(event.seq) && event.seq > 0 && [event.id, event.timestamp, event.type].every(isText);
  if (!shaped || event.prev !== end[1] || event.hash !== end[2]) return { problem: 'lacks the members of a record' };
  if (hashed) {
    if (chainHash(event.prev, line.subarray(0, -HASH_MEMBER_BYTES), '}') !== event.hash)
      return { problem: 'does not match its own hash', event };
  }
  return { event };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
