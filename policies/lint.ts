// What loads and still looks like a mistake: permissions wider than meant, rules and lists that do nothing, bindings that don't fit their tools.
import { RESERVED_IDS } from './rule.ts';
import { nameMatches, scopeCovers } from './scope.ts';
import { isMap, type Problem, suggestion } from './source.ts';
import type { Action, Binding, Policy, Rule, Scope, ToolBinding, Verb } from './types.ts';

/** A server with what it offers, and the binding that describes it. */
export type DescribedServer = {
  server: string;
  binding: Binding | undefined;
  tools: readonly { name: string; inputSchema?: unknown; _meta?: unknown }[];
};

const CHANGING: ReadonlySet<string> = new Set(['write', 'delete', 'execute', '*']);

/** Everything worth a look, by file and line. With `servers`, their tools and arguments are held against bindings and rules too. */
export function lintPolicy(policy: Policy, servers: readonly DescribedServer[] = []): Problem[] {
  const found = [
    ...policy.rules.flatMap((rule) => lintRule(rule, policy)),
    ...unusedLists(policy),
    ...servers.flatMap((server) => lintServer(server, policy)),
  ];
  return found.map(({ where, message }) => ({ ...placeOf(where), message }));
}

/**
 * Names in the policy that no known tool has: tools of rules and tests, and arguments of conditions. For when all servers are
 * known; a policy with such a name must not be used.
 */
