// Hostile texts: huge, deep, or made to send a parser round in circles. Each is answered soon, and the parsers live on.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadSqlParsers, readSql } from '../../../policies/sql/index.ts';
import type { SqlDialect } from '../../../policies/types.ts';

const DIALECTS: SqlDialect[] = ['sqlite', 'postgres', 'mysql', 'mssql'];
const TEXTS: Record<string, (n: number) => string> = {
  'a long sum': (n) => `select ${'1+'.repeat(n)}1`,
  'a long condition': (n) => `select * from t where ${'a and '.repeat(n)}b`,
  'many unions': (n) => `${'select 1 union '.repeat(n)}select 1`,
  'many joins': (n) => `select * from t ${'join u on 1=1 '.repeat(n)}`,
  'deep brackets': (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`,
  'brackets that never close': (n) => `select ${'('.repeat(n)}`,
  'deep subqueries': (n) => `${'select * from ('.repeat(n)}select 1${') t'.repeat(n)}`,
  'calls inside calls': (n) => `select ${'f('.repeat(n)}1${')'.repeat(n)}`,
  'intervals of intervals': (n) => `select ${'interval '.repeat(n)}1 day`,
  'not of not': (n) => `select ${'not ('.repeat(n)}1${')'.repeat(n)}`,
  'values of values': (n) => `select * from ${'(values '.repeat(n)}(1)${') x'.repeat(n)}`,
  'lambdas of lambdas': (n) => `select ${'f(a -> '.repeat(n)}1${')'.repeat(n)}`,
  'casts of casts': (n) => `select a${'::int'.repeat(n)}`,
  'types of types': (n) => `select cast(1 as ${'array<'.repeat(n)}int${'>'.repeat(n)})`,
};

beforeAll(loadSqlParsers);
afterEach(() => {
  for (const dialect of DIALECTS) expect(readSql('SELECT a FROM t', dialect).kinds).toEqual(['read']);
});

describe.each(DIALECTS)('%s', (dialect) => {
  it.each(Object.keys(TEXTS))('answers soon to %s', (name) => {
    for (const n of [12, 16, 26, 60, 340, 5000]) {
      const started = performance.now();
      expect(readSql(TEXTS[name]!(n), dialect).kinds.length).toBeGreaterThan(0);
      expect(performance.now() - started).toBeLessThan(4000);
    }
  });

  it('refuses a text over 256 KB, and one with a NUL', () => {
    expect(readSql(`SELECT '${'x'.repeat(256 * 1024)}'`, dialect).problem).toMatch(/256 KB/);
    expect(readSql('SELECT 1\0; DROP TABLE t', dialect).kinds).toEqual(['other']);
  });

  it('refuses invisible characters between words', () => {
    expect(readSql('SELECT a\u200b FROM t', dialect).kinds).not.toEqual(['read']);
    expect(readSql('SELECT\u00a01', dialect).kinds).not.toEqual(['read']);
  });
});

it('says so when the grammars are not loaded', async () => {
  vi.resetModules();
  const fresh = await import('../../../policies/sql/index.ts');
  expect(() => fresh.readSql('SELECT 1', 'postgres')).toThrow(/loadSqlParsers/);
  expect(() => fresh.readSql('SELECT 1', 'mysql')).toThrow(/loadSqlParsers/);
  expect(fresh.readSql('SELECT 1', 'sqlite').kinds).toEqual(['read']);
});
