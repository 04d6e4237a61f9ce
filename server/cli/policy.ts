// Policies at the desk: check (judge calls from a file), test, lint, explain. No downstream is contacted.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type DescribedServer, lintPolicy, unknownNames } from '../../policies/lint.ts';
import { formatProblem } from '../../policies/source.ts';
import { loadSqlParsers } from '../../policies/sql/index.ts';
import { type Answers, suggest } from '../../policies/suggest.ts';
import type { PolicyTest } from '../../policies/types.ts';
import { visible } from '../../policies/values/text.ts';
import { bindServer, describeServer } from '../bindings.ts';
import { type CheckAnswer, createChecker } from '../check.ts';
import { iso, systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { diskOf, protects } from '../disk.ts';
import { openPolicies, type Policies } from '../policies.ts';
import type { ToolDefinition } from '../ports.ts';
import { parseStrict } from '../wire/strict-json.ts';
import { action, complain, EXIT, Exit, paint, print, show } from './output.ts';
import { readConfig, withGuard } from './reach.ts';

type Common = { config: string; json?: boolean; tools?: string };
type Desk = { config: Config; policies: Policies; check: () => (line: unknown) => CheckAnswer };

export function policyCommands(program: Command, common: (command: Command) => Command): void {
  const policy = program.command('policy').description('judge, test and explain policies without running anything');
  const desk = (command: Command) =>
    common(command).option('--tools <file>', 'tool definitions, as {"<server>": [tools of tools/list]}');
  desk(
    policy
      .command('check')
      .description('judge calls from a file, one JSON object a line')
      .requiredOption('--calls <file>', 'the calls; - for standard input'),
  ).action(
    action(async (options: Common & { calls: string }) => {
      const { check } = await openDesk(options);
      const judge = check();
      for (const line of linesOf(readFileSync(options.calls === '-' ? 0 : options.calls))) {
        const answer = judgeLine(judge, line);
        print(options.json ? JSON.stringify(answer) : describe(answer));
      }
      return EXIT.ok;
    }),
  );
  desk(policy.command('test').description('run the tests written beside the rules')).action(
    action(async (options: Common) => {
      const { policies, check } = await openDesk(options);
      const results = policies.current.tests.map((test) => runTest(test, check()));
      show(
        options.json,
        results,
        () =>
          results
            .map(
              (one) =>
                `${one.passed ? paint.green('✓ pass') : paint.red('✗ FAIL')} ${one.name}${one.passed ? '' : `\n    ${one.where}: ${one.problem}`}`,
            )
            .join('\n') || 'no tests; write them under `tests:` in a rules file',
      );
      const failed = results.filter((one) => !one.passed).length;
      if (!options.json) print(`${results.length - failed} passed, ${failed} failed`);
      return failed === 0 ? EXIT.ok : EXIT.no;
    }),
  );
  desk(policy.command('lint').description('what looks like a mistake in the rules and bindings')).action(
    action(async (options: Common) => {
      const { config, policies } = await openDesk(options);
      const tools = readTools(options.tools);
      const findings = lintPolicy(policies.current, described(config, policies, tools ?? {}));
      show(options.json, findings, () =>
        findings.length === 0
          ? 'nothing to complain about'
          : findings.map((one) => `${one.file}:${one.line}: ${one.message}`).join('\n'),
      );
      return findings.length === 0 ? EXIT.ok : EXIT.no;
    }),
  );
  common(policy.command('suggest').description('rules to write, from how people answered so far')).action(
    action(async (options: Common) => {
      const { policies } = await openDesk(options);
      const answers = await withGuard(options.config, (guard) => guard.command('rule.answers'));
      const found = suggest(policies.current, answers as Record<string, Answers>);
      show(options.json, found, () =>
        found.length === 0
          ? 'nothing to suggest yet: a rule has to ask 20 times, or be refused 5 times'
          : found
              .map(
                (one) =>
                  `${paint.bold(one.why)}${one.where === undefined ? '' : ` (${one.where})`}. You could write:\n\n${one.yaml}`,
              )
              .join('\n'),
      );
      return EXIT.ok;
    }),
  );
  desk(policy.command('explain <server> <tool> [arguments]').description('judge one call and say why')).action(
    action(async (server: string, tool: string, args: string | undefined, options: Common) => {
      const { check } = await openDesk(options);
      const parsed = args === undefined ? { ok: true as const, value: {} } : parseStrict(args);
      if (!parsed.ok) throw new Exit(EXIT.usage, `perimeter: the arguments are not JSON: ${parsed.reason}`);
      const answer = check()({ id: 'explain', server, tool, arguments: parsed.value });
      show(options.json, answer, () => explain(answer));
      return answer.decision === 'allow' ? EXIT.ok : EXIT.no;
    }),
  );
}

/** Everything the commands here judge by, read once. Throws what the command then says. */
export async function openDesk(options: Common): Promise<Desk> {
  await loadSqlParsers();
  const config = readConfig(options.config);
  const policies = openPolicies(config);
  const tools = readTools(options.tools);
  const now = frozenNow();
  for (const note of policies.notes) complain(`note: ${note}`);
  const servers = new Map(config.entries.map((entry) => [entry.name, bindServer(entry, policies.current.bindings)]));
  // a name that no tool has is a mistake in the policy; that can only be said once every server's tools are known
  const complete = tools && config.entries.every((entry) => Object.hasOwn(tools, entry.name));
  const unknown = complete ? unknownNames(policies.current, described(config, policies, tools)) : [];
  if (unknown.length > 0) throw new Exit(EXIT.failed, unknown.map(formatProblem).join('\n'));
  const world = {
    policy: policies.current,
    who: { agent: config.agent, user: config.user.name, role: config.user.role },
    zone: config.timezone,
    now,
    server: (name: string) => servers.get(name),
    tools,
    isProtected: protects(config.protected, config.settings),
    disk: diskOf([config.folder]),
  };
  return { config, policies, check: () => createChecker(world) };
}

/** The servers whose tools are known, with the bindings that describe them. */
function described(
  config: Config,
  policies: Policies,
  tools: Readonly<Record<string, readonly ToolDefinition[]>>,
): DescribedServer[] {
  return config.entries
    .filter((entry) => Object.hasOwn(tools, entry.name))
    .map((entry) => describeServer(entry, policies.current.bindings, tools[entry.name] ?? []));
}

/** `PERIMETER_NOW` freezes the clock of these commands, and of nothing else. */
function frozenNow(): () => number {
  const text = process.env.PERIMETER_NOW;
  if (text === undefined || text === '') return () => systemClock.now();
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new Exit(EXIT.usage, `perimeter: PERIMETER_NOW is \`${text}\`, which is no ISO time such as 2026-11-23T10:00:00Z`);
  return () => at;
}

function readTools(file: string | undefined): Record<string, ToolDefinition[]> | undefined {
  if (file === undefined) return undefined;
  const parsed = parseStrict(readFileSync(file));
  const servers =
    parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? Object.entries(parsed.value) : undefined;
  if (!servers?.every(([, tools]) => Array.isArray(tools)))
    throw new Exit(EXIT.usage, `perimeter: \`${file}\` is no {"<server>": [tools]}${parsed.ok ? '' : `: ${parsed.reason}`}`);
  return Object.fromEntries(servers) as Record<string, ToolDefinition[]>;
}

/** The lines of a file as they are, not decoded yet; empty ones are left out. */
function* linesOf(file: Buffer): Generator<Buffer> {
  for (let start = 0; start < file.length; ) {
    const found = file.indexOf(0x0a, start);
    const end = found < 0 ? file.length : found;
    const line = file.subarray(start, end);
    if (line.toString('latin1').trim() !== '') yield line;
    start = end + 1;
  }
}

/** One line of a file of calls, read by the wire's own parser and judged. */
export function judgeLine(judge: (line: unknown) => CheckAnswer, text: string | Buffer): CheckAnswer {
  const parsed = parseStrict(text);
  if (parsed.ok) return judge(parsed.value);
  const answer = judge(undefined);
  return { ...answer, id: parsed.id ?? looseId(text.toString()), why: `this line can't be judged: ${parsed.reason}` };
}

/** The `id` of a line that strict JSON refuses, so that its answer can be told from the others. */
function looseId(text: string): string | number | null {
  try {
    const id = (JSON.parse(text) as { id?: unknown } | null)?.id;
    return typeof id === 'string' || typeof id === 'number' ? id : null;
  } catch {
    return null;
  }
}

type TestResult = { name: string; passed: boolean; where: string; problem?: string };

function runTest(test: PolicyTest, judge: (line: unknown) => CheckAnswer): TestResult {
  const [server, tool] = test.call.server === undefined ? splitName(test.call.tool) : [test.call.server, test.call.tool];
  const answer = judge({
    id: test.name,
    server,
    tool,
    arguments: test.call.arguments,
    ...(test.at === undefined ? {} : { at: iso(test.at) }),
    ...(test.context === undefined ? {} : { context: test.context }),
  });
  const { decision, rule, risk } = test.expect;
  const wrong = [
    ...(answer.decision === decision ? [] : [`decision is ${answer.decision}, not ${decision}`]),
    ...(rule === undefined || answer.rule === rule ? [] : [`rule is \`${answer.rule}\`, not \`${rule}\``]),
    ...(risk === undefined || answer.risk.level === risk ? [] : [`risk is ${answer.risk.level}, not ${risk}`]),
  ];
  return wrong.length === 0
    ? { name: test.name, passed: true, where: test.where }
    : { name: test.name, passed: false, where: test.where, problem: `${wrong.join('; ')} (${answer.why})` };
}

/** `files__read` is the tool `read` of the server `files`. */
function splitName(name: string): [string, string] {
  const at = name.indexOf('__');
  return at < 0 ? [name, name] : [name.slice(0, at), name.slice(at + 2)];
}

const COLOURS = { allow: paint.green, ask: paint.yellow, deny: paint.red };

function describe(answer: CheckAnswer): string {
  return `${COLOURS[answer.decision](answer.decision.padEnd(5))} ${String(answer.id)}  ${answer.rule}  ${answer.risk.level}  ${visible(answer.why, 300)}`;
}

function explain(answer: CheckAnswer): string {
  const factors = answer.risk.factors.map((factor) => `${factor.name} +${factor.points}`).join(', ');
  return [
    `${COLOURS[answer.decision](answer.decision)} by rule ${paint.bold(answer.rule)}${answer.where === undefined ? '' : ` (${answer.where})`}`,
    `why      ${visible(answer.why, 500)}`,
    ...(answer.failed.length > 0 ? [`failed   ${answer.failed.join(', ')}`] : []),
    `risk     ${answer.risk.level} ${answer.risk.score}${factors === '' ? '' : ` (${factors})`}`,
    ...answer.actions.map((one) => `action   ${COLOURS[one.decision](one.decision)} ${visible(one.action, 300)} by ${one.rule}`),
    ...Object.entries(answer.facts).map(([name, value]) =>
      paint.dim(`fact     ${name} = ${visible(JSON.stringify(value), 300)}`),
    ),
  ].join('\n');
}
