// What each agent and user did lately, and what is usual for them: bounded, and belonging to the pair, so reconnecting sheds nothing.
import { type Baseline, emptyBaseline, learnCall, learnResult } from '../policies/baseline.ts';
import type { History, PastCall } from '../policies/history.ts';
import type { Identity } from '../policies/types.ts';
import type { AuditEvent } from './ports.ts';
import { pastCallFrom } from './recorded-call.ts';

const MAX_CALLS = 2_000;
const MAX_PRINCIPALS = 2_000;
/** Over all of them: whoever was idle longest loses the list of calls, never what is usual for it or was read. */
const MAX_ALL_CALLS = 100_000;
const MAX_OPEN = 1_000;
const KEPT_MS = 24 * 60 * 60_000;
/** What is read back after a restart. */
const MAX_RESTORED = 5_000;
const TYPES: ReadonlySet<string> = new Set(['call.intent', 'call.outcome', 'call.refused']);

type Who = Pick<Identity, 'user' | 'agent'>;
type Open = { call: PastCall; baseline: Baseline };

export type Histories = {
  of(who: Who): History;
  baseline(who: Who): Baseline;
  /** Notes a call as it starts; what is learnt later is set on the returned entry. */
  note(who: Who, call: PastCall): PastCall;
  /** Learns what is usual from a record that is on disk. Nothing else teaches it, so that what it knows can be accounted for. */
  learn(event: AuditEvent): void;
  /** Takes a record of an earlier run in: it is learnt, and the call stands in the history as if it were noted. */
  replay(event: AuditEvent): void;
  /** After a restart: the calls of the last day, as the trail tells them. */
  restore(
    trail: { events(from?: number, types?: ReadonlySet<string>): AsyncIterable<AuditEvent> },
    newest: number,
    now: number,
  ): Promise<void>;
};

export function createHistories(): Histories {
  const calls = new Map<string, PastCall[]>();
  const baselines = new Map<string, Baseline>();
  /** Recorded calls whose outcome is not, by their call id. */
  const open = new Map<string, Open>();
  let kept = 0;
  const key = (who: Who) => JSON.stringify([who.user, who.agent]);

  function note(who: Who, call: PastCall): PastCall {
    const id = key(who);
    const list = calls.get(id) ?? [];
    calls.delete(id);
    calls.set(id, list);
    list.push(call);
    kept += 1;
    // a little over the limit at a time, since moving a long list for every call costs more than the call
    if (list.length > MAX_CALLS * 1.1) kept -= list.splice(0, list.length - MAX_CALLS).length;
    while (list[0] !== undefined && list[0].at < call.at - KEPT_MS) {
      list.shift();
      kept -= 1;
    }
    for (const [oldest, all] of calls) {
      if ((kept <= MAX_ALL_CALLS && calls.size <= MAX_PRINCIPALS) || oldest === id) break;
      calls.delete(oldest);
      kept -= all.length;
    }
    return call;
  }

  function baseline(who: Who): Baseline {
    const id = key(who);
    const known = baselines.get(id) ?? emptyBaseline();
    keep(baselines, id, known, MAX_PRINCIPALS);
    return known;
  }

  function learn(event: AuditEvent): PastCall | undefined {
    if (event.type === 'call.outcome') return void learnOutcome(event);
    if (!TYPES.has(event.type)) return undefined;
    const call = pastCallFrom(event);
    if (call === undefined) return undefined;
    const known = baseline(whoOf(event));
    learnCall(known, call);
    if (event.call_id !== undefined) keep(open, event.call_id, { call, baseline: known }, MAX_OPEN);
    return call;
  }

  function learnOutcome(event: AuditEvent): void {
    const started = open.get(event.call_id ?? '');
    if (started === undefined) return;
    open.delete(event.call_id ?? '');
    Object.assign(started.call, resultOf(event));
    learnResult(started.baseline, started.call);
  }

  function replay(event: AuditEvent): void {
    const call = learn(event);
    if (call !== undefined) note(whoOf(event), call);
  }

  return {
    replay,
    of: (who) => calls.get(key(who)) ?? [],
    baseline,
    note,
    learn,
    async restore(trail, newest, now) {
      // a call is two records or three, with a permission more
      for await (const event of trail.events(Math.max(1, newest - 4 * MAX_RESTORED), TYPES)) {
        if (Date.parse(event.timestamp) < now - KEPT_MS) continue;
        replay(event);
      }
    },
  };
}

function whoOf(event: AuditEvent): Who {
  return { user: event.user ?? '', agent: event.agent_id ?? '' };
}

/** What an outcome says of the result. */
function resultOf({ facts = {} }: AuditEvent): Partial<PastCall> {
  const result: Partial<PastCall> = {};
  if (facts['result.sensitive'] === true) result.sensitive = true;
  if (facts['result.unscanned'] === true) result.unscanned = true;
  if (typeof facts['result.size'] === 'number') result.size = facts['result.size'];
  return result;
}

/** Puts it last; the one that was touched longest ago goes when there are too many. */
function keep<T>(map: Map<string, T>, id: string, value: T, most: number): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > most) for (const oldest of map.keys()) return void map.delete(oldest);
}
