// What counting costs: a preview of 23 rows beyond the statement's own time, on both engines, and the reading of a 2 KB statement.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { loadSqlParsers, readSql } from '../policies/sql/index.ts';
import type { SqlDialect } from '../policies/types.ts';
import { startCluster } from '../test/postgres/cluster.ts';
import { POSTGRES_COMPANY, SQLITE_COMPANY } from '../test/tools/downstream/database/company.ts';
import { databaseTools } from '../tools/downstream/database/index.ts';
import { postgresTools } from '../tools/downstream/database/postgres/tools.ts';
import { type BundledTool, callBundled } from '../tools/downstream/serve.ts';
import { loadSqlite } from '../tools/downstream/sqlite.ts';

const WINDOWS = 8;
const ROUNDS = 50;
const WARM = 100;
const UPDATE = "UPDATE customers SET touched = touched + 1 WHERE status = 'dormant'";

type Timing = { p50: number; p95: number };

/** Milliseconds after warming up, in the quietest of several windows: a machine that does other things tells about those. */
async function timed(work: (round: number) => unknown): Promise<Timing> {
  for (let round = 0; round < WARM; round += 1) await work(round);
  const windows: Timing[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = performance.now();
      await work(WARM + window * ROUNDS + round);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    windows.push({ p50: times[Math.floor(ROUNDS / 2)]!, p95: times[Math.floor(ROUNDS * 0.95)]! });
  }
  return windows.sort((a, b) => a.p50 - b.p50)[0]!;
}

function report(what: string, { p50, p95 }: Timing, limit: number, beyond = 0): boolean {
  const cost = p50 - beyond;
  const own = beyond > 0 ? `, ${beyond.toFixed(2)} ms of it the statement itself` : '';
  process.stdout.write(
    `${cost < limit ? 'ok  ' : 'SLOW'} ${what}: ${cost.toFixed(2)} ms (p50 ${p50.toFixed(2)}, p95 ${p95.toFixed(2)}${own}), limit ${limit} ms\n`,
  );
  return cost < limit;
}

async function previews(tools: readonly BundledTool[]): Promise<Timing> {
  const first = (await callBundled(tools, 'preview', { sql: UPDATE })).structuredContent as { total?: number } | undefined;
  if (first?.total !== 23) throw new Error(`the preview counted ${String(first?.total)} rows, not 23`);
  return timed(() => callBundled(tools, 'preview', { sql: UPDATE }));
}

async function sqlite(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-impact-'));
  const file = join(folder, 'crm.db');
  const database = (await loadSqlite())(file);
  database.exec(`BEGIN; ${SQLITE_COMPANY} COMMIT`);
  const own = await timed(() => database.exec(`BEGIN IMMEDIATE; ${UPDATE}; ROLLBACK`));
  const counted = await previews(databaseTools({ file }));
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return report('SQLite, preview of 23 rows', counted, 2, own.p50);
}

async function postgres(): Promise<boolean> {
  const cluster = await startCluster();
  if (!cluster) {
    process.stdout.write('SKIPPED PostgreSQL: it is not installed here\n');
    return true;
  }
  try {
    const client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
    await client.query(POSTGRES_COMPANY);
    const own = await timed(async () => {
      await client.query('BEGIN');
      await client.query(UPDATE);
      await client.query('ROLLBACK');
    });
    await client.end();
    const { tools, close } = await postgresTools(cluster.url);
    const counted = await previews(tools);
    await close();
    return report('PostgreSQL, preview of 23 rows', counted, 6, own.p50);
  } finally {
    cluster.stop();
  }
}

async function reading(dialect: SqlDialect): Promise<boolean> {
  const conditions = Array.from({ length: 44 }, (_, index) => `(customers.id = ${index} AND customers.name <> 'name ${index}')`);
  // another text each time: a statement that was read just before is remembered
  const statement = (round: number) => `UPDATE customers SET touched = ${1_000 + round} WHERE ${conditions.join(' OR ')}`;
  return report(
    `reading ${statement(0).length} characters of ${dialect}`,
    await timed((round) => readSql(statement(round), dialect)),
    1,
  );
}

await loadSqlParsers();
const results = [await sqlite(), await postgres()];
for (const dialect of ['sqlite', 'postgres', 'mysql', 'mssql'] as const) results.push(await reading(dialect));
process.exitCode = results.every(Boolean) ? 0 : 1;
