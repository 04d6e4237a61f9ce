// The laws of reading SQL, as properties: nothing a database would touch is left out, and dressing a text up changes nothing.
import { constants, DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSqlParsers, readSql, type SqlReading } from '../../../policies/sql/index.ts';
import type { SqlDialect } from '../../../policies/types.ts';
import { randomSelect, TABLES } from './queries.ts';

const DIALECTS: SqlDialect[] = ['sqlite', 'postgres', 'mysql', 'mssql'];
const dialects = fc.constantFrom(...DIALECTS);
const selects = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 20, maxLength: 60 }).map(randomSelect);
const statements = fc.constantFrom(
  'SELECT a FROM t',
  'DELETE FROM t WHERE a = 1',
  'INSERT INTO t (a) VALUES (1)',
  'UPDATE t SET a = 2',
  'DROP TABLE t',
  'SELECT nothing_known(a) FROM u',
  'ROLLBACK',
);

beforeAll(loadSqlParsers);

/** Tables and columns that SQLite itself says it reads while it prepares the statement; undefined when the SQL is invalid. */
function readBySqlite(sql: string): { table: string; column: string }[] | undefined {
  const database = new DatabaseSync(':memory:');
  try {
    for (const [table, columns] of Object.entries(TABLES)) database.exec(`CREATE TABLE ${table} (${columns.join(', ')})`);
    const seen: { table: string; column: string }[] = [];
    database.setAuthorizer((action, table, column) => {
      if (action === constants.SQLITE_READ && table !== null) seen.push({ table, column: column ?? '' });
      return constants.SQLITE_OK;
    });
    database.prepare(sql);
    return seen;
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

const covers = (reading: SqlReading, table: string, column: string): boolean =>
  reading.columns.includes(`${table}.${column}`) || reading.columns.includes(`${table}.*`);

describe('the laws of reading SQL', () => {
  it('whatever SQLite reads is in the reading: every table, every column', () => {
    let valid = 0;
    fc.assert(
      fc.property(selects, (sql) => {
        const seen = readBySqlite(sql);
        if (!seen) return;
        valid++;
        const reading = readSql(sql, 'sqlite');
        expect(reading.kinds).toEqual(['read']);
        // A read without a column is of a table as a whole, under whatever name it goes, so only columns tell the table for sure.
        for (const { table, column } of seen.filter((read) => read.column !== '')) {
          expect(reading.tables).toContain(table);
          expect(covers(reading, table, column), `${table}.${column} in ${sql}`).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
    expect(valid).toBeGreaterThan(50);
  });

  it('the four dialects agree on plain queries', () => {
    fc.assert(
      fc.property(selects, (sql) => {
        // A CTE that takes a table's name hides it from other places in each dialect.
        if (sql.includes('with ') || !readBySqlite(sql)) return;
        const [first, ...others] = DIALECTS.map((dialect) => readSql(sql, dialect)).filter((reading) => !reading.problem);
        for (const other of others) expect(new Set(other.tables)).toEqual(new Set(first!.tables));
      }),
      { numRuns: 100 },
    );
  });

  it('several statements do what each of them does', () => {
    fc.assert(
      fc.property(dialects, fc.array(statements, { minLength: 1, maxLength: 4 }), (dialect, parts) => {
        const reading = readSql(parts.join(';\n'), dialect);
        const single = parts.map((part) => readSql(part, dialect));
        expect(reading.statements).toBe(parts.length);
        expect(new Set(reading.kinds)).toEqual(new Set(single.flatMap((part) => part.kinds)));
        expect(new Set(reading.tables)).toEqual(new Set(single.flatMap((part) => part.tables)));
        if (parts.length > 1) expect(reading.countable).toBe(false);
      }),
    );
  });

  it('comments, blanks and case change nothing', () => {
    const gaps = fc.array(fc.constantFrom(' ', '\n', '\t', ' /* ; DROP TABLE x */ ', ' -- ; DROP TABLE x\n'), {
      minLength: 12,
      maxLength: 12,
    });
    fc.assert(
      fc.property(dialects, statements, gaps, fc.boolean(), (dialect, sql, blanks, upper) => {
        const dressed = sql.split(' ').reduce((text, word, i) => `${text}${blanks[i % 12]!}${word}`, '');
        expect(readSql(upper ? dressed.toUpperCase() : dressed, dialect).kinds).toEqual(readSql(sql, dialect).kinds);
      }),
    );
  });

  it('a string is data, whatever it holds', () => {
    fc.assert(
      fc.property(dialects, fc.string({ unit: 'grapheme-ascii' }), (dialect, content) => {
        const quoted = content.replaceAll("'", "''").replaceAll('\\', '\\\\');
        const reading = readSql(`SELECT a FROM t WHERE b = '${quoted}'`, dialect);
        expect(reading.kinds).toEqual(['read']);
        expect(reading.statements).toBe(1);
        expect(reading.tables).toEqual(['t']);
      }),
    );
  });

  it('a statement glued to a read is never lost', () => {
    const glue = fc.constantFrom(';', '; ', ';\n', ' ;--\n', '/**/;/**/');
    fc.assert(
      fc.property(dialects, glue, fc.constantFrom('DELETE FROM u', 'DROP TABLE u', 'COMMIT'), (dialect, between, second) => {
        expect(readSql(`SELECT a FROM t${between}${second}`, dialect).kinds).not.toEqual(['read']);
      }),
    );
  });

  it('any text gets an answer, and only what is understood is a read', () => {
    fc.assert(
      fc.property(dialects, fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (dialect, text) => {
        const reading = readSql(text, dialect);
        expect(reading.kinds.length).toBeGreaterThan(0);
        expect(reading.actions.length).toBeGreaterThan(0);
        if (reading.problem !== undefined) {
          expect(reading.kinds).toContain('other');
          expect(reading.actions).toContainEqual({ verb: 'execute' });
        }
      }),
      { numRuns: 300 },
    );
  });
});
