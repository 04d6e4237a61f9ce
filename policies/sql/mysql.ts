// Reads one MySQL or MariaDB statement: queries and writes with the parser, everything else by its first words.
import { type Mention, onlySelects, type SqlKind, type Statement } from './model.ts';
import { parseOne } from './sqlparser.ts';
import { isSymbol, type Token, wordAt } from './tokens.ts';
import { command, holdsWord, kindsInWords, nameAt, plainText, unparsed, without } from './words.ts';

/** Kinds by first word (MySQL 8.4 and MariaDB 11 reference manuals, "SQL statements"). */
const COMMANDS: Record<string, SqlKind[]> = {
  alter: ['ddl'],
  analyze: ['other'],
  begin: ['session'],
  binlog: ['other'],
  cache: ['other'],
  call: ['procedure'],
  change: ['session', 'other'],
  check: ['other'],
  checksum: ['other'],
  clone: ['file', 'other'],
  commit: ['session'],
  create: ['ddl'],
  deallocate: ['session'],
  do: ['other'],
  drop: ['ddl'],
  execute: ['procedure'],
  flush: ['other'],
  grant: ['role'],
  handler: ['session'],
  import: ['file', 'ddl'],
  install: ['program'],
  kill: ['other'],
  load: ['file'],
  lock: ['session'],
  optimize: ['other'],
  prepare: ['session', 'procedure'],
  purge: ['other'],
  release: ['session'],
  rename: ['ddl'],
  repair: ['other'],
  reset: ['other'],
  restart: ['other'],
  revoke: ['role'],
  rollback: ['session'],
  savepoint: ['session'],
  set: ['session'],
  shutdown: ['other'],
  signal: ['other'],
  start: ['session'],
  stop: ['other'],
  uninstall: ['program'],
  unlock: ['session'],
  use: ['session'],
  xa: ['session'],
};
const QUERY_WORDS = new Set(['select', 'with', 'values', 'table', 'insert', 'replace', 'update', 'delete', '(']);
/** Reserved words that no plain query can hold outside quotes, function calls aside. */
const WRITE_WORDS = new Set(
  'insert update delete replace create drop alter call load lock grant revoke rename outfile kill procedure release undo signal'.split(
    ' ',
  ),
);

export function readMysql(tokens: readonly Token[]): Statement {
  const first = isSymbol(tokens, 0, '(') ? '(' : wordAt(tokens, 0);
  const second = wordAt(tokens, 1);
  if (QUERY_WORDS.has(first)) return queryStatement(tokens);
  if (first === 'show') return show(tokens);
  if (first === 'explain' || first === 'describe' || first === 'desc') return explain(tokens);
  if (first === 'analyze' && (second === 'format' || (QUERY_WORDS.has(second) && second !== 'table'))) return explain(tokens);
  if (first === 'help') return { is: 'describe', tables: [] };
  if (first === 'truncate') {
    return { is: 'truncate', tables: [nameAt(tokens, second === 'table' ? 2 : 1).name], cascades: false };
  }
  if (/^(?:create|alter|drop|rename)$/.test(first)) return definition(tokens);
  if (first === 'set' && /^(?:password|role|default)$/.test(second)) return command(['role', 'session'], tokens);
  const kinds = COMMANDS[first];
  if (kinds) return command([...kinds, ...kindsInWords(tokens, 'mysql'), ...blockKinds(tokens, first)], tokens);
  return unparsed('the statement begins with a word the guard does not know; send a plain query', tokens, 'mysql');
}

/** MariaDB's compound statements do what stands inside. */
function blockKinds(tokens: readonly Token[], first: string): SqlKind[] {
  return first === 'begin' && tokens.length > 2 ? ['procedure'] : [];
}

const OBJECTS = /^(?:user|role|table|view|database|schema|server|tablespace|logfile|function|resource|instance)$/;

function definition(tokens: readonly Token[]): Statement {
  const object = tokens
    .slice(1, 8)
    .map((_, i) => wordAt(tokens, i + 1))
    .find((word) => OBJECTS.test(word));
  const kinds: SqlKind[] = ['ddl'];
  if (object === 'user' || object === 'role') kinds.push('role');
  if (object === 'server' || holdsWord(tokens, new Set(['soname']))) kinds.push('program');
  if (object === 'tablespace' || object === 'logfile') kinds.push('file');
  return command(kinds, tokens);
}

const TABLE_OF_SHOW = new Set(['columns', 'fields', 'index', 'indexes', 'keys']);

/** SHOW looks at definitions and state. With an expression in it, it could do anything. */
function show(tokens: readonly Token[]): Statement {
  const words = tokens.map((_, i) => wordAt(tokens, i));
  if (tokens.some((_, i) => isSymbol(tokens, i, '(')) || words.includes('binlog') || words.includes('relaylog')) {
    return unparsed('this form of show is not one the guard knows; ask for less', tokens, 'mysql');
  }
  if (words[1] === 'create') {
    const { name } = nameAt(tokens, 3);
    return { is: 'describe', tables: (words[2] === 'table' || words[2] === 'view') && name.length > 0 ? [name] : [] };
  }
  if (!words.slice(1, 4).some((word) => TABLE_OF_SHOW.has(word))) return { is: 'describe', tables: [] };
  const from = words.findIndex((word) => word === 'from' || word === 'in');
  const { name, end } = nameAt(tokens, from + 1);
  const database = words[end] === 'from' || words[end] === 'in' ? nameAt(tokens, end + 1).name : [];
  return { is: 'describe', tables: from < 0 ? [] : [[...database, ...name]] };
}

