// Runs one changing statement in a transaction, counts what it does, and commits only if that is what was approved.
import { type Counted, countedOf } from '../impact.ts';
import { ToolProblem } from '../serve.ts';
import type { Access, SqlValue, Statement } from '../sqlite.ts';
import { type Effects, lower } from './effects.ts';
import { type DatabaseFile, UPKEEP_PRAGMAS, type Writer } from './file.ts';
import type { Scanned } from './statement.ts';
import { collectRows, type Rows } from './values.ts';

/** How long a change may take and how many row changes it may make before it is stopped and taken back. */
export type Patience = { ms: number; changes?: number };
/** `stopped` when the limit of row changes was reached: then the effects are only what was seen until there. */
export type Change = { effects: Effects; result: Rows; stopped: boolean };

/**
 * Runs the statement and calls `settle` with what it did, inside the transaction: commit on true, roll back on false or when it throws.
 * With `identify` above zero the effects also tell which rows, if they are not more than that. Throws ToolProblem, and then nothing has changed.
 */
export function runChange(
  file: DatabaseFile,
  scanned: Scanned,
  values: readonly SqlValue[],
  patience: Patience,
  settle: (effects: Effects, writer: Writer) => boolean,
  identify = 0,
): Promise<Change> {
  return file.writing((writer) => {
    const { database, counter } = writer;
    const watch = watchOf(patience);
    counter.onChange = watch.tick;
    try {
      const { statement, written } = prepareChange(writer, scanned);
      const count = counter.begin(scanned.replaces || counter.schemaReplaces ? written : [], identify);
      const result = collectRows(statement, values, 'run on', () => {});
      database.authorize(undefined);
      const effects = count();
      if (settle(effects, writer)) database.exec('COMMIT');
      return { effects, result, stopped: false };
    } catch (error) {
      if (watch.stopped() === 'changes') return { effects: watch.seen(), result: { rows: [], truncated: false }, stopped: true };
      if (watch.stopped() === undefined) throw error;
      throw new ToolProblem(`this takes longer than ${patience.ms / 1_000} s, so nothing was changed: do it in smaller steps`);
    }
  });
}

/** The records touched, table by table. */
export function countedBy(effects: Effects): Counted {
  return countedOf(effects.tables.map(({ table, records }) => [table, records] as const));
}

/** Compiles the statement while the engine tells what it is going to do, and refuses anything but changing rows of the file's own tables. */
function prepareChange({ database, counter }: Writer, scanned: Scanned): { statement: Statement; written: string[] } {
  const written = new Set<string>();
  let compiled = false;
  let direct = false;
  let refused: string | undefined;
  database.authorize((access) => {
    // While it runs, the only statements compiled are those of virtual tables that keep themselves up.
    if (compiled && isUpkeep(access, counter.virtual)) return true;
    const problem = objection(access, counter.mark, counter.virtual);
    refused ??= problem;
    if (problem !== undefined) return false;
    if (changes(access) && access.database === 'main') {
      direct ||= access.inside === null;
      written.add(access.name);
    }
    return true;
  });
  // A refusal has to be told in our words, whatever the engine makes of it.
  let statement: Statement;
  try {
    statement = database.prepare(scanned.text);
  } catch (error) {
    if (refused !== undefined) throw new ToolProblem(refused);
    throw error;
  }
  compiled = true;
  if (!direct) throw new ToolProblem('this statement changes nothing: use `query` to read');
  return { statement, written: [...written] };
}

/** Why an access isn't allowed in a changing statement, or undefined. */
function objection(access: Access, mark: string, virtual: ReadonlySet<string>): string | undefined {
  const { action, name, database, inside } = access;
  if (action === 'other' || action === 'pragma') return 'only INSERT, UPDATE, DELETE and REPLACE of rows are allowed here';
  if (inside?.startsWith(mark)) return undefined;
  if (action === 'function' && (lower(name) === 'load_extension' || lower(name).startsWith(mark)))
    return `the function \`${name}\` is not allowed here: leave it out`;
  if (database !== null && database !== 'main') return `\`${name}\` is not a table of this database`;
  if (!changes(access) || inside !== null) return undefined;
  if (lower(name).startsWith('sqlite_')) return `\`${name}\` belongs to SQLite itself and is not changed here`;
  if (virtual.has(lower(name)))
    return `\`${name}\` is a virtual table, so a change in it can't be counted: change the table it is made from`;
  return undefined;
}

/** What a full-text or other virtual table does to its own tables. */
function isUpkeep(access: Access, virtual: ReadonlySet<string>): boolean {
  if (access.action === 'pragma') return UPKEEP_PRAGMAS.includes(access.name);
  return changes(access) && access.database === 'main' && virtual.has(lower(access.name));
}

function changes({ action }: Access): boolean {
  return action === 'insert' || action === 'update' || action === 'delete';
}

type Watch = {
  tick(table: string): void;
  stopped(): 'changes' | 'time' | undefined;
  /** What was seen until it was stopped, each change counted as one record. */
  seen(): Effects;
};

function watchOf(patience: Patience): Watch {
  const until = performance.now() + patience.ms;
  const perTable = new Map<string, number>();
  let total = 0;
  let reason: 'changes' | 'time' | undefined;
  const stop = (why: 'changes' | 'time') => {
    reason = why;
    throw new Error(why);
  };
  return {
    tick(table) {
      if (total >= (patience.changes ?? Number.POSITIVE_INFINITY)) stop('changes');
      total += 1;
      perTable.set(table, (perTable.get(table) ?? 0) + 1);
      if (total % 256 === 0 && performance.now() > until) stop('time');
    },
    stopped: () => reason,
    seen: () => ({
      tables: [...perTable].map(([table, records]) => ({ table, records, inserted: 0, updated: 0, deleted: 0, replaced: 0 })),
      unseen: 0,
    }),
  };
}
