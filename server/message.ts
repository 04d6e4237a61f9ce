// The question a human reads: the guard's own sentences from what it computed, then the agent's words, quoted and marked as its claim.
import { formatDuration } from '../policies/durations.ts';
import type { Proof, Risk } from '../policies/types.ts';
import { registrableDomain } from '../policies/values/registrable.ts';
import { visible } from '../policies/values/text.ts';
import type { Impact } from './ports.ts';
import { readAsMail, shownCall } from './shown-call.ts';

export type Asking = {
  agent: string;
  scope: readonly string[];
  tools: readonly string[];
  impact: Impact;
  risk: Risk;
  /** Why a human is asked: the rules' own words. */
  whys: readonly string[];
  for_ms: number;
  /** What was asked for when policy allows less; undefined when nothing was cut. */
  asked_ms?: number;
  uses: number;
  exact_only: boolean;
  justification: string;
  proof: Proof;
  /** How many people must say yes. */
  approvals: number;
  /** Something is changed or sent, so it matters how much. */
  writes: boolean;
  /** Domains and hosts it goes to that are not the user's own. */
  outside: readonly string[];
  /** The planned calls; shown whole where they are short. */
  calls: readonly { tool: string; arguments: Record<string, unknown> }[];
  /** A few of the things it would change, each one line, sensitive parts masked. */
  samples?: readonly string[];
  /** What a server says of what it would do: shown as its words. */
  notes?: readonly { server: string; lines: readonly string[] }[];
};

const MAX_SCOPES = 8;
const MAX_QUOTE = 400;
const MAX_NAME = 200;
const MAX_SAMPLE = 300;
const MAX_NOTE = 500;
/** Begins a line that is a server's own words. */
export const TOLD_BY = 'Told by';
/** So many calls get room; those after them are shown shorter, in this many characters. */
const WIDE_CALLS = 5;
const NARROW = 240;

/** Writes the message. Everything that came from the agent or the call is made visible and capped. */
export function writeMessage(asking: Asking): string {
  const lines = [`${safe(asking.agent)} asks to ${listed(asking.scope)}.`];
  if (asking.writes || asking.impact.measured !== null) lines.push(impactSentence(asking.impact));
  // every call is there: what is only counted could be anything; and right here, since Claude Code shows three lines and folds the rest
  for (const [index, call] of asking.calls.entries())
    lines.push(`Call: ${safe(call.tool)} ${index < WIDE_CALLS ? shownCall(call.arguments) : shownCall(call.arguments, NARROW)}`);
  const encoded = asking.calls.flatMap((call) => readAsMail(call.arguments)).slice(0, MAX_SCOPES);
  if (encoded.length > 0)
    lines.push(`A mail program shows in place of what is encoded there: ${encoded.map((word) => `"${safe(word)}"`).join(', ')}.`);
  if (asking.outside.length > 0)
    lines.push(
      `Leaves your own domains, to ${asking.outside.slice(0, MAX_SCOPES).map(placeName).join(', ')}${asking.outside.length > MAX_SCOPES ? ` and ${asking.outside.length - MAX_SCOPES} more` : ''}.`,
    );
  for (const { server, lines: said } of asking.notes ?? [])
    lines.push(...said.map((line) => `${TOLD_BY} ${safe(server)}: ${visible(line, MAX_NOTE)}`));
  for (const sample of asking.samples ?? []) lines.push(`For example: ${visible(sample, MAX_SAMPLE)}`);
  if (asking.risk.level !== 'low')
    lines.push(
      `Risk: ${asking.risk.level} (${asking.risk.factors.map((factor) => `${factor.name} +${factor.points}`).join(', ')}).`,
    );
  const limit =
    asking.asked_ms === undefined ? '' : ` (it asked for ${formatDuration(asking.asked_ms)}; policy allows this much)`;
  const uses = asking.uses === 1 ? 'one use' : `${asking.uses} uses`;
  lines.push(
    `Access ends after ${formatDuration(asking.for_ms)}${limit}, ${uses}${asking.exact_only ? ', only exactly the calls shown' : ''}.`,
  );
  if (asking.whys.length > 0) lines.push(`You are asked because: ${asking.whys.map(safe).join('; ')}.`);
  if (asking.approvals > 1) lines.push(`${asking.approvals} different people must say yes; one no ends it.`);
  lines.push(
    asking.justification.trim() === ''
      ? 'The agent gave no reason.'
      : `The agent says (its claim, not checked): "${visible(asking.justification, MAX_QUOTE)}"`,
  );
  return lines.join('\n');
}

