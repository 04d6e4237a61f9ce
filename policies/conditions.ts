// Whether a clause holds: one operator on one fact. Three answers, because a missing fact is neither yes nor no.

import { withinHours } from './durations.ts';
import { factInfo } from './facts.ts';
import type { History } from './history.ts';
import { countRecent } from './history.ts';
import type { Reading } from './reading.ts';
import {
  isDeep,
  parsePattern,
  parseScope,
  patternCoversBelow,
  patternMatches,
  patternMeetsBelow,
  splitSegments,
} from './scope.ts';
import type { Clause, Context, FactValue, While } from './types.ts';
import { isOwn } from './values/address.ts';
import { classCovers } from './values/data-classes.ts';
import { foldSegment } from './values/path.ts';
import { contains, mentions } from './values/text.ts';

/** `missing`: the fact is not known, or is not of the kind the operator needs. */
export type Verdict = 'yes' | 'no' | 'missing';

const BOUNDS = ['at_most', 'below', 'above', 'at_least'] as const;

export type Situation = { reading: Reading; context: Context; history: History };

/** Judges one clause. Throws Unreadable where it is about words and the text is too long to look for them. */
export function judgeClause(clause: Clause, situation: Situation): Verdict {
  if (clause.operator === 'recent') return judgeRecent(clause, situation);
  if (clause.fact === 'body.mentions' || clause.fact === 'body.contains') return judgeText(clause, situation.reading);
  const value = lookUp(clause.fact, situation.reading);
  return value === undefined ? 'missing' : judgeValue(clause, value, situation.reading);
}

/** `<fact> <operator>`, the name a failing clause goes by. */
export function clauseName(clause: Clause): string {
  if (clause.operator !== 'recent') return `${clause.fact} ${clause.operator}`;
  const bound = BOUNDS.find((name) => Object.hasOwn(clause.value as object, name));
  return `recent ${bound ?? 'at_most'}`;
}

/** Judges a `while`. Unknown context never satisfies a condition; `unmet` names those that fail or are unknown. */
export function judgeWhile(conditions: While | undefined, context: Context): { verdict: Verdict; unmet: string[] } {
  const verdicts: [string, Verdict][] = [];
  if (conditions?.session !== undefined) verdicts.push(['session', context.session === 'active' ? 'yes' : 'no']);
  if (conditions?.user_present !== undefined)
    verdicts.push(['user_present', same(conditions.user_present, context.user_present)]);
  if (conditions?.vpn !== undefined) verdicts.push(['vpn', same(conditions.vpn, context.vpn)]);
  if (conditions?.hours !== undefined)
    verdicts.push(['hours', withinHours(conditions.hours, context.now, context.zone) ? 'yes' : 'no']);
  for (const more of conditions?.also ?? []) {
    const inner = judgeWhile(more, context);
    verdicts.push(...inner.unmet.map((name): [string, Verdict] => [name, inner.verdict]));
  }
  const unmet = verdicts.filter(([, verdict]) => verdict !== 'yes').map(([name]) => name);
  if (unmet.length === 0) return { verdict: 'yes', unmet };
  return { verdict: verdicts.some(([, verdict]) => verdict === 'no') ? 'no' : 'missing', unmet };
}

function same(wanted: boolean, known: boolean | undefined): Verdict {
  return known === undefined ? 'missing' : known === wanted ? 'yes' : 'no';
}

/** The value of a fact, arguments included; undefined when it is missing. */
export function lookUp(fact: string, reading: Reading): FactValue | undefined {
  if (Object.hasOwn(reading.facts, fact)) return reading.facts[fact];
  if (!fact.startsWith('args.')) return undefined;
  return fact.endsWith('.length')
    ? lengthOf(argument(fact.slice(5, -7), reading.args))
    : scalars(argument(fact.slice(5), reading.args));
}

/** Follows `a.b`, `list[].field`; an element without the field makes the whole fact missing. */
function argument(path: string, args: Record<string, unknown>): unknown {
  let values: unknown[] = [args];
  let list = false;
  for (const step of path.split('.')) {
    const each = step.endsWith('[]');
    const key = each ? step.slice(0, -2) : step;
    const next: unknown[] = [];
    for (const value of values) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      const found = (value as Record<string, unknown>)[key];
      if (!each) next.push(found);
      else if (Array.isArray(found)) next.push(...found);
      else return undefined;
    }
    list ||= each;
    values = next;
  }
  return list ? values : values[0];
}

function lengthOf(value: unknown): number | undefined {
  return typeof value === 'string' ? [...value].length : Array.isArray(value) ? value.length : undefined;
}

function scalars(value: unknown): FactValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((item) => typeof item === 'string') || value.every((item) => typeof item === 'number')) return value;
  return undefined;
}

function judgeText(clause: Clause, reading: Reading): Verdict {
  if (reading.body === undefined || !Array.isArray(clause.value)) return 'missing';
  const words = clause.value as string[];
  const found = clause.fact === 'body.mentions' ? mentions(reading.body, words) : contains(reading.body, words);
  return found.length > 0 === (clause.operator === 'any_of') ? 'yes' : 'no';
}

