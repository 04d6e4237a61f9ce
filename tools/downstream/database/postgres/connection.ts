// The one door to PostgreSQL: a few connections, each call in a transaction of its own, and the server's errors in words.
import pg from 'pg';
import { ToolProblem } from '../../serve.ts';

export type Cell = string | number | boolean | null;
export type Answer = { columns: string[]; rows: Cell[][]; count: number };
/** One transaction. Statements go in the order they are asked for, several on their way at once; values are bound, never spliced. */
export type Session = {
  run(sql: string, values?: readonly unknown[]): Promise<Answer>;
  /** One of our own statements, kept ready on its connection under this name. */
  kept(name: string, sql: string, values?: readonly unknown[]): Promise<Answer>;
};

const CONNECTIONS_MAX = 3;
const CONNECT_MS = 5_000;
/** What a statement may take where no transaction says otherwise. */
const LOOK_MS = 5_000;
/** Type oids whose text is a JSON number or boolean without loss (pg_type.dat); everything else stays the server's text. */
const PARSED = new Map<number, (text: string) => Cell>([
  [16, (text) => text === 't'],
  [20, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text)],
  [21, Number],
  [23, Number],
  [700, finite],
  [701, finite],
]);

function finite(text: string): Cell {
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

export class Postgres {
  readonly #pool: pg.Pool;
  /** A connection that stands beside the transactions and sees only what is committed. */
  readonly #beside: pg.Pool;

  constructor(url: string) {
    this.#pool = poolOf(url, CONNECTIONS_MAX);
    this.#beside = poolOf(url, 1);
  }

  /**
   * Does `work` in a transaction with these limits in ms, and commits when it returns true. Everything else rolls back. What `first` asks travels
   * together with BEGIN, so it may only be statements that change nothing. Throws ToolProblem.
   */
  async transaction<T = undefined>(
    limits: { ms: number; readOnly?: boolean; first?: (session: Session) => Promise<T> },
    work: (session: Session, looked: T) => Promise<boolean>,
  ): Promise<void> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw inWords(error, limits.ms);
    }
    let broken = false;
    try {
      const session: Session = {
        run: (sql, values = []) => run(client, { text: sql, values }),
        kept: (name, sql, values = []) => run(client, { name, text: sql, values }),
      };
      const begun = client.query(
        `BEGIN ${limits.readOnly ? 'READ ONLY' : ''}; SET LOCAL statement_timeout = ${limits.ms}; SET LOCAL lock_timeout = 1000; SET LOCAL idle_in_transaction_session_timeout = ${limits.ms * 2}`,
      );
      const [, looked] = await Promise.all([begun, limits.first?.(session) as Promise<T>]);
      const end = (await work(session, looked)) ? 'COMMIT' : 'ROLLBACK';
      // a transaction that failed unnoticed answers COMMIT with ROLLBACK, and without an error
      if ((await client.query(end)).command !== end) throw new ToolProblem('the database took everything back: try again');
    } catch (error) {
      broken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      throw inWords(error, limits.ms);
    } finally {
      client.release(broken);
    }
  }

  /** One reading statement of our own, beside any transaction: it sees rows as they are committed, whatever a transaction does to them. Throws ToolProblem. */
  async beside(sql: string, values: readonly unknown[]): Promise<Answer> {
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#beside.connect();
      return await run(client, { text: sql, values });
    } catch (error) {
      throw inWords(error, LOOK_MS);
    } finally {
      client?.release();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#beside.end()]);
  }
}

function poolOf(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    // statements that don't wait for each other travel together
    pipeline: true,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: LOOK_MS,
    application_name: 'perimeter-database',
    types: { getTypeParser: (oid) => PARSED.get(oid) ?? ((text: string) => text) } as pg.CustomTypesConfig,
  });
  // a connection that dies while it is idle is replaced; the next call says what is wrong
  pool.on('error', () => undefined);
  return pool;
}

/** The extended protocol takes one statement only: the server itself refuses text after a semicolon. */
async function run(
  client: pg.PoolClient,
  { values, ...statement }: { name?: string; text: string; values: readonly unknown[] },
): Promise<Answer> {
  const config: pg.QueryArrayConfig & { queryMode: 'extended' } = {
    ...statement,
    values: [...values],
    rowMode: 'array',
    queryMode: 'extended',
  };
  const result = await client.query<Cell[]>(config);
  return { columns: result.fields.map((field) => field.name), rows: result.rows, count: result.rowCount ?? 0 };
}

/** PostgreSQL's error codes (Appendix A of its manual) that mean something to do; other errors keep the server's own words. */
function inWords(error: unknown, ms: number): unknown {
  if (error instanceof ToolProblem || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === '57014')
    return new ToolProblem(`this takes longer than ${ms / 1_000} s, so nothing was changed: do it in smaller steps`);
  if (code === '55P03') return new ToolProblem('rows or tables are locked by somebody else, so nothing was done: try again');
  if (code === '40001' || code === '40P01')
    return new ToolProblem('somebody else changed the same rows meanwhile, so nothing was done: try again');
  if (code === '25006') return new ToolProblem('the database can only be read: nothing was changed');
  if (/^[0-9A-Z]{5}$/.test(code) && !/^(?:08|28|3D|53|57)/.test(code)) return new ToolProblem(error.message);
  return new ToolProblem(
    'the database can not be reached, so nothing was done: check its address, that it runs, and the user and password',
  );
}
