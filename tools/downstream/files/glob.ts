// Name patterns: `*` and `?` within a name, `**` across folders. No regular expressions, so no pattern takes long.

/**
 * Whether a relative path (with `/`) fits a pattern. A pattern without `/` is held against the last name only.
 * `**` as a whole segment stands for any number of folders, also none. Case doesn't matter.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const names = path.toLowerCase().split('/');
  const pieces = pattern.toLowerCase().split('/');
  return pieces.length === 1 && pieces[0] !== '**'
    ? matchesName(pieces[0] as string, names.at(-1) as string)
    : matchesAll(pieces, names);
}

/** Greedy with one place to come back to, for both levels: linear in practice, at worst pattern times text. */
function matchesAll(pieces: readonly string[], names: readonly string[]): boolean {
  return wildcard(pieces, names, (piece) => piece === '**', matchesName);
}

function matchesName(pattern: string, name: string): boolean {
  return wildcard(
    [...pattern],
    [...name],
    (piece) => piece === '*',
    (piece, character) => piece === '?' || piece === character,
  );
}

function wildcard<P, T>(
  pattern: readonly P[],
  text: readonly T[],
  isStar: (piece: P) => boolean,
  fits: (piece: P, item: T) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length; ) {
    const piece = pattern[at];
    if (piece !== undefined && isStar(piece)) {
      star = at;
      resume = index;
      at += 1;
    } else if (piece !== undefined && fits(piece, text[index] as T)) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      index = resume;
      at = star + 1;
    } else return false;
  }
  return pattern.slice(at).every(isStar);
}
