// The one door to PostgreSQL: a few connections, each call in a transaction of its own, and the server's errors in words.
import pg from 'pg';
import { ToolProblem } from '../../serve.ts';

export type Cell = string | number | boolean | null;
export type Answer = { columns: string[]; rows: Cell[][]; count: number };
/** One transaction. Statements go one at a time; values are bound, never spliced. */
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

  constructor(url: string) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: LOOK_MS,
      application_name: 'perimeter-database',
      types: { getTypeParser: (oid) => PARSED.get(oid) ?? ((text: string) => text) } as pg.CustomTypesConfig,
    });
    // a connection that dies while it is idle is replaced; the next call says what is wrong
    this.#pool.on('error', () => undefined);
  }

  /**
   * Does `work` in a transaction with these limits in ms, and commits when it returns true. Everything else rolls back.
   * Throws ToolProblem.
   */
  async transaction(limits: { ms: number; readOnly?: boolean }, work: (session: Session) => Promise<boolean>): Promise<void> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw inWords(error, limits.ms);
    }
    let broken = false;
    try {
      await client.query(
        `BEGIN ${limits.readOnly ? 'READ ONLY' : ''}; SET LOCAL statement_timeout = ${limits.ms}; SET LOCAL lock_timeout = 1000; SET LOCAL idle_in_transaction_session_timeout = ${limits.ms * 2}`,
      );
      const keep = await work({
        run: (sql, values = []) => run(client, { text: sql, values }),
        kept: (name, sql, values = []) => run(client, { name, text: sql, values }),
      });
      await client.query(keep ? 'COMMIT' : 'ROLLBACK');
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

  /** One reading statement of our own, outside of any transaction. Throws ToolProblem. */
  async look(sql: string, values: readonly unknown[]): Promise<Answer> {
    const client = await this.#pool.connect();
    try {
      return await run(client, { text: sql, values });
    } catch (error) {
      throw inWords(error, LOOK_MS);
    } finally {
      client.release();
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
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
