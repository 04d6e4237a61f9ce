// A count in a statement's own condition: it counts the direct rows, lets through what was approved and nothing beyond, on a real SQLite.
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { boundStatement, countQuery, probeCount, readConditionChange, readCounted } from '../../../policies/sql/condition.ts';
import { CASES, SQLITE_COMPANY } from '../../tools/downstream/database/company.ts';

type Database = InstanceType<typeof DatabaseSync>;
function fresh(): Database {
  const database = new DatabaseSync(':memory:');
  database.exec(`PRAGMA foreign_keys = ON; BEGIN; ${SQLITE_COMPANY} COMMIT`);
  return database;
}
const counted = (database: Database, sql: string) => readCounted(JSON.stringify(database.prepare(sql).all()), 'pnonce');
/** Direct rows that a statement changes. */
function changed(database: Database, sql: string): number {
  const before = database.prepare('SELECT total_changes() AS n').get() as { n: number };
  const rows = database.prepare(sql).all();
  const { n } = database.prepare('SELECT changes() AS n').get() as { n: number };
  const after = database.prepare('SELECT total_changes() AS n').get() as { n: number };
  return after.n === before.n ? 0 : Math.max(n, rows.length);
}

const statements = CASES.flatMap(({ what, sql }) => {
  const text = typeof sql === 'string' ? sql : sql.sqlite;
  const change = text === undefined ? undefined : readConditionChange(text, 'sqlite');
  return text === undefined || change === undefined || text.includes('dormant SET') ? [] : [{ what, text, change }];
});

describe('a count in the condition', () => {
  it('is there for most plain statements', () => expect(statements.length).toBeGreaterThan(30));

  it.each(statements)('$what', ({ text, change }) => {
    const query = countQuery(change, 'sqlite', 'pnonce');
    const rows = query === undefined ? ('rows' in change ? change.rows : Number.NaN) : counted(fresh(), query)!;
    // rows of a view are changed by its trigger, so the engine tells none of them as changed
    if (!/FROM dormant|UPDATE dormant/.test(text)) expect(rows).toBe(changed(fresh(), text));
    const held = boundStatement(change, 'sqlite', rows)!;
    const [plain, bounded] = [fresh(), fresh()];
    expect(changed(bounded, held)).toBe(changed(plain, text));
    const less = rows === 0 ? undefined : boundStatement(change, 'sqlite', rows - 1);
    if (less !== undefined) expect(changed(fresh(), less)).toBe(0);
  });

  it('lets nothing through when 23 became 47', () => {
    const database = fresh();
    const change = readConditionChange("UPDATE customers SET touched = 1 WHERE status = 'dormant' -- mine", 'sqlite')!;
    database.exec("UPDATE customers SET status = 'dormant' WHERE id <= 47");
    expect(changed(database, boundStatement(change, 'sqlite', 23)!)).toBe(0);
  });

  it.each([
    'UPDATE a SET x = 1 FROM b WHERE a.id = b.id',
    'UPDATE a JOIN b SET a.x = 1',
    'DELETE a FROM a JOIN b',
    'DELETE FROM a USING b',
    'DELETE FROM a ORDER BY id LIMIT 3',
    'UPDATE OR REPLACE a SET x = 1',
    'REPLACE INTO a VALUES (1)',
    'INSERT INTO a SELECT * FROM b',
    'INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET x = 1',
    'INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE x = 1',
    'WITH x AS (SELECT 1) DELETE FROM a',
    'DELETE FROM a WHERE id = ?',
    'DELETE FROM a WHERE id = @mine',
    'DELETE FROM a; DELETE FROM b',
    'DELETE FROM a WHERE id = 1 /*!50000 OR 1 */',
    "DELETE FROM a WHERE 'open",
    'SELECT 1',
    '',
  ])('has no such form: %s', (sql) => expect(readConditionChange(sql, 'mysql')).toBeUndefined());

  it('keeps text, brackets and comments where they stand', () => {
    const change = readConditionChange(
      "DELETE FROM a AS b WHERE (x = 'it''s ) where' OR y IN (1, 2)) /* where */ # tail",
      'mysql',
    )!;
    expect(boundStatement(change, 'mysql', 2)).toBe(
      "DELETE FROM a AS b\nWHERE ((x = 'it''s ) where' OR y IN (1, 2))\n) AND (SELECT n FROM (SELECT count(*) AS n FROM a AS b WHERE (x = 'it''s ) where' OR y IN (1, 2))\n) AS perimeter_counted) <= 2",
    );
  });

  it('can be tried with a condition that no row meets', () => {
    expect(counted(fresh(), probeCount('sqlite', 'pnonce'))).toBe(0);
  });
});
