// What is usual for an agent and what it has seen so far: bounded counts that risk holds a call against. Learnt call by call, in order.
import type { History, PastCall } from './history.ts';
import type { Action } from './types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How much is kept: of names the least lately used go first. */
const MAX_TOOLS = 200;
const MAX_TARGETS = 500;
const MAX_REFUSALS = 32;
const MAX_MINUTES = 60;
/** Fewer minutes of work than this make no habit. */
const MIN_MINUTES = 10;

/** Times in milliseconds since the epoch. */
export type Baseline = {
  /** `server/tool` to its last use. */
  tools: Map<string, number>;
  /** Mailboxes, folders, tables and hosts reached, to the last time. */
  targets: Map<string, number>;
  /** Newest last. */
  refusals: { at: number; target: string; denied: boolean }[];
  /** Minutes in which it worked, newest last: calls, things read, and characters that came back. */
  minutes: { at: number; calls: number; read: number; size: number }[];
  untrusted_at?: number;
  sensitive_at?: number;
  unscanned_at?: number;
};

const READING: ReadonlySet<string> = new Set(['read', 'list', 'search']);

export function emptyBaseline(): Baseline {
  return { tools: new Map(), targets: new Map(), refusals: [], minutes: [] };
}

/** Takes in a call as it starts or is refused. */
export function learnCall(baseline: Baseline, call: PastCall): void {
  const minute = minuteOf(baseline, call.at);
  minute.calls += 1;
  if (call.refused) {
    baseline.refusals.push({ at: call.at, target: shapeOf(call), denied: call.denied === true });
    if (baseline.refusals.length > MAX_REFUSALS) baseline.refusals.shift();
    return;
  }
  touch(baseline.tools, `${call.server}/${call.tool}`, call.at, MAX_TOOLS);
  for (const target of targetsOf(call.actions)) touch(baseline.targets, target, call.at, MAX_TARGETS);
  minute.read += call.actions.filter((action) => READING.has(action.verb)).length;
  if (call.untrusted) baseline.untrusted_at = call.at;
  if (call.sensitive) baseline.sensitive_at = call.at;
}

/** Takes in what came back of a call. */
export function learnResult(baseline: Baseline, call: PastCall): void {
  minuteOf(baseline, call.at).size += call.size ?? 0;
  if (call.sensitive) baseline.sensitive_at = Math.max(call.at, baseline.sensitive_at ?? 0);
  if (call.unscanned) baseline.unscanned_at = Math.max(call.at, baseline.unscanned_at ?? 0);
}

/** The same from a list of calls, for judging without a keeper. */
export function baselineOf(history: History): Baseline {
  const baseline = emptyBaseline();
  for (const call of history) {
    learnCall(baseline, call);
    if (!call.refused) learnResult(baseline, call);
  }
  return baseline;
}

/** What a call reaches that could be new to the agent: a mailbox, a folder, a table, a host. */
export function targetsOf(actions: readonly Action[]): string[] {
  const targets = actions.flatMap(({ kind, segments }) => {
    if (segments === undefined) return [];
    if (kind === 'address' || kind === 'table') return [`${kind}:${segments.join('/')}`];
    if (kind === 'path') return [`folder:${segments.slice(0, -1).join('/')}`];
    return kind === 'url' ? [`host:${segments[0] ?? ''}`] : [];
  });
  return [...new Set(targets)];
}

/** What near-identical calls share: the tool, the verbs, and the resources with their numbers left out. */
export function shapeOf({ server, tool, actions }: Pick<PastCall, 'server' | 'tool' | 'actions'>): string {
  const [first] = actions;
  return first === undefined
    ? `${server}/${tool}`
    : `${server}/${tool} ${first.verb}:${first.domain}:${(first.segments ?? []).join('/').replace(/\d+/g, '0')} ${actions.length > 1 ? '+' : ''}`;
}

/** The most calls in a minute that is usual for it: nine of ten of its minutes have fewer. Undefined until there is a habit. */
export function usualRate(baseline: Baseline, now: number): number | undefined {
  const past = baseline.minutes.filter(({ at }) => at < now - MINUTE).map(({ calls }) => calls);
  if (past.length < MIN_MINUTES) return undefined;
  return past.sort((a, b) => a - b)[Math.floor(past.length * 0.9)];
}

/** Things read and characters that came back in the last hour. */
export function readLately(baseline: Baseline, now: number): { read: number; size: number } {
  let read = 0;
  let size = 0;
  for (const minute of baseline.minutes) {
    if (minute.at <= now - HOUR) continue;
    read += minute.read;
    size += minute.size;
  }
  return { read, size };
}

function minuteOf(baseline: Baseline, at: number): Baseline['minutes'][number] {
  const start = Math.floor(at / MINUTE) * MINUTE;
  for (let index = baseline.minutes.length - 1; index >= 0; index -= 1) {
    const known = baseline.minutes[index];
    if (known?.at === start) return known;
    if (known !== undefined && known.at < start) break;
  }
  const fresh = { at: start, calls: 0, read: 0, size: 0 };
  baseline.minutes.push(fresh);
  if (baseline.minutes.length > MAX_MINUTES) baseline.minutes.shift();
  return fresh;
}

function touch(names: Map<string, number>, name: string, at: number, most: number): void {
  names.delete(name);
  names.set(name, at);
  if (names.size > most) for (const oldest of names.keys()) return void names.delete(oldest);
}
