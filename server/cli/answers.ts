// The commands a human answers with: pending, approve, deny, and answer for what somebody signed elsewhere.
import { type Command, InvalidArgumentError } from 'commander';
import { formatDuration } from '../../policies/durations.ts';
import { visible } from '../../policies/values/visible.ts';
import { systemClock } from '../clock.ts';
import { widthOf } from '../wrapped.ts';
import { commandFor, describeGrant, describeRequest, type Grant, peopleLeft, type Request } from './describe.ts';
import { prove } from './human.ts';
import { action, EXIT, Exit, paint, show } from './output.ts';
import { type Reach, withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
type Narrower = { once?: boolean; minutes?: number; uses?: number; records?: number; scope?: string[] };
type Answered = { changed: boolean; state: string; grant?: Grant; reason?: string; approvals: number; approved_by: string[] };

const MAX_DOCUMENT_BYTES = 64 * 1024;

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
};

export function answerCommands(program: Command, common: (command: Command) => Command): void {
  common(program.command('pending').description('requests that wait for you')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const waiting = (await guard.command('pending')) as Request[];
        const now = systemClock.now();
        show(options.json, waiting, () =>
          waiting.length === 0
            ? 'nothing waits for you'
            : waiting.map((one) => describeRequest(one, now, options.config, widthOf(process.stdout))).join('\n\n'),
        );
        return EXIT.ok;
      }),
    ),
  );
  common(program.command('approve [id]').description('say yes to a request, or to less of it'))
    .option('--once', 'exactly the calls shown, one use each')
    .option('--minutes <n>', 'for fewer minutes than asked', whole)
    .option('--uses <n>', 'for fewer uses than asked', whole)
    .option('--records <n>', 'for fewer records than asked', whole)
    .option('--scope <scope...>', 'for a part of what was asked, such as write:files:marketing/a.md')
    .option('--shown <digest>', 'only if this is what it asks: `shown` of `pending --json`')
    .option('--passphrase-fd <n>', 'read the passphrase from this file descriptor', Number)
    .action(action(approve));
  common(program.command('deny [id]').description('say no to a request'))
    .option('--reason <text>', 'what the agent is told')
    .option('--for <duration>', "don't ask me the same for this long, such as 1h")
    .action(action(deny));
  common(
    program.command('answer').description('take an answer that somebody signed, from standard input (see docs/channels.md)'),
  ).action(action(answer));
}

async function approve(
  given: string | undefined,
  options: Common & Narrower & { shown?: string; passphraseFd?: number },
): Promise<number> {
  return withGuard(options.config, async (guard) => {
    const id = given ?? (await which(guard, 'approve', options));
    const request = (await guard.command('request', { id })) as Request;
    if (request.state !== 'pending') throw new Exit(EXIT.no, `perimeter: nothing to answer: ${id} is ${over(request)}`);
    const number = request.proof === 'typed' && request.impact.measured !== null ? request.impact.measured : undefined;
    const less = narrowerOf(options);
    const prompt = [request.message, ...notes(request, less)].join('\n');
    const no = commandFor('deny', id, options.config);
    const proof = await prove(guard.config.state, { prompt, act: 'approve', fd: options.passphraseFd, number, no });
    const answered = (await guard.command('approve', {
      id,
      shown: options.shown ?? request.shown,
      ...proof,
      ...less,
    })) as Answered;
    show(options.json, answered, () => describeAnswered(answered));
    const counted = answered.changed && (answered.state === 'approved' || answered.state === 'pending');
    return counted ? EXIT.ok : EXIT.no;
  });
}

/** No id was given: says which there are, each with its command. Nothing is answered that was not named. */
async function which(guard: Reach, verb: 'approve' | 'deny', { config }: Common): Promise<never> {
  const waiting = (await guard.command('pending')) as Request[];
  const lines = waiting.map(
    (one) => `  ${commandFor(verb, one.request_id, config)}\n    ${visible(one.message.split('\n')[0] ?? '', 200)}`,
  );
  const said = lines.length === 0 ? 'nothing waits for you' : `which one? give its id:\n${lines.join('\n')}`;
  throw new Exit(EXIT.usage, `perimeter: ${said}`);
}

