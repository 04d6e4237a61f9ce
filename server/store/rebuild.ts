// state.json from the audit: what a lost, broken or late snapshot lacks is taken from the log, where every change stood before it.
import { isDeepStrictEqual } from 'node:util';
import { COUNTED } from '../../policies/decide.ts';
import type { OpenAudit } from '../audit/log.ts';
import type { AuditEvent, GrantRecord, GrantState, RequestRecord, RequestState, SessionRecord, StateData } from '../ports.ts';
import type { OpenedStore } from './index.ts';

/** A change is in the log before it is in the state; never more events lie between the two, since no more may wait for the disk. */
const MARGIN = 10_000;
const MAX_PAGE = 500;
const TYPES: ReadonlySet<string> = new Set([
  ...['session.opened', 'session.closed', 'lock.set', 'lock.cleared', 'tool.pinned', 'tool.changed'],
  ...['request.created', 'request.approved', 'request.denied', 'request.expired', 'request.cancelled'],
  ...['grant.issued', 'grant.used', 'grant.exhausted', 'grant.ended', 'grant.revoked', 'grant.released'],
]);
const ENDED: Readonly<Record<string, GrantState>> = {
  ...{ 'grant.exhausted': 'exhausted', 'grant.ended': 'ended', 'grant.revoked': 'revoked', 'grant.released': 'ended' },
};
/** Ends of a session after which only a person opens one. */
const SHUTTING = new Set(['expired', 'logout', 'clock']);

/**
 * Brings the state up to what the log says; later events win, so what is there already stays. Answers, in words for the log of the
 * guard, what was taken from it; undefined when the state was complete. From then on the state says how far it has come.
 */
export async function rebuild(
  store: OpenedStore,
  audit: Pick<OpenAudit, 'events' | 'query' | 'seq'>,
): Promise<string | undefined> {
  const isLost = store.recovered !== undefined || (store.data.seq === 0 && store.data.session === null);
  const events: AuditEvent[] = [];
  for await (const event of audit.events(isLost ? 1 : Math.max(1, store.data.seq - MARGIN), TYPES)) events.push(event);
  const draft = structuredClone(store.data);
  for (const event of events) replay(draft, event);
  for (const grant of Object.values(draft.grants)) {
    if (grant.state === 'active' && events.some((event) => event.grant_id === grant.grant_id)) await refill(grant, events, audit);
  }
  if (isLost && events.some((event) => event.type === 'session.opened')) draft.login_required = !isOpen(draft.session);
  const isComplete = isDeepStrictEqual(draft, store.data);
  store.follow(() => audit.seq);
  if (isComplete) return undefined;
  await store.update((data) => void Object.assign(data, draft));
  const what = isLost ? 'the state was rebuilt from the audit' : 'the state was behind the audit and was brought up to it';
  return `${what}: ${events.length} events from record ${events[0]?.seq ?? audit.seq} on`;
}

function replay(state: StateData, event: AuditEvent): void {
  if (event.type === 'lock.set')
    state.lock = { set_at: event.timestamp, by: event.approver ?? 'somebody', ...optional('reason', event.why) };
  else if (event.type === 'lock.cleared') state.lock = null;
  else if (event.type.startsWith('session.')) session(state, event);
  else if (event.type.startsWith('tool.')) pins(state, event);
  else if (event.type.startsWith('request.') && event.request_id !== undefined) request(state, event, event.request_id);
  else if (event.grant_id !== undefined) grant(state, event, event.grant_id);
}

function session(state: StateData, event: AuditEvent): void {
  const { session_id = '', timestamp, expires_at, how, role, user, outcome } = event;
  if (event.type === 'session.opened') {
    const isWhole =
      expires_at !== undefined && user !== undefined && typeof role === 'string' && (how === 'implicit' || how === 'login');
    if (state.session?.session_id === session_id || !isWhole) return;
    state.session = { session_id, user, role, how, opened_at: timestamp, expires_at };
    if (how === 'login') state.login_required = false;
  } else if (state.session?.session_id === session_id && state.session.closed_at === undefined) {
    state.session.closed_at = outcome === 'expired' ? state.session.expires_at : timestamp;
    if (SHUTTING.has(outcome ?? '')) state.login_required = true;
  }
}

function isOpen(record: SessionRecord | null): boolean {
  return record !== null && record.closed_at === undefined;
}

/** A definition whose digest the log doesn't know comes back as one that changed: a person looks at it. */
function pins(state: StateData, event: AuditEvent): void {
  const tools = Array.isArray(event.tools) ? event.tools.map(String) : event.tool === undefined ? [] : [event.tool];
  const digests = Array.isArray(event.digests) ? event.digests.map(String) : [];
  for (const [at, tool] of tools.entries()) {
    const id = `${event.server}/${tool}`;
    const known = Object.hasOwn(state.pins, id) ? state.pins[id] : undefined;
    const digest = digests[at] ?? known?.held ?? known?.digest ?? '';
    if (event.type === 'tool.changed')
      state.pins[id] = { ...(known ?? { digest: '', accepted_at: event.timestamp }), held: digest };
    else if (known?.digest !== digest || known.held !== undefined) state.pins[id] = { digest, accepted_at: event.timestamp };
  }
}

