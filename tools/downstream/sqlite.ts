// The one door to SQLite: the engine built into Node where it has what we need, else the same API from a package with prebuilt binaries.

export type SqlValue = null | string | number | bigint | Uint8Array;

/** What a statement is about to do, as the engine's authorizer tells it while compiling (sqlite.org/c3ref/c_alter_table.html). */
export type Access = {
  action: 'select' | 'read' | 'function' | 'recursive' | 'insert' | 'update' | 'delete' | 'pragma' | 'other';
  /** The table, the function, or the pragma with what it is set to (`query_only = OFF`). */
  name: string;
  database: string | null;
  /** The trigger or view in whose body this happens; null when the statement itself does it. */
  inside: string | null;
};

type SqliteKind = 'busy' | 'readonly' | 'constraint' | 'not_a_database' | 'cannot_open' | 'denied' | 'other';
/** An error of the engine, sorted by what to do about it; the message is the engine's. */
export class SqliteProblem extends Error {
  override name = 'SqliteProblem';
  readonly kind: SqliteKind;
  constructor(message: string, kind: SqliteKind) {
    super(message);
    this.kind = kind;
  }
}

/** A compiled statement. Integers come as bigint, so that none loses a digit; BLOBs as Uint8Array. */
export type Statement = {
  /** Names of the result columns, in order, doubles included; empty when it returns nothing. */
  readonly columns: string[];
  /** Runs it and yields the rows as they come. */
  rows(params?: readonly SqlValue[]): Generator<SqlValue[]>;
};

export type Sqlite = {
  /** Compiles the first statement of `sql`. The engine ignores whatever follows it: check before. */
  prepare(sql: string): Statement;
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  /** Asks `allow` about every access of the statements compiled from now on; undefined stops asking. */
  authorize(allow: ((access: Access) => boolean) | undefined): void;
  /** Makes a function callable from SQL. What it throws aborts the statement. */
  define(name: string, run: (argument: number) => number): void;
  readonly inTransaction: boolean;
  close(): void;
};

// The part of the node:sqlite API that is used here; both engines have it.
type EngineStatement = {
  iterate(...params: SqlValue[]): IterableIterator<unknown>;
  columns(): { name: string }[];
  setReadBigInts(on: boolean): void;
  setReturnArrays(on: boolean): void;
};
type EngineDatabase = {
  readonly isTransaction: boolean;
  prepare(sql: string): EngineStatement;
  exec(sql: string): void;
  close(): void;
  function(name: string, run: (argument: number) => number): void;
  enableDefensive(on: boolean): void;
  setAuthorizer(
    callback:
      | ((code: number, a: string | null, b: string | null, database: string | null, inside: string | null) => number)
      | null,
  ): void;
};
type Engine = {
  DatabaseSync: {
    new (path: string, options: { readOnly: boolean; timeout: number; enableForeignKeyConstraints: boolean }): EngineDatabase;
    readonly prototype: object;
  };
  StatementSync: { readonly prototype: object };
};

// Numbers fixed by SQLite's C interface: sqlite.org/c3ref/c_alter_table.html and c_deny.html.
const ACTIONS = new Map<number, Access['action']>([
  [9, 'delete'],
  [18, 'insert'],
  [19, 'pragma'],
  [20, 'read'],
  [21, 'select'],
  [23, 'update'],
  [31, 'function'],
  [33, 'recursive'],
]);
const ALLOWED = 0;
const DENIED = 1;
const BUSY_TIMEOUT_MS = 2_000;

/** Opens a database file with foreign keys enforced, extensions off and the defensive mode on. Throws SqliteProblem. Makes a missing file unless `readOnly`. */
export type OpenSqlite = (path: string, options?: { readOnly?: boolean }) => Sqlite;

let loaded: Promise<OpenSqlite> | undefined;

/** Loads the engine once; everything after that happens at once, so nothing of another call can slip in between two steps. */
export function loadSqlite(): Promise<OpenSqlite> {
  loaded ??= loadEngine().then(
    ({ DatabaseSync }): OpenSqlite =>
      (path, { readOnly = false } = {}) =>
        translated(() => {
          const database = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
          database.enableDefensive(true);
          database.exec('PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY');
          return adapted(database);
        }),
  );
  return loaded;
}

/** A name as SQL text. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function loadEngine(): Promise<Engine> {
  const builtIn = builtInEngine();
  if (
    builtIn &&
    has(builtIn.DatabaseSync, ['setAuthorizer', 'enableDefensive']) &&
    has(builtIn.StatementSync, ['columns', 'setReturnArrays'])
  ) {
    return builtIn;
  }
  return (await import('@photostructure/sqlite')) as unknown as Engine;
}

/** Node warns on stderr that this API may still change; what we need of it is checked instead. */
function builtInEngine(): Engine | undefined {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule?.('node:sqlite') as Engine | undefined;
  } finally {
    process.emitWarning = warn;
  }
}

function has(type: { readonly prototype: object }, methods: string[]): boolean {
  return methods.every((method) => method in type.prototype);
}

function adapted(database: EngineDatabase): Sqlite {
  return {
    prepare: (sql) => translated(() => adaptedStatement(database.prepare(sql))),
    exec: (sql) => translated(() => database.exec(sql)),
    authorize: (allow) =>
      database.setAuthorizer(
        allow
          ? (code, first, second, databaseName, inside) => {
              const action = ACTIONS.get(code) ?? 'other';
              const name = accessName(action, first ?? '', second);
              return allow({ action, name, database: databaseName, inside }) ? ALLOWED : DENIED;
            }
          : null,
      ),
    define: (name, run) => database.function(name, run),
    get inTransaction() {
      return database.isTransaction;
    },
    close: () => database.close(),
  };
}

function accessName(action: Access['action'], first: string, second: string | null): string {
  if (action === 'function') return second ?? '';
  return action === 'pragma' && second !== null ? `${first} = ${second}` : first;
}

function adaptedStatement(statement: EngineStatement): Statement {
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return {
    columns: statement.columns().map((column) => column.name),
    *rows(params = []) {
      try {
        for (const row of statement.iterate(...params)) yield row as SqlValue[];
      } catch (error) {
        throw problemOf(error);
      }
    },
  };
}

function translated<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw problemOf(error);
  }
}

// Some calls of the packaged engine give the message without its code, so the message is looked at too.
const KINDS: [code: number, message: string, kind: SqliteKind][] = [
  [5, 'database is locked', 'busy'],
  [6, 'database table is locked', 'busy'],
  [8, 'attempt to write a readonly database', 'readonly'],
  [14, 'unable to open database file', 'cannot_open'],
  [19, 'constraint failed', 'constraint'],
  [23, 'not authorized', 'denied'],
  [23, 'authorization denied', 'denied'],
  [26, 'file is not a database', 'not_a_database'],
];

/** The low byte of an extended result code is its primary code: sqlite.org/rescode.html. */
function problemOf(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return error;
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  const known = KINDS.find(([number, message]) => number === code || error.message.includes(message));
  return new SqliteProblem(error.message, known?.[2] ?? 'other');
}