/** How it ended, in words that say who ended it. */
function over({ state, reason }: Request): string {
  return `${state} already${reason ? ` (${visible(reason, 500)})` : ''}`;
}

function narrowerOf({ once, minutes, uses, records, scope }: Narrower): Narrower {
  return {
    ...(once ? { once } : {}),
    ...(minutes === undefined ? {} : { minutes }),
    ...(uses === undefined ? {} : { uses }),
    ...(records === undefined ? {} : { records }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** What stands below the message before a yes: how much less is given, and who else has to say yes. */
function notes(request: Request, { once, minutes, uses, records, scope }: Narrower): string[] {
  const parts = [
    ...(once ? ['exactly the calls shown, one use each'] : []),
    ...(scope ? [scope.join(', ')] : []),
    ...(uses !== undefined && uses < (request.budget.uses ?? uses) && !once ? [uses === 1 ? 'one use' : `${uses} uses`] : []),
    ...(records !== undefined && records < (request.budget.records ?? records + 1)
      ? [`${records} record${records === 1 ? '' : 's'} at most`]
      : []),
    ...(minutes !== undefined && minutes < request.minutes ? [formatDuration(minutes * 60_000)] : []),
  ];
  const people = peopleLeft(request);
  return [
    ...(parts.length > 0 ? ['', `You give less than that: ${parts.join(', ')}.`] : []),
    ...(people === undefined ? [] : ['', `Needed: ${people}.`]),
  ];
}

function describeAnswered(answered: Answered): string {
  if (answered.grant) return `${paint.green('approved')}\n${describeGrant(answered.grant, systemClock.now())}`;
  if (answered.changed && answered.state === 'pending')
    return `${paint.green('your yes is noted')}: ${answered.approved_by.length} of ${answered.approvals} people; nothing is allowed until the others say yes`;
  return `not approved: the request is ${answered.state}${answered.reason ? ` (${visible(answered.reason, 500)})` : ''}`;
}

async function deny(given: string | undefined, options: Common & { reason?: string; for?: string }): Promise<number> {
  return withGuard(options.config, async (guard) => {
    const id = given ?? (await which(guard, 'deny', options));
    const { reason, for: quiet } = options;
    const answered = (await guard.command('deny', {
      id,
      ...(reason === undefined ? {} : { reason }),
      ...(quiet === undefined ? {} : { for: quiet }),
    })) as Answered;
    const silence = quiet === undefined ? '' : `, and not asked again for ${quiet}`;
    show(options.json, answered, () =>
      answered.changed ? `${paint.red('denied')} ${id}${silence}` : `nothing changed: ${id} was already ${answered.state}`,
    );
    return answered.changed ? EXIT.ok : EXIT.no;
  });
}

/** The proof is the signature, so no terminal is needed: whoever runs this carries the document and adds nothing to it. */
async function answer(options: Common): Promise<number> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    size += piece.length;
    if (size > MAX_DOCUMENT_BYTES) throw new Exit(EXIT.usage, 'perimeter: a signed answer has at most 64 kB');
  }
  return withGuard(options.config, async (guard) => {
    const answered = (await guard.command('answer', { document: Buffer.concat(pieces).toString('utf8') || ' ' })) as {
      changed: boolean;
      state: string;
      request_id: string;
      by: string;
    };
    show(options.json, answered, () =>
      answered.changed
        ? `${visible(answered.by, 128)} answered ${answered.request_id}: it is ${answered.state}`
        : `nothing changed: ${answered.request_id} was already ${answered.state}`,
    );
    return answered.changed ? EXIT.ok : EXIT.no;
  });
}
