// What the trail keeps of a call so that its risk can be worked out again, and how to read it back: from records alone comes what is learnt.
import type { PastCall } from '../policies/history.ts';
import type { Reading } from '../policies/reading.ts';
import { readsSensitive } from '../policies/sensitivity.ts';
import type { Action, Context, Facts, ResourceKind, Verb } from '../policies/types.ts';
import { RESOURCE_KINDS, RISK_LEVELS, VERBS } from '../policies/types.ts';
import type { AuditEvent, AuditInput } from './ports.ts';

/** Of the reading what neither its scope nor its facts say. Short texts and flags only: it is stored as it is. */
type Traits = { kinds: ResourceKind[] } & Pick<Reading, 'storage' | 'floor' | 'marked' | 'carries' | 'opened'> &
  Partial<Pick<Reading, 'unbound' | 'destructive' | 'untrusted' | 'changed'>>;

/** The members of `call.intent` and `call.refused` that risk is made of, beside `scope` and `facts`. */
export function riskRecord(reading: Reading, context: Context): Partial<AuditInput> {
  const { storage, floor, marked, carries, opened, unbound, destructive, untrusted, changed } = reading;
  const traits: Traits = { kinds: reading.actions.map((action) => action.kind) };
  for (const [name, value] of Object.entries({
    storage,
    floor,
    marked,
    carries,
    opened,
    unbound,
    destructive,
    untrusted,
    changed,
  }))
    if (value !== undefined && value !== false) Object.assign(traits, { [name]: value });
  return { traits, situation: { ...context } };
}

/** The call of a `call.intent` or `call.refused` as histories know it; undefined when the event is none of a tool. */
export function pastCallFrom(event: AuditEvent): PastCall | undefined {
  const { server, tool } = event;
  if (server === undefined || tool === undefined || event.method !== undefined) return undefined;
  const reading = readingFrom(event);
  return {
    at: contextFrom(event).now,
    server,
    tool,
    actions: reading.actions,
    refused: event.type === 'call.refused',
    denied: event.type === 'call.refused' && event.decision === 'deny',
    untrusted: reading.untrusted,
    sensitive: readsSensitive(reading),
  };
}

/** As much of the reading as risk needs. */
export function readingFrom(event: AuditEvent): Reading {
  const traits = (typeof event.traits === 'object' && event.traits !== null ? event.traits : {}) as Partial<Traits>;
  const kinds = Array.isArray(traits.kinds) ? traits.kinds : [];
  const reading: Reading = {
    server: event.server ?? '',
    tool: event.tool ?? '',
    actions: (Array.isArray(event.scope) ? event.scope : []).flatMap((text, index) => actionFrom(text, kinds[index])),
    facts: typeof event.facts === 'object' ? (event.facts as Facts) : {},
    body: undefined,
    args: {},
    own: [],
    fold: false,
    unbound: traits.unbound === true,
    uncovered: [],
    destructive: traits.destructive === true,
    untrusted: traits.untrusted === true,
    absolutes: [],
  };
  if (traits.floor !== undefined && RISK_LEVELS.includes(traits.floor)) reading.floor = traits.floor;
  if (traits.changed === true) reading.changed = true;
  for (const name of ['storage', 'opened'] as const) if (typeof traits[name] === 'string') reading[name] = traits[name];
  for (const name of ['marked', 'carries'] as const) if (Array.isArray(traits[name])) reading[name] = traits[name];
  return reading;
}

/** The situation it was judged in; of an event without one, its time. */
export function contextFrom(event: AuditEvent): Context {
  const given = event.situation as Partial<Context> | undefined;
  const at = Date.parse(event.timestamp);
  if (typeof given !== 'object' || typeof given.now !== 'number') return { now: at, zone: 'UTC', session: 'active' };
  return { zone: 'UTC', session: 'active', ...given, now: given.now };
}

function actionFrom(text: unknown, kind: ResourceKind | undefined): Action[] {
  const [verb, domain, ...rest] = typeof text === 'string' ? text.split(':') : [];
  if (!VERBS.includes(verb as Verb) || domain === undefined) return [];
  const action: Action = {
    verb: verb as Verb,
    domain,
    kind: RESOURCE_KINDS.includes(kind ?? 'none') ? (kind ?? 'none') : 'none',
  };
  if (rest.length === 0) return [action];
  const written = rest.join(':').split('/');
  const deep = written.at(-1) === '**';
  const segments = (deep ? written.slice(0, -1) : written).map((segment) =>
    segment.replace(/%([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  );
  // a binding's root is spelt `.`
  if (segments.length === 0) segments.push('.');
  return [{ ...action, resource: segments.join('/'), segments, ...(deep ? { folder: true } : {}) }];
}
