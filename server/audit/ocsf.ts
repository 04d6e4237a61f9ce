// Events in the form of OCSF 1.5 (https://schema.ocsf.io/1.5.0), for those who gather security events of many programs.
import { createHash } from 'node:crypto';
import { epoch } from '../clock.ts';
import type { AuditEvent } from '../ports.ts';

type Kind = { class_uid: number; category_uid: number; activity_id: number };

const CLASSES: Readonly<Record<number, { name: string; activities: readonly string[] }>> = {
  6003: { name: 'API Activity', activities: ['Unknown', 'Create', 'Read', 'Update', 'Delete'] },
  3002: { name: 'Authentication', activities: ['Unknown', 'Logon', 'Logoff'] },
  3005: { name: 'User Access Management', activities: ['Unknown', 'Assign Privileges', 'Revoke Privileges'] },
};
const DECIDED: readonly { disposition: string; action: string }[] = [
  { disposition: 'Unknown', action: 'Unknown' },
  { disposition: 'Allowed', action: 'Allowed' },
  { disposition: 'Blocked', action: 'Denied' },
];
/** `risk_level_id`; 0 is informational. */
const RISK_LEVELS = ['Info', 'Low', 'Medium', 'High', 'Critical'];

/** API Activity for calls, Authentication for sessions, User Access Management for grants; the rest are base events. */
function kindOf(event: AuditEvent): Kind {
  const { type } = event;
  if (type.startsWith('call.')) return { class_uid: 6003, category_uid: 6, activity_id: apiActivity(event) };
  if (type === 'session.opened') return { class_uid: 3002, category_uid: 3, activity_id: 1 };
  if (type === 'session.closed') return { class_uid: 3002, category_uid: 3, activity_id: 2 };
  if (type === 'grant.issued') return { class_uid: 3005, category_uid: 3, activity_id: 1 };
  if (/^grant\.(?:revoked|ended|exhausted|released)$/.test(type)) return { class_uid: 3005, category_uid: 3, activity_id: 2 };
  return { class_uid: 0, category_uid: 0, activity_id: 99 };
}

const CREATE = new Set(['create', 'draft', 'send']);
const READ = new Set(['read', 'list', 'search']);
const UPDATE = new Set(['write', 'move', 'share']);

function apiActivity(event: AuditEvent): number {
  const verb = (event.action ?? event.scope?.[0] ?? '').split(':')[0] ?? '';
  if (CREATE.has(verb)) return 1;
  if (READ.has(verb)) return 2;
  if (UPDATE.has(verb)) return 3;
  return verb === 'delete' ? 4 : 99;
}

const SEVERITY: Readonly<Record<string, number>> = { low: 2, medium: 3, high: 4, critical: 5 };
const INFORMATIONAL = 1;
const TAKEN = new Set([
  'seq',
  'id',
  'timestamp',
  'type',
  'user',
  'agent_id',
  'session_id',
  'server',
  'tool',
  'action',
  'prev',
  'hash',
  'duration_us',
  'why',
]);

/** One event as one OCSF object. What OCSF has no place for stands under `unmapped`, so nothing is lost. */
export function toOcsf(event: AuditEvent, version: string): Record<string, unknown> {
  const { class_uid, category_uid, activity_id } = kindOf(event);
  const decided = event.type === 'call.refused' ? 2 : event.type === 'call.intent' ? 1 : undefined;
  const rest = Object.fromEntries(Object.entries(event).filter(([name]) => !TAKEN.has(name)));
  const known = CLASSES[class_uid];
  const activity = known?.activities[activity_id] ?? event.type;
  return {
    ...{ class_uid, category_uid, activity_id, type_uid: class_uid * 100 + activity_id, activity_name: activity },
    ...{ class_name: known?.name ?? 'Base Event', type_name: `${known?.name ?? 'Base Event'}: ${known ? activity : 'Other'}` },
    time: epoch(event.timestamp),
    severity_id: SEVERITY[event.risk?.level ?? ''] ?? INFORMATIONAL,
    ...statusOf(event),
    ...(decided ? { disposition_id: decided, action_id: decided, ...DECIDED[decided] } : {}),
    ...(event.why ? { message: event.why } : {}),
    ...(event.duration_us === undefined ? {} : { duration: Math.round(event.duration_us / 1000) }),
    metadata: {
      version: '1.5.0',
      product: { name: 'Perimeter', vendor_name: 'mcp-perimeter', version },
      ...{ uid: event.id, event_code: event.type, sequence: event.seq, original_time: event.timestamp, log_name: 'audit' },
      // each profile brings attributes: what was decided and the risk, and the actor of a base event
      profiles: [...(decided || event.risk ? ['security_control'] : []), ...(known ? [] : ['host'])],
    },
    actor: actorOf(event),
    ...(class_uid === 3005 || class_uid === 3002
      ? { user: { name: event.user ?? 'unknown', uid: event.user ?? 'unknown' } }
      : {}),
    ...(class_uid === 3002 ? { service: { name: 'Perimeter' } } : {}),
    ...(class_uid === 3005 ? { privileges: event.scope ?? [] } : {}),
    ...(class_uid === 6003 ? apiOf(event) : {}),
    ...riskOf(event),
    unmapped: { ...rest, record: { fingerprint: event.hash, previous: event.prev } },
  };
}

/** Who did it; OCSF wants one, and what nobody else did the guard did itself. */
function actorOf({ user, approver, session_id, agent_id }: AuditEvent): Record<string, unknown> {
  const person = user ?? (agent_id === undefined ? approver : undefined);
  const known = {
    ...(person ? { user: { name: person, uid: person } } : {}),
    ...(session_id ? { session: { uid: session_id } } : {}),
    ...(agent_id ? { app_name: agent_id, app_uid: agent_id } : {}),
  };
  return Object.keys(known).length > 0 ? known : { app_name: 'Perimeter' };
}

function riskOf({ risk }: AuditEvent): Record<string, unknown> {
  if (!risk) return {};
  const level = (SEVERITY[risk.level] ?? INFORMATIONAL) - 1;
  return { risk_score: risk.score, risk_level_id: level, risk_level: RISK_LEVELS[level] };
}

function apiOf(event: AuditEvent): Record<string, unknown> {
  const operation = event.tool ?? event.type;
  const actions = Array.isArray(event.actions) ? event.actions : [];
  return {
    api: {
      operation,
      ...(event.server ? { service: { name: event.server } } : {}),
      ...(event.call_id ? { request: { uid: event.call_id } } : {}),
    },
    src_endpoint: { name: event.agent_id ?? 'unknown' },
    resources: actions.map(({ action }) => ({ name: action, type: action.split(':')[1] ?? '' })),
  };
}

function statusOf({ type, outcome }: AuditEvent): Record<string, unknown> {
  if (type === 'call.refused') return { status_id: 2, status: 'Failure', status_detail: 'refused' };
  if (type === 'session.opened' || type === 'session.closed') return { status_id: 1, status: 'Success' };
  if (type !== 'call.outcome') return {};
  if (outcome === 'ok') return { status_id: 1, status: 'Success' };
  return outcome === 'unknown'
    ? { status_id: 0, status: 'Unknown' }
    : { status_id: 2, status: 'Failure', status_detail: outcome };
}

/** So many hex digits that stand for an id, for formats that want numbers: the same id gives the same digits everywhere. */
export function digitsOf(id: string, count: number): string {
  return createHash('sha256').update(id).digest('hex').slice(0, count);
}
