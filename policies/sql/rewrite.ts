// Rewrites a PostgreSQL change so that the database itself counts and bounds it, through a tool that only takes SQL: one DO block, all or nothing.
import type { PostgresChange } from './change.ts';
import { previewGate } from './rewrite-limit.ts';
import { array, digest, identifier, literal, nameOf, raised } from './rewrite-spelling.ts';

/** More rows than these are held to their number per table. */
export const ROWS_MAX = 10_000;

/** What was approved: counts by table, the sum, and the digests of the target's rows where they could be told. */
export type RewriteBound = {
  per_resource: Record<string, number>;
  total: number;
  sets?: readonly RewriteSet[];
  direct?: boolean;
};
export type RewriteSet = { salt: string; rows: readonly string[] };
/** What a preview found. `rows` is absent where the target's rows can't be told one by one; `follows`: more may follow that was not counted. */
export type RewriteCount = {
  counts: Record<string, number>;
  direct: number;
  rows?: string[];
  follows?: boolean;
  /** Too many rows to try it: only counted plainly, or not at all. */
  large?: boolean;
};

/**
 * A block that runs the change, counts it, and then always fails with the numbers behind `nonce`: nothing stays. A change of more than `most` rows
 * isn't run. `nonce` and `salt` must be random words of letters and digits that nobody else knows.
 */
export function previewBlock(change: PostgresChange, nonce: string, salt: string, most: number): string {
  const found = `jsonb_build_object('counts', delta, 'direct', direct, 'rows', CASE WHEN told AND direct <= ${ROWS_MAX} THEN (SELECT coalesce(jsonb_agg(${digest(change, salt, 'k')}), '[]'::jsonb) FROM unnest(names) AS k) END)`;
  return block(change, nonce, previewGate(change, nonce, most), `RAISE EXCEPTION USING MESSAGE = ${raised(nonce, found)};`);
}

/** A block that runs the change and fails, with the numbers behind `nonce`, only when it went outside of the bound. */
export function boundBlock(change: PostgresChange, nonce: string, bound: RewriteBound): string {
  const approved = literal(JSON.stringify(bound.per_resource));
  const tests = [
    `coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(delta)), 0) NOT BETWEEN direct AND ${bound.total}`,
    `EXISTS (SELECT 1 FROM jsonb_each_text(delta) WHERE value::bigint > coalesce((${approved}::jsonb ->> key)::bigint, 0))`,
  ];
  if (bound.sets) {
    const strange = bound.sets.map(({ salt, rows }) => `${digest(change, salt, 'k')} NOT IN (SELECT unnest(${array(rows)}))`);
    tests.push('NOT told', `EXISTS (SELECT 1 FROM unnest(names) AS k WHERE ${['true', ...strange].join(' AND ')})`);
  }
  const found = `jsonb_build_object('counts', delta, 'direct', direct)`;
  return block(
    change,
    nonce,
    '',
    `IF ${tests.join('\n    OR ')} THEN\n    RAISE EXCEPTION USING MESSAGE = ${raised(nonce, found)};\n  END IF;`,
  );
}

/** The preview of a statement with a condition that no row meets: whether a tool lets such a block through and hands back its words. */
export function probeBlock(nonce: string): string {
  return previewBlock(NOTHING, nonce, nonce, 1);
}

const NOTHING: PostgresChange = {
  text: 'SELECT 1 WHERE false',
  verb: 'merge',
  table: ['pg_catalog', 'pg_class'],
  label: 'pg_class',
  assigned: [],
  columns: undefined,
  defaults: false,
  madeUp: false,
  upsert: false,
  returning: false,
  outputs: undefined,
  compound: false,
  nested: false,
  condition: undefined,
  source: undefined,
  given: undefined,
  parameters: 0,
};

