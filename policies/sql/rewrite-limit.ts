// Keeps a preview of a rewritten PostgreSQL change from trying one of too many rows: the planner is asked first, and then the rows are counted plainly.
import { directRows, type PostgresChange, unusedValues } from './change.ts';
import { literal, nameOf, raised } from './rewrite-spelling.ts';

/** A plain count stops here. */
const COUNTED_MAX = 1_000_000;

/** A row takes at least 28 bytes of its table's file (24 its head, 4 the pointer to it): how many rows could be there. Null where that isn't known. */
export const COULD_HOLD = `CASE WHEN c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid)
    THEN pg_catalog.pg_relation_size(c.oid) / 28 END`;

const place = (schema: string, name: string) => `CASE WHEN ${schema} = 'public' THEN '' ELSE ${schema} || '.' END || ${name}`;

/**
 * What a preview block does before it runs the change. The planner may be wrong about a condition, so a table that could hold more rows is also
 * counted, up to the limit and no further.
 */
export function previewGate(change: PostgresChange, nonce: string, most: number): string {
  const target = nameOf(change);
  const rows = directRows(change, target);
  const counted = (limit: number) =>
    `EXECUTE $${nonce}r$SELECT count(*) FROM (${rows} LIMIT ${limit}) AS perimeter_counted$${nonce}r$`;
  const could =
    change.source === undefined
      ? `IF NOT large AND coalesce((SELECT ${COULD_HOLD} FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(${literal(target)})), ${most + 1}) > ${most} THEN`
      : 'IF NOT large THEN';
  const look =
    rows === undefined ? '' : `${could}\n    ${counted(most + 1)} INTO direct;\n    large := direct > ${most};\n  END IF;`;
  const named = `(SELECT ${place('n.nspname', 'c.relname')} FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass(${literal(target)}))`;
  const found = `jsonb_build_object('counts', CASE WHEN direct > 0 THEN jsonb_build_object(${named}, direct) ELSE '{}'::jsonb END, 'direct', coalesce(direct, 0), 'large', true)`;
  return `EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO planned;
  SELECT coalesce(max((plan ->> 'Plan Rows')::float8), 0) > ${most} INTO large
    FROM (SELECT planned -> 0 -> 'Plan' UNION ALL SELECT json_array_elements(planned -> 0 -> 'Plan' -> 'Plans')) AS plans(plan);
  ${look}
  IF large THEN
    ${rows === undefined ? 'direct := NULL' : `${counted(COUNTED_MAX)} INTO direct`};
    RAISE EXCEPTION USING MESSAGE = ${raised(nonce, found)};
  END IF;`;
}

/**
 * The same as a query of its own, for the form that can't ask first. It fails with the numbers behind `nonce`: `large` where the change is one of more
 * than `most` rows, or could be and that can't be told.
 */
export function gateQuery(change: PostgresChange, nonce: string, most: number): string {
  const rows = directRows(change, nameOf(change));
  const count =
    rows === undefined
      ? 'NULL'
      : `(SELECT count(*) FROM (${rows} LIMIT ${Math.max(COUNTED_MAX, most + 1)}) AS perimeter_counted)`;
  const direct =
    change.given !== undefined
      ? String(change.given)
      : change.verb === 'insert'
        ? count
        : `CASE WHEN ${COULD_HOLD} <= ${most} THEN 0 ELSE ${count} END`;
  const found = `jsonb_build_object('counts', CASE WHEN direct > 0 THEN jsonb_build_object(place, direct) ELSE '{}'::jsonb END, 'direct', coalesce(direct, 0), 'large', coalesce(direct > ${most}, true))`;
  return `SELECT (${raised(nonce, found)})::int FROM (
  SELECT ${place('n.nspname', 'c.relname')} AS place, ${direct} AS direct
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass(${literal(nameOf(change))})${unusedValues(change, direct)}) AS perimeter_found`;
}
