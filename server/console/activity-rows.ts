// Events as lines of the stream: what was decided, how risky it was, who did what, and how it ended. Words and shapes; colour only repeats them.
import type { Effect, RiskLevel } from '../../policies/types.ts';
import { RISK_LEVELS } from '../../policies/types.ts';
import type { AuditEvent } from '../ports.ts';
import { type Content, type Html, html, said } from './html.ts';
import { risk, scopeWords } from './parts.ts';

/** Told within the lines of others, or about the log itself: shown only to who asks for their type. */
export const IN_OTHERS: ReadonlySet<string> = new Set([
  ...['call.outcome', 'grant.used', 'impact.measured', 'request.offered'],
  ...['audit.read', 'audit.checkpoint', 'audit.rotated', 'audit.verified'],
]);

const DECIDED: Record<Effect, [shape: string, words: string]> = {
  allow: ['✓', 'allowed'],
  ask: ['?', 'needs a person'],
  deny: ['✕', 'denied'],
};

/** What a rule or a person decided, as a shape and words. */
export const decided = (effect: Effect, words = DECIDED[effect][1]): Html =>
  html`<span class="decided ${effect}"><span aria-hidden="true">${DECIDED[effect][0]}</span> ${words}</span>`;

/** Types that are no call: what stands in place of a decision, and what happened. */
const TYPES: Record<string, [mark: Effect | 'plain', badge: string, words: string]> = {
  'request.created': ['ask', 'asked', 'asked for permission to'],
  'request.approval': ['allow', 'one yes', 'one of several people said yes to'],
  'request.approved': ['allow', 'approved', 'was given permission to'],
  'request.denied': ['deny', 'denied', 'was denied permission to'],
  'request.expired': ['plain', 'expired', 'got no answer to its request to'],
  'request.cancelled': ['plain', 'withdrawn', 'no longer asks to'],
  'request.unanswered': ['plain', 'not shown', 'asked through a client that showed nobody its form'],
  'request.late': ['plain', 'too late', 'got an answer that came too late'],
  'grant.issued': ['allow', 'permission', 'may now'],
  'grant.exhausted': ['plain', 'used up', 'has used up its permission'],
  'grant.ended': ['plain', 'ended', 'has no permission any more'],
  'grant.revoked': ['deny', 'revoked', 'lost its permission'],
  'grant.released': ['plain', 'given back', 'gave its permission back'],
  'impact.exceeded': ['deny', 'too much', 'did more than was approved, so it lost its permission'],
  'session.opened': ['plain', 'signed in', 'signed in'],
  'session.closed': ['plain', 'signed out', 'is no longer signed in'],
  'lock.set': ['deny', 'locked', 'locked everything'],
  'lock.cleared': ['allow', 'unlocked', 'unlocked'],
  'policy.loaded': ['plain', 'rules', 'Rules were loaded'],
  'policy.rejected': ['deny', 'rules', 'Changed rules could not be used, so the ones before still hold'],
  'tool.pinned': ['plain', 'tool', 'A tool was seen for the first time'],
  'tool.checked': ['plain', 'tool', 'The guard tried whether a tool can be counted and held by rewriting its statements'],
  'tool.changed': ['deny', 'tool', 'A tool changed and is held back until somebody accepts it'],
  'clock.anomaly': ['deny', 'clock', 'The clock of this machine jumped'],
  'audit.opened': ['plain', 'started', 'The guard started'],
  'audit.recovered': ['plain', 'repaired', 'A record that was being written when the guard was killed was set aside'],
  'audit.retired': ['plain', 'deleted', 'Records whose time was over were deleted, and a signed note stands for them'],
  'audit.stopped': ['deny', 'stopped', 'The log could not be written any more, so nothing was forwarded'],
  'audit.key_changed': ['plain', 'new key', 'Checkpoints are signed with a new key'],
};
/** These are about a person, the others about the agent. */
const BY_PERSON = /^(?:session|lock)\./;
/** These are sentences of their own. */
const OF_NOBODY = /^(?:policy|tool|clock|audit)\./;

/** The stream, newest first. `endings` are the outcomes of its calls, by call id. */
export function rows(events: readonly AuditEvent[], endings: ReadonlyMap<string, AuditEvent>, zone: string): Content {
  const clock = clockOf(zone);
  return html`<ol class="stream">${events.map(
    (event) => html`<li class="${markOf(event)}">
<span class="marks">${badge(event)}${levelOf(event)}</span>
<a id="e${event.seq}" href="/activity/${encodeURIComponent(event.id)}">${sentence(event)}</a>
<span class="small"><time datetime="${said(event.timestamp, 40)}">${clock(event.timestamp)}</time>${details(event, endings)}</span>
</li>`,
  )}</ol>`;
}

