// Reads a SQL text without a database: what kinds of statement, which tables and columns, which side effects. Never guesses in favour.
import type { SqlDialect, Verb } from '../types.ts';
import { tableName } from './catalog.ts';
import { onlySelects, type SqlKind, type Statement, selects, unreadable } from './model.ts';
import { readMssql } from './mssql.ts';
import { readMysql } from './mysql.ts';
import { loadPostgres, parsePostgres, postgresIsLoaded } from './postgres.ts';
import { Resolver } from './resolve.ts';
import { parseSqlite } from './sqlite.ts';
import { loadSqlParser, sqlParserIsLoaded } from './sqlparser.ts';
import { effort, nesting, statementsOf, type Token, tokenize } from './tokens.ts';
import { holdsWord, unparsed } from './words.ts';

export type { SqlKind } from './model.ts';

/** What is done to which table; no table for what isn't about one. */
export type SqlAction = { verb: Verb; table?: string };

export type SqlReading = {
  /** How many statements the text holds. */
  statements: number;
  kinds: SqlKind[];
  actions: SqlAction[];
  /** Every table named, folded, default schema dropped. */
  tables: string[];
  /** `table.column`, or `table.*`. */
  columns: string[];
  functions: string[];
  /** Whether it may be run inside a rolled-back transaction to count its effect, and the count will hold. */
  countable: boolean;
  /** Why it counts as doing anything. */
  problem?: string;
};

const DIALECTS: Record<string, SqlDialect> = {
  sqlite: 'sqlite',
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  mssql: 'mssql',
  sqlserver: 'mssql',
};

/** The dialect of that name or alias; undefined for any other word. */
export function parseDialect(name: string): SqlDialect | undefined {
  return Object.hasOwn(DIALECTS, name) ? DIALECTS[name] : undefined;
}

/** Loads the grammars that are WebAssembly (all but SQLite's). Call once before `readSql`. */
export async function loadSqlParsers(): Promise<void> {
  await Promise.all([loadPostgres(), loadSqlParser()]);
}

/** How deep statements may nest, in tokens: what each parser surely bears. */
const DEEPEST: Record<SqlDialect, number> = { sqlite: 2000, postgres: 2000, mysql: 700, mssql: 700 };
/** The most work a text may make for sqlparser-rs, which tries some things twice; the grammars of the others don't backtrack. */
const MOST_EFFORT = 400_000;

/** A call is judged before and after it is measured, and once more when it is made: the last readings are kept. */
const KEPT_MAX = 64;
const KEPT_TEXT_MAX = 16_384;
const kept = new Map<string, SqlReading>();

/**
 * What `text` would do if it ran. Text that can't be read for sure counts as doing anything: kind `other`, verb `execute`.
 * Throws only when `loadSqlParsers` has not finished.
 */
export function readSql(text: string, dialect: SqlDialect): SqlReading {
  if (!isLoaded(dialect)) throw new TypeError(`the ${dialect} grammar is not loaded; call \`loadSqlParsers\` first`);
  if (text.length > KEPT_TEXT_MAX) return readNow(text, dialect);
  const key = `${dialect} ${text}`;
  const known = kept.get(key);
  if (known) return known;
  const reading = readNow(text, dialect);
  for (const value of Object.values(reading)) if (Array.isArray(value)) Object.freeze(value);
  kept.set(key, Object.freeze(reading));
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return reading;
}

function readNow(text: string, dialect: SqlDialect): SqlReading {
  try {
    const lexed = tokenize(text, dialect);
    if (lexed.problem !== undefined) return summary([unreadable(lexed.problem)], 1, dialect);
    const backtracks = dialect === 'mysql' || dialect === 'mssql';
    if (nesting(lexed.tokens) > DEEPEST[dialect] || (backtracks && effort(lexed.tokens) > MOST_EFFORT)) {
      return summary([unreadable('the statement nests too deep; send a simpler one')], 1, dialect);
    }
    const parts = statementsOf(lexed.tokens);
    const statements = statementsIn(text, dialect, parts, lexed.conditional);
    const reading = summary(statements, parts.length, dialect);
    return lexed.conditional > 0 ? { ...reading, countable: false } : reading;
  } catch {
    // A parser that gives up in a way of its own has not understood the text.
    return summary([unreadable('the text is too deep or too odd to read; send a simpler statement')], 1, dialect);
  }
}

function isLoaded(dialect: SqlDialect): boolean {
  if (dialect === 'postgres') return postgresIsLoaded();
  return dialect === 'sqlite' || sqlParserIsLoaded();
}

function statementsIn(text: string, dialect: SqlDialect, parts: Token[][], conditional: number): Statement[] {
  if (parts.length === 0) return [];
  if (dialect === 'postgres') return parsePostgres(text) ?? [rejected(dialect, parts)];
  if (dialect === 'sqlite') return sqliteStatements(text, parts);
  const read = dialect === 'mysql' ? readMysql : readMssql;
  const statements = parts.map((part) => read(part));
  if (conditional === 0) return statements;
  if (conditional > 1) return [...statements, unreadable('there are several executable comments; write the statement plainly')];
  // Whether the comment runs depends on the server's version, so both readings count.
  const skipped = statementsOf(tokenize(text, dialect, false).tokens);
  return [...statements, ...skipped.map((part) => read(part))];
}

