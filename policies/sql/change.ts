// One PostgreSQL statement that changes rows, as far as counting and bounding it needs: its text, its target, and what it assigns.
import { parseSync, scanSync } from 'libpg-query';
import { functionEffect } from './functions.ts';
import { identifier } from './rewrite-spelling.ts';

export type PostgresChange = {
  /** The statement without what follows it; safe to add a clause to on a new line. */
  text: string;
  verb: 'insert' | 'update' | 'delete' | 'merge';
  /** The target's name in parts, as the catalog spells it. */
  table: string[];
  /** What the target is called inside the statement. */
  label: string;
  /** Columns that UPDATE or ON CONFLICT assigns. */
  assigned: string[];
  /** The columns INSERT names; undefined for all of them in order. */
  columns: string[] | undefined;
  /** Some value is left to the column's default. */
  defaults: boolean;
  /** It calls something that makes up another value each time. */
  madeUp: boolean;
  upsert: boolean;
  returning: boolean;
  /** The names of what RETURNING hands back; undefined where they are made up, or stand twice. */
  outputs: string[] | undefined;
  /** A WITH stands before it, or other tables take part. */
  compound: boolean;
  /** Its WITH holds a change of its own. */
  nested: boolean;
  /** The text of the condition of a plain UPDATE or DELETE, empty for all rows; undefined where it can't be cut out. */
  condition: string | undefined;
  /** The query an INSERT takes its rows from; undefined where it has none, or it can't be cut out. */
  source: string | undefined;
  /** How many rows an INSERT gives as values; undefined for anything else. */
  given: number | undefined;
  /** The highest `$n` in it. */
  parameters: number;
};

type Node = Record<string, unknown>;
const node = (value: unknown): Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {};
const list = (value: unknown): Node[] => (Array.isArray(value) ? value.map(node) : []);
const word = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const VERBS = { InsertStmt: 'insert', UpdateStmt: 'update', DeleteStmt: 'delete', MergeStmt: 'merge' } as const;

/** Reads a text that holds exactly one INSERT, UPDATE, DELETE or MERGE; undefined for anything else. The grammar must be loaded. */
export function readPostgresChange(sql: string): PostgresChange | undefined {
  let stmts: Node[];
  try {
    stmts = list((parseSync(sql) as unknown as Node).stmts);
  } catch {
    return undefined;
  }
  const [raw] = stmts;
  const [tag, content] = Object.entries(node(raw?.stmt))[0] ?? [];
  if (raw === undefined || stmts.length !== 1 || tag === undefined || !Object.hasOwn(VERBS, tag)) return undefined;
  const body = node(content);
  const relation = node(body.relation);
  const name = word(relation.relname);
  if (name === undefined) return undefined;
  const names = (targets: unknown) => list(targets).map((target) => word(node(target.ResTarget).name) ?? '*');
  const conflict = node(body.onConflictClause);
  const columns = tag === 'InsertStmt' ? names(body.cols) : [];
  const text = sliceOf(sql, raw);
  const select = node(node(body.selectStmt).SelectStmt);
  const values = list(select.valuesLists);
  const compound = body.withClause !== undefined || body.fromClause !== undefined || body.usingClause !== undefined;
  return {
    text,
    verb: VERBS[tag as keyof typeof VERBS],
    table: [relation.catalogname, relation.schemaname, name].flatMap((part) => word(part) ?? []),
    label: word(node(relation.alias).aliasname) ?? name,
    assigned: tag === 'UpdateStmt' ? names(body.targetList) : names(conflict.targetList),
    columns: columns.length > 0 ? columns : undefined,
    defaults: holds(body.selectStmt, 'SetToDefault') || (tag === 'InsertStmt' && body.selectStmt === undefined),
    madeUp: callsIn(body).some((name) => functionEffect(name, 'postgres').chance),
    upsert: conflict.action === 'ONCONFLICT_UPDATE',
    returning: body.returningClause !== undefined || body.returningList !== undefined,
    outputs: outputsOf(list(node(body.returningClause).exprs ?? body.returningList)),
    compound,
    nested: Object.keys(VERBS).some((one) => holds(body.withClause, one)),
    condition: compound || (tag !== 'UpdateStmt' && tag !== 'DeleteStmt') ? undefined : conditionIn(text),
    source: compound || values.length > 0 || select.op === undefined ? undefined : sourceIn(text),
    given: tag !== 'InsertStmt' ? undefined : body.selectStmt === undefined ? 1 : values.length > 0 ? values.length : undefined,
    parameters: parametersIn(body),
  };
}

