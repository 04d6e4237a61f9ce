// A chain of events told in plain sentences, step by step, with times in the reader's zone.
import { visible } from '../../policies/values/visible.ts';
import type { AuditEvent } from '../ports.ts';

/** One event of a chain, told: when it happened, in the reader's zone, and what. Nothing in it can hide or reorder. */
export type Step = { event: AuditEvent; when: string; said: string };

/** Tells a chain (oldest first). Says so where the log doesn't know how a call ended. */
export function tell(chain: readonly AuditEvent[], zone: string): string {
  return steps(chain, zone)
    .map(({ when, said }) => `${when}: ${said}`)
    .join('\n');
}

/** The same story step by step; an event that another one tells of as well has none. */
export function steps(chain: readonly AuditEvent[], zone: string): Step[] {
  const clock = new StoryClock(zone);
  const told = new Set(
    chain.filter((event) => event.type === 'call.intent' || event.type === 'call.refused').map((event) => event.call_id),
  );
  const ended = new Set(chain.filter((event) => event.type === 'call.outcome').map((event) => event.call_id));
  return chain.flatMap((event) => {
    // The call itself says which grant it drew on.
    if (event.type === 'grant.used' && told.has(event.call_id)) return [];
    const sentences = (SENTENCES[event.type] ?? other)(event, clock);
    if (typeof event.damaged === 'string')
      sentences.unshift('This record was changed after it was written, so don’t believe what follows:');
    if (event.type === 'call.intent' && !ended.has(event.call_id))
      sentences.push(chain.some(({ type, seq }) => type === 'audit.opened' && seq > event.seq) ? STOPPED : NO_OUTCOME);
    return [{ event, when: clock.at(event.timestamp), said: visible(sentences.join(' '), MAX_LINE_LENGTH) }];
  });
}

/** Characters of one line of a story. */
const MAX_LINE_LENGTH = 10_000;
const NO_OUTCOME = 'The log holds no outcome for this call yet, so whether it took effect is unknown.';
const STOPPED = 'The guard stopped before it recorded how this call ended, so whether it took effect is unknown.';

type Sentences = (event: AuditEvent, clock: StoryClock) => string[];

const SENTENCES: Record<string, Sentences> = {
  // in a chain only where a call before it has no end
  'audit.opened': () => ['The guard was started again.'],
  'session.opened': (event) => [`${person(event)} signed in.`],
  'session.closed': (event) => [`The session of ${person(event)} ended.`],
  'request.created': (event) => [
    `${asker(event)} asked for the permission ${whats(event)}.`,
    ...ruleSentence(event, 'wants a human to decide'),
    ...claim(event),
    ...counted(event),
  ],
  'impact.measured': (event) => counted(event),
  'request.offered': (event) => [`It was put to a human through ${event.channel?.replaceAll(' ', ', ') || 'no channel at all'}.`],
  'request.unanswered': (event) => [
    `The client did not show its ${event.channel === 'link' ? 'link' : 'form'} to anybody.`,
    ...reason(event),
  ],
  'request.opened': () => ['Somebody agreed to open its page, which approves nothing.'],
  'request.approval': (event) => [`${approver(event)} said yes${how(event)}, and more people must.`, ...reason(event)],
  'request.late': (event) => ['Another answer came and changed nothing.', ...reason(event)],
  'request.approved': (event, clock) => [`${approver(event)} approved it${how(event)}.`, ...bounds(event, clock)],
  'request.denied': (event) => [`${approver(event)} denied it${how(event)}.`, ...reason(event)],
  'request.expired': () => ['Nobody answered in time, so the request expired.'],
  'request.cancelled': (event) => ['The request was cancelled.', ...reason(event)],
  'grant.issued': (event, clock) => [
    `Grant ${event.grant_id} was given by ${event.granted_by === 'policy' ? 'policy' : approver(event)}${how(event)}: ${whats(event)}.`,
    ...bounds(event, clock),
    ...(event.rules?.length
      ? [`It answers the ${event.rules.length > 1 ? 'rules' : 'rule'} ${event.rules.map(ticked).join(', ')}.`]
      : []),
  ],
  'grant.used': (event) => [`Grant ${event.grant_id} was used.`],
  'grant.exhausted': (event) => [`Grant ${event.grant_id} was used up.`],
  'grant.ended': (event) => [`Grant ${event.grant_id} ended.`, ...reason(event)],
  'grant.revoked': (event) => [
    `Grant ${event.grant_id} was revoked${event.approver ? ` by ${event.approver}` : ''}.`,
    // by whom is said already
    ...(/^revoked by /.test(String(event.reason)) ? [] : reason(event)),
  ],
  'grant.released': (event) => [`${asker(event)} gave grant ${event.grant_id} back.`],
  'call.intent': (event) => [`${asker(event)} called ${toolOf(event)} (${whats(event)}).`, ...allowed(event), ...risk(event)],
  'call.outcome': (event) => outcome(event),
  'call.refused': (event) => [
    `${asker(event)} wanted to call ${toolOf(event)} (${whats(event)}) and was refused.`,
    ...ruleSentence(event, event.decision === 'ask' ? 'wants a human to decide' : 'forbids it'),
    ...(event.failed?.length ? [`What failed: ${event.failed.map(ticked).join(', ')}.`] : []),
    // a refusal for its risk has named it
    ...(event.rule === 'risk' ? [] : risk(event)),
    'Nothing was forwarded.',
  ],
};

