// What may stand in the trail: every field is public, prose, sensitive or secret, and what no list names is sensitive.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../policies/canonical-json.ts';
import { visible } from '../../policies/values/visible.ts';
import { frozen } from '../frozen.ts';
import {
  FACT_NAME,
  FIELDS,
  type FieldClass,
  type MaskedClass,
  NEVER_TWICE,
  OPEN_FACTS,
  SECRET_NAME,
  type TextClass,
} from './fields.ts';
import { maskProse, maskResource, maskSecrets } from './mask.ts';
import { type Members, put, type Stored, storedAs } from './record.ts';

/** The same few names come with every event. */
const secretNames = new Map<string, boolean>();
function isSecretName(name: string): boolean {
  let secret = secretNames.get(name);
  if (secret === undefined) {
    secret = SECRET_NAME.test(name);
    remember(secretNames, name, secret);
  }
  return secret;
}

const MAX_TEXT_LENGTH = 4096;
const MAX_KNOWN_TEXTS = 5000;
const MAX_KNOWN_LENGTH = 500;
const MAX_ITEMS = 100;
const MAX_DEPTH = 6;
/** A record's members are never larger; facts are the first to go. Characters. */
const MAX_MEMBERS_LENGTH = 128 * 1024;
/** Quotes, colon and comma of a member. */
const PUNCTUATION = 4;
const HASH_DIGITS = 32;

export type Discreet = { members: Members; redacted: readonly string[] };
/** A value that was made discreet before, and the paths of what was removed from it. */
type Known = { stored: Stored | undefined; redacted: readonly string[] };
/** A text that was made discreet before, and whether a secret in it was masked. */
type KnownText = Stored & { value: string; masked: boolean };

/** Turns events into what may be stored. The key makes hashes of sensitive values comparable inside this log and nowhere else. */
export class Discretion {
  readonly #key: KeyObject;
  readonly #texts: Readonly<Record<MaskedClass, Map<string, KnownText>>> = {
    public: new Map(),
    resource: new Map(),
    prose: new Map(),
  };
  readonly #objects = new Map<string, Known>();
  readonly #names = new Map<string, Stored & { value: string }>();

  constructor(key: Buffer) {
    if (key.length < 16) throw new Error('the audit key is shorter than 16 bytes, make a new one');
    this.#key = createSecretKey(key);
  }

  /** The keyed hash that stands for a sensitive value: equal values have equal hashes. */
  hash(value: unknown): string {
    const text = typeof value === 'string' ? value : canonicalJson(value);
    return `hmac:${createHmac('sha256', this.#key).update(text).digest('hex').slice(0, HASH_DIGITS)}`;
  }

  /** A resource or action as it stands in the log, for those who search for one. */
  resource(text: string): string {
    return this.#text('resource', text).value;
  }

  /** What may be stored of an event. Throws when it is too large to be a record. */
  apply(event: Readonly<Record<string, unknown>>): Discreet {
    const redacted: string[] = [];
    const members = new Map<string, Stored>();
    let length = 0;
    for (const name of Object.keys(event)) {
      const value = event[name];
      if (value === undefined) continue;
      const kind = FIELDS.get(name);
      const stored = this.#field(kind ?? 'sensitive', name, value, redacted);
      if (stored === undefined) continue;
      members.set(kind ? name : shown(name).slice(0, 100), stored);
      length += name.length + stored.json.length + PUNCTUATION;
    }
    if (length > MAX_MEMBERS_LENGTH) this.#fit(members, length, redacted);
    return { members, redacted: redacted.length > 1 ? [...new Set(redacted)] : redacted };
  }

  /** Hashes the largest fields of an event that would not fit a record. Throws when that isn't enough. */
  #fit(members: Map<string, Stored>, length: number, redacted: string[]): void {
    let left = length;
    for (const name of ['facts', 'message', 'actions', 'scope', 'per_resource']) {
      const large = members.get(name);
      if (left <= MAX_MEMBERS_LENGTH || large === undefined) continue;
      const small = storedAs(this.hash(large.value));
      members.set(name, small);
      redacted.push(`${name} (too large)`);
      left += small.json.length - large.json.length;
    }
    if (left > MAX_MEMBERS_LENGTH) throw new Error('the audit event is too large to record');
  }

  #field(kind: FieldClass, name: string, value: unknown, redacted: string[]): Stored | undefined {
    if (kind === 'sensitive') return isSecretName(name) ? removed(name, redacted) : this.#hashed(value);
    if (kind === 'facts') return this.#facts(value, redacted);
    if (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH) return this.#told(kind, name, value, redacted);
    if (typeof value !== 'object' || value === null || NEVER_TWICE.has(name)) return this.#walked(kind, name, value, redacted);
    // The same decisions, scopes and factors come with call after call.
    const source = `${name} ${JSON.stringify(value)}`;
    let known = this.#objects.get(source);
    if (known === undefined) {
      const paths: string[] = [];
      known = frozen({ stored: this.#walked(kind, name, value, paths), redacted: paths });
      remember(this.#objects, source, known);
    }
    for (const path of known.redacted) redacted.push(path);
    return known.stored;
  }

  #walked(kind: TextClass, name: string, value: unknown, redacted: string[]): Stored | undefined {
    const stored = walk(value, name, MAX_DEPTH, redacted, (text, path) => this.#told(kind, path, text, redacted).value);
    return stored === undefined ? undefined : storedAs(stored);
  }

  #told(kind: TextClass, path: string, text: string, redacted: string[]): Stored & { value: string } {
    // an id is new each time, and as it is
    if (kind === 'id') return storedText(shown(text));
    const known = this.#text(kind, text);
    if (known.masked) redacted.push(path);
    return known;
  }

  #hashed(value: unknown): Stored {
    return storedText(this.hash(value));
  }

  #facts(value: unknown, redacted: string[]): Stored {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.#hashed(value);
    const facts: Record<string, unknown> = {};
    let json = '';
    for (const name of Object.keys(value)) {
      const called = this.#factName(name);
      const fact = (value as Record<string, unknown>)[name];
      const stored = isSecretName(name) ? removed(`facts.${called.value}`, redacted) : this.#fact(name, fact, redacted);
      if (stored === undefined) continue;
      put(facts, called.value, stored.value);
      json += `${json === '' ? '' : ','}${called.json}:${stored.json}`;
    }
    return { value: facts, json: `{${json}}` };
  }

  /** An agent names its arguments as it likes: what is no plain name, or tells something, is stored as a value is. */
  #factName(name: string): Stored & { value: string } {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const isName = FACT_NAME.test(name) && maskProse(name) === name;
    const stored = storedText(isName ? name : `${name.startsWith('args.') ? 'args.' : ''}${this.hash(name)}`);
    remember(this.#names, name, stored);
    return stored;
  }

  #fact(name: string, value: unknown, redacted: string[]): Stored | undefined {
    if (OPEN_FACTS.has(name)) return this.#field('resource', `facts.${name}`, value, redacted);
    const counted = !name.startsWith('args.') || name.endsWith('.length');
    const plain = (item: unknown) => typeof item === 'boolean' || (counted && typeof item === 'number' && Number.isFinite(item));
    if (!Array.isArray(value)) return plain(value) ? storedAs(value) : this.#hashed(value);
    // An element each, so that one of many is found by its hash.
    return storedAs(value.slice(0, MAX_ITEMS).map((item) => (plain(item) ? item : this.hash(item))));
  }

  /** The same rules, tools and people come with every call: looking through their words once is enough. */
  #text(kind: MaskedClass, text: string): KnownText {
    const texts = this.#texts[kind];
    const known = texts.get(text);
    if (known !== undefined) return known;
    const stored = storedText(shown(this.#masked(kind, text)));
    const found = { ...stored, masked: stored.value.includes('[secret]') && !text.includes('[secret]') };
    remember(texts, text, found);
    return found;
  }

  #masked(kind: MaskedClass, text: string): string {
    if (kind === 'public') return maskSecrets(text);
    if (kind === 'prose') return maskProse(text);
    return maskResource(text, (number) => this.hash(number).slice(5, 13));
  }
}

