// The database tools that change rows: execute, and the preview that does the same and takes it back.
import {
  actualMeta,
  type Bound,
  boundOf,
  type Counted,
  dryRunRows,
  keepInside,
  outside,
  PREVIEW_OUTPUT,
  type Preview,
} from '../impact.ts';
import { type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { countedBy, type Patience, runChange } from './change.ts';
import { type Effects, lower, type TableEffect } from './effects.ts';
import type { DatabaseFile, Writer } from './file.ts';
import { countPlainly } from './plainly.ts';
import { SQL_INPUT } from './reading.ts';
import { type RowSet, SET_ROWS_MAX, setOf, strangers, type TouchedRows, unnamedIn } from './rows.ts';
import { boundValues, type Param, type Scanned, scanStatement } from './statement.ts';
import { collectRows, type Row } from './values.ts';

const EXECUTE_PATIENCE: Patience = { ms: 30_000 };
const PREVIEW_MS = 5_000;
const SAMPLES_MAX = 3;
const SAMPLED_TABLES_MAX = 5;
const KEYWORDS = ['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH'];

export function writingTools(file: DatabaseFile): BundledTool[] {
  return [
    bundledTool({
      name: 'execute',
      title: 'Change rows with SQL',
      description:
        'Runs one INSERT, UPDATE, DELETE or REPLACE in a transaction and says how many records changed in each table, cascades and triggers included.',
      input: SQL_INPUT,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
      impact: { preview: 'preview', unit: 'records', bound: true },
      run: async ({ sql, params }, { meta }) => {
        const bound = boundOf(meta);
        const scanned = changing(sql);
        const { effects, result } = await runChange(
          file,
          scanned,
          boundValues(scanned, params ?? []),
          EXECUTE_PATIENCE,
          (done, { counter }) => {
            if (bound) keepWithin(bound, done, counter.form);
            return true;
          },
          bound?.sets === undefined ? 0 : SET_ROWS_MAX,
        );
        const counted = countedBy(effects);
        const returned = result.rows.length > 0 ? { rows: result.rows, truncated: result.truncated } : {};
        const structured = { records: counted.total, tables: effects.tables, ...returned };
        return { text: JSON.stringify(structured), structured, meta: actualMeta(counted, 'records') };
      },
    }),
    bundledTool({
      name: 'preview',
      title: 'Count what a change would do',
      description: 'Counts the records an `execute` with the same arguments would change, table by table, and changes nothing.',
      input: SQL_INPUT,
      output: PREVIEW_OUTPUT,
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      run: async ({ sql, params }, { meta }) => {
        const preview = await previewChange(file, sql, params ?? [], dryRunRows(meta));
        return { text: JSON.stringify(preview), structured: preview };
      },
    }),
  ];
}

/** Throws ToolProblem unless the counts, and the rows where they were approved one by one, lie inside the bound. */
function keepWithin(bound: Bound, done: Effects, form: Writer['counter']['form']): void {
  const counted = countedBy(done);
  keepInside(bound, counted, lower);
  if (bound.sets === undefined) return;
  if (done.rows === undefined) throw outside('its rows can not be told one by one, and they were approved one by one', counted);
  const found = Object.entries(strangers(bound.sets, done.rows, form));
  if (found.length > 0)
    throw outside(
      found.map(([table, count]) => `${count} of the rows in \`${table}\` are not those that were approved`).join(', '),
      counted,
    );
}

async function previewChange(file: DatabaseFile, sql: string, params: readonly Param[], most: number): Promise<Preview> {
  const scanned = changing(sql);
  let set: RowSet | undefined;
  let loose: string[] = [];
  let samples: Record<string, Row[]> = {};
  const { effects, stopped } = await runChange(
    file,
    scanned,
    boundValues(scanned, params),
    { ms: PREVIEW_MS, changes: most },
    (done, writer) => {
      if (!done.rows) return false;
      set = setOf(done.rows, writer.counter.form);
      loose = unnamedIn(done.rows);
      // taken back first: people are shown the rows as they are, not as they would become
      writer.database.exec('ROLLBACK');
      samples = samplesOf(done.rows, writer);
      return false;
    },
    SET_ROWS_MAX,
  );
  const counted = countedBy(effects);
  if (stopped) {
    const large = { unit: 'records', strength: 'estimated', more: true } as const;
    const plain = await countPlainly(file, scanned.text, PREVIEW_MS);
    if (plain && plain.total >= counted.total) return { ...plain, ...large, direct: true };
    return { ...counted, ...large, notes: [`counting stopped after ${most} changes: there are more`] };
  }
  const notes = effects.tables.map(describeEffect);
  if (effects.unseen > 0) notes.push('a trigger also keeps up a virtual table, such as a search index, which is not counted');
  if (set === undefined && counted.total > 0) notes.push(`held to the counts per table, not row by row: ${unnamed(counted)}`);
  return {
    ...counted,
    unit: 'records',
    strength: effects.unseen > 0 ? 'checked' : 'enforced',
    ...(set === undefined ? {} : { set }),
    ...(loose.length === 0 ? {} : { by_number: loose }),
    ...(Object.keys(samples).length === 0 ? {} : { samples }),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** A few rows of each table that are there already and would be changed or removed. */
function samplesOf(touched: TouchedRows, { counter }: Writer): Record<string, Row[]> {
  const samples: Record<string, Row[]> = {};
  for (const [table, { rows }] of [...touched].slice(0, SAMPLED_TABLES_MAX)) {
    const keys = [...rows]
      .filter((row) => !row.startsWith('insert '))
      .slice(0, SAMPLES_MAX)
      .map((row) => row.slice(row.indexOf(' ') + 1));
    const reader = counter.reader(table, keys);
    if (reader) samples[table] = collectRows(reader, [], 'stop', () => {}).rows;
  }
  return samples;
}

function unnamed(counted: Counted): string {
  return counted.total > SET_ROWS_MAX
    ? `these are more than ${SET_ROWS_MAX} rows`
    : 'the rows that REPLACE removes can not be told apart';
}

/** `customers: 23 updated, 1 removed by REPLACE`. */
function describeEffect(effect: TableEffect): string {
  const parts = (['inserted', 'updated', 'deleted'] as const)
    .filter((kind) => effect[kind] > 0)
    .map((kind) => `${effect[kind]} ${kind}`);
  if (effect.replaced > 0) parts.push(`${effect.replaced} removed by REPLACE`);
  return `${effect.table}: ${parts.join(', ')}`;
}

function changing(sql: string): Scanned {
  const scanned = scanStatement(sql);
  if (!KEYWORDS.includes(scanned.keyword)) {
    throw new ToolProblem(`only INSERT, UPDATE, DELETE and REPLACE run here, not \`${scanned.keyword}\`: use \`query\` to read`);
  }
  return scanned;
}
