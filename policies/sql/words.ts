// Reads statements by their words, before and beside the parser: what begins one, what is a side effect wherever it stands.
import type { SqlDialect } from '../types.ts';
import { knownEffect } from './functions.ts';
import { type Name, type SqlKind, type Statement, unreadable } from './model.ts';
import { isSymbol, type Token, wordAt } from './tokens.ts';

/** A command known by its first words, with the tables it names. */
export function command(kinds: readonly SqlKind[], tokens: readonly Token[]): Statement {
  return { is: 'command', kinds: [...kinds], tables: tablesInWords(tokens, COMMAND_LEADS), queries: [] };
}

/** A statement the parser rejects: it counts as doing anything, to the tables its words seem to name. */
export function unparsed(
  problem: string,
  tokens: readonly Token[],
  dialect: SqlDialect,
  kinds: readonly SqlKind[] = [],
): Statement {
  return unreadable(problem, [...kinds, ...kindsInWords(tokens, dialect)], tablesInWords(tokens, QUERY_LEADS));
}

/** Words that stand in front of a table's name. */
const QUERY_LEADS = new Set('from join into update table tables view using describe truncate'.split(' '));
const COMMAND_LEADS = new Set([...QUERY_LEADS, 'on', 'references', 'handler']);
const BETWEEN = new Set(['if', 'not', 'exists', 'only', 'ignore', 'low_priority', 'table']);

function tablesInWords(tokens: readonly Token[], leads: ReadonlySet<string>): Name[] {
  const tables: Name[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (!leads.has(wordAt(tokens, i))) continue;
    let at = i + 1;
    for (;;) {
      while (BETWEEN.has(wordAt(tokens, at))) at++;
      const { name, end } = nameAt(tokens, at);
      if (name.length === 0) break;
      tables.push(name);
      at = end;
      if (wordAt(tokens, at) === 'as') at++;
      if (!isSymbol(tokens, at, ',') && isSymbol(tokens, at + 1, ',')) at++;
      if (!isSymbol(tokens, at, ',')) break;
      at++;
    }
  }
  return tables;
}

/** Side effects that show in the words alone; for texts the parser rejects. */
export function kindsInWords(tokens: readonly Token[], dialect: SqlDialect): SqlKind[] {
  const kinds = tokens.flatMap((token, i): SqlKind[] => {
    if (token.kind !== 'word' && token.kind !== 'name') return [];
    const name = token.text.toLowerCase();
    if (token.kind === 'word' && (name === 'outfile' || name === 'dumpfile')) return ['file'];
    if (dialect === 'mssql' && token.kind === 'word' && (name === 'exec' || name === 'execute')) return ['procedure'];
    const called = isSymbol(tokens, i + 1, '(') || (dialect === 'mssql' && /^(?:sp|xp)_/.test(name));
    const kind = called ? knownEffect(name, dialect) : undefined;
    return kind ? [kind] : [];
  });
  return [...new Set(kinds)];
}

/** Whether a word that only writes and commands can hold stands outside quotes; `words` must all be reserved in the dialect. */
export function holdsWord(tokens: readonly Token[], words: ReadonlySet<string>): boolean {
  return tokens.some(
    (token, i) =>
      token.kind === 'word' &&
      words.has(token.text.toLowerCase()) &&
      !isSymbol(tokens, i - 1, '.') &&
      !isSymbol(tokens, i + 1, '('),
  );
}

/** A possibly qualified name at `from`, and the index behind it. */
export function nameAt(tokens: readonly Token[], from: number): { name: Name; end: number } {
  const name: string[] = [];
  let end = from;
  while (tokens[end]?.kind === 'word' || tokens[end]?.kind === 'name') {
    name.push(tokens[end]!.text.toLowerCase());
    end++;
    if (!isSymbol(tokens, end, '.')) break;
    end++;
  }
  return { name, end };
}

/** The index behind the bracket that closes the one at `open`. */
export function behindBrackets(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (isSymbol(tokens, i, '(')) depth++;
    else if (isSymbol(tokens, i, ')') && --depth === 0) return i + 1;
  }
  return tokens.length;
}

/**
 * The tokens as a text that every lexer reads the same way: no comments, plain strings, quoted names.
 * A string's content says nothing about access, so only letters and digits of it stay. Undefined for a name no parser should meet.
 */
export function plainText(tokens: readonly Token[], dialect: 'mysql' | 'mssql'): string | undefined {
  let text = '';
  for (const [i, token] of tokens.entries()) {
    const glued = isSymbol(tokens, i, '.') || isSymbol(tokens, i - 1, '.') || isSymbol(tokens, i, '(');
    if (i > 0 && !glued) text += ' ';
    if (token.kind === 'string') text += `'${token.text.replace(/[^A-Za-z0-9 ]/g, '_')}'`;
    else if (token.kind === 'name') {
      if (token.text === '' || /[`"[\]\\]/.test(token.text)) return undefined;
      text += dialect === 'mysql' ? `\`${token.text}\`` : `[${token.text}]`;
    } else if (token.kind === 'param' && !token.text.startsWith('$')) text += dialect === 'mysql' ? '?' : '@p';
    else text += token.text;
  }
  return text;
}

/** The statement's tokens without those from `from` up to `to`. */
export function without(tokens: readonly Token[], from: number, to: number): Token[] {
  return [...tokens.slice(0, from), ...tokens.slice(to)];
}
