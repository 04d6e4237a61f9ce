// The trail from the terminal: query, why, verify, tail, export.
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { FILTERS, readQuestion } from '../audit/filter.ts';
import { toOcsf } from '../audit/ocsf.ts';
import { CallTelemetry, logsOf } from '../audit/otlp.ts';
import { verifyAudit } from '../audit/verify.ts';
import { BadQuestion } from '../audit/when.ts';
import { systemClock } from '../clock.ts';
import { packageVersion } from '../package-root.ts';
import type { AuditEvent } from '../ports.ts';
import { describeEvent, describeStory } from './audit-lines.ts';
import { action, EXIT, Exit, paint, print, show } from './output.ts';
import { patiently, stopwatch } from './progress.ts';
import { type Reach, readConfig, withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
type Page = { events: AuditEvent[]; next_cursor?: string };
const PAGE = 500;
/** Calls that `verify` names in a terminal. */
const MAX_NAMED = 5;

export function auditCommands(program: Command, common: (command: Command) => Command): void {
  const audit = program.command('audit').description('what happened, why, and whether the record is intact');
  const query = common(
    audit
      .command('query [filters...]')
      .description('find events; filters as `key:value` (who:john verb:write risk:high when:"last Tuesday") or words'),
  );
  for (const filter of FILTERS) query.option(`--${filter} <value>`);
  query.option('--grant-id <value>').option('--request-id <value>');
  query.option('--limit <n>', 'how many at most', Number).action(action(runQuery));
  common(audit.command('why <id>').description('the whole chain behind an event, call, request or grant')).action(action(why));
  common(audit.command('verify').description('check that nothing was changed, removed or cut off')).action(action(verify));
  common(audit.command('tail').description('events as they happen, what is risky marked (Ctrl-C ends it)')).action(action(tail));
  common(audit.command('rotate-key').description('sign checkpoints with a new key from now on')).action(action(rotateKey));
  const exported = audit.command('export').description('every event, oldest first, one JSON object a line');
  common(exported.requiredOption('--format <format>', 'jsonl, ocsf (OCSF 1.5) or otel (OTLP requests)')).action(
    action(exportAll),
  );
}

async function runQuery(words: string[], options: Common & Record<string, unknown>): Promise<number> {
  const given = Object.entries(options).filter(
    ([name, value]) => (FILTERS as readonly string[]).includes(name) && typeof value === 'string',
  );
  if (typeof options.grantId === 'string') given.push(['grant', options.grantId]);
  if (typeof options.requestId === 'string') given.push(['request', options.requestId]);
  const filter = questionOf(words, Object.fromEntries(given) as Record<string, string>);
  if (options.limit !== undefined) filter.limit = options.limit;
  // who asks for nothing in particular is not told first of all that somebody asked before
  const apart =
    options.json !== true && Object.keys(filter).every((name) => ['limit', 'cursor', 'when', 'since', 'until'].includes(name));
  const { found, zone } = await asked<Page>(options, 'audit.query', { ...filter, ...(apart ? { apart } : {}) });
  show(options.json, found, () => {
    const notes = [
      ...(found.next_cursor === undefined ? [] : [`there are more: add cursor:${found.next_cursor}`]),
      ...(apart ? ['what the guard records of itself is left out: type:audit.* and type:policy.* find it'] : []),
    ].map((note) => paint.dim(note));
    if (found.events.length === 0) return ['no event fits', ...notes].join('\n');
    return [...found.events.map((event) => describeEvent(event, zone)), ...notes].join('\n');
  });
  return EXIT.ok;
}

function questionOf(words: readonly string[], given: Readonly<Record<string, string>>): Record<string, unknown> {
  try {
    return readQuestion(words, given);
  } catch (error) {
    throw error instanceof BadQuestion ? new Exit(EXIT.usage, `perimeter: ${error.message}`) : error;
  }
}

async function why(id: string, options: Common): Promise<number> {
  const { found, zone } = await asked<{ story: string; chain: AuditEvent[] }>(options, 'audit.why', { id });
  const lines = () => found.chain.map((event) => describeEvent(event, zone));
  show(options.json, found, () =>
    [describeStory(found.story), '', paint.dim('The records behind this story:'), ...lines()].join('\n'),
  );
  return EXIT.ok;
}

/** The guard's answer and its time zone. */
function asked<T>(options: Common, command: string, params: Record<string, unknown>): Promise<{ found: T; zone: string }> {
  return withGuard(options.config, async (guard) => ({
    found: (await patiently('searching', () => guard.command(command, params))) as T,
    zone: guard.config.timezone,
  }));
}

function tail(options: Common): Promise<number> {
  return withGuard(options.config, async (guard) => {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.stdout.once('error', () => stop.abort());
    const tell = (event: unknown) =>
      print(options.json ? JSON.stringify(event) : describeEvent(event as AuditEvent, guard.config.timezone));
    await guard.command('audit.tail', {}, tell, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    return EXIT.ok;
  });
}

function rotateKey(options: Common): Promise<number> {
  return withGuard(options.config, async (guard) => {
    const changed = (await guard.command('audit.rotate_key')) as { from: string; to: string };
    show(
      options.json,
      changed,
      () => `checkpoints are signed with key ${changed.to} from now on; the last words of key ${changed.from} name it`,
    );
    return EXIT.ok;
  });
}

/** What one page of events is written as; for `otel` each line is a request that a collector takes. */
function formatOf(format: string): (events: readonly AuditEvent[]) => unknown[] {
  const version = packageVersion();
  if (format === 'jsonl') return (events) => [...events];
  if (format === 'ocsf') return (events) => events.map((event) => toOcsf(event, version));
  if (format !== 'otel') throw new Exit(EXIT.usage, `perimeter: there is no format \`${format}\`; use jsonl, ocsf or otel`);
  const calls = new CallTelemetry(version);
  return (events) => {
    for (const event of events) calls.see(event);
    return [logsOf(events, version), calls.traces(), calls.metrics(systemClock.now())].filter((request) => request !== undefined);
  };
}

function exportAll(options: Common & { format: string }): Promise<number> {
  const format = formatOf(options.format);
  return withGuard(options.config, async (guard) => {
    // in a terminal the events themselves show how far it is
    const watch = process.stdout.isTTY ? undefined : stopwatch();
    let done = 0;
    const lines = async function* () {
      for await (const events of pages(guard)) {
        for (const line of format(events)) yield `${JSON.stringify(line)}\n`;
        done += events.length;
        watch?.say(`exported ${done} events`);
      }
    };
    // Whoever reads slowly sets the pace, and may stop reading (`… | head`).
    await pipeline(lines, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
    watch?.done();
    return EXIT.ok;
  });
}

async function* pages(guard: Reach): AsyncGenerator<AuditEvent[]> {
  for (let from = 1; ; ) {
    const { events } = (await guard.command('audit.events', { from, limit: PAGE })) as Page;
    const last = events.at(-1);
    if (!last) break;
    yield events;
    from = last.seq + 1;
  }
}

async function verify(options: Common): Promise<number> {
  const config = readConfig(options.config);
  const watch = stopwatch();
  const progress = ({ events, share }: { events: number; share: number }) =>
    watch.say(`checked ${events} events, ${Math.floor(share * 100)} % of the log`);
  const { copy } = config.audit;
  const result = await verifyAudit(join(config.state, 'audit'), { progress, ...(copy === undefined ? {} : { copy }) });
  watch.done();
  show(options.json, result, () => {
    const lines = result.problems.map(
      (one) => `${paint.red('✗')} ${one.segment}:${one.line}${one.seq === undefined ? '' : ` seq ${one.seq}`}: ${one.problem}`,
    );
    if (result.ok) lines.push(`${paint.green('✓ intact')}: ${result.events} events, every record in its place`);
    else
      lines.push(
        result.code === 3
          ? paint.yellow('could not be checked')
          : `${paint.red('✗ tampered')}${result.first_bad === undefined ? '' : `: first bad seq ${result.first_bad}`}`,
      );
    if (result.retired !== undefined)
      lines.push(`records 1 to ${result.retired} were deleted by retention, and signed tombstones stand for them`);
    if (result.torn_tail !== undefined)
      lines.push(
        paint.yellow(
          `note: a torn tail of ${result.torn_tail} bytes, a record that was being written; the next start sets it aside`,
        ),
      );
    lines.push(...unknownOutcomes(result.unknown_outcomes));
    lines.push(...result.warnings.map((warning) => paint.yellow(`note: ${warning}`)));
    return lines.join('\n');
  });
  return result.code;
}

/** Calls that may or may not have taken effect, and how to look at them. */
function unknownOutcomes(calls: readonly string[]): string[] {
  if (calls.length === 0) return [];
  const rest = calls.length > MAX_NAMED ? [`  and ${calls.length - MAX_NAMED} more: --json names them all`] : [];
  const which = calls.length === 1 ? '1 call has' : `${calls.length} calls have`;
  return [
    `${which} no recorded outcome, so whether it took effect is unknown:`,
    ...calls.slice(0, MAX_NAMED).map((call) => `  perimeter audit why ${call}`),
    ...rest,
  ];
}
