// YAML with positions: a plain value, and the line of every part of it. Also the words of "did you mean".
import type { Document, Node, Pair } from 'yaml';
import {
  isAlias,
  isCollection,
  isNode,
  isPair,
  isScalar,
  isSeq,
  isMap as isYamlMap,
  LineCounter,
  parseAllDocuments,
  visit,
} from 'yaml';

/** Something wrong in a file that a person wrote. Lines count from 1. */
export type Problem = { file: string; line: number; message: string };
export type Place = readonly PropertyKey[];
/** One YAML document as a plain value. */
export type Source = {
  file: string;
  value: unknown;
  /** The line of the part at a path (of its key, in a map), or of the nearest part that exists. */
  line(path: Place): number;
  /** The same as `file:line`. */
  at(path: Place): string;
};

const MAX_TEXT = 1_000_000;

/**
 * Reads all documents of a file: YAML 1.2 core schema, no key twice, and none of what makes a file mean something else than it
 * seems to say (anchors, aliases, merges, tags, keys that aren't words).
 */
export function readYaml(text: string, file: string): { sources: Source[]; problems: Problem[] } {
  if (text.length > MAX_TEXT) return failed(file, 1, 'the file is larger than 1 MB; split it');
  const counter = new LineCounter();
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: counter,
      version: '1.2',
      schema: 'core',
      uniqueKeys: true,
      merge: false,
      logLevel: 'error',
      prettyErrors: false,
      stringKeys: false,
    });
    if (!Array.isArray(documents)) return { sources: [], problems: [] };
    const problems: Problem[] = [];
    for (const document of documents) problems.push(...problemsOf(document, file, counter));
    if (problems.length > 0) return { sources: [], problems };
    return { sources: documents.map((document) => sourceOf(document, file, counter)), problems };
  } catch (error) {
    return failed(file, 1, `can't be read as YAML: ${error instanceof RangeError ? 'it is nested too deeply' : String(error)}`);
  }
}

/** A map of keys, as YAML and JSON have them: no list, nothing empty. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A part of a document as a source of its own, its lines still those of the file. */
export function partOf(source: Source, place: Place): Source {
  let value = source.value;
  for (const step of place) value = (value as Record<PropertyKey, unknown>)[step];
  return {
    file: source.file,
    value,
    line: (path) => source.line([...place, ...path]),
    at: (path) => source.at([...place, ...path]),
  };
}

/** `file:line: message`, as editors and compilers write it. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${file}:${line}: ${message}`;
}

function failed(file: string, line: number, message: string): { sources: Source[]; problems: Problem[] } {
  return { sources: [], problems: [{ file, line, message }] };
}

function problemsOf(document: Document.Parsed, file: string, counter: LineCounter): Problem[] {
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    file,
    line: lineAt(counter, error.pos[0]),
    message:
      error.code === 'DUPLICATE_KEY'
        ? 'a key stands here twice; keep one of them'
        : `not valid YAML: ${lowerFirst(error.message)}`,
  }));
  const complain = (node: Node, message: string) => problems.push({ file, line: lineAt(counter, node.range?.[0] ?? 0), message });
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) complain(node, `\`*${node.source}\` is an alias, which policies don't use; write the value out`);
      else if (node.anchor !== undefined)
        complain(node, `\`&${node.anchor}\` is an anchor, which policies don't use; write the value out where it is needed`);
      if (node.tag !== undefined) complain(node, `\`${node.tag}\` is a tag, which policies don't use; leave it off`);
    },
    Pair(_key, pair) {
      const key = pair.key;
      if (!isScalar(key) || typeof key.value !== 'string') {
        const name = isScalar(key) ? ` \`${String(key.source ?? key.value)}\`` : '';
        if (isNode(key)) complain(key, `the key${name} is not a word; put it in quotes`);
      } else if (key.value === '<<') complain(key, "`<<` is a merge, which policies don't use; write the keys out");
      else if (key.value === '__proto__') complain(key, '`__proto__` is no key; leave it off');
    },
  });
  return problems;
}

function sourceOf(document: Document.Parsed, file: string, counter: LineCounter): Source {
  const line = (path: Place) => lineAt(counter, offsetOf(document.contents, path));
  return { file, value: document.toJS(), line, at: (path) => `${file}:${line(path)}` };
}

/** Walks as far as the path exists. */
function offsetOf(root: unknown, path: Place): number {
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  let node: unknown = root;
  for (const step of path) {
    if (!isCollection(node)) break;
    const found: unknown = isYamlMap(node)
      ? node.items.find((pair) => keyOf(pair) === step)
      : isSeq(node)
        ? node.items[Number(step)]
        : undefined;
    const here = isPair(found) ? found.key : found;
    if (!isNode(here)) break;
    offset = here.range?.[0] ?? offset;
    node = isPair(found) ? found.value : found;
  }
  return offset;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

function lineAt(counter: LineCounter, offset: number): number {
  return Math.max(1, counter.linePos(offset).line);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The known word that is nearest to a mistyped one, if one is near enough to be meant. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const typed = word.toLowerCase();
  const allowed = typed.length <= 3 ? 1 : typed.length <= 7 ? 2 : 3;
  let best: string | undefined;
  let least = allowed + 1;
  for (const candidate of known) {
    const steps = distance(typed.slice(0, 64), candidate.toLowerCase());
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best ?? known.find((candidate) => typed.length >= 3 && candidate.split('.').includes(typed));
}

/** What to do about an unknown word: `; did you mean \`words\`?`, or the words there are. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  if (near !== undefined) return `; did you mean \`${near}\`?`;
  return known.length === 0 ? '' : `; use one of ${known.slice(0, 40).join(' ')}`;
}

/** Edit distance with swapped neighbours counted as one (Damerau, optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      row.push(steps);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? Number.POSITIVE_INFINITY;
}
