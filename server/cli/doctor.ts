// perimeter doctor: what is wrong with this set-up, and the fix.
import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { lintPolicy, unknownNames } from '../../policies/lint.ts';
import { visible } from '../../policies/values/text.ts';
import { bindServer } from '../bindings.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { createDownstreams } from '../downstream.ts';
import { openPasskeys } from '../passkeys.ts';
import { hasPassphrase } from '../passphrase.ts';
import { openPolicies, type Policies } from '../policies.ts';
import type { Downstream } from '../ports.ts';
import { createRewriting } from '../rewriting.ts';
import { checkRewriting } from '../self-check.ts';
import { action, EXIT, paint, show } from './output.ts';
import { PERIMETER_COMMAND, readConfig } from './reach.ts';

type Finding = { level: 'ok' | 'note' | 'problem'; about: string; what: string; fix?: string };
const START_MS = 20_000;

export function doctorCommand(program: Command, common: (command: Command) => Command): void {
  common(program.command('doctor').description('what is wrong with this set-up, and the fix')).action(
    action(async (options: { config: string; json?: boolean }) => {
      const config = readConfig(options.config);
      const policies = openPolicies(config);
      const findings = [...(await checkState(config)), ...(await checkServers(config, policies))];
      show(options.json, findings, () => findings.map(describe).join('\n'));
      return findings.some((finding) => finding.level === 'problem') ? EXIT.no : EXIT.ok;
    }),
  );
}

async function checkState(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [
    { level: 'ok', about: 'mcp.json', what: `${config.file} names ${config.entries.length} server(s)` },
  ];
  if (existsSync(config.state) && (statSync(config.state).mode & 0o077) !== 0)
    findings.push({
      level: 'problem',
      about: 'state',
      what: `${config.state} can be read by others on this machine`,
      fix: `chmod 700 ${config.state}`,
    });
  if (!(await hasPassphrase(config.state)))
    findings.push({
      level: 'note',
      about: 'passphrase',
      what: 'none is set: whoever runs commands on your account can approve',
      fix: 'perimeter passphrase set',
    });
  findings.push(await checkPasskeys(config));
  return findings;
}

async function checkPasskeys(config: Config): Promise<Finding> {
  const passkeys = await openPasskeys(config.state, systemClock);
  const names = passkeys.list().map(({ name }) => `\`${name}\``);
  if (names.length > 0) return { level: 'ok', about: 'passkeys', what: `${names.join(', ')}: the console asks for one of them` };
  if (passkeys.enrolled)
    return {
      level: 'problem',
      about: 'passkeys',
      what: `${config.state}/passkeys.json is damaged, so no passkey counts`,
      fix: 'remove the file, restart the guard, and add your passkeys again in `perimeter console`',
    };
  return {
    level: 'note',
    about: 'passkeys',
    what: 'none is added: the console asks for the passphrase, which a program could listen to',
    fix: 'perimeter console, then Passkeys',
  };
}

/** Starts every server for a moment, as the guard would, and looks at what it offers. */
async function checkServers(config: Config, policies: Policies): Promise<Finding[]> {
  const downstreams = createDownstreams(config.entries, {
    clock: systemClock,
    log: () => undefined,
    perimeterCommand: PERIMETER_COMMAND,
  });
  try {
    await downstreams.start(START_MS);
    const findings = downstreams.all().map(checkServer);
    for (const one of downstreams.all()) findings.push(...(await checkTools(one, policies)));
    const described = downstreams.all().map((one) => ({
      server: one.entry.name,
      binding: bindServer(one.entry, policies.current.bindings).binding,
      tools: one.tools(),
    }));
    const complete = downstreams.all().every((one) => one.state === 'ready');
    const found = [...lintPolicy(policies.current, described), ...(complete ? unknownNames(policies.current, described) : [])];
    findings.push(...found.map((one): Finding => ({ level: 'note', about: `${one.file}:${one.line}`, what: one.message })));
    return findings;
  } finally {
    await downstreams.close();
  }
}

function checkServer(one: Downstream): Finding {
  if (one.state === 'ready') return { level: 'ok', about: one.entry.name, what: `answers, with ${one.tools().length} tools` };
  return {
    level: 'problem',
    about: one.entry.name,
    what: visible(one.problem ?? `is ${one.state}`, 500),
    fix: `look at \`${one.entry.name}\` in mcp.json`,
  };
}

/** Whether what its binding says may be rewritten can be, as the guard finds out when it starts. */
async function checkTools(one: Downstream, policies: Policies): Promise<Finding[]> {
  if (one.state !== 'ready') return [];
  const { binding } = bindServer(one.entry, policies.current.bindings);
  const rewriting = createRewriting({ log: () => undefined, rows: 0 });
  const checked = await checkRewriting(one, binding, { rewriting, held: () => false }, AbortSignal.timeout(START_MS));
  return checked.map(({ tool, forms, problem }): Finding => {
    const about = `${one.entry.name}/${tool}`;
    if (forms.length > 0)
      return { level: 'ok', about, what: `is counted and held by rewriting: as a ${forms.join(', and as a ')}` };
    return {
      level: 'note',
      about,
      what: `can't be counted by rewriting, so what it would change stays unknown${problem === undefined ? '' : ` (${visible(problem, 200)})`}`,
      fix: 'see that its database can be reached, or leave `rewrite` off in its binding',
    };
  });
}

const MARK = { ok: paint.green('✓ ok     '), note: paint.yellow('! note   '), problem: paint.red('✗ problem') };

function describe(finding: Finding): string {
  return `${MARK[finding.level]} ${finding.about}: ${finding.what}${finding.fix === undefined ? '' : `\n            fix: ${finding.fix}`}`;
}
