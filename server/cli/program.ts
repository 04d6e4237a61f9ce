// The command `perimeter`: every subcommand in a file of its own, loaded only when it is asked for, so that each starts as fast as it can.
import { Command } from 'commander';
import { packageVersion } from '../package-root.ts';
import { hush } from './progress.ts';

type Common = (command: Command) => Command;
type Family = { names: readonly string[]; load: () => Promise<(program: Command, common: Common) => void> };

/** The commands by the file that has them, in the order of the help. */
export const FAMILIES: readonly Family[] = [
  { names: ['serve'], load: async () => (await import('./serve.ts')).serveCommand },
  { names: ['init'], load: async () => (await import('./init.ts')).initCommand },
  { names: ['demo'], load: async () => (await import('./demo.ts')).demoCommand },
  { names: ['console'], load: async () => (await import('./console.ts')).consoleCommand },
  { names: ['pending', 'approve', 'deny', 'answer'], load: async () => (await import('./answers.ts')).answerCommands },
  { names: ['grants', 'revoke', 'lock', 'unlock', 'pins'], load: async () => (await import('./requests.ts')).requestCommands },
  {
    names: ['login', 'logout', 'signal', 'whoami', 'passphrase'],
    load: async () => (await import('./session.ts')).sessionCommands,
  },
  { names: ['passkeys'], load: async () => (await import('./passkeys.ts')).passkeyCommands },
  { names: ['audit'], load: async () => (await import('./audit.ts')).auditCommands },
  { names: ['policy'], load: async () => (await import('./policy.ts')).policyCommands },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).doctorCommand },
  { names: ['tool'], load: async () => (await import('./tool.ts')).toolCommand },
];

const common: Common = (command) =>
  command.option('--config <file>', 'the mcp.json of the guard', './mcp.json').option('--json', 'for scripts');

/** The whole program; or, where `asked` is the name of a command, as much of it as that one needs. */
export async function createProgram(asked?: string): Promise<Command> {
  const program = new Command('perimeter')
    .description(
      'A guard between an AI agent and its tools: it checks every call, asks you when it matters, and answers for it afterwards.',
    )
    .version(packageVersion())
    .hook('preAction', (_, command) => {
      if (command.opts().json === true) hush();
    });
  const family = FAMILIES.filter(({ names }) => asked !== undefined && names.includes(asked));
  for (const { load } of family.length > 0 ? family : FAMILIES) (await load())(program, common);
  throwInsteadOfExit(program);
  return program;
}

/** Commander would exit 1 on wrong use; here that is 2, in subcommands too. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
