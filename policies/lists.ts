// `$name`: where a policy uses a list of words kept in lists.yaml, the words take its place.
import { suggestion } from './source.ts';

/** The words of each list, and the names that were used so far. */
export type Lists = { words: Readonly<Record<string, readonly string[]>>; used: Set<string> };
/** Stands for the domains that a binding calls its own; it stays a word of its own until a call is judged. */
export const OWN = '$own';
const REFERENCE = /^\$([A-Za-z][A-Za-z0-9_-]*)$/;
const IN_SCOPE = /(^|[:/])\$([A-Za-z][A-Za-z0-9_-]*)(?=\/|$)/;

/** Puts the words of each `$name` in its place. Throws an Error when there is no such list. */
export function expandWords(values: readonly unknown[], lists: Lists): unknown[] {
  return values.flatMap((value) => {
    const name = typeof value === 'string' ? REFERENCE.exec(value)?.[1] : undefined;
    return name === undefined || value === OWN ? [value] : [...listOf(name, lists)];
  });
}

/** One scope for each word of the list that a scope's segment names: `read:files:**` + `/$secret_files`. Throws as above. */
export function expandScope(scope: string, lists: Lists): string[] {
  const match = IN_SCOPE.exec(scope);
  if (match === null) return [scope];
  const [whole, before = '', name = ''] = match;
  if (name === 'own')
    throw new Error(
      '`$own` are domains for a condition, such as `recipients.domains: { only: [$own] }`; a scope takes no domains',
    );
  const head = scope.slice(0, match.index) + before;
  const tail = scope.slice(match.index + whole.length);
  return listOf(name, lists).map((word) => head + word + tail);
}

function listOf(name: string, lists: Lists): readonly string[] {
  const words = Object.hasOwn(lists.words, name) ? lists.words[name] : undefined;
  lists.used.add(name);
  if (words !== undefined) return words;
  const names = Object.keys(lists.words).map((one) => `$${one}`);
  throw new Error(
    `there is no list \`$${name}\`${names.length > 0 ? suggestion(`$${name}`, names) : '; write it into lists.yaml'}`,
  );
}
