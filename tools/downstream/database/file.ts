// One SQLite file and our two connections to it: one that can only read, one that counts what it writes.
import { type BigIntStats, statSync } from 'node:fs';
import { ToolProblem } from '../serve.ts';
import { loadSqlite, type OpenSqlite, type Sqlite, SqliteProblem } from '../sqlite.ts';
import { type Counter, installCounter } from './effects.ts';

export type DatabaseOptions = {
  /** Path of the file. */
  file: string;
  /** Make the file if it is missing. */
  create?: boolean;
  /** Offer nothing that writes, and open the file so that nothing could. */
  readOnly?: boolean;
};

const ATTEMPTS_MAX = 3;
/** What virtual tables ask the engine for while they are read or written; it tells them a number and changes nothing. */
export const UPKEEP_PRAGMAS: readonly string[] = ['data_version', 'page_size'];

export type Writer = { database: Sqlite; counter: Counter };

/** Opens on first use, and again when the file was replaced or its schema changed. */
export class DatabaseFile {
  readonly #options: DatabaseOptions;
  #reader: { database: Sqlite; identity: string } | undefined;
  #writer: (Writer & { identity: string; schema: number }) | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** Does `work` on a connection on which the engine refuses every write. Throws ToolProblem. */
  async reading<T>(work: (database: Sqlite) => T): Promise<T> {
    const open = await loadSqlite();
    try {
      return work(this.#freshReader(open));
    } catch (error) {
      throw inWords(error);
    }
  }

  /**
   * Does `work` inside a write transaction, with counting triggers for the schema as it is. What `work` doesn't commit is rolled back.
   * `work` can't wait for anything: the transaction belongs to one call alone. Throws ToolProblem.
   */
  async writing<T>(work: (writer: Writer) => T): Promise<T> {
    const open = await loadSqlite();
    let writer: Writer | undefined;
    try {
      writer = this.#begun(open);
      return work(writer);
    } catch (error) {
      throw inWords(error);
    } finally {
      writer?.database.authorize(undefined);
      // The statement may have ended the transaction itself (OR ROLLBACK, RAISE): then nothing is left to take back.
      if (writer?.database.inTransaction) writer.database.exec('ROLLBACK');
    }
  }

  #freshReader(open: OpenSqlite): Sqlite {
    if (this.#reader?.identity === this.#identity()) return this.#reader.database;
    this.#reader?.database.close();
    this.#reader = undefined;
    const database = open(this.#options.file, { readOnly: this.#options.readOnly ?? false });
    // Opened for writing where allowed, so that a journal left by a crash can be played back; then shut for statements.
    database.exec('PRAGMA query_only = ON');
    this.#reader = { database, identity: this.#identity() };
    return database;
  }

  #begun(open: OpenSqlite): Writer {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const writer = this.#freshWriter(open);
      writer.database.exec('BEGIN IMMEDIATE');
      if (schemaOf(writer.database) === writer.schema) return writer;
      writer.database.exec('ROLLBACK');
    }
    throw new ToolProblem('the tables keep changing while this starts, so nothing was changed: try again');
  }

  #freshWriter(open: OpenSqlite): Writer & { schema: number } {
    const current = this.#writer;
    if (current?.identity === this.#identity() && schemaOf(current.database) === current.schema) return current;
    current?.database.close();
    this.#writer = undefined;
    const database = open(this.#options.file);
    const schema = schemaOf(database);
    this.#writer = { database, counter: installCounter(database), schema, identity: this.#identity() };
    return this.#writer;
  }

  /** Tells one file from another under the same name. Refuses what isn't there, unless it may be created. */
  #identity(): string {
    let stats: BigIntStats;
    try {
      stats = statSync(this.#options.file, { bigint: true });
    } catch {
      if (this.#options.create) return 'new';
      throw new ToolProblem(
        `there is no database at \`${this.#options.file}\`: put it there, or start this server with \`--create\``,
      );
    }
    if (!stats.isFile()) throw new ToolProblem(`\`${this.#options.file}\` is not a file: name a SQLite database`);
    return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
  }
}

/** The engine's error in words that say what to do; other errors unchanged. */
function inWords(error: unknown): unknown {
  if (!(error instanceof SqliteProblem)) return error;
  const message = {
    busy: 'the database is locked by somebody else, so nothing was done: try again',
    readonly: 'the database can only be read: nothing was changed',
    cannot_open: 'the database file can not be opened: check that this user may read and write it and its folder',
    not_a_database: 'the file is not a SQLite database, or it is encrypted: name another',
    denied: 'the statement does something that is not allowed here',
    constraint: error.message,
    other: error.message,
  }[error.kind];
  return new ToolProblem(message);
}

/** Changes whenever a table, index, view or trigger does (sqlite.org/pragma.html#pragma_schema_version). */
function schemaOf(database: Sqlite): number {
  const [row] = [...database.prepare('PRAGMA main.schema_version').rows()];
  return Number(row?.[0]);
}
