// The command `perimeter`: every subcommand in a file of its own, registered here.
import { Command } from 'commander';
import { packageVersion } from '../package-root.ts';
import { answerCommands } from './answers.ts';
import { auditCommands } from './audit.ts';
import { consoleCommand } from './console.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { initCommand } from './init.ts';
import { passkeyCommands } from './passkeys.ts';
import { policyCommands } from './policy.ts';
import { requestCommands } from './requests.ts';
import { serveCommand } from './serve.ts';
import { sessionCommands } from './session.ts';
import { toolCommand } from './tool.ts';

const common = (command: Command) =>
  command.option('--config <file>', 'the mcp.json of the guard', './mcp.json').option('--json', 'for scripts');

export function createProgram(): Command {
  const program = new Command('perimeter')
    .description(
      'A guard between an AI agent and its tools: it checks every call, asks you when it matters, and answers for it afterwards.',
    )
    .version(packageVersion());
  serveCommand(program);
  initCommand(program);
  demoCommand(program);
  consoleCommand(program);
  answerCommands(program, common);
  requestCommands(program, common);
  sessionCommands(program, common);
  passkeyCommands(program, common);
  auditCommands(program, common);
  policyCommands(program, common);
  doctorCommand(program, common);
  toolCommand(program);
  throwInsteadOfExit(program);
  return program;
}

/** Commander would exit 1 on wrong use; here that is 2, in subcommands too. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