function judgeRecent(clause: Clause, { reading, context, history }: Situation): Verdict {
  const asked = clause.value as { of?: string | string[]; in: number; distinct?: string } & Record<string, unknown>;
  const scopes = [asked.of ?? '*:*'].flat().map(parseScope);
  const count = countRecent(history, context.now, asked.in, scopes, reading.actions, asked.distinct === 'resource');
  for (const operator of BOUNDS) {
    const limit = asked[operator];
    if (limit !== undefined && compare(operator, count, limit) !== 'yes') return 'no';
  }
  return 'yes';
}

function judgeValue(clause: Clause, value: FactValue, reading: Reading): Verdict {
  const wanted = clause.value;
  switch (clause.operator) {
    case 'below':
    case 'at_most':
    case 'above':
    case 'at_least':
      return compareAll(clause.operator, [value].flat(), wanted);
    default:
      return judgeSet(
        clause,
        [value].flat() as (string | number | boolean)[],
        [wanted].flat() as (string | number | boolean)[],
        reading,
      );
  }
}

/** Of several numbers, some of which hold and some don't, neither can be said: an allow stays silent, an ask or deny applies. */
function compareAll(operator: string, values: readonly unknown[], limit: unknown): Verdict {
  const verdicts = new Set(values.map((value) => compare(operator, value, limit)));
  if (verdicts.size > 1) return 'missing';
  return [...verdicts][0] ?? 'no';
}

function compare(operator: string, value: unknown, limit: unknown): Verdict {
  if (typeof value !== 'number' || typeof limit !== 'number' || Number.isNaN(value)) return 'missing';
  const holds =
    operator === 'below'
      ? value < limit
      : operator === 'at_most'
        ? value <= limit
        : operator === 'above'
          ? value > limit
          : value >= limit;
  return holds ? 'yes' : 'no';
}

/** On lists `equals in within only` need every element, `any_of` one, `not_in none_of` none. `only` holds for an empty list, the others don't. */
function judgeSet(
  clause: Clause,
  values: readonly (string | number | boolean)[],
  wanted: readonly (string | number | boolean)[],
  reading: Reading,
): Verdict {
  const info = factInfo(clause.fact);
  const like = (value: string | number | boolean) =>
    wanted.some((item) => matches(clause, info?.type ?? 'any', item, value, reading));
  const answer = (holds: boolean): Verdict => (holds ? 'yes' : 'no');
  // `"5"` is neither 5 nor surely something else
  if (values.some((value) => wanted.length > 0 && !wanted.some((item) => typeof item === typeof value))) return 'missing';
  switch (clause.operator) {
    case 'any_of':
      return answer(values.some(like));
    case 'not_in':
    case 'none_of':
      return answer(!values.some(like));
    case 'only':
      return answer(values.every(like));
    default:
      return answer(values.length > 0 && values.every(like));
  }
}

function matches(
  clause: Clause,
  type: string,
  wanted: string | number | boolean,
  value: string | number | boolean,
  reading: Reading,
): boolean {
  if (typeof wanted !== typeof value) return false;
  if (typeof wanted !== 'string' || typeof value !== 'string') return wanted === value;
  if (clause.fact === 'data.classes') return classCovers(wanted, value);
  if (type === 'host') return hostMatches(wanted, value, reading.own);
  if (type === 'path') return pathMatches(clause.operator, wanted, value, reading);
  if (clause.operator === 'only' || clause.operator === 'within')
    return patternMatches(parsePattern(wanted), splitSegments(value));
  // what must not be there is looked for in any case and any form
  const form = clause.operator === 'none_of' || clause.operator === 'not_in' ? loose : (text: string) => text.normalize('NFC');
  return form(wanted) === form(value);
}

function loose(text: string): string {
  return foldSegment(text.normalize('NFKC').trim());
}

/** A folder that is read or deleted whole lies in a pattern only with everything below it, and meets one as soon as some of it does. */
function pathMatches(operator: string, wanted: string, path: string, { actions, fold }: Reading): boolean {
  const outside = path.startsWith('/');
  if (outside && !wanted.startsWith('/')) return false;
  const pattern = parsePattern(wanted);
  const segments = splitSegments(path);
  const deep = actions.some((action) => action.resource === path && isDeep(action));
  if (!deep) return patternMatches(pattern, segments, fold);
  const meets = operator === 'none_of' || operator === 'not_in' || operator === 'any_of';
  return (meets ? patternMeetsBelow : patternCoversBelow)(pattern, segments, fold);
}

/** `$own` is the binding's own domains, sub-domains included; a leading `*.` matches sub-domains only; else the host itself, globs within. */
function hostMatches(wanted: string, host: string, own: readonly string[]): boolean {
  const name = host.toLowerCase();
  if (wanted === '$own') return isOwn(name, [...own]);
  const glob = wanted.toLowerCase();
  if (glob.startsWith('*.')) return name.endsWith(glob.slice(1)) && name.length > glob.length - 1;
  return patternMatches(parsePattern(glob), [name]);
}
