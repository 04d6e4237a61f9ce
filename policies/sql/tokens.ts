// Splits a SQL text into tokens the way each database does: what is a comment, a string, a name, and where a statement ends.
import type { SqlDialect } from '../types.ts';

export type TokenKind = 'word' | 'name' | 'string' | 'number' | 'param' | 'variable' | 'symbol';
/** `text` is the token as written; for names and strings it is what stands between the quotes. `from` and `to` are its place in the whole text. */
export type Token = { kind: TokenKind; text: string; from?: number; to?: number };
/** `conditional` counts MySQL's executable comments. */
export type Lexed = { tokens: Token[]; conditional: number; problem?: string };

/** The longest text that is looked at, in UTF-16 units. */
export const MAX_TEXT = 256 * 1024;

const SPACE = /[ \t\n\r\f\v]/;
const WORD_START = /[A-Za-z_\u0080-\uffff]/;
const WORD = /[A-Za-z0-9_$\u0080-\uffff]/;
const PLAIN_WORD = Uint8Array.from({ length: 128 }, (_, code) => (WORD.test(String.fromCharCode(code)) ? 1 : 0));
const STRANGE = /[\u0085\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]/;
const SYMBOLS = ['<=>', '->>', '<=', '>=', '<>', '!=', ':=', '||', '&&', '<<', '>>', '->', '::', '+=', '-=', '*=', '/=', '%='];
/** Symbols that begin nothing longer in any dialect. */
const ALWAYS = new Set(['(', ')', ',', ';', '=']);
const OTHER_NEWLINE = /\r(?!$)|[\u0085\u2028\u2029]/;
/** Letters that, written right before a quote, belong to the string. */
const STRING_PREFIX: Record<SqlDialect, RegExp> = { sqlite: /^x$/i, postgres: /^[ebxn]$/i, mysql: /^[nxb]$/i, mssql: /^n$/i };

/** Reads tokens; `run` says whether MySQL's executable comments are code or comments. Linear in the length of the text. */
export function tokenize(text: string, dialect: SqlDialect, run = true): Lexed {
  if (text.length > MAX_TEXT) return { tokens: [], conditional: 0, problem: 'the text is longer than 256 KB; send less of it' };
  if (text.includes('\0')) return { tokens: [], conditional: 0, problem: 'the text holds a NUL character; send it without' };
  return new Lexer(text, dialect, run).read();
}

class Lexer {
  private at = 0;
  private inside = false;
  private readonly out: Lexed = { tokens: [], conditional: 0 };

  constructor(
    private readonly text: string,
    private readonly dialect: SqlDialect,
    private readonly run: boolean,
  ) {}

  read(): Lexed {
    const { tokens } = this.out;
    while (this.at < this.text.length && this.out.problem === undefined) {
      const [from, before] = [this.at, tokens.length];
      this.next();
      const token = tokens[before];
      if (token) {
        token.from = from;
        token.to = this.at;
      }
    }
    if (this.inside) this.fail('an executable comment never ends; close it');
    return this.out;
  }

  private fail(problem: string): void {
    this.out.problem ??= problem;
    this.at = this.text.length;
  }

  private push(kind: TokenKind, text: string): void {
    this.out.tokens.push({ kind, text, from: 0, to: 0 });
  }

  private next(): void {
    const c = this.text[this.at]!;
    if (c === ' ' || SPACE.test(c)) this.at++;
    else if (ALWAYS.has(c)) {
      this.at++;
      this.push('symbol', c);
    } else if (this.comment(c) || this.quoted(c)) return;
    else if (STRANGE.test(c)) this.fail('there is an invisible or unusual blank outside quotes; use plain spaces');
    else if (/[0-9]/.test(c) || (c === '.' && /[0-9]/.test(this.text[this.at + 1] ?? '') && !this.afterName())) this.number();
    else if (WORD_START.test(c) || (this.dialect === 'mssql' && c === '#')) this.word();
    else if (this.marker(c)) return;
    else this.symbol();
  }

