// What a human gives of what was asked: the same or less of scope, time and count, never more.
import { parseScope } from '../policies/scope.ts';
import { scopeWithin } from '../policies/scopes.ts';
import type { Budget } from '../policies/types.ts';
import type { Approval, RequestRecord } from './ports.ts';

/** The answer can't be taken; the message says what to do. */
export class AnswerRefused extends Error {}

export type Narrower = { once?: boolean; minutes?: number; uses?: number; records?: number; scope?: string[] };
/** What a yes gives, `edited` when it is less than was asked. */
export type Terms = { once: boolean; minutes: number; budget: Budget; scope: string[]; edited: boolean };

/** What is given when all of these said yes: for each thing the least that anybody gave. Throws AnswerRefused on a scope outside the request. */
export function terms(request: RequestRecord, given: readonly (Narrower | Approval)[]): Terms {
  return given.reduce<Terms>(narrow, {
    once: false,
    minutes: request.minutes,
    budget: { ...request.budget },
    scope: request.scope,
    edited: false,
  });
  function narrow(so_far: Terms, by: Narrower): Terms {
    const once = so_far.once || (by.once === true && request.exact.length > 0);
    const minutes = Math.min(so_far.minutes, by.minutes ?? so_far.minutes);
    // "once" of a scope without planned calls is one use of it
    const uses = by.once === true ? 1 : (by.uses ?? so_far.budget.uses);
    const budget: Budget = { ...so_far.budget, uses: once ? request.exact.length : Math.min(so_far.budget.uses, uses) };
    if (by.records !== undefined) budget.records = Math.min(by.records, so_far.budget.records ?? by.records);
    const scope = by.scope === undefined ? so_far.scope : inside(by.scope, so_far.scope);
    const edited =
      so_far.edited ||
      minutes < so_far.minutes ||
      (!once && budget.uses < so_far.budget.uses) ||
      budget.records !== so_far.budget.records ||
      scope !== so_far.scope;
    return { once, minutes, budget, scope, edited };
  }
}

/** The scopes as given, when each lies within one of what is there. */
function inside(wanted: readonly string[], there: readonly string[]): string[] {
  const outer = there.map(parseScope);
  for (const text of wanted) {
    const scope = read(text);
    if (scope.verb === '*' || scope.domain === '*' || !outer.some((one) => scopeWithin(scope, one)))
      throw new AnswerRefused(`\`${text}\` is not within what was asked (${there.join(', ')}); an answer can only give less`);
  }
  return [...new Set(wanted)];
}

function read(text: string): ReturnType<typeof parseScope> {
  try {
    return parseScope(text);
  } catch (error) {
    throw new AnswerRefused(`the scope \`${text.slice(0, 200)}\` can't be used: ${(error as Error).message}`);
  }
}
