// Bounds a SQLite or MySQL change by a count in its own condition, for tools that take any SQL and promise nothing: only its direct rows are counted and held.
import { isSymbol, statementsOf, type Token, tokenize, wordAt } from './tokens.ts';
import { nameAt } from './words.ts';

type Dialect = 'sqlite' | 'mysql';
/** One plain UPDATE or DELETE, cut at its condition; or one INSERT of so many rows given as values. */
export type ConditionChange = { table: string } & (
  | { rows: number; text: string }
  /** `source` is the target with its label; `head` ends before WHERE, `tail` begins behind the condition. */
  | { source: string; head: string; condition: string | undefined; tail: string }
);

/** Words that, outside of brackets, make a statement more than one table's rows by one condition. */
const MORE = new Set([
  'from',
  'join',
  'using',
  'order',
  'limit',
  'straight_join',
  'natural',
  'cross',
  'window',
  'partition',
  'for',
]);

/** Reads a text that is exactly one such change; undefined for anything else, and for values bound to it. */
export function readConditionChange(sql: string, dialect: Dialect): ConditionChange | undefined {
  const { tokens, problem, conditional } = tokenize(sql, dialect);
  const [statement, ...others] = problem === undefined && conditional === 0 ? statementsOf(tokens) : [];
  if (!statement || others.length > 0 || statement.some(({ kind }) => kind === 'param' || kind === 'variable')) return undefined;
  const first = wordAt(statement, 0);
  if (first === 'insert') return inserted(statement, sql);
  const start = first === 'update' ? 1 : first === 'delete' && wordAt(statement, 1) === 'from' ? 2 : undefined;
  if (start === undefined) return undefined;
  const { name, end: afterName } = nameAt(statement, start);
  const end = afterLabel(statement, afterName);
  const next = wordAt(statement, end);
  if (
    name.length === 0 ||
    (first === 'update' ? next !== 'set' : end < statement.length && next !== 'where' && next !== 'returning')
  )
    return undefined;
  const places = outside(statement, end);
  if (places.some((at) => MORE.has(wordAt(statement, at)))) return undefined;
  const where = places.find((at) => wordAt(statement, at) === 'where');
  const returning = places.find((at) => wordAt(statement, at) === 'returning') ?? statement.length;
  const slice = (from: number, to: number) => sql.slice(statement[from]?.from, statement[to - 1]?.to);
  return {
    table: name.join('.'),
    source: slice(start, end),
    head: slice(0, where ?? returning),
    condition: where === undefined ? undefined : slice(where + 1, returning),
    tail: returning === statement.length ? '' : slice(returning, statement.length),
  };
}

/** How many direct rows it has now, as a query whose answer stands behind `nonce`; undefined where the statement says it itself. */
export function countQuery(change: ConditionChange, dialect: Dialect, nonce: string): string | undefined {
  if ('rows' in change) return undefined;
  const count = dialect === 'mysql' ? `concat('${nonce}:', count(*), '.')` : `'${nonce}:' || count(*) || '.'`;
  return `SELECT ${count} AS counted FROM ${change.source}${whereOf(change.condition)}`;
}

/** The same for a condition that no row meets. */
export function probeCount(dialect: Dialect, nonce: string): string {
  const count = dialect === 'mysql' ? `concat('${nonce}:', count(*), '.')` : `'${nonce}:' || count(*) || '.'`;
  return `SELECT ${count} AS counted FROM (SELECT 1) AS perimeter_none WHERE 1 = 0`;
}

/** What `countQuery` found, in whatever text a tool answered with. */
export function readCounted(text: string, nonce: string): number | undefined {
  const [, digits] = new RegExp(`${nonce}:(\\d{1,15})\\.`).exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The statement with a further condition: it changes nothing when it would have more than `most` direct rows. Undefined for an INSERT of more. */
export function boundStatement(change: ConditionChange, dialect: Dialect, most: number): string | undefined {
  if ('rows' in change) return change.rows <= most ? change.text : undefined;
  const { source, head, condition, tail } = change;
  const rows = `FROM ${source}${whereOf(condition)}`;
  // MySQL reads the table it changes only through a table of its own making
  const count =
    dialect === 'mysql' ? `(SELECT n FROM (SELECT count(*) AS n ${rows}) AS perimeter_counted)` : `(SELECT count(*) ${rows})`;
  const own = condition === undefined ? '' : `(${condition}\n) AND `;
  return `${head}\nWHERE ${own}${count} <= ${most}${tail === '' ? '' : `\n${tail}`}`;
}

const whereOf = (condition: string | undefined) => (condition === undefined ? '' : ` WHERE ${condition}\n`);

/** The index behind a label such as `AS c`. */
function afterLabel(tokens: readonly Token[], at: number): number {
  const word = wordAt(tokens, at);
  if (word === 'as') return at + 2;
  const label = tokens[at]?.kind === 'name' || (tokens[at]?.kind === 'word' && !['set', 'where', 'returning'].includes(word));
  return label && !MORE.has(word) ? at + 1 : at;
}

/** The places from `from` on that stand in no bracket. */
function outside(tokens: readonly Token[], from: number): number[] {
  let depth = 0;
  return tokens.flatMap((_, at) => {
    if (at < from) return [];
    if (isSymbol(tokens, at, '(')) depth += 1;
    if (isSymbol(tokens, at, ')')) depth -= 1;
    return depth === 0 ? [at] : [];
  });
}

/** `INSERT INTO t (…) VALUES (…), (…)` and nothing else: as many rows as there are brackets. */
function inserted(tokens: readonly Token[], text: string): ConditionChange | undefined {
  if (wordAt(tokens, 1) !== 'into') return undefined;
  const { name, end } = nameAt(tokens, 2);
  const places = outside(tokens, end);
  const values = places.find((at) => wordAt(tokens, at) === 'values');
  const words = places.filter((at) => tokens[at]!.kind !== 'symbol');
  if (name.length === 0 || values === undefined || words.length !== 1) return undefined;
  const rows = tokens.filter((_, at) => at > values && isSymbol(tokens, at, '(') && places.includes(at - 1)).length;
  return { table: name.join('.'), rows, text };
}
