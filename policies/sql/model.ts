// A SQL statement as far as the guard cares: what it names, where, and in which scope. Every dialect's tree is translated into this.
import type { Verb } from '../types.ts';

export const SQL_KINDS = [
  'read',
  'insert',
  'update',
  'delete',
  'merge',
  'ddl',
  'role',
  'session',
  'file',
  'program',
  'procedure',
  'other',
] as const;
export type SqlKind = (typeof SQL_KINDS)[number];

/** A name in parts, outermost qualifier first, folded the way its dialect folds names. */
export type Name = readonly string[];

/** One thing an expression names. Operators and literals say nothing about access, so an expression is a flat list of these. */
export type Mention =
  | { is: 'column'; name: Name }
  /** `*` (of: []) or `t.*`. */
  | { is: 'star'; of: Name }
  | { is: 'call'; name: string }
  | { is: 'query'; query: Query }
  /** A side effect that the syntax itself has: a lock, an assignment, a file. */
  | { is: 'effect'; kind: SqlKind }
  /** Makes the number of rows differ from run to run. */
  | { is: 'chance' };

/** One output column; `name` is absent where the database makes one up. */
export type Output = { name?: string; mentions: Mention[] };

/** The label it goes by in scope, and new names for its columns. */
type Labelled = { as?: string | undefined; columns?: string[] | undefined };
export type Source =
  | ({ is: 'table'; name: Name } & Labelled)
  | ({ is: 'query'; query: Query; lateral: boolean } & Labelled)
  /** A function or anything else that makes rows; `outputs` are names of columns it is sure to have. */
  | ({ is: 'rows'; mentions: Mention[]; outputs: string[] } & Labelled)
  | ({ is: 'join'; of: Source[]; on: Mention[]; using: string[]; natural: boolean } & Labelled);

export type Select = {
  is: 'select';
  from: Source[];
  outputs: Output[];
  rest: Mention[];
};

/** A target of a write, with what is done to it. `columns` are those written; `*` stands for all. */
export type Target = { name: Name; as?: string; verbs: Verb[]; columns: string[] };

export type Write = {
  is: 'write';
  kinds: SqlKind[];
  targets: Target[];
  /** Other sources in scope; a target may be the label of one of them. */
  from: Source[];
  /** MySQL's joined UPDATE: the columns set choose the targets among `from`. */
  spread: Name[];
  /** Rows to insert, from a scope of their own. */
  rows?: Query;
  /** New values: they change what is written, not how many rows. */
  values: Mention[];
  /** What chooses the rows. */
  where: Mention[];
  /** What is handed back to the caller; any of it is a read of the target. */
  returning: Mention[];
  /** Names such as `excluded` or `inserted` that stand for the target's rows. */
  pseudo: string[];
};

export type Cte = { name: string; query: Query; columns?: string[] };
export type Query = {
  ctes: Cte[];
  /** Which CTE names a CTE body sees: those before it, itself too, or all of them. */
  sees: 'earlier' | 'self' | 'all';
  body: (Select | Write | Query)[];
  /** Sort keys; a bare name is an output's name first. */
  order: { bare?: string; mentions: Mention[] }[];
  rest: Mention[];
};

export type Statement =
  | { is: 'query'; query: Query }
  /** Anything that isn't a query or a write: an execute, whatever it is called. */
  | { is: 'command'; kinds: SqlKind[]; tables: Name[]; queries: Query[]; problem?: string }
  /** TRUNCATE: it deletes, but never inside a count. */
  | { is: 'truncate'; tables: Name[]; cascades: boolean }
  /** Looks at definitions only. */
  | { is: 'describe'; tables: Name[] }
  | { is: 'explain'; of: Statement; runs: boolean };

export const isQuery = (body: Select | Write | Query): body is Query => !('is' in body);

/** Whether no part of the query's outermost level writes. */
export function onlySelects(query: Query): boolean {
  return query.body.every((body) => (isQuery(body) ? onlySelects(body) : body.is === 'select'));
}

/** Whether the query hands out rows of its own. */
export function selects(query: Query): boolean {
  return query.body.some((body) => (isQuery(body) ? selects(body) : body.is === 'select'));
}

/** A query around one body, without anything else. */
export function plainQuery(...body: Query['body']): Query {
  return { ctes: [], sees: 'earlier', body, order: [], rest: [] };
}

/** A statement the guard can't read: it counts as doing anything. */
export function unreadable(problem: string, kinds: readonly SqlKind[] = [], tables: Name[] = []): Statement {
  return { is: 'command', kinds: [...new Set<SqlKind>(['other', ...kinds])], tables, queries: [], problem };
}