/** The record of a request without what only its plan knew: nobody can say yes to it any more, but its end is known. */
function request(state: StateData, event: AuditEvent, id: string): void {
  const known = Object.hasOwn(state.requests, id) ? state.requests[id] : undefined;
  if (event.type === 'request.created' && !known) state.requests[id] = unanswered(event, id);
  // A yes counts with its grant, which is an event of its own.
  if (event.type === 'request.created' || event.type === 'request.approved' || known?.state !== 'pending') return;
  known.state = event.type.slice('request.'.length) as RequestState;
  known.decided_at = event.timestamp;
  Object.assign(known, optional('approver', event.approver), optional('channel', event.channel), optional('reason', event.why));
}

function unanswered(event: AuditEvent, id: string): RequestRecord {
  return {
    ...who(event, id),
    ...{ state: 'pending', digest: id, exact: [], exact_only: true, minutes: 0, proof: 'passphrase', definition_digest: '' },
    ...{ budget: event.budget ?? { uses: 0 }, message: event.message ?? '', policy_digest: event.policy_digest ?? '' },
    impact: { measured: event.records?.measured ?? null, unit: 'records', per_resource: {}, claimed: null, strength: 'unknown' },
    created_at: event.timestamp,
    expires_at: event.expires_at ?? event.timestamp,
  };
}

function grant(state: StateData, event: AuditEvent, id: string): void {
  const known = Object.hasOwn(state.grants, id) ? state.grants[id] : undefined;
  const ended = ENDED[event.type];
  if (known && ended && known.state === 'active') known.state = ended;
  if (event.type !== 'grant.issued' || known || event.expires_at === undefined) return;
  const { budget = { uses: 0 }, timestamp, expires_at, approver = '', channel = '', granted_by = 'policy', conditions } = event;
  const isCut = event.redacted?.some((path) => path.startsWith('terms')) === true;
  const terms = isCut ? {} : ((event.terms ?? {}) as Partial<GrantRecord>);
  state.grants[id] = {
    // Without all of its terms a grant doesn't survive the restart that follows.
    ...{ ...who(event, event.request_id ?? ''), survive_restart: false, ...terms },
    ...{ grant_id: id, state: 'active', budget, remaining: { ...budget }, issued_at: timestamp, expires_at },
    ...{ approver, channel, granted_by, ...optional('while', conditions) },
  };
  const asked = state.requests[event.request_id ?? ''];
  if (asked?.state === 'pending')
    Object.assign(asked, { state: 'approved', grant_id: id, decided_at: timestamp, approver, channel });
}

/** What is left of a grant: its budget less what each use took, corrected by how the call ended. */
async function refill(grant: GrantRecord, events: readonly AuditEvent[], audit: Pick<OpenAudit, 'query'>): Promise<void> {
  const ofGrant = async (type: string) => (await audit.query({ grant_id: grant.grant_id, type, limit: MAX_PAGE })).events;
  const issued = events.find((event) => event.type === 'grant.issued' && event.grant_id === grant.grant_id);
  const calls = new Map((await ofGrant('call.intent')).map((event) => [event.call_id, event]));
  const outcomes = new Map((await ofGrant('call.outcome')).map((event) => [event.call_id, event]));
  const uses = await ofGrant('grant.used');
  // More than a page can't be counted from here: nothing is left of such a grant.
  if (uses.length >= MAX_PAGE) grant.state = 'ended';
  const remaining = { ...grant.budget };
  const exact = [...((issued?.terms as Partial<GrantRecord> | undefined)?.exact ?? grant.exact ?? [])];
  for (const { call_id, budget: taken } of uses) {
    const outcome = outcomes.get(call_id);
    if (!taken || outcome?.outcome === 'failed') continue;
    const actual = outcome?.records?.actual;
    remaining.uses -= taken.uses;
    for (const fact of COUNTED) {
      const spent = fact === 'records' && taken.records !== undefined ? (actual ?? taken.records) : taken[fact];
      if (remaining[fact] !== undefined && spent !== undefined) remaining[fact] -= spent;
    }
    const at = issued && grant.once ? exact.indexOf(calls.get(call_id)?.args_digest ?? '') : -1;
    if (at >= 0) exact.splice(at, 1);
  }
  for (const fact of ['uses', ...COUNTED] as const)
    if (remaining[fact] !== undefined) remaining[fact] = Math.max(0, remaining[fact]);
  grant.remaining = remaining;
  if (issued && grant.once && grant.exact) grant.exact = exact;
}

function who(event: AuditEvent, request_id: string) {
  const { user = '', agent_id: agent = '', session_id = '', scope = [], rules = [] } = event;
  return { request_id, user, agent, session_id, scope, rules, risk: 'low' as const };
}

function optional<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}