function storedText(text: string): Stored & { value: string } {
  return { value: text, json: JSON.stringify(text) };
}

/** Keeps what was worked out of a text, if that is short; all of it goes when there is much of it. */
function remember<T>(known: Map<string, T>, text: string, found: T): void {
  if (text.length > MAX_KNOWN_LENGTH) return;
  if (known.size >= MAX_KNOWN_TEXTS) known.clear();
  known.set(text, found);
}

/** One line in which every character is seen. */
function shown(text: string): string {
  return visible(text, 2 * MAX_TEXT_LENGTH);
}

function removed(path: string, redacted: string[]): undefined {
  redacted.push(path);
  return undefined;
}

/** Copies a value with every text in it changed, keys included; secrets by name are left out, what is too deep or too long is cut. */
function walk(
  value: unknown,
  path: string,
  depth: number,
  redacted: string[],
  change: (text: string, path: string) => string,
): unknown {
  if (typeof value === 'string') return short(value, path, redacted, change);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return undefined;
  if (depth === 0) return removed(`${path} (too deep)`, redacted);
  if (Array.isArray(value)) {
    if (value.length > MAX_ITEMS) redacted.push(`${path} (first ${MAX_ITEMS} of ${value.length})`);
    return value.slice(0, MAX_ITEMS).map((item, index) => walk(item, `${path}[${index}]`, depth - 1, redacted, change) ?? null);
  }
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value).slice(0, MAX_ITEMS)) {
    const key = change(name.slice(0, MAX_TEXT_LENGTH), path);
    const kept = isSecretName(name) && typeof item === 'string' ? removed(`${path}.${key}`, redacted) : item;
    const stored = kept === undefined ? undefined : walk(kept, `${path}.${key}`, depth - 1, redacted, change);
    if (stored !== undefined) put(copy, key, stored);
  }
  return copy;
}

/** Changes a text, and cuts it between words where it is too long, since half a secret is no longer recognised as one. */
function short(text: string, path: string, redacted: string[], change: (text: string, path: string) => string): string {
  if (text.length <= MAX_TEXT_LENGTH) return change(text, path);
  redacted.push(`${path} (cut)`);
  return `${change(text.slice(0, MAX_TEXT_LENGTH).replace(/\S+$/, ''), path)}…`;
}
