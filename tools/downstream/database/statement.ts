// Reads a statement as far as SQLite's API doesn't: where the first one ends, how it begins, and its parameters.
import { ToolProblem } from '../serve.ts';
import type { SqlValue } from '../sqlite.ts';

export type Scanned = {
  /** The one statement, without what follows its semicolon. */
  text: string;
  /** Its first word, in capitals. */
  keyword: string;
  /** How many `?` it has. */
  parameters: number;
  /** The word REPLACE stands somewhere outside of quotes: it may replace rows (or call the function). */
  replaces: boolean;
};

/**
 * Splits SQL into tokens as SQLite does (sqlite.org/c3ref/complete.html, tokenize.c) and makes sure it is one statement:
 * the engine would run the first and silently drop the rest. Throws ToolProblem.
 */
export function scanStatement(sql: string): Scanned {
  if (sql.includes('\0') || Buffer.from(sql).toString() !== sql)
    throw new ToolProblem('the SQL holds characters that can not be read: send plain text');
  let end: number | undefined;
  let parameters = 0;
  let replaces = false;
  let keyword = '';
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    const text = sql.slice(at, token.end);
    at = token.end;
    if (token.kind === 'space') continue;
    if (token.kind === 'semicolon') {
      end ??= token.end - 1;
      continue;
    }
    if (end !== undefined) throw new ToolProblem('more than one statement: send them one by one');
    if (token.kind === 'parameter') {
      if (text !== '?') throw new ToolProblem(`\`${text}\` is not supported: use plain \`?\` and give \`params\` in order`);
      parameters += 1;
    }
    if (token.kind === 'word') {
      const word = text.toUpperCase();
      keyword ||= word;
      replaces ||= word === 'REPLACE';
    }
  }
  const text = sql.slice(0, end ?? sql.length);
  if (keyword === '') throw new ToolProblem('there is no statement: send one in `sql`');
  return { text, keyword, parameters, replaces };
}

export type Param = string | number | boolean | null;

/** The values to bind, one for each `?`: the engine would take a missing one as NULL. Throws ToolProblem. */
export function boundValues(scanned: Scanned, params: readonly Param[]): SqlValue[] {
  if (params.length !== scanned.parameters) {
    throw new ToolProblem(
      `the statement has ${scanned.parameters} \`?\` and \`params\` has ${params.length} values: give one for each`,
    );
  }
  return params.map((value, index) => {
    if (typeof value === 'boolean') return value ? 1n : 0n;
    if (typeof value !== 'number') return value;
    if (!Number.isInteger(value)) return value;
    if (!Number.isSafeInteger(value))
      throw new ToolProblem(`\`params.${index}\` is too big a number to be exact: send it as a string`);
    return BigInt(value);
  });
}

type Token = { kind: 'space' | 'semicolon' | 'parameter' | 'word' | 'other'; end: number };

const SPACE = /[ \t\n\f\r\v\uFEFF]/;
const WORD = /[A-Za-z0-9_$\u0080-\uFFFF]/;
const CLOSERS: Record<string, string> = { "'": "'", '"': '"', '`': '`', '[': ']' };

function tokenAt(sql: string, at: number): Token {
  const first = sql[at] as string;
  if (SPACE.test(first)) return { kind: 'space', end: at + 1 };
  if (first === ';') return { kind: 'semicolon', end: at + 1 };
  if (sql.startsWith('--', at)) return { kind: 'space', end: endOf(sql, '\n', at + 2) };
  if (sql.startsWith('/*', at)) return { kind: 'space', end: endOf(sql, '*/', at + 2) };
  const closer = CLOSERS[first];
  if (closer) return { kind: 'other', end: endOfQuoted(sql, closer, at + 1) };
  if ('?:@#$'.includes(first)) return { kind: 'parameter', end: endOfWord(sql, at + 1) };
  if (WORD.test(first)) return { kind: 'word', end: endOfWord(sql, at) };
  return { kind: 'other', end: at + 1 };
}

/** Just behind the next `closer`, or the end of the text: an open comment runs to the end. */
function endOf(sql: string, closer: string, from: number): number {
  const found = sql.indexOf(closer, from);
  return found === -1 ? sql.length : found + closer.length;
}

/** Behind the closing quote; a doubled quote is part of the text, but not in brackets. */
function endOfQuoted(sql: string, closer: string, from: number): number {
  let at = endOf(sql, closer, from);
  while (closer !== ']' && sql[at] === closer) at = endOf(sql, closer, at + 1);
  return at;
}

function endOfWord(sql: string, from: number): number {
  let at = from;
  while (at < sql.length && WORD.test(sql[at] as string)) at += 1;
  return at;
}