function other(event: AuditEvent): string[] {
  const words = event.message ?? event.why ?? event.reason;
  return [`${ticked(event.type)}${typeof words === 'string' ? `: ${words}` : ''}.`];
}

function asker(event: AuditEvent): string {
  return `${event.agent_id ?? 'an unknown agent'}${event.user ? ` (working for ${event.user})` : ''}`;
}

function person(event: AuditEvent): string {
  return event.user ?? 'somebody';
}

function approver(event: AuditEvent): string {
  return event.approver ?? 'a human whose name is not recorded';
}

const CHANNELS: Readonly<Record<string, string>> = {
  form: "the client's form",
  terminal: 'the terminal',
  console: 'the console page',
  page: 'the console page',
  webhook: 'the webhook',
};

/** Through what, and how sure it was a human. */
function how(event: AuditEvent): string {
  const channel = event.channel ? ` through ${CHANNELS[event.channel] ?? event.channel}` : '';
  if (event.proof === 'none') return `${channel}, with no proof beyond the answer itself`;
  if (event.proof === 'typed') return `${channel}, and typed the number that was shown`;
  if (event.proof === 'passphrase') return `${channel}, with the passphrase`;
  const key = typeof event.passkey === 'string' ? ` ${ticked(event.passkey)}` : '';
  return event.proof ? `${channel}, with the ${event.proof}${key}` : channel;
}

function toolOf(event: AuditEvent): string {
  return ticked([event.server, event.tool].filter(Boolean).join('/') || 'an unknown tool');
}

const SHOWN_ACTIONS = 5;

