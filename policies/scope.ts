// What a permission reaches: `verb:domain[:resource]`, parsed, matched against actions, and derived from them.

import type { Action, Scope, ScopePiece, Verb } from './types.ts';
import { VERBS } from './types.ts';
import { foldSegment } from './values/path.ts';

const DOMAIN = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_SCOPE = 4096;
/** Verbs that reach everything below a folder, not only the folder itself. */
export const RECURSIVE: ReadonlySet<Verb> = new Set(['read', 'search', 'delete', 'move', 'share']);

/** Reads `verb:domain[:resource]`. Throws an Error whose message says what is wrong and what to write. */
export function parseScope(text: string): Scope {
  if (typeof text !== 'string' || text.length > MAX_SCOPE) throw new Error('a scope is a text such as `read:files:marketing/**`');
  const [verb = '', domain = '', ...rest] = text.split(':');
  if (verb !== '*' && !VERBS.includes(verb as Verb))
    throw new Error(`\`${verb}\` is no verb; use one of ${VERBS.join(' ')} or \`*\``);
  if (domain === '') throw new Error(`\`${text}\` names no domain; write it as \`${verb}:files\` or \`${verb}:files:folder/**\``);
  if (domain !== '*' && !DOMAIN.test(domain))
    throw new Error(`\`${domain}\` is no domain; use the word of a binding, such as \`files\`, or \`*\``);
  const scope: Scope = { text, verb: verb as Scope['verb'], domain };
  if (rest.length === 0) return scope;
  const resource = rest.join(':');
  if (resource === '') throw new Error(`\`${text}\` ends with a colon; leave it off to cover the whole domain`);
  return { ...scope, resource: parsePattern(resource) };
}

/** Reads the resource part alone: `/` separates, `*` stays within a segment, `**` crosses, `%XX` is a literal character. */
export function parsePattern(pattern: string): NonNullable<Scope['resource']> {
  if (/[?{}[\]]/.test(pattern))
    throw new Error(`\`${pattern}\` uses one of ? { } [ ], which mean nothing here; use \`*\` or \`**\`, or percent-encode them`);
  if (pattern.length > 1 && pattern.endsWith('/'))
    throw new Error(`\`${pattern}\` ends with a slash; write \`${pattern}**\` for all below it`);
  return splitSegments(pattern).map((segment) => {
    if (segment === '**') return '**';
    if (segment.includes('**'))
      throw new Error(`\`${segment}\` mixes \`**\` with other characters; \`**\` stands alone between slashes`);
    const pieces: ScopePiece[] = [];
    for (const [index, literal] of segment.split('*').entries()) {
      if (index > 0) pieces.push({ star: true });
      if (literal !== '') pieces.push({ literal: percentDecode(literal).normalize('NFC') });
    }
    return pieces;
  });
}

/** A resource's segments; the `scheme://host` of a URL stays one segment. */
export function splitSegments(text: string): string[] {
  const head = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/.exec(text)?.[0];
  if (head === undefined) return text.split('/');
  const rest = text.slice(head.length);
  return rest === '' ? [head] : [head, ...rest.slice(1).split('/')];
}

function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

