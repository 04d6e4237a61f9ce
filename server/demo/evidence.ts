// What really happened, looked up behind the guard's back: rows in the database, files on disk, and the guard's own record.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlite } from '../../tools/downstream/sqlite.ts';
import type { AuditEvent } from '../ports.ts';
import type { Verdict } from './narrator.ts';
import type { Workspace } from './workspace.ts';

/** Every customer by id: the status, and the whole row as text. */
export type Customers = ReadonlyMap<string, { status: string; row: string }>;

export async function readCustomers({ crm }: Workspace): Promise<Customers> {
  const open = await loadSqlite();
  const database = open(crm, { readOnly: true });
  try {
    const rows = [...database.prepare('SELECT id, status, * FROM customers').rows()];
    return new Map(rows.map(([id, status, ...row]) => [String(id), { status: String(status), row: row.map(String).join('|') }]));
  } finally {
    database.close();
  }
}

/** The statuses of the rows that differ between two looks, one entry a row; `gone` where a row is in one of them only. */
export function changedRows(before: Customers, now: Customers): string[] {
  const ids = new Set([...before.keys(), ...now.keys()]);
  return [...ids]
    .filter((id) => before.get(id)?.row !== now.get(id)?.row)
    .map((id) => (before.has(id) ? now.get(id)?.status : undefined) ?? 'gone');
}

/** File names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder).sort();
}

/** The guard's verdict on the newest call it judged, as its audit has it; undefined when it judged none after `seq`. */
export function newestVerdict({ state }: Workspace, seq: number): (Verdict & { seq: number }) | undefined {
  const event = readTrail(state).findLast((one) => one.seq > seq && (one.type === 'call.intent' || one.type === 'call.refused'));
  if (event?.decision === undefined) return undefined;
  return {
    seq: event.seq,
    decision: event.decision,
    rule: event.rule ?? '',
    why: event.why ?? '',
    failed: event.failed ?? [],
    risk: event.risk?.level ?? 'unknown',
    factors: (event.risk?.factors ?? []).map((factor) => `${factor.name} ${factor.points}`),
    ...(event.where === undefined ? {} : { where: event.where }),
  };
}

function readTrail(state: string): AuditEvent[] {
  const folder = join(state, 'audit');
  const files = namesIn(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
}
