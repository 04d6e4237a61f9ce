// The trail from the terminal: query, why, verify, tail, export.
import type { Command } from 'commander';
import { join } from 'node:path';
import { visible } from '../../policies/values/text.ts';
import { verifyAudit } from '../audit/verify.ts';
import { systemClock } from '../clock.ts';
import type { AuditEvent, AuditFilter } from '../ports.ts';
import { action, complain, EXIT, Exit, paint, print, show } from './output.ts';
import { readConfig, withGuard } from './reach.ts';

type Common = { config: string; json?: boolean };
const WORDS = ['text', 'who', 'agent', 'action', 'resource', 'decision', 'rule', 'grant_id', 'request_id', 'type', 'tool', 'server', 'risk', 'when', 'since', 'until', 'cursor'] as const;

export function auditCommands(program: Command, common: (command: Command) => Command): void {
  const audit = program.command('audit').description('what happened, why, and whether the record is intact');
  const query = common(audit.command('query [filters...]').description('find events; filters as `key:value` (who:john decision:deny when:"last Tuesday") or words'));
  for (const word of WORDS) query.option(`--${word.replace('_', '-')} <value>`);
  query.option('--limit <n>', 'how many at most', Number).action(action(runQuery));
  common(audit.command('why <id>').description('the whole chain behind an event, call, request or grant')).action(
    action(async (id: string, options: Common) =>
      withGuard(options.config, async (guard) => {
        const found = (await guard.command('audit.why', { id })) as { story: string; chain: AuditEvent[] };
        show(options.json, found, () => `${found.story.split('\n').map((line) => visible(line, 4_000)).join('\n')}\n\n${found.chain.map(describe).join('\n')}`);
        return EXIT.ok;
      }),
    ),
  );
  common(audit.command('verify').description('check that nothing was changed, removed or cut off')).action(action(verify));
  common(audit.command('tail').description('events as they happen (Ctrl-C ends it)')).action(
    action(async (options: Common) =>
      withGuard(options.config, async (guard) => {
        const stop = new AbortController();
        process.once('SIGINT', () => stop.abort());
        process.stdout.once('error', () => stop.abort());
        await guard.command('audit.tail', {}, (event) => print(options.json ? JSON.stringify(event) : describe(event as AuditEvent)), stop.signal).catch((error: unknown) => {
          if (!stop.signal.aborted) throw error;
        });
        return EXIT.ok;
      }),
    ),
  );
  common(audit.command('export').description('every event, one JSON object a line').requiredOption('--format <format>', 'jsonl (ocsf and otel are not built yet)')).action(
    action(async (options: Common & { format: string }) => {
      if (options.format !== 'jsonl') throw new Exit(EXIT.usage, `perimeter: the format \`${options.format}\` is not built yet; use jsonl`);
      return withGuard(options.config, async (guard) => {
        let cursor: string | undefined;
        do {
          const page = (await guard.command('audit.query', { limit: 500, ...(cursor === undefined ? {} : { cursor }) })) as { events: AuditEvent[]; next_cursor?: string };
          for (const event of page.events) print(JSON.stringify(event));
          cursor = page.next_cursor;
        } while (cursor !== undefined);
        return EXIT.ok;
      });
    }),
  );
}

async function runQuery(words: string[], options: Common & Partial<AuditFilter> & Record<string, unknown>): Promise<number> {
  const filter: Record<string, unknown> = {};
  const text: string[] = [];
  for (const word of words) {
    const cut = word.indexOf(':');
    const key = word.slice(0, cut);
    if (cut > 0 && WORDS.includes(key as (typeof WORDS)[number])) filter[key] = word.slice(cut + 1);
    else text.push(word);
  }
  if (text.length > 0) filter['text'] = text.join(' ');
  for (const word of WORDS) {
    const given = options[word.replace(/_([a-z])/, (_all, letter: string) => letter.toUpperCase())];
    if (given !== undefined) filter[word] = given;
  }
  if (options.limit !== undefined) filter['limit'] = options.limit;
  return withGuard(options.config, async (guard) => {
    const found = (await guard.command('audit.query', filter)) as { events: AuditEvent[]; next_cursor?: string };
    show(options.json, found, () => (found.events.length === 0 ? 'no event fits' : [...found.events.map(describe), ...(found.next_cursor === undefined ? [] : [paint.dim(`more: --cursor ${found.next_cursor}`)])].join('\n')));
    return EXIT.ok;
  });
}

async function verify(options: Common): Promise<number> {
  const config = readConfig(options.config);
  const started = systemClock.mono();
  const progress = (done: { events: number }) => {
    if (process.stderr.isTTY && systemClock.mono() - started > 1_000) process.stderr.write(`\rchecked ${done.events} events`);
  };
  const result = await verifyAudit(join(config.state, 'audit'), { progress, ...(config.audit.copy === undefined ? {} : { copy: config.audit.copy }) });
  if (process.stderr.isTTY && systemClock.mono() - started > 1_000) complain('');
  show(options.json, result, () => {
    const lines = result.problems.map((one) => `${paint.red('✗')} ${one.segment}:${one.line}${one.seq === undefined ? '' : ` seq ${one.seq}`}: ${one.problem}`);
    if (result.ok) lines.push(`${paint.green('✓ intact')}: ${result.events} events, every record in its place`);
    else lines.push(result.code === 3 ? paint.yellow('could not be checked') : `${paint.red('✗ tampered')}${result.first_bad === undefined ? '' : `: first bad seq ${result.first_bad}`}`);
    if (result.unknown_outcomes.length > 0) lines.push(`${result.unknown_outcomes.length} call(s) without a recorded outcome: ${result.unknown_outcomes.slice(0, 5).join(', ')}`);
    lines.push(...result.warnings.map((warning) => paint.yellow(`note: ${warning}`)));
    return lines.join('\n');
  });
  return result.code;
}

const MARK: Record<string, string> = { allow: paint.green('allow'), ask: paint.yellow('ask  '), deny: paint.red('deny ') };

/** One event on one line. */
function describe(event: AuditEvent): string {
  const what = event.action ?? event.scope?.join(' ') ?? event.tool ?? '';
  const more = [event.rule && `rule ${event.rule}`, event.grant_id, event.request_id, event.outcome, event.approver && `by ${event.approver}`].filter(Boolean).join('  ');
  return `${paint.dim(`${event.timestamp} #${event.seq}`)} ${event.type.padEnd(17)} ${event.decision === undefined ? '     ' : (MARK[event.decision] ?? event.decision)} ${visible(String(what), 200)}  ${paint.dim(visible(more, 300))} ${paint.dim(event.id)}`;
}