  private comment(c: string): boolean {
    const two = this.text.slice(this.at, this.at + 2);
    const dashes = two === '--' && (this.dialect !== 'mysql' || /^[\s\0-\x20]?$/.test(this.text[this.at + 2] ?? ''));
    if (dashes || (c === '#' && this.dialect === 'mysql')) {
      const found = this.text.indexOf('\n', this.at);
      const end = found < 0 ? this.text.length : found;
      if (this.dialect === 'mssql' && OTHER_NEWLINE.test(this.text.slice(this.at, end))) {
        this.fail('a comment holds an unusual line break; use plain ones');
      } else this.at = Math.min(end + 1, this.text.length);
      return true;
    }
    if (this.inside && two === '*/') {
      this.inside = false;
      this.at += 2;
      return true;
    }
    if (two !== '/*') return false;
    if (this.dialect === 'mysql' && this.conditional()) return true;
    if (this.inside) this.fail('a comment stands inside an executable one; write the statement plainly');
    this.at = this.endOfComment(this.at + 2);
    return true;
  }

  /** MySQL's `/*! … *\/` and MariaDB's `/*M! … *\/`, with or without a version. */
  private conditional(): boolean {
    const opening = /^\/\*M?!\d{0,6}/.exec(this.text.slice(this.at, this.at + 12));
    if (!opening) return false;
    this.out.conditional++;
    if (this.inside) this.fail('an executable comment stands inside another; write the statement plainly');
    else if (this.run) {
      this.inside = true;
      this.at += opening[0].length;
    } else this.at = this.endOfComment(this.at + 2);
    return true;
  }

  private endOfComment(from: number): number {
    const nests = this.dialect === 'mssql' || this.dialect === 'postgres';
    let depth = 1;
    for (let i = from; i < this.text.length; i++) {
      const c = this.text[i];
      const next = this.text[i + 1];
      if (c === '*' && next === '/') {
        i++;
        if (--depth === 0) return i + 1;
      } else if (nests && c === '/' && next === '*') {
        depth++;
        i++;
      }
    }
    if (this.dialect !== 'sqlite') this.fail('a comment never ends; close it');
    return this.text.length;
  }

  private quoted(c: string): boolean {
    if (c === "'") this.until("'", 'string', this.dialect === 'mysql');
    else if (c === '"') this.until('"', this.dialect === 'mysql' ? 'string' : 'name', this.dialect === 'mysql');
    else if (c === '`' && this.dialect !== 'mssql' && this.dialect !== 'postgres') this.until('`', 'name', false);
    else if (c === '[' && (this.dialect === 'mssql' || this.dialect === 'sqlite')) this.until(']', 'name', false);
    else return false;
    return true;
  }

  /** Reads up to the closing quote; a doubled quote stands for itself (not in SQLite's brackets). */
  private until(close: string, kind: TokenKind, backslash: boolean): void {
    let text = '';
    for (let i = this.at + 1; i < this.text.length; i++) {
      const c = this.text[i]!;
      if (backslash && c === '\\') {
        text += this.text[++i] ?? '';
      } else if (c !== close) {
        text += c;
      } else if (this.text[i + 1] === close && !(close === ']' && this.dialect === 'sqlite')) {
        text += c;
        i++;
      } else {
        this.at = i + 1;
        this.push(kind, text);
        return;
      }
    }
    this.fail('a quote never ends; close it');
  }

  private word(): void {
    const start = this.at++;
    while (this.at < this.text.length && this.isWordPart(this.text[this.at]!)) this.at++;
    const text = this.text.slice(start, this.at);
    const next = this.text[this.at];
    if (next === "'" && STRING_PREFIX[this.dialect].test(text)) {
      this.until("'", 'string', this.dialect === 'mysql' || (this.dialect === 'postgres' && /^e$/i.test(text)));
    } else this.push('word', text);
  }

  private isWordPart(c: string): boolean {
    if (c < '\u0080') return PLAIN_WORD[c.charCodeAt(0)] === 1 || (this.dialect === 'mssql' && (c === '#' || c === '@'));
    return WORD.test(c) && !STRANGE.test(c);
  }

  private afterName(): boolean {
    const last = this.out.tokens.at(-1);
    return last?.kind === 'word' || last?.kind === 'name';
  }

