// Counting and bounding through somebody else's PostgreSQL tool: the guard rewrites the statement, and the database does the rest. No credentials of our own.
import { randomBytes } from 'node:crypto';
import { type PostgresChange, readPostgresChange } from '../policies/sql/change.ts';
import { boundBlock, previewBlock, probeBlock, type RewriteSet, readRaised } from '../policies/sql/rewrite.ts';
import type { ToolBinding } from '../policies/types.ts';
import { definitionDigest } from './catalog.ts';
import type { Downstream, ForwardOptions, ToolDefinition, ToolResult } from './ports.ts';

/** A tool whose binding says `sql: { …, rewrite: true }`, and the argument its statement is in. */
export type Rewritable = { argument: string };

/** How a tool may be rewritten, by its binding; only PostgreSQL, and only where the statement is an argument by itself. */
export function rewritable(tool: ToolBinding | undefined): Rewritable | undefined {
  const { sql } = tool ?? {};
  return sql?.rewrite === true && sql.dialect === 'postgres' && !/[.[\]]/.test(sql.statement)
    ? { argument: sql.statement }
    : undefined;
}

type Asked = { downstream: Downstream; definition: ToolDefinition; args: Record<string, unknown>; rewrite: Rewritable };
/** The approved effect, as `_meta["perimeter/bound"]` would have it. */
type Bound = { total: number; per_resource: Record<string, number>; sets?: unknown[] };

export type Rewriting = {
  /** What a change would do, in the form of a preview of the impact convention; undefined when it can't be told. */
  preview(asked: Asked, options: Omit<ForwardOptions, 'progress'>): Promise<Record<string, unknown> | undefined>;
};

/** Each tool is tried once with a block that changes nothing: only one that hands the numbers back is rewritten for. */
export function createRewriting({ log }: { log: (line: string) => void }): Rewriting {
  const tried = new WeakMap<Downstream, Map<string, Promise<boolean>>>();

  async function answers(
    { downstream, definition, args, rewrite }: Asked,
    options: Omit<ForwardOptions, 'progress'>,
  ): Promise<boolean> {
    const nonce = word();
    const result = await downstream.call(definition.name, { ...args, [rewrite.argument]: probeBlock(nonce) }, options);
    const works = readRaised(JSON.stringify(result), nonce)?.direct === 0;
    if (!works)
      log(
        `note: ${downstream.entry.name}/${definition.name} does not run rewritten statements, so what it would change stays unknown`,
      );
    return works;
  }

  function usable(asked: Asked, options: Omit<ForwardOptions, 'progress'>): Promise<boolean> {
    const known = tried.get(asked.downstream) ?? new Map<string, Promise<boolean>>();
    tried.set(asked.downstream, known);
    const key = definitionDigest(asked.definition);
    const answer = known.get(key) ?? answers(asked, options);
    known.set(key, answer);
    // a check that could not be made says nothing about the next one
    answer.catch(() => known.delete(key));
    return answer;
  }

  return {
    async preview(asked, options) {
      const change = changeIn(asked.args, asked.rewrite);
      if (!change || !(await usable(asked, options))) return undefined;
      const nonce = word();
      const salt = word();
      const result = await asked.downstream.call(
        asked.definition.name,
        { ...asked.args, [asked.rewrite.argument]: previewBlock(change, nonce, salt) },
        options,
      );
      const found = readRaised(JSON.stringify(result), nonce);
      const total = Object.values(found?.counts ?? {}).reduce((sum, count) => sum + count, 0);
      // fewer counted than changed: a foreign table, or nobody counts there
      if (!found || total < found.direct) return undefined;
      return {
        total,
        per_resource: found.counts,
        strength: 'rewritten',
        ...(found.rows ? { set: { salt, rows: found.rows } satisfies RewriteSet } : {}),
      };
    },
  };
}

/** The arguments of a call that commits only inside the bound, and how to tell from its answer that it did not. Undefined when there is no such form. */
export function rewritten(
  args: Record<string, unknown>,
  rewrite: Rewritable,
  bound: Bound,
): { args: Record<string, unknown>; outside(result: ToolResult): boolean } | undefined {
  const change = changeIn(args, rewrite);
  const sets = bound.sets?.filter(
    (one): one is RewriteSet => typeof one === 'object' && one !== null && 'salt' in one && 'rows' in one,
  );
  if (!change || sets?.length !== bound.sets?.length) return undefined;
  const nonce = word();
  const sql = boundBlock(change, nonce, { total: bound.total, per_resource: bound.per_resource, ...(sets ? { sets } : {}) });
  return {
    args: { ...args, [rewrite.argument]: sql },
    outside: (result) => readRaised(JSON.stringify(result), nonce) !== undefined,
  };
}

/** One change without bound values, and nothing to hand back: a DO block can do neither. */
function changeIn(args: Record<string, unknown>, { argument }: Rewritable): PostgresChange | undefined {
  const statement = args[argument];
  const change = typeof statement === 'string' ? readPostgresChange(statement) : undefined;
  return change && change.parameters === 0 && !change.returning ? change : undefined;
}

/** A word nobody can guess, of letters and digits only, that begins with a letter. */
const word = () => `p${randomBytes(12).toString('hex')}`;
