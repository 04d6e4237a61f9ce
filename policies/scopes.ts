// How two scopes relate: whether they can meet, and whether one lies within the other.
import { namesAbsolute, segmentMatches } from './scope.ts';
import type { Scope, ScopePiece } from './types.ts';
import { foldSegment } from './values/path.ts';

/** Whether two scopes could cover one action together; errs towards yes. */
export function scopesOverlap(a: Scope, b: Scope): boolean {
  if (a.verb !== '*' && b.verb !== '*' && a.verb !== b.verb) return false;
  if (a.domain !== '*' && b.domain !== '*' && a.domain !== b.domain) return false;
  if (a.resource === undefined || b.resource === undefined) return true;
  return overlap(a.resource, b.resource, 0, 0, new Set());
}

function overlap(
  a: NonNullable<Scope['resource']>,
  b: NonNullable<Scope['resource']>,
  i: number,
  j: number,
  seen: Set<number>,
): boolean {
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
  const literal = (pieces: readonly ScopePiece[]) =>
    pieces.every((piece) => 'literal' in piece)
      ? pieces.map((piece) => ('literal' in piece ? piece.literal : '')).join('')
      : undefined;
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

function patternWithin(
  inner: NonNullable<Scope['resource']>,
  outer: NonNullable<Scope['resource']>,
  i: number,
  j: number,
  seen: Set<number>,
): boolean {
  const at = i * (outer.length + 1) + j;
  if (seen.has(at)) return false;
  seen.add(at);
  const x = inner[i];
  const y = outer[j];
  if (y === '**')
    return patternWithin(inner, outer, i, j + 1, seen) || (x !== undefined && patternWithin(inner, outer, i + 1, j, seen));
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
