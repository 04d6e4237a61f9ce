// What a permission reaches: `verb:domain[:resource]`, parsed, matched against actions, and derived from them.
import { foldSegment } from './values/path.ts';
import type { Action, Scope, ScopePiece, Verb } from './types.ts';
import { VERBS } from './types.ts';

const DOMAIN = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_SCOPE = 4096;
/** Verbs that reach everything below a folder, not only the folder itself. */
export const RECURSIVE: ReadonlySet<Verb> = new Set(['read', 'search', 'delete', 'move', 'share']);

/** Reads `verb:domain[:resource]`. Throws an Error whose message says what is wrong and what to write. */
export function parseScope(text: string): Scope {
  if (typeof text !== 'string' || text.length > MAX_SCOPE) throw new Error('a scope is a text such as `read:files:marketing/**`');
  const [verb = '', domain = '', ...rest] = text.split(':');
  if (verb !== '*' && !VERBS.includes(verb as Verb)) throw new Error(`\`${verb}\` is no verb; use one of ${VERBS.join(' ')} or \`*\``);
  if (domain === '') throw new Error(`\`${text}\` names no domain; write it as \`${verb}:files\` or \`${verb}:files:folder/**\``);
  if (domain !== '*' && !DOMAIN.test(domain)) throw new Error(`\`${domain}\` is no domain; use the word of a binding, such as \`files\`, or \`*\``);
  const scope: Scope = { text, verb: verb as Scope['verb'], domain };
  if (rest.length === 0) return scope;
  const resource = rest.join(':');
  if (resource === '') throw new Error(`\`${text}\` ends with a colon; leave it off to cover the whole domain`);
  return { ...scope, resource: parsePattern(resource) };
}

/** Reads the resource part alone: `/` separates, `*` stays within a segment, `**` crosses, `%XX` is a literal character. */
export function parsePattern(pattern: string): NonNullable<Scope['resource']> {
  if (/[?{}[\]]/.test(pattern)) throw new Error(`\`${pattern}\` uses one of ? { } [ ], which mean nothing here; use \`*\` or \`**\`, or percent-encode them`);
  if (pattern.length > 1 && pattern.endsWith('/')) throw new Error(`\`${pattern}\` ends with a slash; write \`${pattern}**\` for all below it`);
  return splitSegments(pattern).map((segment) => {
    if (segment === '**') return '**';
    if (segment.includes('**')) throw new Error(`\`${segment}\` mixes \`**\` with other characters; \`**\` stands alone between slashes`);
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
function isDeep(action: Action): boolean {
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
  const fold = action.fold === true;
  if (mode === 'permit') {
    if (action.outside === true && !namesAbsolute(scope.resource)) return false;
    const states = advance(scope.resource, deep ? folderOf(action.segments) : action.segments, fold);
    return deep ? states.some((at) => scope.resource?.[at] === '**' && at === (scope.resource?.length ?? 0) - 1) : accepts(scope.resource, states);
  }
  return accepts(scope.resource, advance(scope.resource, action.segments, fold)) || (deep && advance(scope.resource, folderOf(action.segments), fold).length > 0);
}

/** Whether a list of pattern segments matches a list of literal ones. */
export function patternMatches(pattern: NonNullable<Scope['resource']>, segments: readonly string[], fold = false): boolean {
  return accepts(pattern, advance(pattern, segments, fold));
}

function namesAbsolute(pattern: NonNullable<Scope['resource']>): boolean {
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
function segmentMatches(pieces: readonly ScopePiece[], segment: string, fold: boolean): boolean {
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

/** Whether two scopes could cover one action together; errs towards yes. */
export function scopesOverlap(a: Scope, b: Scope): boolean {
  if (a.verb !== '*' && b.verb !== '*' && a.verb !== b.verb) return false;
  if (a.domain !== '*' && b.domain !== '*' && a.domain !== b.domain) return false;
  if (a.resource === undefined || b.resource === undefined) return true;
  return overlap(a.resource, b.resource, 0, 0, new Set());
}

function overlap(a: NonNullable<Scope['resource']>, b: NonNullable<Scope['resource']>, i: number, j: number, seen: Set<number>): boolean {
  const at = i * (b.length + 1) + j;
  if (seen.has(at)) return false;
  seen.add(at);
  const x = a[i];
  const y = b[j];
  if (x === '**') return overlap(a, b, i + 1, j, seen) || (y !== undefined && overlap(a, b, i, j + 1, seen));
  if (y === '**') return overlap(a, b, i, j + 1, seen) || (x !== undefined && overlap(a, b, i + 1, j, seen));
  if (x === undefined || y === undefined) return x === y;
  return segmentsMeet(x, y) && overlap(a, b, i + 1, j + 1, seen);
}

function segmentsMeet(x: readonly ScopePiece[], y: readonly ScopePiece[]): boolean {
  const literal = (pieces: readonly ScopePiece[]) => (pieces.every((piece) => 'literal' in piece) ? pieces.map((piece) => ('literal' in piece ? piece.literal : '')).join('') : undefined);
  const one = literal(x);
  const other = literal(y);
  if (one !== undefined && other !== undefined) return foldSegment(one) === foldSegment(other);
  if (one !== undefined) return segmentMatches(y, one, true);
  if (other !== undefined) return segmentMatches(x, other, true);
  return true;
}

/**
 * Whether everything that `inner` permits is permitted by `outer` too; errs towards no. What a human narrows a request to must pass this.
 */
export function scopeWithin(inner: Scope, outer: Scope): boolean {
  if (outer.verb !== '*' && outer.verb !== inner.verb) return false;
  if (outer.domain !== '*' && outer.domain !== inner.domain) return false;
  // a whole domain ends at the root of its binding, so a scope that names a place outside is not in it
  if (outer.resource === undefined) return inner.resource === undefined || !namesAbsolute(inner.resource);
  if (inner.resource === undefined) return false;
  if (namesAbsolute(inner.resource) && !namesAbsolute(outer.resource)) return false;
  return patternWithin(inner.resource, outer.resource, 0, 0, new Set());
}

function patternWithin(inner: NonNullable<Scope['resource']>, outer: NonNullable<Scope['resource']>, i: number, j: number, seen: Set<number>): boolean {
  const at = i * (outer.length + 1) + j;
  if (seen.has(at)) return false;
  seen.add(at);
  const x = inner[i];
  const y = outer[j];
  if (y === '**') return patternWithin(inner, outer, i, j + 1, seen) || (x !== undefined && patternWithin(inner, outer, i + 1, j, seen));
  if (x === undefined || y === undefined) return x === y;
  return x !== '**' && segmentWithin(x, y) && patternWithin(inner, outer, i + 1, j + 1, seen);
}

/** One segment in another: equal, or under a lone `*`; a part is compared only in plain letters, which fold one by one. */
function segmentWithin(inner: readonly ScopePiece[], outer: readonly ScopePiece[]): boolean {
  if (outer.length === 1 && outer.some((piece) => 'star' in piece)) return true;
  if (JSON.stringify(inner) === JSON.stringify(outer)) return true;
  const plain = [...inner, ...outer].every((piece) => 'star' in piece || /^[\x20-\x7e]*$/.test(piece.literal));
  if (!plain) return false;
  // a star of the inner one stands as a character that only a star of the outer one takes
  return segmentMatches(outer, inner.map((piece) => ('star' in piece ? '\0' : piece.literal)).join(''), false);
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
