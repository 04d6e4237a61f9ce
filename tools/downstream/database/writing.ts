// The database tools that change rows: execute, and the preview that does the same and takes it back.
import { actualMeta, boundOf, keepInside, PREVIEW_OUTPUT, type Preview } from '../impact.ts';
import { type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { countedBy, type Patience, runChange } from './change.ts';
import { lower, type TableEffect } from './effects.ts';
import type { DatabaseFile } from './file.ts';
import { SQL_INPUT } from './reading.ts';
import { boundValues, type Param, type Scanned, scanStatement } from './statement.ts';

const EXECUTE_PATIENCE: Patience = { ms: 30_000 };
const PREVIEW_PATIENCE = { ms: 5_000, changes: 50_000 };
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
          (done) => {
            if (bound) keepInside(bound, countedBy(done), lower);
            return true;
          },
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
      run: async ({ sql, params }) => {
        const preview = await previewChange(file, sql, params ?? []);
        return { text: JSON.stringify(preview), structured: preview };
      },
    }),
  ];
}

async function previewChange(file: DatabaseFile, sql: string, params: readonly Param[]): Promise<Preview> {
  const scanned = changing(sql);
  const { effects, stopped } = await runChange(file, scanned, boundValues(scanned, params), PREVIEW_PATIENCE, () => false);
  const counted = countedBy(effects);
  if (stopped) {
    const note = `counting stopped after ${PREVIEW_PATIENCE.changes} changes: there are more`;
    return { ...counted, unit: 'records', strength: 'estimated', more: true, notes: [note] };
  }
  const notes = effects.tables.map(describeEffect);
  if (effects.unseen > 0) notes.push('a trigger also keeps up a virtual table, such as a search index, which is not counted');
  return {
    ...counted,
    unit: 'records',
    strength: effects.unseen > 0 ? 'checked' : 'enforced',
    ...(notes.length > 0 ? { notes } : {}),
  };
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