/** Words that SQLite reserves and no plain query can hold outside quotes. */
const SQLITE_WRITES = new Set(['insert', 'update', 'delete', 'create', 'drop', 'alter', 'into', 'commit', 'transaction']);

/** SQLite's grammar and our own tokens must agree on how many statements there are, and on which only read. */
function sqliteStatements(text: string, parts: Token[][]): Statement[] {
  const statements = parseSqlite(text);
  if (!statements) return [rejected('sqlite', parts)];
  const agreed = statements.length === parts.length;
  const suspect =
    agreed &&
    statements.some(
      (statement, i) => statement.is === 'query' && onlySelects(statement.query) && holdsWord(parts[i]!, SQLITE_WRITES),
    );
  // Only a trigger's body holds semicolons of its own, and it is ddl already.
  if (suspect || (!agreed && statements.every((statement) => statement.is !== 'command')))
    return [...statements, rejected('sqlite', parts)];
  return statements;
}

function rejected(dialect: SqlDialect, parts: Token[][]): Statement {
  return unparsed(
    `the text is not ${dialect} the guard can read; check its syntax and send one plain statement`,
    parts.flat(),
    dialect,
  );
}

type Sums = Pick<SqlReading, 'kinds' | 'actions' | 'tables' | 'columns' | 'functions'> & {
  countable: boolean;
  problem?: string | undefined;
};

function summary(statements: readonly Statement[], count: number, dialect: SqlDialect): SqlReading {
  const sums = (statements.length > 0 ? statements : [unreadable('there is no statement; send one')]).map((statement) =>
    sum(statement, dialect),
  );
  const all = <T>(pick: (sums: Sums) => readonly T[]): T[] => [...new Set(sums.flatMap(pick))];
  const actions = new Map(sums.flatMap((part) => part.actions.map((action) => [`${action.verb} ${action.table ?? ''}`, action])));
  const problem = sums.find((part) => part.problem !== undefined)?.problem;
  return {
    statements: statements.length === 0 ? 0 : count,
    kinds: all((part) => part.kinds),
    actions: [...actions.values()],
    tables: all((part) => part.tables),
    columns: all((part) => part.columns),
    functions: all((part) => part.functions),
    countable: count === 1 && sums.every((part) => part.countable),
    ...(problem === undefined ? {} : { problem }),
  };
}

function sum(statement: Statement, dialect: SqlDialect): Sums {
  const resolver = new Resolver(dialect);
  if (statement.is === 'explain' && !statement.runs) return explained(statement.of, dialect);
  if (statement.is === 'explain') return { ...sum(statement.of, dialect), countable: false };
  if (statement.is === 'query') {
    if (selects(statement.query)) resolver.kinds.add('read');
    resolver.query(statement.query);
    if (resolver.kinds.has('read') && ![...resolver.actions.values()].some((action) => action.verb === 'read'))
      resolver.act('read');
  } else if (statement.is === 'describe') {
    resolver.kinds.add('read');
    for (const table of statement.tables) resolver.act('read', tableName(table, dialect));
    if (statement.tables.length === 0) resolver.act('read');
  } else if (statement.is === 'truncate') {
    resolver.kinds.add('delete');
    for (const table of statement.tables) resolver.act('delete', tableName(table, dialect));
    if (statement.cascades) resolver.effect('other');
  } else {
    for (const kind of statement.kinds) resolver.effect(kind);
    for (const query of statement.queries) resolver.query(query);
    for (const table of statement.tables) resolver.tables.add(tableName(table, dialect) ?? '');
  }
  const problem = statement.is === 'command' ? statement.problem : undefined;
  return { ...sets(resolver), countable: statement.is === 'query' && !resolver.uncountable, problem };
}

function sets(resolver: Resolver): Omit<Sums, 'countable' | 'problem'> {
  return {
    kinds: [...resolver.kinds],
    actions: [...resolver.actions.values()],
    tables: [...resolver.tables].filter((table) => table !== ''),
    columns: [...resolver.columns],
    functions: [...resolver.functions],
  };
}

/** A plan is only looked at: whatever the statement touches is read, and what isn't understood stays so. */
function explained(statement: Statement, dialect: SqlDialect): Sums {
  const inner = sum(statement, dialect);
  const executes =
    inner.problem !== undefined || (statement.is === 'query' && inner.actions.some((action) => action.verb === 'execute'));
  const reads = inner.tables.map((table): SqlAction => ({ verb: 'read', table }));
  return {
    ...inner,
    kinds: executes ? [...new Set<SqlKind>(['read', ...inner.kinds])] : ['read'],
    actions: [...(reads.length > 0 ? reads : [{ verb: 'read' as const }]), ...(executes ? [{ verb: 'execute' as const }] : [])],
    countable: false,
  };
}
