// JSON with comments and positions: a plain value, and the line of every part of it.
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Place, Problem, Source } from '../policies/source.ts';

const SAID: Record<string, string> = {
  InvalidSymbol: 'this is no value; texts stand in double quotes',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a `:` is expected here',
  CommaExpected: 'a `,` is expected here',
  CloseBraceExpected: 'a `}` is missing',
  CloseBracketExpected: 'a `]` is missing',
  EndOfFileExpected: 'something stands after the end',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfString: 'a text does not end; close it with `"`',
};

/** Reads a document. Keys that stand twice and `__proto__` are problems too: two readers could take them in two ways. */
export function readJsonc(text: string, file: string): { source?: Source; problems: Problem[] } {
  try {
    return read(text.replace(/^\uFEFF/, ''), file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problems: [{ file, line: 1, message: 'not valid JSON: it is nested too deeply' }] };
  }
}

function read(text: string, file: string): { source?: Source; problems: Problem[] } {
  const errors: ParseError[] = [];
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const root = text.trim() === '' ? undefined : parseTree(text, errors, { allowTrailingComma: true });
  const problems = errors.map(({ error, offset }) => {
    const code = printParseErrorCode(error);
    return { file, line: lineAt(offset), message: `not valid JSON: ${SAID[code] ?? code}` };
  });
  if (root === undefined || problems.length > 0) return { problems };
  const value = plainValue(root, (node, message) => problems.push({ file, line: lineAt(node.offset), message }));
  if (problems.length > 0) return { problems };
  const line = (path: Place) => lineAt(nearest(root, path).offset);
  return { source: { file, value, line, at: (path) => `${file}:${line(path)}` }, problems };
}

function plainValue(node: Node, complain: (node: Node, message: string) => void): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => plainValue(child, complain));
  if (node.type !== 'object') return node.value as unknown;
  const value: Record<string, unknown> = {};
  for (const property of node.children ?? []) {
    const [key, child] = property.children ?? [];
    const name = String(key?.value);
    if (key === undefined || child === undefined) continue;
    if (name === '__proto__') complain(key, '`__proto__` is no key; leave it off');
    else if (Object.hasOwn(value, name)) complain(key, `the key \`${name}\` stands here twice; keep one of them`);
    else value[name] = plainValue(child, complain);
  }
  return value;
}

/** The node of a path (its key, in an object), or of the nearest part that exists. */
function nearest(root: Node, path: Place): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length) as (string | number)[]);
    if (node) return node.parent?.type === 'property' ? node.parent : node;
  }
  return root;
}
