// Every statement in test/cases/sql-*.json is read as it says there: kinds, actions, columns, and whether it only reads.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSqlParsers, parseDialect, readSql, type SqlReading } from '../../../policies/sql/index.ts';
import type { SqlDialect } from '../../../policies/types.ts';

type Row = {
  sql: string;
  statements: number;
  kinds: string[];
  actions: string[];
  columns: string[];
  countable?: boolean;
  unreadable?: boolean;
};
type Labelled = { id: string; dialect: string; sql: string; readOnly: boolean; scored?: boolean };

const load = <T>(file: string): T => JSON.parse(readFileSync(new URL(`../../cases/${file}`, import.meta.url), 'utf8')) as T;
const statements = load<Record<SqlDialect, Row[]>>('sql-statements.json');
const labelled = load<{ cases: Labelled[] }>('sql-readonly.json').cases;

const actions = (reading: SqlReading): string[] =>
  reading.actions.map(({ verb, table }) => (table === undefined ? verb : `${verb}:${table}`)).sort();
const onlyReads = (reading: SqlReading): boolean =>
  reading.kinds.join() === 'read' && reading.actions.every(({ verb }) => verb === 'read');

beforeAll(loadSqlParsers);

for (const [dialect, rows] of Object.entries(statements) as [SqlDialect, Row[]][]) {
  describe(`reads ${dialect}`, () => {
    it.each(rows)('$sql', (row) => {
      const reading = readSql(row.sql, dialect);
      expect(reading.statements).toBe(row.statements);
      expect(reading.kinds).toEqual(row.kinds);
      expect(actions(reading)).toEqual(row.actions);
      expect([...reading.columns].sort()).toEqual(row.columns);
      expect(reading.countable).toBe(row.countable ?? false);
      expect(reading.problem !== undefined).toBe(row.unreadable ?? false);
    });
  });
}

describe('takes nothing that does more than answer for a read, and no plain read for more', () => {
  const effects = load<Record<SqlDialect, { writes: string[]; reads: string[] }>>('sql-effects.json');
  for (const dialect of ['postgres', 'sqlite', 'mysql', 'mssql'] as const)
    for (const kind of ['writes', 'reads'] as const)
      it.each(effects[dialect][kind])(`${dialect}, ${kind}: %s`, (sql) => {
        expect(onlyReads(readSql(sql, dialect))).toBe(kind === 'reads');
      });
});

describe('tells reads from everything else, as two other projects label them', () => {
  it.each(labelled.filter((row) => row.scored !== false))('$dialect $id $sql', (row) => {
    expect(onlyReads(readSql(row.sql, parseDialect(row.dialect)!))).toBe(row.readOnly);
  });
});

describe('the rest of a reading', () => {
  it('knows the dialects and their aliases', () => {
    expect(['sqlite', 'postgres', 'mysql', 'mariadb', 'mssql', 'sqlserver'].map(parseDialect)).toEqual([
      'sqlite',
      'postgres',
      'mysql',
      'mysql',
      'mssql',
      'mssql',
    ]);
    expect(parseDialect('oracle')).toBeUndefined();
    expect(parseDialect('__proto__')).toBeUndefined();
  });

  it('names the tables of commands, and of what it can not read', () => {
    expect(readSql('DROP TABLE users, public.orders', 'postgres').tables).toEqual(['users', 'orders']);
    expect(readSql('GRANT SELECT ON salaries TO bob', 'mssql').tables).toEqual(['salaries']);
    expect(readSql('LOAD DATA INFILE "x" INTO TABLE crm.salaries', 'mysql').tables).toEqual(['crm.salaries']);
    expect(readSql('SELECT a FROM b, salaries s PROCEDURE ANALYSE()', 'mysql').tables).toEqual(['b', 'salaries']);
  });

  it('lists the functions called', () => {
    expect(readSql('SELECT lower(pg_catalog.upper(a)), crm.f(b) FROM t', 'postgres').functions).toEqual([
      'lower',
      'upper',
      'crm.f',
    ]);
  });

  it('keeps a dot inside a quoted name from passing for a schema', () => {
    expect(readSql('SELECT 1 FROM "hr.salaries"', 'postgres').tables).toEqual(['hr%2Esalaries']);
    expect(readSql('SELECT 1 FROM [main.users]', 'sqlite').tables).toEqual(['main%2Eusers']);
  });

  it('says why it can not read a text without repeating it', () => {
    const { problem } = readSql("SELEKT 'my secret'", 'postgres');
    expect(problem).toMatch(/not postgres/);
    expect(problem).not.toMatch(/secret/);
  });
});
