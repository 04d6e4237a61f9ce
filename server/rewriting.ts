// Counting and bounding through somebody else's SQL tool: the guard rewrites the statement, and the database does the rest. No credentials of our own.
import { randomBytes } from 'node:crypto';
import { type PostgresChange, readPostgresChange } from '../policies/sql/change.ts';
import { boundStatement, countQuery, probeCount, readConditionChange, readCounted } from '../policies/sql/condition.ts';
import { boundBlock, previewBlock, probeBlock, type RewriteCount, type RewriteSet, readRaised } from '../policies/sql/rewrite.ts';
import { gateQuery } from '../policies/sql/rewrite-limit.ts';
import { boundQuery, carries, previewQuery, probeQuery } from '../policies/sql/rewrite-query.ts';
import type { ToolBinding } from '../policies/types.ts';
import { definitionDigest } from './catalog.ts';
import type { Downstream, ForwardOptions, ToolDefinition, ToolResult } from './ports.ts';

/** A tool whose binding says `sql: { …, rewrite: true }`: the argument its statement is in, and where to count by reading. */
export type Rewritable = {
  argument: string;
  dialect: 'postgres' | 'sqlite' | 'mysql';
  counts?: { tool: string; statement: string };
};
/** A `DO` block, a query around the change, or a condition more. */
export type Form = 'block' | 'query' | 'condition';

/** How a tool may be rewritten, by its binding, where the statement is an argument by itself. */
export function rewritable(tool: ToolBinding | undefined): Rewritable | undefined {
  const { sql } = tool ?? {};
  if (sql?.rewrite !== true || sql.dialect === 'mssql' || /[.[\]]/.test(sql.statement)) return undefined;
  return { argument: sql.statement, dialect: sql.dialect, ...(sql.counts ? { counts: sql.counts } : {}) };
}

type Options = Omit<ForwardOptions, 'progress'>;
type Asked = { downstream: Downstream; definition: ToolDefinition; args: Record<string, unknown>; rewrite: Rewritable };
/** The approved effect, as `_meta["perimeter/bound"]` would have it. */
type Bound = { total: number; per_resource: Record<string, number>; sets?: unknown[] };
/** The set of one preview; `direct` where what follows from its rows was not counted. */
type Set = RewriteSet & { direct?: boolean };
export type Rewriting = {
  /** What a change would do, in the form of a preview of the impact convention; undefined when it can't be told. */
  preview(asked: Asked, options: Options): Promise<{ content: Record<string, unknown>; form: Form } | undefined>;
  /** The forms in which a tool may be rewritten, each tried once. Throws where that could not be tried. */
  forms(asked: Omit<Asked, 'args'>, options: Options): Promise<Form[]>;
  /** It was started anew, or offers other tools: what was tried of it counts no more. */
  forget(downstream: Downstream): void;
};