/** The numbers in whatever text a tool answered with; undefined when they are not there whole. */
export function readRaised(text: string, nonce: string): RewriteCount | undefined {
  const [, encoded] = new RegExp(`${nonce}:([A-Za-z0-9+/=]+)\\.`).exec(text) ?? [];
  if (encoded === undefined) return undefined;
  try {
    const { counts, direct, rows, follows, large } = JSON.parse(
      new TextDecoder().decode(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))),
    ) as Record<string, unknown>;
    if (typeof counts !== 'object' || counts === null || typeof direct !== 'number') return undefined;
    return {
      counts: counts as Record<string, number>,
      direct,
      ...(Array.isArray(rows) ? { rows: rows.map(String) } : {}),
      ...(follows === true ? { follows } : {}),
      ...(large === true ? { large } : {}),
    };
  } catch {
    return undefined;
  }
}

/**
 * The statement travels as text and runs by EXECUTE, so none of its names meets one of the block's. The counts are those of the manual's
 * `pg_stat_xact_user_tables`, less what stood there before; the target's key comes from the catalog.
 */
function block(change: PostgresChange, nonce: string, first: string, end: string): string {
  const name = nameOf(change);
  const columns = change.columns === undefined ? '' : ` AND keys <@ ${array(change.columns)}`;
  const cut = change.verb === 'insert' ? columns : '';
  return `DO $${nonce}$
DECLARE
  statement CONSTANT text := $${nonce}s$${change.text}$${nonce}s$;
  keys text[];
  names text[] := '{}';
  told boolean;
  direct bigint;
  earlier jsonb;
  delta jsonb;
  planned json;
  large boolean;
BEGIN
  PERFORM pg_catalog.set_config('lock_timeout', '1000', true);
  ${first}
  SELECT array_agg(a.attname::text ORDER BY p.position) INTO keys
    FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS p(attnum, position), pg_catalog.pg_attribute a
    WHERE i.indrelid = pg_catalog.to_regclass(${literal(name)}) AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = p.attnum;
  SELECT coalesce(jsonb_object_agg(relid::text, n_tup_ins + n_tup_upd + n_tup_del), '{}'::jsonb) INTO earlier FROM pg_catalog.pg_stat_xact_user_tables;
  told := ${tells(change)} AND keys IS NOT NULL AND NOT keys && ${array(change.assigned)}${cut};
  IF told THEN
    EXECUTE 'WITH perimeter_w AS (' || statement || E'\\n${change.returning ? ',' : 'RETURNING'} '
      || (SELECT string_agg(format('%s.%I AS perimeter_%s', ${literal(identifier(change.label))}, k, n), ', ') FROM unnest(keys) WITH ORDINALITY AS u(k, n))
      || ') SELECT coalesce(array_agg(jsonb_build_array('
      || (SELECT string_agg('perimeter_w.perimeter_' || n, ', ') FROM generate_subscripts(keys, 1) AS n)
      || ')::text), ''{}''), count(*) FROM perimeter_w' INTO names, direct;
  ELSE
    EXECUTE statement;
    GET DIAGNOSTICS direct = ROW_COUNT;
  END IF;
  SET CONSTRAINTS ALL IMMEDIATE;
  SELECT coalesce(jsonb_object_agg(place, n), '{}'::jsonb) INTO delta FROM (
    SELECT CASE WHEN schemaname = 'public' THEN '' ELSE schemaname || '.' END || relname AS place, n_tup_ins + n_tup_upd + n_tup_del - coalesce((earlier ->> relid::text)::bigint, 0) AS n
      FROM pg_catalog.pg_stat_xact_user_tables) AS counted WHERE n > 0;
  ${end}
END
$${nonce}$`;
}

/** Whether RETURNING can tell the target's rows, as far as the statement says. */
export function tells(change: PostgresChange): boolean {
  if (change.verb === 'merge' || change.nested || change.assigned.includes('*')) return false;
  return change.verb !== 'insert' || !(change.defaults || change.madeUp);
}
