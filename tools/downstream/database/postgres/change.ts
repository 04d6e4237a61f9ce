// Runs one changing statement in a PostgreSQL transaction, counts what it does in every table, and commits only if that is what was approved.
import type { PostgresChange } from '../../../../policies/sql/change.ts';
import { type Counted, countedOf } from '../../impact.ts';
import { ToolProblem } from '../../serve.ts';
import { quoteName } from '../../sqlite.ts';
import { SET_ROWS_MAX, type TouchedRows } from '../rows.ts';
import type { Answer, Cell, Postgres, Session } from './connection.ts';
import { type TargetTable, tableName, targetOf } from './target.ts';

/** Rows the planner may expect before a change is only counted and not tried. */
const TRIED_ROWS_MAX = 50_000;
const COUNTED_ROWS_MAX = 1_000_000;
const KEY = 'perimeter_key';

export type Effects = {
  counted: Counted;
  /** `23 updated` by table. */
  notes: string[];
  /** Which rows of the target they were, where that can be told; of other tables only the number is known. */
  rows: TouchedRows | undefined;
  target: TargetTable;
  /** The keys of the first few rows that were there already. */
  first: Cell[][];
  /** What the statement itself returns. */
  result: Answer;
};

/**
 * Runs the statement and calls `settle` with what it did, inside the transaction: commit on true, roll back on false or when it throws.
 * With `tried` true, a statement that the planner expects to touch too many rows isn't run: then undefined. Throws ToolProblem.
 */
export async function runChange(
  database: Postgres,
  change: PostgresChange,
  values: readonly unknown[],
  ms: number,
  settle: (effects: Effects) => boolean,
  tried = false,
): Promise<Effects | undefined> {
  let effects: Effects | undefined;
  await database.transaction({ ms }, async (session) => {
    const target = await targetOf(session, change);
    if (!target) throw new ToolProblem(`there is no table \`${change.table.join('.')}\`: \`tables\` lists them`);
    if (tried && (await plannedRows(session, change, values)) > TRIED_ROWS_MAX) return false;
    const before = read(await session.kept('tally', TALLY));
    const identity = identityOf(change, target);
    const own = await session.run(identity.sql, values);
    await session.run('SET CONSTRAINTS ALL IMMEDIATE');
    const done = difference(before, read(await session.kept('tally', TALLY)));
    // a foreign table, or a server that doesn't keep count: a number nobody counted is no bound
    if (done.counted.total < (change.verb === 'merge' || target.key.length === 0 ? Math.min(own.count, 1) : own.count))
      throw new ToolProblem(
        'the server does not count changes of this table (a foreign table, or `track_counts` is off), so nothing was changed',
      );
    const told = identity.read(own);
    effects = { ...done, target, rows: rowsOf(told.rows, target, done.counted), first: told.first, result: told.result };
    return settle(effects);
  });
  return effects;
}

/** How many rows the planner expects the statement to touch; it reads no row (PostgreSQL manual, EXPLAIN). */
async function plannedRows(session: Session, change: PostgresChange, values: readonly unknown[]): Promise<number> {
  const { rows: [[text] = []] = [] } = await session.run(`EXPLAIN (FORMAT JSON) ${change.text}`, values);
  const plan = (JSON.parse(String(text)) as { Plan?: { 'Plan Rows'?: number; Plans?: { 'Plan Rows'?: number }[] } }[])[0]?.Plan;
  return Math.max(plan?.['Plan Rows'] ?? 0, ...(plan?.Plans ?? []).map((part) => part['Plan Rows'] ?? 0));
}

/** The direct rows of a statement too large to try: a plain count of the same predicate, up to a million. Undefined where that is not simple. */
export async function countDirect(
  database: Postgres,
  change: PostgresChange,
  values: readonly unknown[],
  ms: number,
): Promise<Counted | undefined> {
  if (change.compound || change.condition === undefined || values.length > 0) return undefined;
  const where = change.condition === '' ? '' : `WHERE ${change.condition}\n`;
  let counted: Counted | undefined;
  await database.transaction({ ms, readOnly: true }, async (session) => {
    const target = await targetOf(session, change);
    if (!target) return false;
    const { rows } = await session.run(
      `SELECT count(*) FROM (SELECT 1 FROM ${target.sql} AS ${quoteName(change.label)} ${where}LIMIT ${COUNTED_ROWS_MAX}) AS counted`,
    );
    counted = countedOf([[target.name, Number(rows[0]?.[0])]]);
    return false;
  });
  return counted;
}

type Tally = Map<string, { inserted: number; updated: number; deleted: number }>;

/** Counts of this transaction, by table. They may hold what earlier transactions have not handed in yet, so only differences mean anything. */
const TALLY =
  'SELECT schemaname::text, relname::text, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0';

function read({ rows }: Answer): Tally {
  return new Map(
    rows.map(([schema, name, inserted, updated, deleted]) => [
      tableName(String(schema), String(name)),
      { inserted: Number(inserted), updated: Number(updated), deleted: Number(deleted) },
    ]),
  );
}

function difference(before: Tally, after: Tally): { counted: Counted; notes: string[] } {
  const notes: string[] = [];
  const counts: [string, number][] = [];
  for (const [table, now] of [...after].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const was = before.get(table) ?? { inserted: 0, updated: 0, deleted: 0 };
    const parts = (['inserted', 'updated', 'deleted'] as const).flatMap((kind) =>
      now[kind] > was[kind] ? [`${now[kind] - was[kind]} ${kind}`] : [],
    );
    if (parts.length > 0) notes.push(`${table}: ${parts.join(', ')}`);
    counts.push([table, now.inserted + now.updated + now.deleted - was.inserted - was.updated - was.deleted]);
  }
  return { counted: countedOf(counts), notes };
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

/** Named rows of the target, and for every other change its number. Undefined above 10,000 rows. */
function rowsOf(named: string[] | undefined, target: TargetTable, { per_resource, total }: Counted): TouchedRows | undefined {
  if (total > SET_ROWS_MAX) return undefined;
  const own = new Set(named);
  return new Map(
    Object.entries(per_resource).map(([table, count]) => {
      const rows = table === target.name ? own : new Set<string>();
      return [table, { rows, unnamed: Math.max(0, count - rows.size) }];
    }),
  );
}
