// Runs one changing statement in a PostgreSQL transaction, counts what it does in every table, and commits only if that is what was approved.
import { directRows, type PostgresChange, unusedValues } from '../../../../policies/sql/change.ts';
import { type Counted, countedOf } from '../../impact.ts';
import { ToolProblem } from '../../serve.ts';
import { quoteName } from '../../sqlite.ts';
import { SET_ROWS_MAX, type TouchedRows } from '../rows.ts';
import type { Answer, Cell, Postgres, Session } from './connection.ts';
import { type TargetTable, tableName, targetOf } from './target.ts';
import { type Delta, type Looked, type Touched, touchedRows } from './touched.ts';

/** A plain count stops here. */
const COUNTED_ROWS_MAX = 1_000_000;
const KEY = 'perimeter_key';

export type Effects = {
  counted: Counted;
  /** `23 updated` by table. */
  notes: string[];
  /** Which rows they were, cascades and triggers included, where that was asked for and can be told. */
  rows: TouchedRows | undefined;
  /** How their tables are asked for them, and the keys of a few rows that were there already. */
  tables: Map<string, Looked>;
  /** What the statement itself returns. */
  result: Answer;
};

/**
 * Runs the statement and calls `settle` with what it did, inside the transaction: commit on true, roll back on false or when it throws.
 * With `identify` the effects also tell which rows. A statement of more rows than `tried` isn't run: then undefined. Throws ToolProblem.
 */
export async function runChange(
  database: Postgres,
  change: PostgresChange,
  values: readonly unknown[],
  ms: number,
  settle: (effects: Effects) => boolean,
  { identify = false, tried }: { identify?: boolean; tried?: number } = {},
): Promise<Effects | undefined> {
  let effects: Effects | undefined;
  const first = async (session: Session) => {
    const [target, before, planned] = await Promise.all([
      targetOf(session, change),
      session.kept('tally', TALLY),
      tried === undefined ? 0 : plannedRows(session, change, values).catch((error: unknown) => error),
    ]);
    if (!target) throw new ToolProblem(`there is no table \`${change.table.join('.')}\`: \`tables\` lists them`);
    if (typeof planned !== 'number') throw planned;
    return { target, before, planned };
  };
  await database.transaction({ ms, first }, async (session, { target, before, planned }) => {
    if (tried !== undefined && (planned > tried || (await touchesMore(session, change, values, target, tried)))) return false;
    const identity = identityOf(change, target);
    const [own, , after] = await Promise.all([
      session.run(identity.sql, values),
      session.run('SET CONSTRAINTS ALL IMMEDIATE'),
      session.kept('tally', TALLY),
    ]);
    const deltas = difference(read(before), read(after));
    const counted = countedOf(deltas.map((delta) => [delta.table, delta.inserted + delta.updated + delta.deleted]));
    // a foreign table, or a server that doesn't keep count: a number nobody counted is no bound
    if (counted.total < (change.verb === 'merge' || target.key.length === 0 ? Math.min(own.count, 1) : own.count))
      throw new ToolProblem(
        'the server does not count changes of this table (a foreign table, or `track_counts` is off), so nothing was changed',
      );
    const told = identity.read(own);
    const which =
      identify && counted.total <= SET_ROWS_MAX ? await identified(database, session, change, target, deltas, told) : undefined;
    effects = {
      counted,
      notes: deltas.map(noteOf),
      rows: which?.rows,
      tables: which?.tables ?? new Map(),
      result: told.result,
    };
    return settle(effects);
  });
  return effects;
}

/** The statement's own answer tells the target's rows; whatever else it touched is found by the marks it left. */
async function identified(
  database: Postgres,
  session: Session,
  change: PostgresChange,
  target: TargetTable,
  deltas: readonly Delta[],
  { rows: named, first }: Told,
): Promise<Touched> {
  const told = (delta: Delta) =>
    delta.table === target.name && new Set(named).size === delta.inserted + delta.updated + delta.deleted;
  const others = deltas.filter((delta) => !told(delta));
  const { rows, tables } =
    others.length === 0
      ? { rows: new Map(), tables: new Map() }
      : await touchedRows(database, session, others, change.madeUp || change.defaults);
  // a target too large to search is still told by its own answer
  const own = rows.get(target.name);
  const better = named !== undefined && deltas.some((delta) => delta.table === target.name) && !(own && own.rows.size > 0);
  if (better) {
    const delta = deltas.find(({ table }) => table === target.name)!;
    const names = new Set(named);
    rows.set(target.name, { rows: names, unnamed: Math.max(0, delta.inserted + delta.updated + delta.deleted - names.size) });
    tables.set(target.name, { sql: target.sql, key: target.key, first });
  }
  return { rows, tables };
}

/** How many rows the planner expects the statement to touch; it reads no row (PostgreSQL manual, EXPLAIN). */
async function plannedRows(session: Session, change: PostgresChange, values: readonly unknown[]): Promise<number> {
  const { rows: [[text] = []] = [] } = await session.run(`EXPLAIN (FORMAT JSON) ${change.text}`, values);
  const plan = (JSON.parse(String(text)) as { Plan?: { 'Plan Rows'?: number; Plans?: { 'Plan Rows'?: number }[] } }[])[0]?.Plan;
  return Math.max(plan?.['Plan Rows'] ?? 0, ...(plan?.Plans ?? []).map((part) => part['Plan Rows'] ?? 0));
}

