// The commands that look after what was given: grants, revoke, lock, unlock, pins.
import type { Command } from 'commander';
import { visible } from '../../policies/values/visible.ts';
import { systemClock } from '../clock.ts';
import { describeGrant, type Grant } from './describe.ts';
import { prove } from './human.ts';
import { action, EXIT, Exit, paint, show } from './output.ts';
import { withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
export function requestCommands(program: Command, common: (command: Command) => Command): void {
  common(program.command('grants').description('permissions that are open'))
    .option('--all', 'those that ended too')
    .action(
      action(async (options: Common & { all?: boolean }) =>
        withGuard(options.config, async (guard) => {
          const now = systemClock.now();
          const grants = (await guard.command('grants', { all: options.all === true })) as Grant[];
          show(options.json, grants, () =>
            grants.length === 0 ? 'no permission is open' : grants.map((one) => describeGrant(one, now)).join('\n\n'),
          );
          return EXIT.ok;
        }),
      ),
    );
  common(program.command('revoke [id]').description('end a permission at once'))
    .option('--all', 'every one')
    .action(
      action(async (id: string | undefined, options: Common & { all?: boolean }) => {
        if ((id === undefined) === (options.all !== true)) throw new Exit(EXIT.usage, 'perimeter: give a grant id, or --all');
        return withGuard(options.config, async (guard) => {
          const answer = (await guard.command('revoke', id === undefined ? { all: true } : { id })) as { revoked: number };
          show(options.json, answer, () =>
            answer.revoked === 0 ? 'nothing to end' : `${paint.red('revoked')} ${id ?? `${answer.revoked} permission(s)`}`,
          );
          return answer.revoked === 0 && id !== undefined ? EXIT.no : EXIT.ok;
        });
      }),
    );
  common(program.command('lock').description('stop everything now'))
    .option('--reason <text>')
    .action(
      action(async (options: Common & { reason?: string }) =>
        withGuard(options.config, async (guard) => {
          const answer = await guard.command('lock', options.reason === undefined ? {} : { reason: options.reason });
          show(options.json, answer, () => `${paint.red('locked')}: no call goes through until \`perimeter unlock\``);
          return EXIT.ok;
        }),
      ),
    );
  common(program.command('unlock').description('let calls through again'))
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(
      action(async (options: Common & { passphraseFd?: number }) =>
        withGuard(options.config, async (guard) => {
          const proof = await prove(guard.config.state, {
            prompt: 'Calls of the agent will go through again.',
            act: 'unlock',
            fd: options.passphraseFd,
          });
          show(options.json, await guard.command('unlock', proof), () => paint.green('unlocked'));
          return EXIT.ok;
        }),
      ),
    );
  pinCommands(program, common);
}

function pinCommands(program: Command, common: (command: Command) => Command): void {
  const pins = common(program.command('pins').description('tool definitions that were accepted, and those that changed')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const found = (await guard.command('pins')) as { pins: { tool: string; held: boolean }[]; held: string[] };
        show(options.json, found, () =>
          found.pins.length === 0
            ? 'no tool was seen yet'
            : found.pins.map((pin) => `${pin.held ? paint.yellow('held   ') : 'pinned '} ${visible(pin.tool, 200)}`).join('\n'),
        );
        return EXIT.ok;
      }),
    ),
  );
  common(pins.command('accept <target>').description('take a changed definition: SERVER or SERVER/TOOL'))
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(
      action(async (target: string, options: Common & { passphraseFd?: number }) =>
        withGuard(options.config, async (guard) => {
          const proof = await prove(guard.config.state, {
            prompt: `The changed definitions of ${target} will be used.`,
            act: 'accept',
            fd: options.passphraseFd,
          });
          const answer = (await guard.command('pins.accept', { target, ...proof })) as { accepted: string[] };
          show(options.json, answer, () =>
            answer.accepted.length === 0 ? `nothing of ${target} is held back` : `accepted ${answer.accepted.join(', ')}`,
          );
          return answer.accepted.length === 0 ? EXIT.no : EXIT.ok;
        }),
      ),
    );
}
