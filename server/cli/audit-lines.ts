// Events and stories of the audit as a person reads them in a terminal.
import { visible } from '../../policies/values/text.ts';
import type { AuditEvent } from '../ports.ts';
import { paint } from './output.ts';

const DECISIONS: Record<string, string> = { allow: paint.green('allow'), ask: paint.yellow('ask  '), deny: paint.red('deny ') };
/** What is worth a second look stands out; low is not marked. */
const RISKS: Record<string, string> = {
  medium: paint.yellow('▲ medium'),
  high: paint.red('▲ high'),
  critical: paint.bgRed.white('▲ CRITICAL'),
};
const TYPE_WIDTH = 17;

/** One event on one line. Times in the zone of mcp.json. */
export function describeEvent(event: AuditEvent, zone: string): string {
  const what = event.action ?? event.scope?.join(' ') ?? event.tool ?? (typeof event.problem === 'string' ? event.problem : '');
  const risk = RISKS[event.risk?.level ?? ''];
  const more = [
    event.user && `for ${event.user}`,
    event.rule && `rule ${event.rule}`,
    ...[event.grant_id, event.request_id, event.outcome],
    event.approver && `by ${event.approver}`,
  ];
  const notes = more.filter((one) => typeof one === 'string' && one !== '').join('  ');
  const decision = event.decision === undefined ? '     ' : (DECISIONS[event.decision] ?? visible(event.decision, 10));
  return [
    paint.dim(`${timeOf(event.timestamp, zone)} #${event.seq}`),
    event.type.padEnd(TYPE_WIDTH),
    decision,
    ...(risk ? [risk] : []),
    visible(String(what), 200),
    paint.dim(`${visible(notes, 300)} ${event.id}`),
  ].join(' ');
}

/** A story, each event a paragraph: when, then what, wrapped to the terminal. */
export function describeStory(story: string, width = process.stdout.columns ?? 100): string {
  const paragraphs = story.split('\n').map((line) => {
    const [, when = '', what = line] = /^(.*?\d\d:\d\d:\d\d(?: \([^)]*\))?): (.*)$/s.exec(visible(line, 10_000)) ?? [];
    return `${paint.bold(when)}\n${wrapped(what, Math.max(40, Math.min(width, 110)) - 2)}`;
  });
  return paragraphs.join('\n\n');
}

function wrapped(text: string, width: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

function timeOf(timestamp: string, zone: string): string {
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms)) return visible(timestamp, 30);
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return format.format(ms);
}