/** Who did what, in one line; everything in it is shown as it is stored, and made safe to look at. */
export function sentence(event: AuditEvent): string {
  const who = text(event.agent_id) ?? 'an unknown agent';
  const known = TYPES[event.type];
  if (event.type === 'call.intent' || event.type === 'call.refused')
    return event.action === undefined && event.scope === undefined
      ? `${who} sent ${text(event.tool) ?? text(event.method) ?? 'what is no call'}`
      : `${who}: ${whatOf(event)}`;
  if (!known) return `${said(event.type, 60)}${text(event.agent_id) === undefined ? '' : ` by ${who}`}`;
  const [, , words] = known;
  if (OF_NOBODY.test(event.type)) return `${words}${named(event)}`;
  if (BY_PERSON.test(event.type)) return `${text(event.approver) ?? text(event.user) ?? 'somebody'} ${words}`;
  return words.endsWith(' to') || words === 'may now' ? `${who} ${words} ${whatOf(event)}` : `${who} ${words}`;
}

function named(event: AuditEvent): string {
  const tool = [event.server, event.tool].filter((one) => typeof one === 'string').join('/');
  const reason = text(event.why) ?? text(event.problem);
  return `${tool === '' ? '' : `: ${said(tool, 100)}`}${reason === undefined ? '' : `: ${reason}`}`;
}

/** "write database customers", and how many more. */
function whatOf(event: AuditEvent): string {
  const judged = Array.isArray(event.actions) ? event.actions.map((one) => one.action) : [];
  const all = [...new Set([...judged, ...(judged.length === 0 ? [event.scope ?? event.action].flat() : [])])];
  const scopes = all.filter((one) => typeof one === 'string');
  const [first = 'do something the record does not name'] = scopes;
  return `${scopeWords(first)}${scopes.length > 1 ? ` and ${scopes.length - 1} more` : ''}`;
}

function badge(event: AuditEvent): Html {
  const isCall = event.type === 'call.intent' || event.type === 'call.refused';
  if (isCall && event.decision !== undefined && Object.hasOwn(DECIDED, event.decision)) return decided(event.decision);
  const [mark, words] = TYPES[event.type] ?? ['plain', 'event'];
  return mark === 'plain'
    ? html`<span class="decided plain"><span aria-hidden="true">–</span> ${words}</span>`
    : decided(mark, words);
}

function markOf(event: AuditEvent): string {
  const level = event.risk?.level;
  return level !== undefined && RISK_LEVELS.includes(level) ? level : 'unrated';
}

function levelOf(event: AuditEvent): Content {
  const level: RiskLevel | undefined = event.risk?.level;
  return level !== undefined && RISK_LEVELS.includes(level) ? html` ${risk(level)}` : '';
}

function details(event: AuditEvent, endings: ReadonlyMap<string, AuditEvent>): Content {
  const tool = [event.server, event.tool].filter((one) => typeof one === 'string').join('/');
  const parts = [
    tool === '' || OF_NOBODY.test(event.type) ? '' : said(tool, 100),
    text(event.rule) === undefined ? '' : `rule ${text(event.rule)}`,
    event.type.startsWith('call.') && text(event.grant_id) !== undefined ? 'with a permission' : '',
    text(event.approver) === undefined || BY_PERSON.test(event.type) ? '' : `by ${text(event.approver)}`,
    event.type === 'call.intent' ? endingOf(endings.get(event.call_id ?? '')) : '',
    event.type === 'call.outcome' ? endingOf(event) : '',
    typeof event.damaged === 'string' ? 'changed after it was written' : '',
  ];
  return parts.filter((part) => part !== '').map((part) => ` · ${part}`);
}

/** How a call ended, as far as it stands in the log near it. */
function endingOf(ending: AuditEvent | undefined): string {
  if (!ending) return 'no end recorded yet';
  if (ending.outcome === 'unknown') return 'how it ended is unknown';
  const time = ending.duration_us === undefined ? '' : ` in ${Math.max(1, Math.round(ending.duration_us / 1000))} ms`;
  const actual = ending.records?.actual;
  const records = typeof actual === 'number' ? `, ${actual} ${actual === 1 ? 'record' : 'records'}` : '';
  return `${ending.outcome === 'ok' ? 'done' : `ended: ${text(ending.outcome) ?? 'no word'}`}${time}${records}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? said(value, 100) : undefined;
}

/** Today's events by their time, older ones with the day. */
function clockOf(zone: string): (timestamp: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return (timestamp) => {
    const at = Date.parse(timestamp);
    return Number.isNaN(at) ? said(timestamp, 30) : format.format(at);
  };
}