/** EXPLAIN of a statement, or of a table's definition; with ANALYZE it runs. */
function explain(tokens: readonly Token[]): Statement {
  let runs = wordAt(tokens, 0) === 'analyze';
  let at = 1;
  for (;;) {
    const word = wordAt(tokens, at);
    if (word === 'analyze') runs = true;
    else if (word === 'format' && isSymbol(tokens, at + 1, '=')) at += 2;
    else if (word !== 'extended' && word !== 'partitions') break;
    at++;
  }
  const rest = tokens.slice(at);
  if (QUERY_WORDS.has(wordAt(rest, 0)) || isSymbol(rest, 0, '(')) return { is: 'explain', of: readMysql(rest), runs };
  const { name, end } = nameAt(rest, 0);
  const asks = !runs && name.length > 0 && name.length <= 2 && rest.length - end <= 1;
  return asks
    ? { is: 'describe', tables: [name] }
    : unparsed('this form of explain is not one the guard knows; explain one query', tokens, 'mysql');
}

function queryStatement(tokens: readonly Token[]): Statement {
  const { rest, effects } = prepared(tokens);
  const text = plainText(rest, 'mysql');
  const query = text === undefined ? undefined : parseOne(text, 'mysql');
  if (!query) {
    const kinds = effects.flatMap((effect) => (effect.is === 'effect' ? [effect.kind] : []));
    return unparsed(
      'the text is not mysql the guard can read; check its syntax and send one plain statement',
      tokens,
      'mysql',
      kinds,
    );
  }
  if (onlySelects(query) && holdsWord(rest, WRITE_WORDS)) effects.push({ is: 'effect', kind: 'other' });
  query.rest.push(...effects);
  return { is: 'query', query };
}

const CHARSETS = new Set('_utf8 _utf8mb3 _utf8mb4 _latin1 _binary _ascii _ucs2 _utf16 _utf16le _utf32'.split(' '));
const EXPORT_WORDS = new Set(
  'character set fields columns terminated optionally enclosed escaped by lines starting utf8 utf8mb4 latin1 binary'.split(' '),
);
const MODIFIERS = new Set(['low_priority', 'delayed', 'quick', 'ignore', 'high_priority']);

/** Takes out what the parser doesn't know, keeping its effects: INTO a file or variable, old lock words, charsets, spellings of operators. */
function prepared(tokens: readonly Token[]): { rest: Token[]; effects: Mention[] } {
  let rest = [...tokens];
  const effects: Mention[] = [];
  if (wordAt(rest, 0) === 'table') rest = [...WHOLE_TABLE, ...rest.slice(1)];
  for (let i = 0; i < rest.length; i++) {
    const word = wordAt(rest, i);
    const next = wordAt(rest, i + 1);
    if (word === 'into' && (next === 'outfile' || next === 'dumpfile')) {
      let end = i + 2;
      while (rest[end]?.kind === 'string' || EXPORT_WORDS.has(wordAt(rest, end))) end++;
      rest = without(rest, i, end);
      effects.push({ is: 'effect', kind: 'file' });
    } else if (word === 'into' && rest[i + 1]?.kind === 'variable') {
      let end = i + 1;
      while (rest[end]?.kind === 'variable' || isSymbol(rest, end, ',')) end++;
      rest = without(rest, i, end);
      effects.push({ is: 'effect', kind: 'session' });
    } else if (word === 'lock' && next === 'in' && wordAt(rest, i + 2) === 'share' && wordAt(rest, i + 3) === 'mode') {
      rest = without(rest, i, i + 4);
      effects.push({ is: 'effect', kind: 'other' });
    } else if (word === 'with' && next === 'rollup') rest = without(rest, i, i + 2);
    else if (CHARSETS.has(word) && rest[i + 1]?.kind === 'string') rest = without(rest, i, i + 1);
    else if (word === 'character' && next === 'set' && rest[i + 2]?.kind === 'word') rest = without(rest, i, i + 3);
    else if (word === 'mod' && !isSymbol(rest, i + 1, '(') && !isSymbol(rest, i - 1, '.'))
      rest[i] = { kind: 'symbol', text: '%' };
    else if (word === 'sounds' && next === 'like') rest = without(rest, i, i + 1);
    else if (isSymbol(rest, i, '!')) rest[i] = { kind: 'word', text: 'not' };
    else if (MODIFIERS.has(next) && /^(?:insert|replace|update|delete)$/.test(word) && rest[i + 1]) {
      // INSERT IGNORE and its like only differ in what fails.
      rest = without(rest, i + 1, i + 2);
      i--;
    }
  }
  return { rest, effects };
}

const WHOLE_TABLE: Token[] = [
  { kind: 'word', text: 'select' },
  { kind: 'symbol', text: '*' },
  { kind: 'word', text: 'from' },
];
