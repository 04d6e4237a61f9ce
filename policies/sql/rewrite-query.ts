// The other form of a rewritten PostgreSQL change, for tools that take no DO block, and for RETURNING and bound values: one query around the change.
import type { PostgresChange } from './change.ts';
import { type RewriteBound, ROWS_MAX, tells } from './rewrite.ts';
import { array, digest, identifier, literal, nameOf, raised } from './rewrite-spelling.ts';

/**
 * What follows from a change by cascade or trigger happens after such a query has counted, so only the direct rows are counted and held. It says
 * in `follows` whether there is anything that could follow: where there isn't, the direct rows are all rows.
 */

/** Whether this form can carry the change: MERGE hands nothing back before PostgreSQL 17, and a WITH that changes rows only stands outermost. */
export const carries = (change: PostgresChange): boolean => change.verb !== 'merge' && !change.nested;

/** A query that makes the change, counts it, and then always fails with the numbers behind `nonce`: nothing stays. */
export function previewQuery(change: PostgresChange, nonce: string, salt: string): string {
  const rows = `CASE WHEN (SELECT told FROM perimeter_t) AND count(*) <= ${ROWS_MAX} THEN coalesce(jsonb_agg(${digest(change, salt, 'k')}), '[]'::jsonb) END`;
  const counts =
    "CASE WHEN count(*) = 0 THEN '{}'::jsonb ELSE jsonb_build_object(coalesce((SELECT place FROM perimeter_t), ''), count(*)) END";
  const found = `jsonb_build_object('counts', ${counts}, 'direct', count(*), 'rows', ${rows}, 'follows', coalesce((SELECT follows FROM perimeter_t), true))`;
  return `${head(change)}\nSELECT (${raised(nonce, found)})::int FROM ${KEYED}`;
}

/** A query that makes the change and fails, with the number behind `nonce`, only when it went outside of the bound; else it hands back what the change does. */
export function boundQuery(change: PostgresChange, nonce: string, bound: RewriteBound): string {
  const tests = [
    `count(*) > ${bound.total}`,
    `count(*) > coalesce((${literal(JSON.stringify(bound.per_resource))}::jsonb ->> (SELECT place FROM perimeter_t))::bigint, 0)`,
  ];
  // what was approved as all there is has to be all there is
  if (!bound.direct) tests.push('coalesce((SELECT follows FROM perimeter_t), true)');
  if (bound.sets) {
    const strange = bound.sets.map(({ salt, rows }) => `${digest(change, salt, 'k')} <> ALL (${array(rows)})`);
    tests.push('NOT coalesce((SELECT told FROM perimeter_t), false)', `bool_or(${['true', ...strange].join(' AND ')})`);
  }
  const found = `jsonb_build_object('counts', '{}'::jsonb, 'direct', count(*))`;
  const judged = `(SELECT CASE WHEN count(*) > 0 AND (${tests.join(' OR ')}) THEN (${raised(nonce, found)})::int END FROM ${KEYED})`;
  const given = !change.returning
    ? 'count(*) AS changed'
    : (change.outputs?.map((name) => `perimeter_w.${identifier(name)}`).join(', ') ?? 'perimeter_w.*');
  return `${head(change)}\nSELECT ${given} FROM perimeter_w WHERE ${judged} IS NULL`;
}

/** A query that changes nothing and fails with empty numbers, as `previewQuery` does for a condition that no row meets. */
export function probeQuery(nonce: string): string {
  return `WITH perimeter_w AS (SELECT 1 WHERE false)\nSELECT (${raised(nonce, "jsonb_build_object('counts', '{}'::jsonb, 'direct', count(*))")})::int FROM perimeter_w`;
}

/** Each changed row with its key as text; without a known key, without rows told. */
const KEYED = `(SELECT (SELECT jsonb_agg(perimeter_w.perimeter_row -> name ORDER BY n)::text FROM perimeter_k) AS k FROM perimeter_w) AS keyed`;

/** The key's columns, what the target is, and the change itself with the whole row behind what it returns. */
function head(change: PostgresChange): string {
  const cut = change.verb === 'insert' && change.columns !== undefined ? ` AND keys <@ ${array(change.columns)}` : '';
  const cascades = { update: ['upd'], delete: ['del'], insert: change.upsert ? ['upd'] : [], merge: [] }[change.verb];
  const acts = cascades.map((event) => `p.proname ~ '^RI_FKey_(cascade|setnull|setdefault)_${event}$'`).join(' OR ') || 'false';
  return `WITH perimeter_k AS (
  SELECT a.attname::text AS name, p.position AS n
    FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS p(attnum, position), pg_catalog.pg_attribute a
    WHERE i.indrelid = pg_catalog.to_regclass(${literal(nameOf(change))}) AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = p.attnum),
perimeter_t AS (
  SELECT CASE WHEN s.nspname = 'public' THEN '' ELSE s.nspname || '.' END || c.relname AS place,
         (SELECT ${tells(change)} AND keys IS NOT NULL AND NOT keys && ${array(change.assigned)}${cut} FROM (SELECT array_agg(name) AS keys FROM perimeter_k) AS told) AS told,
         c.relkind <> 'r' OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
           OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid)
           OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
                      WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR ${acts})) AS follows
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass(${literal(nameOf(change))})),
perimeter_w AS (
${change.text}
${change.returning ? ',' : 'RETURNING'} to_jsonb(${identifier(change.label)}.*) AS perimeter_row)`;
}
