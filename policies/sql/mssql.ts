// Reads one SQL Server statement: queries and writes with the parser, everything else by its first words.
import { type Mention, onlySelects, type SqlKind, type Statement } from './model.ts';
import { parseOne } from './sqlparser.ts';
import { isSymbol, type Token, wordAt } from './tokens.ts';
import { behindBrackets, command, holdsWord, kindsInWords, nameAt, plainText, unparsed, without } from './words.ts';

/** Kinds by first word (Transact-SQL reference, "Statements"). */
const COMMANDS: Record<string, SqlKind[]> = {
  add: ['role'],
  alter: ['ddl'],
  backup: ['file'],
  begin: ['session'],
  bulk: ['file', 'insert'],
  checkpoint: ['other'],
  close: ['session'],
  commit: ['session'],
  create: ['ddl'],
  dbcc: ['other'],
  deallocate: ['session'],
  declare: ['session'],
  deny: ['role'],
  disable: ['ddl'],
  drop: ['ddl'],
  enable: ['ddl'],
  exec: ['procedure'],
  execute: ['procedure'],
  fetch: ['session'],
  get: ['other'],
  grant: ['role'],
  if: ['other'],
  kill: ['other'],
  open: ['session'],
  print: ['other'],
  raiserror: ['other'],
  readtext: ['other'],
  receive: ['other'],
  reconfigure: ['session'],
  rename: ['ddl'],
  restore: ['file', 'ddl'],
  revert: ['role', 'session'],
  revoke: ['role'],
  rollback: ['session'],
  save: ['session'],
  send: ['other'],
  set: ['session'],
  setuser: ['role', 'session'],
  shutdown: ['other'],
  throw: ['other'],
  updatetext: ['update'],
  use: ['session'],
  waitfor: ['other'],
  while: ['other'],
  writetext: ['update'],
};
const QUERY_WORDS = new Set(['select', 'with', 'insert', 'update', 'delete', 'merge', '(']);
/** Reserved words (Transact-SQL reference) that begin another statement: a SELECT that holds one isn't only a SELECT. */
const WRITE_WORDS = new Set(
  `insert update delete merge create drop alter truncate exec execute grant revoke deny backup restore bulk dbcc kill shutdown reconfigure waitfor use
  print raiserror declare set goto return while openrowset openquery opendatasource readtext writetext updatetext setuser revert deallocate
  checkpoint save commit rollback if procedure`.split(/\s+/),
);

export function readMssql(tokens: readonly Token[]): Statement {
  const first = isSymbol(tokens, 0, '(') ? '(' : wordAt(tokens, 0);
  const second = wordAt(tokens, 1);
  if (QUERY_WORDS.has(first)) return queryStatement(tokens);
  // Not the server's own, but some connectors turn it into a plan request.
  if (first === 'explain' && QUERY_WORDS.has(second)) return { is: 'explain', of: readMssql(tokens.slice(1)), runs: false };
  if (first === 'truncate') return { is: 'truncate', tables: [nameAt(tokens, 2).name], cascades: false };
  const kinds = COMMANDS[first];
  if (kinds) return command([...kinds, ...furtherKinds(tokens, first, second), ...kindsInWords(tokens, 'mssql')], tokens);
  // At the start of a batch a bare name calls a procedure.
  const problem = 'the statement begins with a word the guard does not know, which calls a procedure; send a plain query';
  return unparsed(problem, tokens, 'mssql', ['procedure']);
}

function furtherKinds(tokens: readonly Token[], first: string, second: string): SqlKind[] {
  const kinds: SqlKind[] = [];
  // Statements that hold others.
  if (/^(?:begin|if|while|declare|set)$/.test(first) && holdsWord(tokens.slice(1), WRITE_WORDS)) kinds.push('other');
  if (!/^(?:create|alter|drop|exec|execute)$/.test(first)) return kinds;
  if (/^(?:user|role|login|server|application|authorization|credential)$/.test(second)) kinds.push('role');
  if (second === 'assembly' || second === 'external' || second === 'endpoint') kinds.push('program');
  if (second === 'as') kinds.push('role', 'session');
  if (first !== 'exec' && first !== 'execute' && holdsWord(tokens, new Set(['filename']))) kinds.push('file');
  return kinds;
}

function queryStatement(tokens: readonly Token[]): Statement {
  const { rest, effects } = prepared(tokens);
  const text = plainText(rest, 'mssql');
  const query = text === undefined ? undefined : parseOne(text, 'mssql');
  if (!query) {
    return unparsed(
      'the text is not transact-sql the guard can read; check its syntax and send one plain statement',
      tokens,
      'mssql',
    );
  }
  if (onlySelects(query) && holdsWord(rest, WRITE_WORDS)) effects.push({ is: 'effect', kind: 'other' });
  if (kindsInWords(rest, 'mssql').includes('program')) effects.push({ is: 'effect', kind: 'program' });
  query.rest.push(...effects);
  return { is: 'query', query };
}

const HINTS = new Set('nolock readuncommitted readcommitted readpast nowait noexpand snapshot'.split(' '));
const JOIN_HINTS = new Set(['hash', 'loop', 'remote']);

/** Takes out what the parser doesn't know or takes for something else: query and join hints, old table hints, TOP of a write. */
function prepared(tokens: readonly Token[]): { rest: Token[]; effects: Mention[] } {
  let rest = [...tokens];
  const effects: Mention[] = [];
  for (let i = 0; i < rest.length; i++) {
    const word = wordAt(rest, i);
    const next = wordAt(rest, i + 1);
    if (word === 'option' && isSymbol(rest, i + 1, '(')) rest = without(rest, i, behindBrackets(rest, i + 1));
    else if (word === 'grouping' && next === 'sets') rest = without(rest, i, i + 2);
    else if ((word === 'parse' || word === 'try_parse') && isSymbol(rest, i + 1, '(')) rest[i] = { kind: 'word', text: 'cast' };
    else if (JOIN_HINTS.has(word) && next === 'join') rest = without(rest, i, i + 1);
    else if (/^(?:update|delete|insert|merge)$/.test(word) && next === 'top' && isSymbol(rest, i + 2, '(')) {
      // Which rows TOP takes is up to the server.
      effects.push({ is: 'chance' });
      rest = without(rest, i + 1, behindBrackets(rest, i + 2));
    } else if (
      isSymbol(rest, i, '(') &&
      HINTS.has(next) &&
      isSymbol(rest, i + 2, ')') &&
      i > 0 &&
      rest[i - 1]?.kind !== 'symbol'
    ) {
      if (wordAt(rest, i - 1) !== 'with') rest = without(rest, i, i + 3);
    } else if (word === 'fetch' && /^(?:next|first)$/.test(next) && rest[i + 2]?.kind === 'variable') {
      rest = [...rest.slice(0, i + 2), { kind: 'number', text: '1' }, ...rest.slice(i + 3)];
    }
  }
  return { rest, effects };
}