/** A place with whose it is, where its name begins like somebody else's: `acme.example.evil.test (part of evil.test)`. */
function placeName(place: string): string {
  const owner = registrableDomain(place);
  return owner === undefined || owner === place ? safe(place) : `${safe(place)} (part of ${safe(owner)})`;
}

function safe(text: string): string {
  return visible(text, MAX_NAME);
}

function listed(scopes: readonly string[]): string {
  const shown = scopes.slice(0, MAX_SCOPES).map(phrase);
  const more = scopes.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** `write:database:customers` reads as "write database:customers". */
function phrase(scope: string): string {
  const cut = scope.indexOf(':');
  return `${scope.slice(0, cut)} ${safe(scope.slice(cut + 1))}`;
}

/** How strong the promise is, in words; `docs/impact-convention.md` says what each means. */
const PROMISE: Record<Impact['strength'], string> = {
  enforced: 'enforced in the transaction',
  rewritten: 'enforced by rewriting the statement',
  checked: 'checked just before',
  estimated: 'estimated from the arguments',
  unknown: 'unknown',
};

/** What a promise that holds one by one is about. */
const EXACTLY: Record<Impact['unit'], string> = {
  records: 'these records',
  files: 'these files as they are now',
  recipients: 'this message',
  events: 'these events as they are now',
  bytes: 'these bytes',
};

/** "counted now at 12:00:00 UTC; enforced in the transaction, for exactly these". */
export function promise({ strength, holds, unit, counted_at, by_number = [], direct, more }: Impact): string {
  if (strength === 'estimated' && more)
    return direct
      ? `counted now, ${counted_at?.slice(11, 19)} UTC, without trying it: it is too much for that, so what follows by cascade or trigger is not in the number`
      : 'counted until it was too much to go on';
  if (strength === 'estimated' || strength === 'unknown') return PROMISE[strength];
  const loose = by_number.length === 0 ? '' : `, in ${by_number.slice(0, MAX_SCOPES).map(safe).join(', ')} by their number`;
  const held =
    holds === 'each'
      ? `, for exactly ${EXACTLY[unit]}${loose}`
      : holds === 'counts'
        ? `, by the numbers and not ${unit === 'records' ? 'row by row' : 'one by one'}`
        : '';
  return `counted now${counted_at === undefined ? '' : `, ${counted_at.slice(11, 19)} UTC`}; ${PROMISE[strength]}${held}${direct ? '; only the direct ones are counted and held, not what follows from them by cascade or trigger' : ''}`;
}

/** "This will affect 23 records in customers (counted now)." Measured beside claimed when they differ. */
export function impactSentence(impact: Impact): string {
  const claim = impact.claimed === null ? '' : ` The agent claimed ${impact.claimed}.`;
  if (impact.measured === null)
    return `${impact.unlimited ? 'It names no limit, so it may touch everything. ' : ''}What it will touch could not be measured: its effect is unknown.${claim}`;
  const differs = impact.claimed !== null && impact.claimed !== impact.measured ? claim : '';
  const guess = isGuess(impact) ? " The guard can't measure this tool, so this is a guess." : '';
  return `This will affect ${atLeast(impact)}${amount(impact, impact.measured)} (${promise(impact)}).${guess}${differs}`;
}

/** Nothing was counted, not even until it was too much. */
export const isGuess = ({ strength, more }: Impact): boolean => strength === 'estimated' && more !== true;

/** The words before a number that is a floor. */
export const atLeast = ({ more, direct }: Impact): string => (more ? (direct ? 'at least ' : 'more than ') : '');

/** "23 records in customers, 92 records in orders"; "2 files: a.txt, b.txt"; "3 recipients at acme.example". */
export function amount({ per_resource, unit: name }: Impact, measured: number): string {
  const places = Object.entries(per_resource);
  if (places.length === 0) return `${measured} ${unit(name, measured)}`;
  const more = places.length > MAX_SCOPES ? ` and ${places.length - MAX_SCOPES} more places` : '';
  const shown = places.slice(0, MAX_SCOPES);
  // one file is named; it isn't in itself
  if (name === 'files' && places.every(([, count]) => count === 1))
    return `${places.length} ${unit(name, places.length)}: ${shown.map(([place]) => safe(place)).join(', ')}${more}`;
  const where = name === 'recipients' ? 'at' : 'in';
  return shown.map(([place, count]) => `${count} ${unit(name, count)} ${where} ${safe(place)}`).join(', ') + more;
}

/** `record`, `records`. */
export function unit(name: Impact['unit'], count: number): string {
  return count === 1 ? name.slice(0, -1) : name;
}
