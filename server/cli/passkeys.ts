// perimeter passkeys: those that the console asks for, and removing one that is lost. They are added on the page, where a browser can make them.
import type { Command } from 'commander';
import type { Passkey } from '../passkeys.ts';
import { prove } from './human.ts';
import { action, EXIT, Exit, paint, show } from './output.ts';
import { withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
type Listed = { enrolled: boolean; passkeys: Passkey[] };

export function passkeyCommands(program: Command, common: (command: Command) => Command): void {
  const passkeys = common(program.command('passkeys').description('the passkeys that the console asks for')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const listed = (await guard.command('passkeys')) as Listed;
        show(options.json, listed.passkeys, () => describe(listed));
        return EXIT.ok;
      }),
    ),
  );
  common(passkeys.command('remove <id>').description('remove one, such as one that is lost: its id or its name'))
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(
      action(async (named: string, options: Common & { passphraseFd?: number }) =>
        withGuard(options.config, async (guard) => {
          const { passkeys: all } = (await guard.command('passkeys')) as Listed;
          const [found, ...more] = all.filter(({ id, name }) => id === named || name === named);
          if (!found || more.length > 0)
            throw new Exit(
              EXIT.no,
              `perimeter: ${found ? 'several are' : 'none is'} called that; \`perimeter passkeys\` lists them`,
            );
          const proof = await prove(guard.config.state, {
            prompt: `The passkey \`${found.name}\` will prove nothing any more.`,
            act: 'remove it',
            fd: options.passphraseFd,
          });
          const removed = await guard.command('passkeys.remove', { ...proof, id: found.id });
          show(options.json, removed, () => paint.green(`removed \`${found.name}\``));
          return EXIT.ok;
        }),
      ),
    );
}

function describe({ enrolled, passkeys }: Listed): string {
  if (passkeys.length > 0)
    return passkeys
      .map(
        ({ id, name, added_at, used_at }) => `${name}  added ${added_at}, ${used_at ? `used ${used_at}` : 'never used'}  ${id}`,
      )
      .join('\n');
  return enrolled
    ? 'the kept passkeys cannot be read; `perimeter doctor` says what to do'
    : 'there is none; add one in `perimeter console`, under Passkeys';
}
