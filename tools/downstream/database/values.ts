// Rows as JSON: big integers exact, BLOBs by their length, long results cut and said to be cut.
import type { SqlValue, Statement } from '../sqlite.ts';

const ROWS_MAX = 500;
const RESULT_CHARS_MAX = 1_000_000;
const CELL_CHARS_MAX = 100_000;

type JsonCell = string | number | boolean | null | { $blob: number };
export type Row = Record<string, JsonCell>;
/** `truncated` when rows or parts of cells were left out. */
export type Rows = { rows: Row[]; truncated: boolean };

/** What to do with rows beyond the caps: stop reading (a query), or run on without keeping them (a change). */
export type Beyond = 'stop' | 'run on';

/** Collects the rows of a statement up to 500 rows or about 1 MB. `each` is called for every row, also for those not kept. */
export function collectRows(statement: Statement, params: readonly SqlValue[], beyond: Beyond, each: () => void): Rows {
  return collect(statement.columns, statement.rows(params), beyond, each);
}

/** The same for rows that come from anywhere. */
export function collect(
  columns: readonly string[],
  from: Iterable<readonly (SqlValue | boolean)[]>,
  beyond: Beyond,
  each: () => void,
): Rows {
  const names = distinctNames(columns);
  const rows: Row[] = [];
  let size = 0;
  let truncated = false;
  for (const cells of from) {
    each();
    const full = rows.length >= ROWS_MAX || size >= RESULT_CHARS_MAX;
    if (full) truncated = true;
    if (full && beyond === 'stop') break;
    if (full) continue;
    const row = Object.fromEntries(names.map((name, index) => [name, jsonOf(cells[index] ?? null)]));
    size += JSON.stringify(row).length;
    truncated ||= cells.some((cell) => typeof cell === 'string' && cell.length > CELL_CHARS_MAX);
    rows.push(row);
  }
  return { rows, truncated };
}

/** A number that JSON carries exactly stays a number; others become strings. A BLOB is `{"$blob": bytes}`. */
function jsonOf(value: SqlValue | boolean): JsonCell {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') return value.length > CELL_CHARS_MAX ? value.slice(0, CELL_CHARS_MAX) : value;
  return value === null ? null : { $blob: value.byteLength };
}

/** Column names as keys: a second `id` becomes `id_2`, and a name JSON readers stumble over gets another. */
function distinctNames(columns: readonly string[]): string[] {
  const taken = new Set<string>(['__proto__']);
  return columns.map((column) => {
    let name = column;
    for (let count = 2; taken.has(name); count += 1) name = `${column}_${count}`;
    taken.add(name);
    return name;
  });
}
