// Small builders for judging in tests: a rule, a policy, a reading, a situation.

import type { Judged } from '../../policies/decide.ts';
import type { Reading } from '../../policies/reading.ts';
import { DEFAULT_RISK } from '../../policies/risk-defaults.ts';
import { parseScope } from '../../policies/scope.ts';
import type { Action, Context, GrantView, Policy, Rule } from '../../policies/types.ts';

/** Monday noon, UTC. */
export const NOON = Date.parse('2026-11-23T12:00:00Z');

export function rule(given: Partial<Omit<Rule, 'scope'>> & { id: string; scope: string | string[] }): Rule {
  return {
    why: 'because',
    effect: 'allow',
    when: [],
    unless: [],
    otherwise: 'none',
    ask: 'handoff',
    limits: {},
    proof: 'none',
    strength: 'unknown',
    redact: [],
    where: `rules.yaml:1`,
    ...given,
    scope: [given.scope].flat().map(parseScope),
  };
}

export function policy(...rules: Rule[]): Policy {
  return { rules, lists: {}, risk: { ...DEFAULT_RISK, points: {} }, tests: [], bindings: [], digest: 'sha256:test' };
}

export function action(text: string, extra: Partial<Action> = {}): Action {
  const [verb = 'read', domain = 'files', ...rest] = text.split(':');
  const made: Action = { verb: verb as Action['verb'], domain, kind: rest.length > 0 ? 'path' : 'none', ...extra };
  if (rest.length === 0) return made;
  const resource = rest.join(':');
  return { ...made, resource, segments: resource.split('/') };
}

export function reading(actions: Action[], extra: Partial<Reading> = {}): Reading {
  return {
    server: 'files',
    tool: 'read',
    actions,
    facts: {},
    body: undefined,
    args: {},
    own: [],
    fold: false,
    unbound: false,
    uncovered: [],
    destructive: false,
    untrusted: false,
    absolutes: [],
    ...extra,
  };
}

export function context(extra: Partial<Context> = {}): Context {
  return { now: NOON, zone: 'UTC', session: 'active', ...extra };
}

export function grant(extra: Partial<GrantView> = {}): GrantView {
  return {
    grant_id: 'g1',
    scope: ['read:files'],
    rules: ['default'],
    risk: 'low',
    remaining: { uses: 1 },
    expires_at: NOON + 60_000,
    ...extra,
  };
}

export function judged(extra: Partial<Judged> & Pick<Judged, 'policy' | 'reading'>): Judged {
  return {
    who: { agent: 'felix', user: 'john', role: 'user', session_id: 's1' },
    context: context(),
    history: [],
    grants: [],
    call_digest: 'sha256:call',
    isProtected: () => false,
    ...extra,
  };
}
