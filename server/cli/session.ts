// The human's own session and passphrase: login, logout, whoami, passphrase set.
import type { Command } from 'commander';
import { hasPassphrase, MIN_CHARACTERS, needFitting, PassphraseError, setPassphrase } from '../passphrase.ts';
import { NoTerminal, readPassphraseFd, readSecret } from '../terminal.ts';
import { prove } from './human.ts';
import { action, EXIT, Exit, paint, show } from './output.ts';
import { readConfig, withGuard } from './reach.ts';

const MAX_INPUT = 64 * 1024;

type Common = { config: string; json?: boolean };

export function sessionCommands(program: Command, common: (command: Command) => Command): void {
  common(program.command('login').description('sign in, so that the agent may work'))
    .option('--user <name>', 'who signs in')
    .option('--for <duration>', 'for how long, such as 8h')
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(
      action(async (options: Common & { user?: string; for?: string; passphraseFd?: number }) =>
        withGuard(options.config, async (guard) => {
          const proof = await prove(guard.config.state, {
            prompt: `Signing in as ${options.user ?? guard.config.user.name}: the agent may work from now on.`,
            act: 'sign in',
            fd: options.passphraseFd,
          });
          const session = (await guard.command('login', {
            ...proof,
            ...(options.user === undefined ? {} : { user: options.user }),
            ...(options.for === undefined ? {} : { for: options.for }),
          })) as { user: string; expires_at: string };
          show(options.json, session, () => `${paint.green('signed in')} as ${session.user} until ${session.expires_at}`);
          return EXIT.ok;
        }),
      ),
    );
  common(
    program.command('logout').description('sign out: permissions end, and nothing goes through until the next login'),
  ).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        show(options.json, await guard.command('logout'), () => 'signed out; `perimeter login` signs in again');
        return EXIT.ok;
      }),
    ),
  );
  common(
    program
      .command('signal')
      .description('take a session-revoked event (CAEP) on stdin: signs out at once, calls under way included'),
  ).action(
    action(async (options: Common) => {
      const document = await readInput();
      return withGuard(options.config, async (guard) => {
        const answer = (await guard.command('signal', { document })) as { about_us: boolean };
        show(options.json, answer, () =>
          answer.about_us
            ? 'signed out; `perimeter login` signs in again'
            : 'the event is about somebody else: nothing was changed',
        );
        return answer.about_us ? EXIT.ok : EXIT.no;
      });
    }),
  );
  common(program.command('whoami').description('who is signed in, until when')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const me = (await guard.command('whoami')) as Record<string, unknown>;
        show(options.json, me, () =>
          [
            `user     ${me.user} (${me.role})`,
            `agent    ${me.agent}`,
            `session  ${me.session}${me.expires_at === undefined ? '' : ` until ${me.expires_at}`}${me.login_required === true ? '; sign in with `perimeter login`' : ''}`,
            `present  ${me.user_present === true ? 'yes' : 'unknown'}`,
            ...(me.locked === true ? [paint.red('locked   nothing goes through until `perimeter unlock`')] : []),
          ].join('\n'),
        );
        return EXIT.ok;
      }),
    ),
  );
  const passphrase = program.command('passphrase').description('the proof only you have');
  common(passphrase.command('set').description('set or change it'))
    .option('--passphrase-fd <n>', 'read the new passphrase from this file descriptor', Number)
    .option('--former-fd <n>', 'read the present one from this file descriptor', Number)
    .action(action(setIt));
}

async function setIt(options: Common & { passphraseFd?: number; formerFd?: number }): Promise<number> {
  const { state } = readConfig(options.config);
  const streams = { input: process.stdin, output: process.stdout };
  try {
    const asked = async (prompt: string) => {
      const text = await readSecret({ ...streams, prompt });
      if (text === undefined) throw new Exit(EXIT.no, 'given up: nothing was changed');
      return text;
    };
    const former = !(await hasPassphrase(state))
      ? undefined
      : options.formerFd === undefined
        ? await asked('present passphrase: ')
        : await readPassphraseFd(options.formerFd);
    const text =
      options.passphraseFd === undefined
        ? await asked(`new passphrase (at least ${MIN_CHARACTERS} characters): `)
        : await readPassphraseFd(options.passphraseFd);
    needFitting(text);
    if (options.passphraseFd === undefined && (await asked('once more: ')) !== text)
      throw new Exit(EXIT.no, 'the two differ: nothing was changed');
    await setPassphrase(state, text, former);
  } catch (error) {
    if (error instanceof NoTerminal) throw new Exit(EXIT.failed, `perimeter: ${error.message}`);
    if (error instanceof PassphraseError) throw new Exit(EXIT.no, `perimeter: ${error.message}; nothing was changed`);
    throw error;
  }
  show(options.json, { set: true }, () =>
    paint.green('the passphrase is set; approving, unlocking and signing in ask for it from now on'),
  );
  return EXIT.ok;
}

/** All of stdin, as far as a security event goes. */
async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_INPUT) throw new Exit(EXIT.usage, 'perimeter: the document on stdin is longer than 64 kB');
  }
  if (length === 0) throw new Exit(EXIT.usage, 'perimeter: send the event on stdin, such as `perimeter signal < event.json`');
  return Buffer.concat(chunks).toString('utf8');
}
