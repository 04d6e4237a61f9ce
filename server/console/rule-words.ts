// A rule in plain words: what it is about, for whom, under which conditions, and what it lets a person give.
import { formatDuration } from '../../policies/durations.ts';
import { factInfo } from '../../policies/facts.ts';
import type { Clause, Limits, Operator, Proof, Rule, Strength, While } from '../../policies/types.ts';
import { type Content, type Html, html, said } from './html.ts';

const SHOWN_VALUES = 8;

const OPERATORS: Record<Exclude<Operator, 'recent'>, string> = {
  equals: 'is',
  in: 'is one of',
  not_in: 'is none of',
  below: 'is below',
  at_most: 'is at most',
  above: 'is above',
  at_least: 'is at least',
  any_of: 'has any of',
  none_of: 'has none of',
  only: 'has nothing but',
  within: 'lies within',
};
const BOUNDS: readonly (keyof typeof OPERATORS)[] = ['below', 'at_most', 'above', 'at_least'];

/** `body.words is below 500`, with what `body.words` is. */
export function clauseWords({ fact, operator, value }: Clause): Html {
  if (operator === 'recent') return recentWords(value as Record<string, unknown>);
  const what = factInfo(fact)?.what;
  return html`<code>${said(fact, 100)}</code> ${OPERATORS[operator]} ${values(value)}${what === undefined ? '' : html` <span class="small">(${what})</span>`}`;
}

function recentWords(asked: Record<string, unknown>): Html {
  const bounds = BOUNDS.filter((name) => asked[name] !== undefined).map((name) => `${OPERATORS[name]} ${String(asked[name])}`);
  const of = [asked.of ?? 'any call'].flat().map(String).join(', ');
  const things = asked.distinct === 'resource' ? 'the number of different things touched by' : 'the number of';
  return html`within ${typeof asked.in === 'number' ? formatDuration(asked.in) : 'some time'}, ${things} <code>${said(of)}</code> ${bounds.join(' and ')}`;
}

function values(value: unknown): Content {
  const all = [value].flat();
  const shown = all.slice(0, SHOWN_VALUES).map((one) => html`<code>${said(String(one), 100)}</code>`);
  const rest = all.length - shown.length;
  return html`${shown.map((one, at) => (at === 0 ? one : html`, ${one}`))}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Who and through what; undefined when it is for everybody and everything. */
export function whoWords(rule: Rule): Content {
  const parts = (['agent', 'user', 'role', 'server', 'tool'] as const).flatMap((key) =>
    rule[key] === undefined ? [] : [html`${key} ${values(rule[key])}`],
  );
  return parts.length === 0 ? undefined : parts.map((part, at) => (at === 0 ? part : html`, ${part}`));
}

/** Conditions on the situation. */
export function whileWords(conditions: While): string {
  const parts = [
    conditions.user_present === undefined ? '' : conditions.user_present ? 'you are present' : 'you are away',
    conditions.session === undefined ? '' : 'you are signed in',
    conditions.vpn === undefined ? '' : conditions.vpn ? 'the VPN is up' : 'the VPN is down',
    conditions.hours === undefined ? '' : `it is ${said(conditions.hours, 100)}`,
    ...(conditions.also ?? []).map(whileWords),
  ];
  return parts.filter((part) => part !== '').join(' and ');
}

/** The most a person can give by saying yes. */
export function limitWords(limits: Limits): string {
  const counts = (['uses', 'records', 'recipients', 'files', 'amount'] as const).flatMap((name) =>
    limits[name] === undefined ? [] : [`${limits[name]} ${limits[name] === 1 && name !== 'amount' ? name.slice(0, -1) : name}`],
  );
  const parts = [
    limits.for === undefined ? '' : formatDuration(limits.for),
    limits.at_most === undefined ? '' : `${formatDuration(limits.at_most)} at the very most`,
    ...counts,
    limits.bytes === undefined ? '' : `${limits.bytes.toLocaleString('en-GB')} bytes`,
    limits.exact === true ? 'only exactly the calls that were shown' : '',
    limits.while === undefined ? '' : `only while ${whileWords(limits.while)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export const PROOF_WORDS: Record<Proof, string> = {
  none: 'a click is enough',
  typed: 'you type the number that matters',
  passphrase: 'you give your passphrase or passkey',
};

export const STRENGTH_WORDS: Record<Strength, string> = {
  enforced: 'the database itself must hold to the number',
  rewritten: 'the statement must be rewritten to hold to the number',
  checked: 'it must be counted just before',
  estimated: 'it must be known from the arguments',
  unknown: '',
};
