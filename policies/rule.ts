// One rule: from what was written to what is judged, with every mistake in it at its line.
import { type Complain, readClauses } from './clauses.ts';
import { formatDuration } from './durations.ts';
import { expandScope, type Lists } from './lists.ts';
import { ruleSchema, type WrittenRule } from './schema.ts';
import { parseScope } from './scope.ts';
import { check } from './shape.ts';
import { isMap, type Problem, type Source } from './source.ts';
import type { Clause, Limits, Rule, Scope } from './types.ts';

/** No grant lasts longer, whatever a rule says. Milliseconds. */
export const LONGEST_GRANT = 24 * 60 * 60 * 1000;
/** Ids that decisions use for what no rule of the user's said. */
export const RESERVED_IDS: readonly string[] = [
  'default',
  'risk',
  'schema',
  'protected',
  'lock',
  'session',
  'tool',
  'error',
  'over_limit',
];

/** Reads the rule that a source is. `note` is told what is worth telling and stops nothing. */
export function readRule(source: Source, lists: Lists, note: Complain): { rule?: Rule; problems: Problem[] } {
  const { value: written, problems } = check(ruleSchema, source);
  const complain: Complain = (path, message) => problems.push({ file: source.file, line: source.line(path), message });
  const when = clausesOf('when', source, lists, complain);
  const unless = clausesOf('unless', source, lists, complain);
  if (written === undefined) return { problems };
  checkRule(written, complain);
  const rule: Rule = {
    id: written.id,
    why: written.why,
    effect: written.effect,
    scope: scopesOf(written, lists, complain),
    when,
    unless,
    otherwise: written.otherwise ?? 'none',
    ask: written.ask ?? 'handoff',
    limits: limitsOf(written, complain, note),
    proof: written.proof ?? 'none',
    ...(written.approvals === undefined ? {} : { approvals: written.approvals }),
    strength: written.strength ?? 'unknown',
    redact: written.redact ?? [],
    where: source.at([]),
  };
  for (const key of ['agent', 'user', 'role', 'server', 'tool', 'while', 'from', 'until'] as const) {
    if (written[key] !== undefined) Object.assign(rule, { [key]: written[key] });
  }
  return { rule, problems };
}

function limitsOf(written: WrittenRule, complain: Complain, note: Complain): Limits {
  const limits: Limits = { ...written.limits };
  const longest = formatDuration(LONGEST_GRANT);
  for (const key of ['for', 'at_most'] as const) {
    const length = limits[key];
    if (length === undefined || length <= LONGEST_GRANT) continue;
    limits[key] = LONGEST_GRANT;
    note(['limits', key], `\`${key}\` is ${formatDuration(length)}; no grant lasts longer than ${longest}, so that holds`);
  }
  if (limits.for !== undefined && limits.at_most !== undefined && limits.for > limits.at_most) {
    complain(['limits', 'for'], '`for` is longer than `at_most`; a grant may not last longer than the most it may');
  }
  return limits;
}

/** What the schema alone can't see in a rule. */
function checkRule(written: WrittenRule, complain: Complain): void {
  if (RESERVED_IDS.includes(written.id))
    complain(['id'], `\`${written.id}\` is an id that the guard itself uses; choose another`);
  if (written.effect === 'allow') {
    if (written.scope === undefined)
      complain([], `\`${written.id}\` allows something and does not say what; add a \`scope\`, such as \`read:calendar\``);
    for (const key of ['limits', 'proof', 'approvals', 'strength'] as const) {
      if (written[key] !== undefined)
        complain(
          [key],
          `\`${key}\` is for what a person approves, and \`${written.id}\` allows without one; move it to a rule with \`effect: ask\``,
        );
    }
  }
  if (written.from !== undefined && written.until !== undefined && written.from >= written.until) {
    complain(['until'], '`until` is not after `from`, so the rule would never hold');
  }
  for (const [index, path] of (written.redact ?? []).entries()) {
    if (!/^result(\.[^.[\]\s]+(\[\])?)+$/.test(path))
      complain(['redact', index], `\`${path}\` is no part of a result; write it as \`result.ssn\` or \`result.rows[].ssn\``);
  }
}

/** Read from what was written, so that a mistake elsewhere in the rule hides none here. */
function clausesOf(key: 'when' | 'unless', source: Source, lists: Lists, complain: Complain): Clause[] {
  const written = isMap(source.value) ? source.value[key] : undefined;
  return isMap(written) ? readClauses(written, [key], source, lists, complain) : [];
}

function scopesOf(written: WrittenRule, lists: Lists, complain: Complain): Scope[] {
  return (written.scope ?? ['*:*']).flatMap((text, index) => {
    try {
      return expandScope(text, lists).map(parseScope);
    } catch (error) {
      complain(['scope', index], error instanceof Error ? error.message : String(error));
      return [];
    }
  });
}