/** The planner guesses at conditions: where the table could hold more rows, those the statement would touch are counted, up to one more than `most`. */
async function touchesMore(
  session: Session,
  change: PostgresChange,
  values: readonly unknown[],
  target: TargetTable,
  most: number,
): Promise<boolean> {
  if (change.source === undefined && target.could <= most) return false;
  const counted = await counting(session, change, values, target, most + 1);
  return counted !== undefined && counted > most;
}

async function counting(
  session: Session,
  change: PostgresChange,
  values: readonly unknown[],
  target: TargetTable,
  limit: number,
): Promise<number | undefined> {
  const rows = directRows(change, target.sql);
  if (rows === undefined) return undefined;
  const { rows: [[count] = []] = [] } = await session.run(
    `SELECT count(*) FROM (${rows} LIMIT ${limit}) AS counted WHERE true${unusedValues(change, rows)}`,
    values,
  );
  return Number(count);
}

/** The direct rows of a statement too large to try: a plain count of the same predicate, up to a million. Undefined where that is not simple. */
export async function countDirect(
  database: Postgres,
  change: PostgresChange,
  values: readonly unknown[],
  ms: number,
): Promise<Counted | undefined> {
  let counted: Counted | undefined;
  await database.transaction({ ms, readOnly: true }, async (session) => {
    const target = await targetOf(session, change);
    const count = target && (await counting(session, change, values, target, COUNTED_ROWS_MAX));
    if (count !== undefined) counted = countedOf([[target!.name, count]]);
    return false;
  });
  return counted;
}

type Tally = Map<string, Delta>;

/** Counts of this transaction, by table. They may hold what earlier transactions have not handed in yet, so only differences mean anything. */
const TALLY =
  'SELECT relid::text, schemaname::text, relname::text, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0';

function read({ rows }: Answer): Tally {
  return new Map(
    rows.map(([relid, schema, name, inserted, updated, deleted]) => [
      String(relid),
      {
        relid: String(relid),
        schema: String(schema),
        name: String(name),
        table: tableName(String(schema), String(name)),
        inserted: Number(inserted),
        updated: Number(updated),
        deleted: Number(deleted),
      },
    ]),
  );
}

/** What happened between the two, of tables something happened to. */
function difference(before: Tally, after: Tally): Delta[] {
  return [...after.values()]
    .map((now) => {
      const was = before.get(now.relid) ?? { inserted: 0, updated: 0, deleted: 0 };
      return {
        ...now,
        inserted: now.inserted - was.inserted,
        updated: now.updated - was.updated,
        deleted: now.deleted - was.deleted,
      };
    })
    .filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

function noteOf(delta: Delta): string {
  const parts = (['inserted', 'updated', 'deleted'] as const).flatMap((kind) =>
    delta[kind] > 0 ? [`${delta[kind]} ${kind}`] : [],
  );
  return `${delta.table}: ${parts.join(', ')}`;
}

type Told = { rows: string[] | undefined; first: Cell[][]; result: Answer };

/** The statement with its target's keys returned behind whatever it returns itself, and how to read them. */
function identityOf(change: PostgresChange, target: TargetTable): { sql: string; read(answer: Answer): Told } {
  const plain = (answer: Answer): Told => ({ rows: undefined, first: [], result: answer });
  if (!tells(change, target)) return { sql: change.text, read: plain };
  const label = quoteName(change.label);
  const keys = target.key.map((column, index) => `${label}.${quoteName(column)} AS ${KEY}_${index}`);
  const isNew = change.upsert && target.plain ? `, (${label}.xmax = 0) AS ${KEY}_new` : '';
  const sql = `${change.text}\n${change.returning ? ', ' : 'RETURNING '}${keys.join(', ')}${isNew}`;
  return {
    sql,
    read({ columns, rows, count }) {
      const own = columns.length - target.key.length - (isNew === '' ? 0 : 1);
      const operation = (row: Cell[]) =>
        change.verb !== 'insert' || (isNew !== '' && row.at(-1) === false)
          ? change.verb === 'delete'
            ? 'delete'
            : 'update'
          : 'insert';
      const keyed = rows
        .slice(0, SET_ROWS_MAX + 1)
        .map((row) => ({ operation: operation(row), key: row.slice(own, own + target.key.length) }));
      const first = keyed.filter(({ operation: name }) => name !== 'insert').slice(0, 3);
      return {
        rows: keyed.map(({ operation: name, key }) => `${name} ${JSON.stringify(key)}`),
        first: first.map(({ key }) => key),
        result: { columns: columns.slice(0, own), rows: change.returning ? rows.map((row) => row.slice(0, own)) : [], count },
      };
    },
  };
}

/** Whether RETURNING tells which rows: not for a key the statement assigns (the old one is gone), nor for one the server makes up. */
function tells(change: PostgresChange, target: TargetTable): boolean {
  if (target.key.length === 0 || change.verb === 'merge') return false;
  if (change.assigned.some((column) => column === '*' || target.key.includes(column))) return false;
  if (change.verb !== 'insert') return true;
  return (
    !change.defaults &&
    !change.madeUp &&
    (change.columns === undefined || target.key.every((column) => change.columns?.includes(column)))
  );
}
