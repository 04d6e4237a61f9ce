// The columns of the index: which values of an event each filter looks at.
import type { AuditEvent } from '../ports.ts';

const COLUMNS = {
  type: (event: AuditEvent) => [event.type],
  who: (event: AuditEvent) => [event.user, event.approver],
  agent: (event: AuditEvent) => [event.agent_id],
  action: (event: AuditEvent) => [event.action, ...judged(event).map((one) => one.action), ...texts(event.scope)],
  resource: (event: AuditEvent) => [event.resource, ...judged(event).map((one) => resourceOf(one.action))],
  decision: (event: AuditEvent) => [event.decision],
  rule: (event: AuditEvent) => [event.rule, ...texts(event.rules), ...judged(event).map((one) => one.rule)],
  risk: (event: AuditEvent) => [event.risk?.level],
  grant: (event: AuditEvent) => [event.grant_id, ...judged(event).map((one) => one.grant_id)],
  request: (event: AuditEvent) => [event.request_id],
  tool: (event: AuditEvent) => [event.tool],
  server: (event: AuditEvent) => [event.server],
};
export type ColumnName = keyof typeof COLUMNS;
/** Their order is part of the index's form on disk: a change here is a new version there. */
export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];
const READERS = Object.values(COLUMNS);

/** Between the values of one entry; none of them holds a line break. */
export const BETWEEN = '\n';

/** The event's entry in each column, in their order. */
export function valuesOf(event: AuditEvent): string[] {
  return READERS.map((read) => joined(read(event)));
}

/** The same for some columns. */
export function entriesOf(event: AuditEvent, columns: readonly ColumnName[]): string[] {
  return columns.map((name) => joined(COLUMNS[name](event)));
}

/** The resource of `verb:domain:resource`; undefined when the action is on its whole domain. */
export function resourceOf(action: unknown): string | undefined {
  return typeof action === 'string' ? /^[^:]*:[^:]*:(.*)$/s.exec(action)?.[1] : undefined;
}

function judged(event: AuditEvent): { action?: string; rule?: string; grant_id?: string }[] {
  return Array.isArray(event.actions) ? event.actions : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
}

function joined(values: readonly unknown[]): string {
  let entry = '';
  for (const value of values) {
    if (typeof value !== 'string' || value === '' || value === entry) continue;
    if (entry === '') entry = value;
    else if (!`${BETWEEN}${entry}${BETWEEN}`.includes(`${BETWEEN}${value}${BETWEEN}`)) entry += BETWEEN + value;
  }
  return entry;
}
