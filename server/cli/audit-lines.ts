// Events and stories of the audit as a person reads them in a terminal.
import { stripVTControlCharacters } from 'node:util';
import { visible } from '../../policies/values/text.ts';
import type { AuditEvent } from '../ports.ts';
import { widthOf } from '../wrapped.ts';
import { paint } from './output.ts';

const DECISIONS: Record<string, string> = { allow: paint.green('allow'), ask: paint.yellow('ask  '), deny: paint.red('deny ') };
/** What is worth a second look stands out; low is not marked. */
const RISKS: Record<string, string> = {
  medium: paint.yellow('▲ medium'),
  high: paint.red('▲ high'),
  critical: paint.bgRed.white('▲ CRITICAL'),
};
const TYPE_WIDTH = 17;
const INDENT = '    ';
/** A terminal narrower than this wraps by itself. */
const MIN_WIDTH = 40;
/** Characters of what was done that a line may hold where nothing is shortened. */
const MAX_WHAT = 2000;

/**
 * One event. Where nobody looks it is one line, for grep. In a terminal of `width` columns it is as many as it needs, and of a long
 * resource the middle is left out: `--json` and `audit why` have it whole. Times in the zone of mcp.json.
 */
export function describeEvent(event: AuditEvent, zone: string, width = screen()): string {
  const risk = RISKS[event.risk?.level ?? ''];
  const decision = event.decision === undefined ? '     ' : (DECISIONS[event.decision] ?? visible(event.decision, 10));
  const head = [
    paint.dim(`${timeOf(event.timestamp, zone)} #${event.seq}`),
    event.type.padEnd(TYPE_WIDTH),
    decision,
    ...(risk ? [risk] : []),
  ].join(' ');
  const what = visible(whatOf(event), MAX_WHAT);
  const notes = notesOf(event).map((note) => visible(note, 200));
  const whole = `${head} ${what} ${paint.dim(notes.join('  '))}`;
  if (width === undefined || lengthOf(whole) <= width) return whole;
  const room = Math.max(MIN_WIDTH, width);
  const beside = room - lengthOf(head) - 1;
  const first = lengthOf(what) <= beside ? [`${head} ${what}`] : [head, INDENT + shortened(what, room - INDENT.length)];
  const rest = filled(notes, room - INDENT.length).map((line) => INDENT + paint.dim(line));
  return [...first, ...rest].map((line) => line.trimEnd()).join('\n');
}

/** A story, each event a paragraph: when, then what, wrapped to the terminal. */
export function describeStory(story: string, width = process.stdout.columns ?? 100): string {
  const paragraphs = story.split('\n').map((line) => {
    const [, when = '', what = line] = /^(.*?\d\d:\d\d:\d\d(?: \([^)]*\))?): (.*)$/s.exec(visible(line, 10_000)) ?? [];
    const lines = filled(what.split(' '), Math.max(MIN_WIDTH, Math.min(width, 110)) - 2, ' ');
    return [paint.bold(when), ...lines.map((one) => `  ${one}`)].join('\n');
  });
  return paragraphs.join('\n\n');
}

/** The columns of the terminal that stdout is; undefined when it is none. */
function screen(): number | undefined {
  return widthOf(process.stdout);
}

/** What was done or given, in a word. */
function whatOf(event: AuditEvent): string {
  const scopes = [event.scope].flat().filter((scope) => typeof scope === 'string');
  const isGiven = event.action === 'permission_granted' && scopes.length > 0;
  if (event.action !== undefined && !isGiven) return event.action;
  if (scopes.length > 0) return scopes.join(' ');
  const tool = [event.server, event.tool ?? (Array.isArray(event.tools) ? event.tools.join(' ') : undefined)]
    .filter(Boolean)
    .join('/');
  if (tool !== '') return tool;
  return [event.problem, event.reason, event.message].find((words) => typeof words === 'string') ?? '';
}

/** Who, by which rule, with what end, and the ids to go on with. */
function notesOf(event: AuditEvent): string[] {
  const { measured, actual } = event.records ?? {};
  const counted = actual ?? measured ?? (typeof event.measured === 'number' ? event.measured : undefined);
  const unit = typeof event.unit === 'string' ? event.unit : counted === 1 ? 'record' : 'records';
  const who = [event.agent_id, event.user && `for ${event.user}`].filter(Boolean).join(' ');
  const notes = [
    ...[who, event.approver && `by ${event.approver}`, event.rule && `rule ${event.rule}`],
    event.outcome &&
      (counted === undefined || event.type === 'impact.measured' ? event.outcome : `${event.outcome}, ${counted} ${unit}`),
    event.type === 'impact.measured' && counted !== undefined && `${counted} ${unit}`,
    ...[event.grant_id, event.request_id, event.id],
  ];
  return notes.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** Pieces put into lines of at most `width` columns; one that is longer goes on in the next line, set in like all of them. */
function filled(pieces: readonly string[], width: number, between = '  '): string[] {
  const lines: string[] = [];
  for (const piece of pieces.flatMap((one) => broken(one, width))) {
    const last = lines.at(-1);
    if (last === undefined || last.length + between.length + piece.length > width) lines.push(piece);
    else lines[lines.length - 1] = `${last}${between}${piece}`;
  }
  return lines;
}

function broken(piece: string, width: number): string[] {
  const characters = [...piece];
  const count = Math.max(1, Math.ceil(characters.length / width));
  return Array.from({ length: count }, (_, at) => characters.slice(at * width, (at + 1) * width).join(''));
}

/** Leaves out the middle, since both ends of a scope tell something. */
function shortened(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const start = Math.ceil((width - 1) * 0.6);
  return `${characters.slice(0, start).join('')}…${characters.slice(characters.length - (width - 1 - start)).join('')}`;
}

function lengthOf(painted: string): number {
  return [...stripVTControlCharacters(painted)].length;
}

function timeOf(timestamp: string, zone: string): string {
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms)) return visible(timestamp, 30);
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return format.format(ms);
}
