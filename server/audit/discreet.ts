// What may stand in the trail: every field is public, prose, sensitive or secret, and what no list names is sensitive.
import { createHmac } from 'node:crypto';
import { canonicalJson } from '../../policies/canonical-json.ts';
import { visible } from '../../policies/values/visible.ts';
import { maskProse, maskResource, maskSecrets } from './mask.ts';
import { put } from './record.ts';

/** How a field is stored: as it is, as a resource, masked, as a keyed hash; `facts` have their own table. */
type MaskedClass = 'public' | 'resource' | 'prose';
type TextClass = 'id' | MaskedClass;
type FieldClass = TextClass | 'facts' | 'sensitive';

/** Every field the guard writes. Keep docs/audit.md in step. */
const FIELDS: ReadonlyMap<string, FieldClass> = new Map([
  ...classed(
    'id',
    'type agent_id session_id user policy_digest args_digest approver request_id grant_id call_id expires_at digest definition_digest',
  ),
  ...classed('id', 'key origin sha256 root note connection_id opened_at created_at newest digests'),
  ...classed(
    'public',
    'server tool budget remaining conditions decision rule rules where failed risk granted_by channel proof passkey user_present',
  ),
  ...classed(
    'public',
    'outcome records duration_us role how state by client version era method minutes uses count bytes size segment torn unit',
  ),
  ...classed(
    'public',
    'measured actual claimed strength spent exact once tools accepted_damage damage checkpoint_every copy_problem events survive_restart first last terms traits situation',
  ),
  ...classed('resource', 'action resource actions scope per_resource'),
  ...classed('prose', 'justification why message reason problem filter request'),
  ...classed('facts', 'facts'),
]);

/** Facts whose words come from structure, not from content. Numbers and booleans of any fact but an argument's are kept. */
const OPEN_FACTS: ReadonlySet<string> = new Set(
  [
    'path paths attachments.paths recipients.domains attendees.domains sql.kind sql.statements sql.tables sql.columns',
    'url.scheme url.host url.path data.classes destination unit impact_strength',
  ]
    .join(' ')
    .split(' '),
);

/** Names that are put together of words, as schemas and bindings have them. */
const FACT_NAME = /^[\p{L}_$][\p{L}\p{N}_$.[\]-]{0,79}$/u;

const SECRET_NAME =
  /(?:^|[._-])(?:pass(?:word|phrase|wd|code)?|pwd|secret|token|authorization|cookie|credentials?|(?:api|access|private|secret|client)[._-]?(?:key|secret))s?$/i;