  /** MySQL lets a name start with digits (`1st`), and after a dot digits are a name. */
  private number(): void {
    const rest = this.text.slice(this.at, this.at + 400);
    const match = /^(?:0x[0-9a-f_]+|0b[01]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[+-]?[0-9]+)?|\.[0-9_]+(?:e[+-]?[0-9]+)?)/i.exec(
      rest,
    )![0];
    const tail = this.text[this.at + match.length] ?? '';
    if (this.dialect === 'mysql' && WORD.test(tail)) {
      this.word();
      return;
    }
    this.at += match.length;
    this.push('number', match);
  }

  /** Parameters and variables: `?`, `?1`, `:name`, `$1`, `@name`, `@@name`. */
  private marker(c: string): boolean {
    const rest = this.text.slice(this.at, this.at + 300);
    if (this.dialect === 'postgres' && c === '$') {
      const tag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(rest)?.[0];
      if (tag !== undefined) return this.dollar(tag);
    }
    const quoted = this.dialect === 'mysql' ? /^@@?(?=[`'"])/.exec(rest) : null;
    if (quoted) {
      this.at += quoted[0].length;
      this.quoted(this.text[this.at]!);
      const name = this.out.tokens.pop();
      if (name) this.push('variable', `@${name.text}`);
      return true;
    }
    const match = /^(?:\?[0-9]*|:[A-Za-z_][A-Za-z0-9_$]*|\$[A-Za-z0-9_]+|@@?[A-Za-z0-9_$#.@\u0080-\uffff]+)/.exec(rest)?.[0];
    if (match === undefined || (c === ':' && this.text[this.at - 1] === ':')) return false;
    this.at += match.length;
    this.push(c === '@' && this.dialect !== 'sqlite' ? 'variable' : 'param', match);
    return true;
  }

  private dollar(tag: string): boolean {
    const end = this.text.indexOf(tag, this.at + tag.length);
    if (end < 0) this.fail('a dollar quote never ends; close it');
    else {
      this.push('string', this.text.slice(this.at + tag.length, end));
      this.at = end + tag.length;
    }
    return true;
  }

  private symbol(): void {
    const rest = this.text.slice(this.at, this.at + 3);
    const symbol = SYMBOLS.find((s) => rest.startsWith(s)) ?? rest[0]!;
    if (symbol < ' ' || symbol === '\u007f') this.fail('there is a control character outside quotes; send it without');
    else {
      this.at += symbol.length;
      this.push('symbol', symbol);
    }
  }
}

/** Statements of a token list, split at semicolons; empty ones are left out. */
export function statementsOf(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === ';') statements.push([]);
    else statements.at(-1)!.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

/**
 * The longest run of tokens that can nest one inside the other: since the last comma on each open level, all levels added up.
 * Bounds how deep a parser's tree gets (`1+1+1…` nests as deep as brackets do).
 */
export function nesting(tokens: readonly Token[]): number {
  const levels = [0];
  let sum = 0;
  let most = 0;
  for (const token of tokens) {
    const text = token.kind === 'symbol' ? token.text : '';
    const top = levels.length - 1;
    if (text === ';' || text === ',') {
      sum -= levels[top]!;
      levels[top] = 0;
    } else if (text === ')' && top > 0) {
      sum -= levels.pop()!;
    } else {
      levels[top]!++;
      sum++;
      if (text === '(') levels.push(0);
    }
    if (sum > most) most = sum;
  }
  return most;
}

/**
 * The work a backtracking parser may have with the tokens: each open bracket (and INTERVAL, which is tried two ways) doubles
 * what reading a token inside costs.
 */
export function effort(tokens: readonly Token[]): number {
  const intervals = [0];
  let depth = 0;
  let sum = 0;
  for (const token of tokens) {
    const top = intervals.length - 1;
    if (token.kind === 'symbol') {
      if (token.text === '(' || token.text === '[' || token.text === '{') {
        intervals.push(0);
        depth++;
      } else if (top > 0 && (token.text === ')' || token.text === ']' || token.text === '}')) {
        depth -= intervals.pop()! + 1;
      } else if (token.text === ',' || token.text === ';') {
        depth -= intervals[top]!;
        intervals[top] = 0;
      }
    } else if (token.kind === 'word' && token.text.toLowerCase() === 'interval') {
      intervals[top]!++;
      depth++;
    }
    sum += 2 ** depth;
  }
  return sum;
}

/** The word at `index`, lower-cased; '' for anything that isn't an unquoted word. */
export function wordAt(tokens: readonly Token[], index: number): string {
  const token = tokens[index];
  return token?.kind === 'word' ? token.text.toLowerCase() : '';
}

/** Whether the token at `index` is this symbol. */
export function isSymbol(tokens: readonly Token[], index: number, text: string): boolean {
  const token = tokens[index];
  return token?.kind === 'symbol' && token.text === text;
}