export function unknownNames(policy: Policy, servers: readonly DescribedServer[]): Problem[] {
  const tools = servers.flatMap(({ server, tools }) => tools.flatMap(({ name }) => [name, `${server}__${name}`]));
  const args = [...new Set(servers.flatMap(({ tools }) => tools.flatMap((tool) => argumentsOf(tool.inputSchema))))];
  const bound = servers.flatMap(({ binding }) => Object.values(binding?.tools ?? {}).flatMap((tool) => Object.keys(tool.facts)));
  const findings: Finding[] = [];
  for (const rule of policy.rules) {
    for (const name of rule.tool ?? []) {
      if (!tools.some((tool) => nameMatches([name], tool)))
        findings.push({
          where: rule.where,
          message: `\`${rule.id}\` names the tool \`${name}\`, which no server has${suggestion(name, tools)}`,
        });
    }
    for (const clause of [...rule.when, ...rule.unless]) {
      const name = /^args\.([^.[]+)/.exec(clause.fact)?.[1];
      if (name !== undefined && !args.includes(name) && !bound.includes(name))
        findings.push({ where: clause.where, message: `no tool has an argument \`${name}\`${suggestion(name, args)}` });
    }
  }
  for (const test of policy.tests) {
    if (!tools.includes(test.call.tool))
      findings.push({
        where: test.where,
        message: `the test calls \`${test.call.tool}\`, which no server has${suggestion(test.call.tool, tools)}`,
      });
    const rule = test.expect.rule;
    const ids = [...RESERVED_IDS, ...policy.rules.map(({ id }) => id)];
    if (rule !== undefined && !ids.includes(rule))
      findings.push({
        where: test.where,
        message: `the test expects the rule \`${rule}\`, which does not exist${suggestion(rule, ids)}`,
      });
  }
  return findings.map(({ where, message }) => ({ ...placeOf(where), message }));
}

type Finding = { where: string; message: string };

function placeOf(where: string): { file: string; line: number } {
  const at = where.lastIndexOf(':');
  return { file: where.slice(0, at), line: Number(where.slice(at + 1)) };
}

function lintRule(rule: Rule, policy: Policy): Finding[] {
  const findings: Finding[] = [];
  const say = (message: string) => findings.push({ where: rule.where, message: `\`${rule.id}\` ${message}` });
  if (rule.effect === 'allow') {
    const wide = rule.scope.find(isWideChange);
    if (wide)
      say(
        `allows \`${wide.text}\`: everything below it can be changed without a question; name a folder or table, or make it an ask`,
      );
    const blocker = policy.rules.find((other) => other.effect === 'deny' && coversRule(other, rule));
    if (blocker) say(`can never allow anything, since \`${blocker.id}\` (${blocker.where}) denies all of it; remove one of them`);
  }
  if (rule.effect === 'ask' && rule.limits.for === undefined)
    say('does not say how long a grant lasts; add `limits: { for: 30m }`');
  if (rule.otherwise !== 'none' && rule.when.length + rule.unless.length === 0)
    say('has an `otherwise` and no `when` or `unless`, so it never applies; leave it off');
  if (rule.effect === 'deny' && rule.otherwise === 'deny') say('denies either way; leave `when` or `otherwise` off');
  return findings;
}

function isWideChange(scope: Scope): boolean {
  return CHANGING.has(scope.verb) && (scope.resource === undefined || scope.resource.includes('**'));
}

/** Whether a deny without conditions reaches all that a rule reaches: each of its scopes, for everybody it is for. */
function coversRule(deny: Rule, rule: Rule): boolean {
  const conditions =
    deny.when.length +
    deny.unless.length +
    Number(deny.while !== undefined) +
    Number(deny.from !== undefined) +
    Number(deny.until !== undefined);
  if (conditions > 0) return false;
  for (const key of ['agent', 'user', 'role', 'server', 'tool'] as const) {
    const narrowed = deny[key];
    if (narrowed !== undefined && JSON.stringify(narrowed) !== JSON.stringify(rule[key])) return false;
  }
  return rule.scope.every((scope) => deny.scope.some((wider) => coversScope(wider, scope)));
}

function coversScope(wider: Scope, scope: Scope): boolean {
  if (wider.verb !== '*' && wider.verb !== scope.verb) return false;
  if (wider.domain !== '*' && wider.domain !== scope.domain) return false;
  if (wider.resource === undefined || wider.text === scope.text) return true;
  const literal = scope.resource?.map((segment) =>
    segment === '**' || segment.some((piece) => 'star' in piece)
      ? undefined
      : segment.map((piece) => ('literal' in piece ? piece.literal : '')).join(''),
  );
  if (scope.verb === '*' || literal === undefined || literal.includes(undefined)) return samePattern(wider, scope);
  const action: Action = {
    verb: scope.verb,
    domain: scope.domain,
    kind: 'text',
    segments: literal.filter((one) => one !== undefined),
  };
  return scopeCovers(wider, action, 'permit');
}

function samePattern(wider: Scope, scope: Scope): boolean {
  return JSON.stringify(wider.resource) === JSON.stringify(scope.resource);
}

function unusedLists(policy: Policy): Finding[] {
  return (policy.unused_lists ?? []).map(({ name, where }) => ({
    where,
    message: `no rule uses the list \`${name}\`; use it as \`$${name}\` or remove it`,
  }));
}

function lintServer({ server, binding, tools }: DescribedServer, policy: Policy): Finding[] {
  const findings: Finding[] = [];
  const previews = new Set(tools.map(previewOf));
  for (const tool of tools) {
    if (previews.has(tool.name)) continue;
    const bound = binding && Object.hasOwn(binding.tools, tool.name) ? binding.tools[tool.name] : undefined;
    if (bound === undefined) {
      const where = binding?.where ?? 'mcp.json:1';
      findings.push({
        where,
        message: `\`${server}\` has a tool \`${tool.name}\` that no binding describes; what it does is guessed, so add it under \`tools\``,
      });
      continue;
    }
    findings.push(...lintArguments(server, tool, bound));
    for (const [verb, domain] of deedsOf(bound)) {
      if (
        !policy.rules.some((rule) =>
          rule.scope.some(
            (scope) => (scope.verb === '*' || scope.verb === verb) && (scope.domain === '*' || scope.domain === domain),
          ),
        )
      ) {
        findings.push({
          where: bound.where,
          message: `no rule says anything about \`${verb}:${domain}\`, so \`${server}/${tool.name}\` always asks`,
        });
      }
    }
  }
  return findings;
}

function lintArguments(server: string, tool: DescribedServer['tools'][number], bound: ToolBinding): Finding[] {
  const known = argumentsOf(tool.inputSchema);
  const named = [...new Set(selectorsOf(bound).map((selector) => selector.split(/[.[]/)[0] ?? ''))];
  const missing = named.filter((name) => !known.includes(name) && isClosed(tool.inputSchema));
  const uncovered = known.filter((name) => !named.includes(name));
  return [
    ...missing.map((name) => ({
      where: bound.where,
      message: `the binding of \`${server}/${tool.name}\` names the argument \`${name}\`, which the tool lacks${suggestion(name, known)}`,
    })),
    ...uncovered.map((name) => ({
      where: bound.where,
      message: `\`${server}/${tool.name}\` has an argument \`${name}\` that its binding doesn't cover; name it under \`resource\`, \`facts\` or \`ignore\``,
    })),
  ];
}

function selectorsOf(bound: ToolBinding): string[] {
  return [
    ...(bound.resource?.args ?? []),
    ...Object.values(bound.facts).flat(),
    ...bound.ignore,
    ...(bound.sql ? [bound.sql.statement] : []),
    ...(bound.does !== 'sql' && 'by' in bound.does ? [bound.does.by] : []),
    ...bound.also.flatMap(({ given, resource }) => [...(given === undefined ? [] : [given]), ...(resource?.args ?? [])]),
  ];
}

/** Verbs and domains a tool can come to; what SQL does is only known from the statement. */
function deedsOf(bound: ToolBinding): [Verb, string][] {
  const also = bound.also.map(({ does }): [Verb, string] => [does.verb, does.domain]);
  if (bound.does === 'sql') return also;
  if (!('by' in bound.does)) return [[bound.does.verb, bound.does.domain], ...also];
  const cases = [...Object.values(bound.does.cases), ...(bound.does.otherwise ? [bound.does.otherwise] : [])];
  return [...cases.map(({ verb, domain }): [Verb, string] => [verb, domain]), ...also];
}

function argumentsOf(schema: unknown): string[] {
  const properties = isMap(schema) ? schema.properties : undefined;
  return isMap(properties) ? Object.keys(properties) : [];
}

/** A schema that lists no properties says nothing of what the tool lacks. */
function isClosed(schema: unknown): boolean {
  return isMap(schema) && (isMap(schema.properties) || schema.additionalProperties === false);
}

/** The tool that only counts for this one: the guard calls it, no agent does. */
function previewOf(tool: DescribedServer['tools'][number]): unknown {
  const impact = isMap(tool._meta) ? tool._meta['perimeter/impact'] : undefined;
  return isMap(impact) ? impact.preview : undefined;
}
