// Counts the rows a statement too large to try would touch, by reading: the same target under the same condition.
import { type Counted, countedOf } from '../impact.ts';
import { ToolProblem } from '../serve.ts';
import type { DatabaseFile } from './file.ts';
import { mayRead } from './reading.ts';

/** Counting stops here. */
const COUNTED_MAX = 1_000_000;

/** The direct rows of a plain UPDATE or DELETE without bound values, or of an INSERT of values. Undefined where that is not simple, or takes longer than `ms`. */
export async function countPlainly(file: DatabaseFile, sql: string, ms: number): Promise<Counted | undefined> {
  // read only now: hardly any statement is that large
  const { readConditionChange } = await import('../../../policies/sql/condition.ts');
  const change = readConditionChange(sql, 'sqlite');
  if (!change) return undefined;
  const table = change.table.replace(/^main\./, '');
  if ('rows' in change) return countedOf([[table, change.rows]]);
  const until = performance.now() + ms;
  const where = change.condition === undefined ? '' : ` WHERE ${change.condition}\n`;
  try {
    return await file.reading((database) => {
      database.authorize(mayRead);
      try {
        let rows = 0;
        for (const _ of database.prepare(`SELECT 1 FROM ${change.source}${where} LIMIT ${COUNTED_MAX}`).rows()) {
          rows += 1;
          if (rows % 256 === 0 && performance.now() > until) return undefined;
        }
        return countedOf([[table, rows]]);
      } finally {
        database.authorize(undefined);
      }
    });
  } catch (error) {
    if (error instanceof ToolProblem) return undefined;
    throw error;
  }
}