function whats(event: AuditEvent): string {
  const scopes = [event.scope].flat().filter((scope) => typeof scope === 'string');
  const judged = Array.isArray(event.actions) ? event.actions.map((one) => one.action) : [];
  const names = [...new Set(scopes.length > 0 ? scopes : judged)];
  if (names.length === 0) return ticked(event.action ?? event.resource ?? 'something the record does not name');
  const rest = names.length - SHOWN_ACTIONS;
  return names.slice(0, SHOWN_ACTIONS).map(ticked).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** `does`: what the rule has to say to it. */
function ruleSentence(event: AuditEvent, does: string, before = 'The'): string[] {
  if (!event.rule) return [];
  const where = event.where ? ` (${event.where})` : '';
  return [`${before} rule ${ticked(event.rule)}${where} ${does}${event.why ? `: ${endless(event.why)}` : ''}.`];
}

function allowed(event: AuditEvent): string[] {
  const grants = [
    ...new Set([event.grant_id, ...(event.actions ?? []).map((one) => one.grant_id)].filter((id) => id !== undefined)),
  ];
  if (grants.length > 0)
    return [`Grant ${grants.join(', ')} permitted it.`, ...ruleSentence(event, 'wants a human to decide', 'Without it the')];
  return ruleSentence(event, 'allows it');
}

function claim(event: AuditEvent): string[] {
  if (!event.justification) return [];
  return [`The agent's own words, which nobody checked: “${endless(event.justification.replace(/[“”"]/g, "'"))}”.`];
}

function counted(event: AuditEvent): string[] {
  const measured = event.records?.measured ?? event.measured;
  if (typeof measured !== 'number')
    return event.type === 'impact.measured' ? ['How much it would touch could not be measured.'] : [];
  const unit = typeof event.unit === 'string' ? event.unit : 'records';
  const said = typeof event.claimed === 'number' && event.claimed !== measured ? ` The agent had claimed ${event.claimed}.` : '';
  return [`The guard counted ${measured} ${unit}.${said}`];
}

function bounds(event: AuditEvent, clock: StoryClock): string[] {
  const parts = Object.entries(event.budget ?? {}).map(([name, count]) =>
    name === 'uses' && count === 1 ? '1 use' : `${count} ${name}`,
  );
  const until = event.expires_at ? `until ${clock.short(event.expires_at)}` : '';
  const words = [parts.join(', '), until].filter(Boolean).join(', ');
  return words ? [`Bounds: ${words}.`] : [];
}

function risk(event: AuditEvent): string[] {
  if (!event.risk || event.risk.level === 'low') return [];
  const factors = Array.isArray(event.risk.factors) ? event.risk.factors.map((factor) => factor.name).join(', ') : '';
  return [`The risk was ${event.risk.level}${factors ? ` (${factors})` : ''}.`];
}

const ENDS: Readonly<Record<string, string>> = {
  ok: 'It succeeded',
  error: 'The tool answered with an error',
  failed: 'It was not carried out',
  outside_bound: 'The tool would have gone beyond what was approved, so it changed nothing',
  unknown: 'How the call ended is unknown',
};

function outcome(event: AuditEvent): string[] {
  const time = event.duration_us === undefined ? '' : ` after ${Math.max(1, Math.round(event.duration_us / 1000))} ms`;
  const ended = ENDS[event.outcome ?? ''] ?? `The call ended with ${ticked(event.outcome ?? 'no word')}`;
  const { actual, measured } = event.records ?? {};
  const before = measured === undefined ? '' : ` (${measured} had been counted before)`;
  const touched =
    actual === undefined || event.outcome === 'outside_bound'
      ? ''
      : `, and touched ${actual} ${actual === 1 ? 'record' : 'records'}${before}`;
  return [`${ended}${time}${touched}.`, ...reason(event)];
}

function reason(event: AuditEvent): string[] {
  const words = event.reason ?? event.why;
  return typeof words === 'string' && words ? [`Reason: ${endless(words)}.`] : [];
}

function ticked(word: string): string {
  return `\`${word}\``;
}

function endless(sentence: string): string {
  return sentence.replace(/[.\s]+$/, '');
}

/** Says a day once, then only times until the day changes. */
class StoryClock {
  readonly #weekday: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #zone: string;
  #said = '';

  constructor(zone: string) {
    this.#weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: zone });
    this.#day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: zone });
    this.#time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', hourCycle: 'h23', timeZone: zone });
    this.#zone = zone;
  }

  at(timestamp: string): string {
    const ms = Date.parse(timestamp);
    if (Number.isNaN(ms)) return 'at an unreadable time';
    const day = this.#day.format(ms);
    const isNew = day !== this.#said;
    const zone = this.#said === '' ? ` (${this.#zone})` : '';
    this.#said = day;
    return isNew ? `${this.#weekday.format(ms)} ${day}, ${this.#time.format(ms)}${zone}` : this.#time.format(ms);
  }

  short(timestamp: string): string {
    const ms = Date.parse(timestamp);
    if (Number.isNaN(ms)) return timestamp;
    const day = this.#day.format(ms);
    return day === this.#said || this.#said === '' ? this.#time.format(ms) : `${day}, ${this.#time.format(ms)}`;
  }
}
