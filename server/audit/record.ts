// One record of the trail: its keys in their order, its exact bytes, and the hash that chains it to the one before.
import { hash } from 'node:crypto';
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
const RANKED: ReadonlySet<string> = new Set(KEY_ORDER);
const PREFIXES = KEY_ORDER.map((key) => [key, `,"${key}":`] as const);
/** Written by the log itself; a caller's own are dropped. */
const OWN_KEYS: ReadonlySet<string> = new Set(['seq', 'id', 'timestamp', 'redacted', 'prev', 'hash']);

/** A member as it is stored: its value, and that as JSON, so that nothing is written twice. */
export type Stored = { value: unknown; json: string };
export type Members = ReadonlyMap<string, Stored>;
/**
 * A record on its way: the event, whose `seq`, `prev` and `hash` come last of all, and the JSON text of what stands between `seq` and `prev`.
 */
export type Draft = { event: AuditEvent; text: string };
/** A record's line, with its line feed. */
export type Encoded = { line: Buffer; hash: string };

/** A value that JSON can hold as it is. */
export function storedAs(value: unknown): Stored {
  return { value, json: JSON.stringify(value) };
}

export function membersOf(object: Readonly<Record<string, unknown>>): Members {
  return new Map(Object.entries(object).map(([name, value]) => [name, storedAs(value)]));
}

/** Puts members in their order; `redacted` comes last. */
export function draftOf(
  { id, timestamp }: { id: string; timestamp: string },
  members: Members,
  redacted: readonly string[] = [],
): Draft {
  const event: Record<string, unknown> = { seq: 0, id, timestamp };
  let text = `,"id":"${id}","timestamp":"${timestamp}"`;
  for (const [key, prefix] of PREFIXES) {
    const member = members.get(key);
    if (member === undefined) continue;
    event[key] = member.value;
    text += prefix + member.json;
  }
  const others = [...members.keys()].filter((key) => !RANKED.has(key) && !OWN_KEYS.has(key));
  for (const key of others.sort()) {
    const { value, json } = members.get(key)!;
    put(event, key, value);
    text += `,${JSON.stringify(key)}:${json}`;
  }
  if (redacted.length > 0) {
    event.redacted = redacted;
    text += `,"redacted":${JSON.stringify(redacted)}`;
  }
  return { event: event as AuditEvent, text };
}

/** Gives a record its place in the chain: fills in the draft's event, and answers the line to write. */
export function encodeRecord({ event, text }: Draft, seq: number, prev: string): Encoded {
  const body = `{"seq":${seq}${text},"prev":"${prev}"}`;
  const end = CHAIN_HEAD + Buffer.byteLength(body);
  const bytes = Buffer.allocUnsafe(end - 1 + HASH_MEMBER_BYTES + 1);
  bytes.write(body, CHAIN_HEAD);
  const hash = chainHash(prev, bytes.subarray(0, end));
  // the hash stands where the brace was
  bytes.write(`,"hash":"${hash}"}\n`, end - 1, 'latin1');
  event.seq = seq;
  event.prev = prev;
  event.hash = hash;
  return { line: bytes.subarray(CHAIN_HEAD), hash };
}

/** Sets a member, whatever it is called. */
export function put(to: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true });
  else to[key] = value;
}

/** What stands before a record when it is hashed: a zero byte, and the 32 bytes of `prev`. */
const CHAIN_HEAD = 33;
/** `,"hash":"` and 64 hex digits and `"}` */
const HASH_MEMBER_BYTES = 75;

/** SHA-256 over a zero byte, the 32 bytes of `prev`, and the record's bytes without its `hash` member; the latter are in place. Hex. */
function chainHash(prev: string, bytes: Buffer): string {
  bytes[0] = 0;
  bytes.write(prev, 1, 'hex');
  return hash('sha256', bytes, 'hex');
}

/** The same of a whole line, as it was read. */
function chainHashOfLine(prev: string, line: Buffer): string {
  const body = line.length - HASH_MEMBER_BYTES;
  const bytes = Buffer.allocUnsafe(CHAIN_HEAD + body + 1);
  line.copy(bytes, CHAIN_HEAD, 0, body);
  bytes[CHAIN_HEAD + body] = CLOSING_BRACE;
  return chainHash(prev, bytes);
}

const CLOSING_BRACE = 0x7d;
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
    if (chainHashOfLine(event.prev, line) !== event.hash) return { problem: 'does not match its own hash', event };
  }
  return { event };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
