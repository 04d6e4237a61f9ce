// What the activity page counts: read once from the audit's index when somebody first looks, and kept up to date by events from then on.
import { TZDate } from '@date-fns/tz';
import { entriesOf } from '../audit/columns.ts';
import type { OpenAudit } from '../audit/log.ts';
import { type Day, TALLIED, Tally } from '../audit/tally.ts';
import type { AuditEvent, Clock } from '../ports.ts';
import { after } from '../timers.ts';

/** The newest of these types are remembered, by their seq. */
const NOTED = ['audit.checkpoint', 'audit.verified', 'policy.loaded', 'policy.rejected'] as const;
type Noted = (typeof NOTED)[number];

export type Counted = {
  /** The last 24 hours of the zone's clock. */
  day(): Day;
  /** In how many calls a rule had a say, since `since`. */
  matched(rule: string): number;
  /** The first record that was counted, and when it was written: milliseconds. */
  since: { seq: number; time: number };
  /** The newest event of this type. */
  newest(type: Noted): { seq: number; time: number } | undefined;
};
export type Counting = {
  /** The counts, once they are there. The first to ask has them made. */
  counted(): Promise<Counted>;
  /** The counts, if they come soon; else they are told of as a change once they are there. */
  soon(): Promise<Counted | undefined>;
  close(): void;
};

/** A page doesn't wait longer for the counts. */
const PATIENCE_MS = 100;

/** Counts nothing until somebody asks. `pause` is what happens between two strides through the index. */
export function createCounting(
  audit: OpenAudit,
  { clock, zone, changed, pause = nextTurn }: { clock: Clock; zone: string; changed: () => void; pause?: () => Promise<void> },
): Counting {
  let running: Promise<Counted> | undefined;
  let ready: Counted | undefined;
  let stop = (): void => undefined;

  async function count(): Promise<Counted> {
    stop();
    const tally = new Tally(clock);
    const newest = new Map<string, { seq: number; time: number }>();
    const see = (seq: number, time: number, texts: readonly string[]) => {
      const type = texts[0] ?? '';
      if ((NOTED as readonly string[]).includes(type)) newest.set(type, { seq, time });
      tally.see(time, texts);
    };
    // what is written while the index is read is told by the log itself, so that nothing counts twice or never
    const upTo = audit.seq;
    const meanwhile: AuditEvent[] = [];
    let live: (event: AuditEvent) => void = (event) => void meanwhile.push(event);
    stop = audit.onEvent((event) => live(event));
    await audit.scan(TALLIED, upTo, pause, see);
    live = (event) => see(event.seq, Date.parse(event.timestamp), entriesOf(event, TALLIED));
    for (const event of meanwhile) live(event);
    const since = audit.begins ?? { seq: 1, time: clock.now() };
    ready = {
      day: () => tally.day(offset(clock.now(), zone)),
      matched: (rule) => tally.matched(rule),
      newest: (type) => newest.get(type),
      since,
    };
    return ready;
  }

  async function counted(): Promise<Counted> {
    // records that retention deleted are counted no more
    if (ready && ready.since.seq !== audit.begins?.seq) [running, ready] = [undefined, undefined];
    running ??= count();
    try {
      return await running;
    } catch (error) {
      running = undefined;
      throw error;
    }
  }

  return {
    counted,
    async soon() {
      let late = false;
      const wanted = counted();
      void wanted.then(
        () => late && changed(),
        () => undefined,
      );
      const patience = new Promise<undefined>((resolve) => after(PATIENCE_MS, () => resolve(undefined)));
      const found = await Promise.race([wanted, patience]);
      late = found === undefined;
      return found;
    },
    close: () => stop(),
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function offset(now: number, zone: string): number {
  return -new TZDate(now, zone).getTimezoneOffset() * 60_000;
}
