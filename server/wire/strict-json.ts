// Strict JSON: one text, one meaning. What two readers could read differently is refused before anything judges it.
import { type Token, tokenize } from './json-tokens.ts';

export type MessageId = string | number;

/** Why a text was refused. `syntax` is RFC 8259; the rest is JSON that has no single safe reading. */
export type JsonFault = 'encoding' | 'syntax' | 'depth' | 'duplicate_key' | 'forbidden_key' | 'number' | 'surrogate';
export type StrictJson = { ok: true; value: unknown } | { ok: false; fault: JsonFault; reason: string; id?: MessageId };

/** `depth` is the most objects and arrays inside one another. */
export type JsonLimits = { depth: number };
export const JSON_LIMITS: JsonLimits = { depth: 64 };

/** Keys that reach an object's prototype in careless code further down the road (CWE-1321). */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads one JSON text (RFC 8259). Refuses invalid UTF-8, a byte-order mark, duplicate and prototype keys, numbers beyond
 * a double, lone surrogates and deep nesting. A refusal is a value, with the message's `id` when it can be told for sure.
 */
export function parseStrict(input: Uint8Array | string, limits: JsonLimits = JSON_LIMITS): StrictJson {
  const text = typeof input === 'string' ? input : decode(input);
  if (text === undefined) return { ok: false, fault: 'encoding', reason: 'the text is not valid UTF-8' };
  if (text.startsWith('\uFEFF')) return { ok: false, fault: 'encoding', reason: 'the text starts with a byte-order mark' };
  const survey = surveyTokens(text, limits.depth);
  // Depth goes first: it bounds what the parser is given. A broken text is broken before it is anything else.
  if (survey.fault?.fault === 'depth') return refusal(survey.fault, survey.id);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'syntax', reason: 'the text is not JSON' };
  }
  return survey.fault ? refusal(survey.fault, survey.id) : { ok: true, value };
}

/** The `id` of a message cut off after `head`, or undefined when it can't be told for sure. */
export function idOf(head: string): MessageId | undefined {
  return surveyTokens(head, JSON_LIMITS.depth).id;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

type Fault = { fault: JsonFault; reason: string };
type Survey = { fault?: Fault; id?: MessageId };

function refusal(fault: Fault, id: MessageId | undefined): StrictJson {
  return { ok: false, ...fault, ...(id === undefined ? {} : { id }) };
}

/** Walks the tokens once, without recursion, for what JSON.parse lets through. Doesn't check the grammar: JSON.parse does. */
function surveyTokens(text: string, maxDepth: number): Survey {
  /** The keys of each open object, innermost last; an array has none. */
  const levels: (Set<string> | undefined)[] = [];
  const ids: MessageId[] = [];
  let fault: Fault | undefined;
  let previous = '';
  let key: string | undefined;
  let pendingId: MessageId | undefined;
  for (const token of tokenize(text)) {
    // An id counts once the token after it is there: a number that was cut off would be another number.
    if (pendingId !== undefined) ids.push(pendingId);
    pendingId = undefined;
    if (token.kind === '{') levels.push(new Set());
    else if (token.kind === '[') levels.push(undefined);
    else if (token.kind === '}' || token.kind === ']') levels.pop();
    if (levels.length > maxDepth) {
      return { fault: { fault: 'depth', reason: `the text nests deeper than ${maxDepth} levels` }, ...onlyId(ids) };
    }
    const keys = levels.at(-1);
    if (token.kind === 'text' && keys && (previous === '{' || previous === ',')) {
      key = token.value;
      fault ??= keyFault(key, keys);
      keys.add(key);
    } else {
      if (previous === ':' && levels.length === 1 && key === 'id') pendingId = idValue(token);
      fault ??= valueFault(token);
    }
    previous = token.kind;
  }
  return { ...(fault ? { fault } : {}), ...onlyId(ids) };
}

function keyFault(key: string, keys: ReadonlySet<string>): Fault | undefined {
  if (keys.has(key)) return { fault: 'duplicate_key', reason: `the key ${quoted(key)} stands twice in one object` };
  if (FORBIDDEN_KEYS.has(key)) return { fault: 'forbidden_key', reason: `the key ${quoted(key)} is not accepted` };
  return surrogateFault(key);
}

function valueFault(token: Token): Fault | undefined {
  if (token.kind === 'text') return surrogateFault(token.value);
  const tooLarge = token.kind === 'literal' && /^-?\d/.test(token.value) && !Number.isFinite(Number(token.value));
  return tooLarge ? { fault: 'number', reason: 'a number is too large' } : undefined;
}

function surrogateFault(text: string): Fault | undefined {
  return text.isWellFormed() ? undefined : { fault: 'surrogate', reason: 'a text holds half a surrogate pair' };
}

function idValue(token: Token): MessageId | undefined {
  if (token.kind === 'text') return token.value;
  const number = token.kind === 'literal' ? Number(token.value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Two ids are no id: answering one of them could answer another request. */
function onlyId(ids: readonly MessageId[]): { id?: MessageId } {
  const [id] = ids;
  return ids.length === 1 && id !== undefined ? { id } : {};
}

function quoted(key: string): string {
  return `\`${JSON.stringify(key.slice(0, 40)).slice(1, -1)}\``;
}