/** Each tool is tried once in each form with a statement that no row meets: only one that hands the numbers back is rewritten for. Changes of more than `rows` rows are not tried. */
export function createRewriting({ log, rows }: { log: (line: string) => void; rows: number }): Rewriting {
  const tried = new WeakMap<Downstream, Map<string, Promise<boolean>>>();
  /** What is being tried at the start: previews wait for it. */
  const checking = new WeakMap<Downstream, Promise<void>>();

  async function answers(form: Form, asked: Asked, options: Options): Promise<boolean> {
    const nonce = word();
    const { downstream, definition, rewrite } = asked;
    let works: boolean;
    if (form === 'condition') {
      const query = probeCount(rewrite.dialect === 'mysql' ? 'mysql' : 'sqlite', nonce);
      works = readCounted(await answerOf(asked, query, options, true), nonce) === 0;
    } else {
      const said = await answerOf(asked, form === 'block' ? probeBlock(nonce) : probeQuery(nonce), options);
      works = readRaised(said, nonce)?.direct === 0;
    }
    if (!works) log(`note: ${downstream.entry.name}/${definition.name} does not run ${FORMS[form]}`);
    return works;
  }

  function usable(form: Form, asked: Asked, options: Options): Promise<boolean> {
    const known = tried.get(asked.downstream) ?? new Map<string, Promise<boolean>>();
    tried.set(asked.downstream, known);
    const key = `${form} ${definitionDigest(asked.definition)}`;
    const answer = known.get(key) ?? answers(form, asked, options);
    known.set(key, answer);
    // a check that could not be made says nothing about the next one
    answer.catch(() => known.delete(key));
    return answer;
  }

  /** A query can't ask before it changes, so it is asked in one of its own. */
  async function queried(
    change: PostgresChange,
    salt: string,
    asked: Asked,
    options: Options,
  ): Promise<RewriteCount | undefined> {
    const [nonce, first] = [word(), word()];
    const gate = readRaised(await answerOf(asked, gateQuery(change, first, rows), options), first);
    if (!gate || gate.large) return gate;
    return readRaised(await answerOf(asked, previewQuery(change, nonce, salt), options), nonce);
  }

  async function raised(form: 'block' | 'query', change: PostgresChange, asked: Asked, options: Options) {
    const [nonce, salt] = [word(), word()];
    const found =
      form === 'block'
        ? readRaised(await answerOf(asked, previewBlock(change, nonce, salt, rows), options), nonce)
        : await queried(change, salt, asked, options);
    const total = Object.values(found?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    // fewer counted than changed: a foreign table, or nobody counts there
    if (!found || total < found.direct) return undefined;
    // nobody knows how many more: then it is unknown
    if (found.large)
      return total === 0 ? undefined : { total, per_resource: found.counts, strength: 'estimated', more: true, direct: true };
    const direct = found.follows ? { direct: true } : {};
    const set = found.rows && ({ salt, rows: found.rows, ...direct } satisfies Set);
    return { total, per_resource: found.counts, strength: 'rewritten', ...direct, ...(set ? { set } : {}) };
  }

  async function counted(asked: Asked, options: Options) {
    const { rewrite, args } = asked;
    const dialect = rewrite.dialect === 'mysql' ? 'mysql' : 'sqlite';
    const statement = args[rewrite.argument];
    const change = typeof statement === 'string' ? readConditionChange(statement, dialect) : undefined;
    if (!change || !(await usable('condition', asked, options))) return undefined;
    const nonce = word();
    const query = countQuery(change, dialect, nonce);
    const total =
      query === undefined
        ? 'rows' in change
          ? change.rows
          : undefined
        : readCounted(await answerOf(asked, query, options, true), nonce);
    return total === undefined
      ? undefined
      : { total, per_resource: total === 0 ? {} : { [change.table]: total }, strength: 'rewritten', direct: true };
  }

  /** One after the other: some servers share a connection between calls. */
  async function formsOf(asked: Asked, options: Options): Promise<Form[]> {
    const forms: Form[] = asked.rewrite.dialect === 'postgres' ? ['block', 'query'] : ['condition'];
    const good: Form[] = [];
    for (const form of forms) if (await usable(form, asked, options)) good.push(form);
    return good;
  }

  return {
    forms(asked, options) {
      const before = checking.get(asked.downstream) ?? Promise.resolve();
      const all = before.then(() => formsOf({ ...asked, args: {} }, options));
      checking.set(
        asked.downstream,
        all.then(
          () => undefined,
          () => undefined,
        ),
      );
      return all;
    },
    forget(downstream) {
      tried.delete(downstream);
      checking.delete(downstream);
    },
    async preview(asked, options) {
      await checking.get(asked.downstream);
      if (asked.rewrite.dialect !== 'postgres') {
        const content = await counted(asked, options);
        return content && { content, form: 'condition' };
      }
      const change = changeIn(asked.args, asked.rewrite);
      for (const form of change ? formsFor(change) : []) {
        if (!(await usable(form, asked, options))) continue;
        const content = await raised(form, change!, asked, options);
        return content && { content, form };
      }
      return undefined;
    },
  };
}

const FORMS: Record<Form, string> = {
  block: 'statements rewritten as a block',
  query: 'statements rewritten as a query',
  condition: 'a count of rows, so what it would change stays unknown',
};

/** What a tool answers to a statement in place of the agent's, as one text; `reading` asks the tool that reads. */
async function answerOf(
  { downstream, definition, args, rewrite }: Asked,
  sql: string,
  options: Options,
  reading = false,
): Promise<string> {
  const other = reading ? rewrite.counts : undefined;
  const result = other
    ? await downstream.call(other.tool, { [other.statement]: sql }, options)
    : await downstream.call(definition.name, { ...args, [rewrite.argument]: sql }, options);
  return JSON.stringify(result);
}

/** The arguments of a call that commits only inside the bound, and how to tell from its answer that it did not. Undefined when there is no such form. */
export function rewritten(
  args: Record<string, unknown>,
  rewrite: Rewritable,
  bound: Bound,
  form: Form,
  direct: boolean,
): { args: Record<string, unknown>; outside(result: ToolResult): boolean } | undefined {
  const replaced = (sql: string) => ({ ...args, [rewrite.argument]: sql });
  if (form === 'condition') {
    const dialect = rewrite.dialect === 'mysql' ? 'mysql' : 'sqlite';
    const change = readConditionChange(String(args[rewrite.argument]), dialect);
    const most = change && Math.min(bound.total, bound.per_resource[change.table] ?? 0);
    const sql = change && most !== undefined ? boundStatement(change, dialect, most) : undefined;
    // then it changes no row, and the tool's own answer says so
    return sql === undefined ? undefined : { args: replaced(sql), outside: () => false };
  }
  const change = changeIn(args, rewrite);
  const sets = bound.sets?.filter((one): one is Set => typeof one === 'object' && one !== null && 'salt' in one && 'rows' in one);
  if (!change || sets?.length !== bound.sets?.length) return undefined;
  const nonce = word();
  const held = {
    total: bound.total,
    per_resource: bound.per_resource,
    direct: sets ? sets.every((set) => set.direct === true) : direct,
    ...(sets ? { sets } : {}),
  };
  return {
    args: replaced((form === 'block' ? boundBlock : boundQuery)(change, nonce, held)),
    outside: (result) => readRaised(JSON.stringify(result), nonce) !== undefined,
  };
}

function changeIn(args: Record<string, unknown>, { argument }: Rewritable): PostgresChange | undefined {
  const statement = args[argument];
  return typeof statement === 'string' ? readPostgresChange(statement) : undefined;
}

/** A block counts everything, but hands nothing back and takes no bound values; a query does both, and counts the direct rows. */
function formsFor(change: PostgresChange): ('block' | 'query')[] {
  const block = change.parameters === 0 && !change.returning ? (['block'] as const) : [];
  return carries(change) ? [...block, 'query'] : [...block];
}

/** A word nobody can guess, of letters and digits only, that begins with a letter. */
const word = () => `p${randomBytes(12).toString('hex')}`;
