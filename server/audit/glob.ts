// Matching what a question names: `*` stays within one segment, `**` crosses. Never slower than both lengths multiplied.

/** Whether the pattern matches the whole text. `crossing` lets a single star cross segments too, for words that have none. */
export function globMatches(pattern: string, text: string, crossing = false): boolean {
  let [at, to] = [0, 0];
  // Where to go on after a mismatch: the last `*` and the last `**`, each with the text position it has swallowed up to.
  let single: { at: number; to: number } | undefined;
  let double: { at: number; to: number } | undefined;
  while (to < text.length) {
    if (pattern[at] === '*') {
      const crosses = crossing || pattern[at + 1] === '*';
      while (pattern[at] === '*') at += 1;
      if (crosses) [double, single] = [{ at, to }, undefined];
      else single = { at, to };
    } else if (pattern[at] === text[to]) {
      at += 1;
      to += 1;
    } else if (single && text[single.to] !== '/') {
      single.to += 1;
      [at, to] = [single.at, single.to];
    } else if (double) {
      double.to += 1;
      single = undefined;
      [at, to] = [double.at, double.to];
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** A test for a word such as an agent, a tool or a rule: whole, ignoring case, with stars. */
export function wordTest(wanted: string): (value: string) => boolean {
  const pattern = wanted.toLowerCase();
  return (value) => globMatches(pattern, value.toLowerCase(), true);
}

/** A test for a person: their whole name or address, or one part of it. */
export function personTest(wanted: string): (value: string) => boolean {
  const matches = wordTest(wanted);
  return (value) => matches(value) || value.split(/[\s@:()+,]+/).some((part) => part !== '' && matches(part));
}

/** What every match of a pattern begins with. */
function literalStart(pattern: string): string {
  const star = pattern.indexOf('*');
  return star < 0 ? pattern : pattern.slice(0, star);
}

/** A test for resources: the resource itself, a glob, or the folder it lies in. */
export function resourceTest(wanted: string): (value: string) => boolean {
  const folder = wanted.replace(/\/+$/, '');
  const below = `${folder}/`;
  if (!wanted.includes('*')) return (value) => value === wanted || value === folder || value.startsWith(below);
  // `m/**` includes `m`, so the start may be without its last slash.
  const start = literalStart(wanted).replace(/\/$/, '');
  return (value) => value.startsWith(start) && (globMatches(wanted, value) || value.startsWith(below) || endsAt(wanted, value));
}

/** A test for actions and scopes, as `verb`, `verb:domain` or `verb:domain:resource`; what is left out covers everything. */
export function actionTest(wanted: string): (value: string) => boolean {
  const asked = scopeParts(wanted);
  const verb = literalStart(asked[0] ?? '');
  return (value) => {
    if (value === wanted) return true;
    if (!value.startsWith(verb)) return false;
    const parts = scopeParts(value);
    return asked.every((pattern, index) => {
      const part = parts[index];
      if (part === undefined) return pattern === '**';
      return globMatches(pattern, part) || (index === 2 && endsAt(pattern, part));
    });
  };
}

/** `m/**` includes `m`. */
function endsAt(pattern: string, value: string): boolean {
  return pattern.endsWith('/**') && globMatches(pattern.slice(0, -3), value);
}

function scopeParts(scope: string): string[] {
  const [verb = '', domain, ...rest] = scope.split(':');
  if (domain === undefined) return [verb];
  return rest.length === 0 ? [verb, domain] : [verb, domain, rest.join(':')];
}