function percentEncode(text: string): string {
  return text.replace(/[%*?{}[\]:/]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `verb:domain[:resource]` as answers and the audit show it. */
export function actionText(action: Pick<Action, 'verb' | 'domain' | 'resource'>): string {
  return action.resource === undefined ? `${action.verb}:${action.domain}` : `${action.verb}:${action.domain}:${action.resource}`;
}

/** The narrowest scope that covers an action; what would be a glob in it is percent-encoded. */
export function deriveScope(action: Action): string {
  const head = `${action.verb}:${action.domain}`;
  if (action.segments === undefined) return head;
  if (isDeep(action)) return `${head}:${[...folderOf(action.segments).map(percentEncode), '**'].join('/')}`;
  const [first = '', ...rest] = action.segments;
  return `${head}:${[first, ...rest].map(percentEncode).join('/')}`;
}

/** A recursive verb on a folder: everything below it is touched too. */
export function isDeep(action: Action): boolean {
  return action.folder === true && RECURSIVE.has(action.verb);
}

/** A folder's segments as those of its files begin: a binding's root, spelt `.`, adds none, and the disk's root `/` only the leading empty one. */
function folderOf(segments: readonly string[]): readonly string[] {
  if (segments.length === 1 && segments[0] === '.') return [];
  return segments.length === 2 && segments[0] === '' && segments[1] === '' ? [''] : segments;
}

/**
 * Whether the scope covers the action. An allow or a grant (`permit`) must reach all that the action does, so a recursive verb on
 * a folder needs everything below it, and what lies outside a binding's root must be named. An ask or deny (`restrict`) applies
 * as soon as it could touch any of it.
 */
export function scopeCovers(scope: Scope, action: Action, mode: 'permit' | 'restrict'): boolean {
  if (scope.verb !== '*' && scope.verb !== action.verb) return false;
  if (scope.domain !== '*' && scope.domain !== action.domain) return false;
  if (scope.resource === undefined) return mode === 'restrict' || action.outside !== true;
  // a call on the domain as a whole touches each part of it; a statement without a table, or a mail to nobody, touches none
  if (action.segments === undefined) return mode === 'restrict' && action.kind !== 'table' && action.kind !== 'address';
  const deep = isDeep(action);
  // what is asked about or forbidden is so in any case, on a volume that tells cases apart only as it is
  const fold = action.fold === true || (mode === 'restrict' && action.kind !== 'path');
  const pattern = action.kind === 'url' ? withPlainHost(scope.resource) : scope.resource;
  if (mode === 'permit') {
    if (action.outside === true && !namesAbsolute(scope.resource)) return false;
    return (deep ? patternCoversBelow : patternMatches)(pattern, action.segments, fold);
  }
  return (deep ? patternMeetsBelow : patternMatches)(pattern, action.segments, fold);
}

/** Hosts are written in any case; those of actions are in lower case. */
function withPlainHost([head, ...path]: NonNullable<Scope['resource']>): NonNullable<Scope['resource']> {
  if (head === undefined || head === '**') return head === undefined ? path : [head, ...path];
  return [head.map((piece) => ('literal' in piece ? { literal: piece.literal.toLowerCase() } : piece)), ...path];
}

/** Whether a list of pattern segments matches a list of literal ones. */
export function patternMatches(pattern: NonNullable<Scope['resource']>, segments: readonly string[], fold = false): boolean {
  return accepts(pattern, advance(pattern, segments, fold));
}

/** Whether a pattern takes in a folder and everything below it. */
export function patternCoversBelow(pattern: NonNullable<Scope['resource']>, segments: readonly string[], fold = false): boolean {
  const last = pattern.length - 1;
  return pattern[last] === '**' && advance(pattern, folderOf(segments), fold).includes(last);
}

/** Whether a pattern takes in a folder, or could take in something below it. */
export function patternMeetsBelow(pattern: NonNullable<Scope['resource']>, segments: readonly string[], fold = false): boolean {
  return patternMatches(pattern, segments, fold) || advance(pattern, folderOf(segments), fold).length > 0;
}

/** Whether a pattern says itself that it starts at the top, as only a scope for places outside a root does. */
export function namesAbsolute(pattern: NonNullable<Scope['resource']>): boolean {
  const first = pattern[0];
  return first !== undefined && first !== '**' && first.length === 0;
}

/** The pattern positions reachable after all segments: the simulation of a small non-deterministic automaton, never exponential. */
function advance(pattern: NonNullable<Scope['resource']>, segments: readonly string[], fold: boolean): number[] {
  let states = closure(pattern, [0]);
  for (const segment of segments) {
    const next: number[] = [];
    for (const at of states) {
      const piece = pattern[at];
      if (piece === undefined) continue;
      if (piece === '**') next.push(at);
      else if (segmentMatches(piece, segment, fold)) next.push(at + 1);
    }
    states = closure(pattern, next);
    if (states.length === 0) return states;
  }
  return states;
}

function closure(pattern: NonNullable<Scope['resource']>, from: readonly number[]): number[] {
  const seen = new Set<number>();
  const queue = [...from];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (pattern[at] === '**') queue.push(at + 1);
  }
  return [...seen];
}

function accepts(pattern: NonNullable<Scope['resource']>, states: readonly number[]): boolean {
  return states.includes(pattern.length);
}

/** Matches literals and stars within one segment, greedy from the left with backtracking only to the last star: linear. */
export function segmentMatches(pieces: readonly ScopePiece[], segment: string, fold: boolean): boolean {
  const text = fold ? foldSegment(segment) : segment.normalize('NFC');
  const literals = pieces.map((piece) => ('star' in piece ? undefined : fold ? foldSegment(piece.literal) : piece.literal));
  const stars = literals.includes(undefined);
  if (!stars) return text === literals.join('');
  let at = 0;
  let end = text.length;
  const first = literals[0];
  if (first !== undefined) {
    if (!text.startsWith(first)) return false;
    at = first.length;
  }
  const last = literals.at(-1);
  if (last !== undefined) {
    if (end - last.length < at || !text.endsWith(last)) return false;
    end -= last.length;
  }
  const middle = literals.slice(first === undefined ? 0 : 1, last === undefined ? undefined : -1);
  for (const literal of middle) {
    if (literal === undefined) continue;
    const found = text.indexOf(literal, at);
    if (found < 0 || found + literal.length > end) return false;
    at = found + literal.length;
  }
  return true;
}

/** A glob on a name (agent, user, role, server, tool): `*` is any run of characters. */
export function nameMatches(globs: readonly string[] | undefined, name: string): boolean {
  if (globs === undefined) return true;
  return globs.some((glob) => {
    const pieces: ScopePiece[] = [];
    for (const [index, literal] of glob.split('*').entries()) {
      if (index > 0) pieces.push({ star: true });
      if (literal !== '') pieces.push({ literal });
    }
    return segmentMatches(pieces, name, false);
  });
}
