// What the answers so far say about the rules: what is always approved could be allowed, what is always refused could be denied. Proposals only.
import { parseScope } from './scope.ts';
import type { Policy, Rule } from './types.ts';

/** How often a rule asked, and what became of it; `scopes` and `refused` count what was approved and denied. */
export type Answers = {
  asked: number;
  approved: number;
  denied: number;
  edited: number;
  scopes: Record<string, number>;
  refused?: Record<string, number>;
};
export type Suggestion = { rule: string; effect: 'allow' | 'deny'; why: string; where?: string; yaml: string };

/** Fewer questions say nothing yet. */
const MIN_ASKED = 20;
const MIN_DENIED = 5;
const APPROVED_SHARE = 0.95;
/** What was approved once only is no habit. */
const MIN_TIMES = 2;

/** Proposals from the answers by rule id, each a piece of YAML that loads as it is. Rules that speak of risk or of the guard itself get none. */
export function suggest(policy: Policy, answers: Readonly<Record<string, Answers>>): Suggestion[] {
  return Object.entries(answers).flatMap(([id, one]) => {
    const rule = policy.rules.find((known) => known.id === id);
    if (!rule && id !== 'default') return [];
    const found = always(id, rule, one, policy) ?? never(id, rule, one);
    return found ? [{ ...found, ...(rule ? { where: rule.where } : {}) }] : [];
  });
}

/** Nearly all of many were approved as asked: those very scopes could stand as a rule. */
function always(
  id: string,
  rule: Rule | undefined,
  { asked, approved, edited, scopes }: Answers,
  policy: Policy,
): Suggestion | undefined {
  if (asked < MIN_ASKED || approved / asked <= APPROVED_SHARE || edited > 0) return undefined;
  const habits = Object.keys(scopes)
    .filter((scope) => (scopes[scope] ?? 0) >= MIN_TIMES)
    .sort();
  if (habits.length === 0 || rule?.effect === 'allow') return undefined;
  const why = `${approved} of ${asked} questions of \`${id}\` were approved, none for less than was asked`;
  return { rule: id, effect: 'allow', why, yaml: `${written(id, 'allow', habits)}${rule ? exception(id, habits, policy) : ''}` };
}

/** Every one was refused: asking is of no use. */
function never(id: string, rule: Rule | undefined, { asked, denied, refused = {} }: Answers): Suggestion | undefined {
  if (denied < MIN_DENIED || denied < asked) return undefined;
  const scopes = rule ? rule.scope.map((scope) => scope.text) : Object.keys(refused).sort();
  if (scopes.length === 0) return undefined;
  return {
    rule: id,
    effect: 'deny',
    why: `all ${denied} questions of \`${id}\` were refused`,
    yaml: written(id, 'deny', scopes),
  };
}

function written(id: string, effect: 'allow' | 'deny', scopes: readonly string[]): string {
  const why =
    effect === 'allow' ? `a person approved this every time \`${id}\` asked` : `a person refused this every time \`${id}\` asked`;
  return [
    'version: 1',
    'rules:',
    `  - id: ${`suggested-${effect}-${id}`.slice(0, 64)}`,
    `    why: ${why}`,
    `    effect: ${effect}`,
    `    scope: [${scopes.map(quoted).join(', ')}]`,
    '',
  ].join('\n');
}

/** An ask beats an allow, so the rule that asks has to leave these out. Where a fact can say so it is written down. */
function exception(id: string, scopes: readonly string[], policy: Policy): string {
  const parsed = scopes.map(parseScope);
  const resources = parsed.map((scope) => scope.text.split(':').slice(2).join(':'));
  const kinds = new Set(parsed.map((scope) => kindOf(scope.domain, policy)));
  const [kind] = kinds;
  if (resources.includes('') || kinds.size > 1 || (kind !== 'path' && kind !== 'table'))
    return `# \`${id}\` still asks: an ask beats an allow. Let its scope leave these out.\n`;
  const fact = kind === 'path' ? 'path: { within' : 'sql.tables: { only';
  return `# \`${id}\` still asks: an ask beats an allow. Add to it:\n#   unless: { ${fact}: [${resources.map(quoted).join(', ')}] } }\n`;
}

function kindOf(domain: string, policy: Policy): 'path' | 'table' | undefined {
  for (const binding of policy.bindings)
    for (const tool of Object.values(binding.tools)) {
      if (tool.sql?.domain === domain) return 'table';
      if (tool.resource?.kind === 'path' && typeof tool.does === 'object' && 'domain' in tool.does && tool.does.domain === domain)
        return 'path';
    }
  return undefined;
}

const quoted = (text: string): string => JSON.stringify(text);
