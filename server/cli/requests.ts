// The commands a human answers with: pending, approve, deny, grants, revoke, lock, unlock, pins.
import type { Command } from 'commander';
import { visible } from '../../policies/values/text.ts';
import { prove } from './human.ts';
import { action, EXIT, Exit, paint, show } from './output.ts';
import { withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
type Request = { request_id: string; shown: string; message: string; impact: { measured: number | null }; expires_at: string; proof: string; state: string; agent: string };
type Grant = { grant_id: string; state: string; scope: string[]; expires_at: string; remaining: Record<string, number>; exact: boolean };

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Exit(EXIT.usage, `perimeter: \`${text}\` is no whole number above 0`);
  return value;
};

export function requestCommands(program: Command, common: (command: Command) => Command): void {
  common(program.command('pending').description('requests that wait for you')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const waiting = (await guard.command('pending')) as Request[];
        show(options.json, waiting, () => (waiting.length === 0 ? 'nothing waits for you' : waiting.map(describeRequest).join('\n\n')));
        return EXIT.ok;
      }),
    ),
  );
  common(program.command('approve <id>').description('say yes to a request'))
    .option('--minutes <n>', 'for fewer minutes than asked', whole)
    .option('--uses <n>', 'for fewer uses than asked', whole)
    .option('--once', 'exactly the calls shown, one use each')
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(action(approve));
  common(program.command('deny <id>').description('say no to a request'))
    .option('--reason <text>', 'what the agent is told')
    .option('--for <duration>', "don't ask me the same for this long, such as 1h")
    .action(
      action(async (id: string, options: Common & { reason?: string; for?: string }) =>
        withGuard(options.config, async (guard) => {
          const answer = (await guard.command('deny', { id, ...(options.reason === undefined ? {} : { reason: options.reason }), ...(options.for === undefined ? {} : { for: options.for }) })) as { changed: boolean; state: string };
          show(options.json, answer, () => (answer.changed ? `${paint.red('denied')} ${id}` : `nothing changed: ${id} was already ${answer.state}`));
          return answer.changed ? EXIT.ok : EXIT.no;
        }),
      ),
    );
  common(program.command('grants').description('permissions that are open')).option('--all', 'those that ended too').action(
    action(async (options: Common & { all?: boolean }) =>
      withGuard(options.config, async (guard) => {
        const grants = (await guard.command('grants', { all: options.all === true })) as Grant[];
        show(options.json, grants, () => (grants.length === 0 ? 'no permission is open' : grants.map(describeGrant).join('\n')));
        return EXIT.ok;
      }),
    ),
  );
  common(program.command('revoke [id]').description('end a permission at once')).option('--all', 'every one').action(
    action(async (id: string | undefined, options: Common & { all?: boolean }) => {
      if ((id === undefined) === (options.all !== true)) throw new Exit(EXIT.usage, 'perimeter: give a grant id, or --all');
      return withGuard(options.config, async (guard) => {
        const answer = (await guard.command('revoke', id === undefined ? { all: true } : { id })) as { revoked: number };
        show(options.json, answer, () => (answer.revoked === 0 ? 'nothing to end' : `${paint.red('revoked')} ${id ?? `${answer.revoked} permission(s)`}`));
        return answer.revoked === 0 && id !== undefined ? EXIT.no : EXIT.ok;
      });
    }),
  );
  common(program.command('lock').description('stop everything now')).option('--reason <text>').action(
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
          const proof = await prove(guard.config.state, { prompt: 'Calls of the agent will go through again.', act: 'unlock', fd: options.passphraseFd });
          show(options.json, await guard.command('unlock', proof), () => paint.green('unlocked'));
          return EXIT.ok;
        }),
      ),
    );
  pinCommands(program, common);
}

async function approve(id: string, options: Common & { minutes?: number; uses?: number; once?: boolean; passphraseFd?: number }): Promise<number> {
  return withGuard(options.config, async (guard) => {
    const request = (await guard.command('request', { id })) as Request;
    if (request.state !== 'pending') throw new Exit(EXIT.no, `perimeter: nothing to answer: ${id} is ${request.state}`);
    const number = request.proof === 'typed' && request.impact.measured !== null ? request.impact.measured : undefined;
    const proof = await prove(guard.config.state, { prompt: request.message, act: 'approve', fd: options.passphraseFd, number });
    const { minutes, uses, once } = options;
    const answer = (await guard.command('approve', { id, shown: request.shown, ...proof, ...(minutes === undefined ? {} : { minutes }), ...(uses === undefined ? {} : { uses }), ...(once ? { once } : {}) })) as { changed: boolean; state: string; grant?: Grant; reason?: string };
    show(options.json, answer, () => (answer.grant ? `${paint.green('approved')}\n${describeGrant(answer.grant)}` : `not approved: the request is ${answer.state}${answer.reason ? ` (${answer.reason})` : ''}`));
    return answer.state === 'approved' && answer.changed ? EXIT.ok : EXIT.no;
  });
}

function pinCommands(program: Command, common: (command: Command) => Command): void {
  const pins = common(program.command('pins').description('tool definitions that were accepted, and those that changed')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const found = (await guard.command('pins')) as { pins: { tool: string; held: boolean }[]; held: string[] };
        show(options.json, found, () => (found.pins.length === 0 ? 'no tool was seen yet' : found.pins.map((pin) => `${pin.held ? paint.yellow('held   ') : 'pinned '} ${visible(pin.tool, 200)}`).join('\n')));
        return EXIT.ok;
      }),
    ),
  );
  common(pins.command('accept <target>').description('take a changed definition: SERVER or SERVER/TOOL'))
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(
      action(async (target: string, options: Common & { passphraseFd?: number }) =>
        withGuard(options.config, async (guard) => {
          const proof = await prove(guard.config.state, { prompt: `The changed definitions of ${target} will be used.`, act: 'accept', fd: options.passphraseFd });
          const answer = (await guard.command('pins.accept', { target, ...proof })) as { accepted: string[] };
          show(options.json, answer, () => (answer.accepted.length === 0 ? `nothing of ${target} is held back` : `accepted ${answer.accepted.join(', ')}`));
          return answer.accepted.length === 0 ? EXIT.no : EXIT.ok;
        }),
      ),
    );
}

function describeRequest(request: Request): string {
  const body = request.message.split('\n').map((line) => `  ${visible(line, 2_000)}`);
  return [`${paint.bold(request.request_id)}  waits until ${request.expires_at}${request.proof === 'none' ? '' : `  proof: ${request.proof}`}`, ...body, paint.dim(`  perimeter approve ${request.request_id}   ·   perimeter deny ${request.request_id}`)].join('\n');
}

function describeGrant(grant: Grant): string {
  const left = Object.entries(grant.remaining).map(([name, count]) => `${count} ${name}`);
  return `${paint.bold(grant.grant_id)}  ${grant.state}  ${grant.scope.map((scope) => visible(scope, 200)).join(' ')}${grant.exact ? ' (exactly the calls shown)' : ''}  until ${grant.expires_at}  left: ${left.join(', ')}`;
}