function outputsOf(targets: Node[]): string[] | undefined {
  const names = targets.map((target) => {
    const { name, val } = node(target.ResTarget);
    return word(name) ?? word(node(list(node(node(val).ColumnRef).fields).at(-1)?.String).sval);
  });
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length && new Set(known).size === known.length ? known : undefined;
}

/** `stmt_location` and `stmt_len` count bytes; a length of zero means to the end. */
function sliceOf(sql: string, raw: Node): string {
  const bytes = new TextEncoder().encode(sql);
  const start = typeof raw.stmt_location === 'number' ? raw.stmt_location : 0;
  const length = typeof raw.stmt_len === 'number' && raw.stmt_len > 0 ? raw.stmt_len : bytes.length - start;
  return new TextDecoder().decode(bytes.subarray(start, start + length)).trim();
}

function holds(value: unknown, tag: string): boolean {
  if (Array.isArray(value)) return value.some((item) => holds(item, tag));
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.hasOwn(value, tag) || Object.values(value).some((item) => holds(item, tag)))
  );
}

/** A query with one row for each that the statement itself would touch (or at most so many); undefined where that is not simple. `target` as SQL names it. */
export function directRows({ condition, source, label }: PostgresChange, target: string): string | undefined {
  if (source !== undefined) return `SELECT 1 FROM (${source}\n) AS perimeter_source`;
  if (condition === undefined) return undefined;
  return `SELECT 1 FROM ${target} AS ${identifier(label)}${condition === '' ? '' : ` WHERE ${condition}\n`}`;
}

/** Conditions that use each `$n` of the statement which `text` doesn't: values are bound to all of them or to none. */
export function unusedValues({ parameters }: PostgresChange, text: string): string {
  const used = new Set(scanSync(text).tokens.map((token) => token.text));
  const all = Array.from({ length: parameters }, (_, index) => `$${index + 1}`);
  return all.map((one) => (used.has(one) ? '' : ` AND (${one}::text IS NULL OR true)`)).join('');
}

/** What stands between the outermost WHERE and RETURNING. */
function conditionIn(text: string): string | undefined {
  const words = outermost(text);
  const where = words?.find(({ word: one }) => one === 'where');
  if (words === undefined || where === undefined) return words && '';
  return cut(text, where.end, words.find(({ word: one }) => one === 'returning')?.start);
}

/** What stands between an INSERT's target and its ON CONFLICT or RETURNING. */
function sourceIn(text: string): string | undefined {
  const words = outermost(text) ?? [];
  const start = words.find(({ word: one }) => !BEFORE_SOURCE.has(one));
  if (start === undefined || !['select', 'table', 'with'].includes(start.word)) return undefined;
  const end = words.find(
    ({ word: one }, index) => one === 'returning' || (one === 'on' && words[index + 1]?.word === 'conflict'),
  );
  return cut(text, start.start, end?.start);
}

/** Keywords that stand outside of brackets before it. A name may be one of many others: then it can't be cut out. */
const BEFORE_SOURCE = new Set(['insert', 'into', 'as', 'overriding', 'system', 'user', 'value']);

/** Keywords that stand in no bracket, with where they are in bytes; undefined where the text can't be scanned. */
function outermost(text: string): { word: string; start: number; end: number }[] | undefined {
  let depth = 0;
  try {
    return scanSync(text).tokens.flatMap((token) => {
      if (token.text === '(') depth += 1;
      if (token.text === ')') depth -= 1;
      return depth > 0 || token.keywordKind === 0 ? [] : [{ word: token.text.toLowerCase(), start: token.start, end: token.end }];
    });
  } catch {
    return undefined;
  }
}

const cut = (text: string, from: number, to?: number) =>
  new TextDecoder().decode(new TextEncoder().encode(text).subarray(from, to)).trim();

function callsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(callsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { FuncCall } = value as Node;
  const parts = list(node(FuncCall).funcname).map((part) => word(node(part.String).sval) ?? '');
  const own = FuncCall === undefined ? [] : [(parts[0] === 'pg_catalog' ? parts.slice(1) : parts).join('.')];
  return [...own, ...Object.values(value).flatMap(callsIn)];
}

/** The highest `$n`. */
function parametersIn(value: unknown): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(parametersIn));
  if (typeof value !== 'object' || value === null) return 0;
  const { ParamRef } = value as Node;
  const own = ParamRef === undefined ? 0 : Number(node(ParamRef).number ?? 0);
  return Math.max(own, 0, ...Object.values(value).map(parametersIn));
}