/** The same few names come with every event. */
const secretNames = new Map<string, boolean>();
function isSecretName(name: string): boolean {
  let secret = secretNames.get(name);
  if (secret === undefined) {
    secret = SECRET_NAME.test(name);
    if (secretNames.size >= MAX_KNOWN_TEXTS) secretNames.clear();
    if (name.length <= MAX_KNOWN_LENGTH) secretNames.set(name, secret);
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
const HASH_DIGITS = 32;

export type Discreet = { members: Record<string, unknown>; redacted: string[] };

/** Turns events into what may be stored. The key makes hashes of sensitive values comparable inside this log and nowhere else. */
export class Discretion {
  readonly #key: Buffer;
  readonly #known: Readonly<Record<MaskedClass, Map<string, string>>> = {
    public: new Map(),
    resource: new Map(),
    prose: new Map(),
  };
  readonly #names = new Map<string, string>();

  constructor(key: Buffer) {
    if (key.length < 16) throw new Error('the audit key is shorter than 16 bytes, make a new one');
    this.#key = key;
  }

  /** The keyed hash that stands for a sensitive value: equal values have equal hashes. */
  hash(value: unknown): string {
    const text = typeof value === 'string' ? value : canonicalJson(value);
    return `hmac:${createHmac('sha256', this.#key).update(text).digest('hex').slice(0, HASH_DIGITS)}`;
  }

  /** A resource or action as it stands in the log, for those who search for one. */
  resource(text: string): string {
    return this.#text('resource', text);
  }

  apply(event: Readonly<Record<string, unknown>>): Discreet {
    const redacted: string[] = [];
    const members: Record<string, unknown> = {};
    for (const name of Object.keys(event)) {
      const value = event[name];
      if (value === undefined) continue;
      const kind = FIELDS.get(name);
      const stored = this.#field(kind ?? 'sensitive', name, value, redacted);
      if (stored !== undefined) put(members, kind ? name : shown(name).slice(0, 100), stored);
    }
    if (atMost(members) > MAX_MEMBERS_LENGTH) this.#fit(members, redacted);
    return { members, redacted: [...new Set(redacted)] };
  }

  /** Hashes the largest fields of an event that would not fit a record. Throws when that isn't enough. */
  #fit(members: Record<string, unknown>, redacted: string[]): void {
    let length = JSON.stringify(members).length;
    for (const name of ['facts', 'message', 'actions', 'scope', 'per_resource']) {
      if (length <= MAX_MEMBERS_LENGTH) return;
      if (members[name] === undefined) continue;
      members[name] = this.hash(members[name]);
      redacted.push(`${name} (too large)`);
      length = JSON.stringify(members).length;
    }
    if (length > MAX_MEMBERS_LENGTH) throw new Error('the audit event is too large to record');
  }

  #field(kind: FieldClass, name: string, value: unknown, redacted: string[]): unknown {
    if (kind === 'sensitive') return isSecretName(name) ? removed(name, redacted) : this.hash(value);
    if (kind === 'facts') return this.#facts(value, redacted);
    return walk(value, name, MAX_DEPTH, redacted, (text, path) => {
      const stored = this.#text(kind, text);
      if (kind !== 'id' && stored.includes('[secret]') && !text.includes('[secret]')) redacted.push(path);
      return stored;
    });
  }

  #facts(value: unknown, redacted: string[]): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.hash(value);
    const facts: Record<string, unknown> = {};
    for (const [name, fact] of Object.entries(value)) {
      const stored = isSecretName(name) ? removed(`facts.${this.#factName(name)}`, redacted) : this.#fact(name, fact, redacted);
      if (stored !== undefined) put(facts, this.#factName(name), stored);
    }
    return facts;
  }

  /** An agent names its arguments as it likes: what is no plain name, or tells something, is stored as a value is. */
  #factName(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const isName = FACT_NAME.test(name) && maskProse(name) === name;
    const stored = isName ? name : `${name.startsWith('args.') ? 'args.' : ''}${this.hash(name)}`;
    if (this.#names.size >= MAX_KNOWN_TEXTS) this.#names.clear();
    if (name.length <= MAX_KNOWN_LENGTH) this.#names.set(name, stored);
    return stored;
  }

  #fact(name: string, value: unknown, redacted: string[]): unknown {
    if (OPEN_FACTS.has(name)) return this.#field('resource', `facts.${name}`, value, redacted);
    const counted = !name.startsWith('args.') || name.endsWith('.length');
    const plain = (item: unknown) => typeof item === 'boolean' || (counted && typeof item === 'number' && Number.isFinite(item));
    if (!Array.isArray(value)) return plain(value) ? value : this.hash(value);
    // An element each, so that one of many is found by its hash.
    return value.slice(0, MAX_ITEMS).map((item) => (plain(item) ? item : this.hash(item)));
  }

  /** The same rules, tools and people come with every call: looking through their words once is enough. */
  #text(kind: TextClass, text: string): string {
    // an id is new each time, and as it is
    if (kind === 'id') return shown(text);
    const texts = this.#known[kind];
    const known = texts.get(text);
    if (known !== undefined) return known;
    const stored = shown(this.#masked(kind, text));
    if (texts.size >= MAX_KNOWN_TEXTS) texts.clear();
    if (text.length <= MAX_KNOWN_LENGTH) texts.set(text, stored);
    return stored;
  }

  #masked(kind: MaskedClass, text: string): string {
    if (kind === 'public') return maskSecrets(text);
    if (kind === 'prose') return maskProse(text);
    return maskResource(text, (number) => this.hash(number).slice(5, 13));
  }
}

/** One line in which every character is seen. */
function shown(text: string): string {
  return visible(text, 2 * MAX_TEXT_LENGTH);
}

function classed(kind: FieldClass, names: string): [string, FieldClass][] {
  return names.split(' ').map((name) => [name, kind]);
}

function removed(path: string, redacted: string[]): undefined {
  redacted.push(path);
  return undefined;
}

/** A bound for the length of a value's JSON that costs less than writing it: a character is at most doubled, since none is unseen any more. */
function atMost(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length + 3;
  if (typeof value !== 'object' || value === null) return 25;
  let length = 2;
  for (const key in value) length += 2 * key.length + 4 + atMost((value as Record<string, unknown>)[key]);
  return length;
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
