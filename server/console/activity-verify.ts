// Checking the whole log on demand, beside the calls: a little at a time, one check at once, and its outcome is an event of the log.
import { join } from 'node:path';
import { type Verdict, verifyAudit } from '../audit/verify.ts';
import { iso } from '../clock.ts';
import type { Perimeter } from '../perimeter.ts';
import { after } from '../timers.ts';

/** After each quarter of a megabyte, which takes about as long: calls lose half of one core at most. */
const PAUSE_MS = 4;
/** Progress is told this often at most. */
const TOLD_MS = 500;

/** A check that runs, or that ran since this guard started. Times are ISO 8601. */
export type Check = { started: string; done: number; of: number; ended?: string; verdict?: Verdict };
export type Checking = {
  readonly check: Check | undefined;
  /** Begins a check, unless one runs. */
  start(): void;
  /** Resolves when none runs. */
  settled(): Promise<void>;
};

/** `changed` is called when there is something new to show. */
export function createChecking(
  { config, clock, audit }: Pick<Perimeter, 'config' | 'clock' | 'audit'>,
  changed: () => void,
): Checking {
  let check: Check | undefined;
  let running: Promise<void> | undefined;
  let told = 0;

  async function run(of: number): Promise<void> {
    const begun: Check = { started: iso(clock.now()), done: 0, of };
    check = begun;
    const { copy } = config.audit;
    const verdict = await verifyAudit(join(config.state, 'audit'), {
      ...(copy === undefined ? {} : { copy }),
      pause: () => new Promise((resolve) => after(PAUSE_MS, resolve)),
      progress({ events }) {
        check = { ...begun, done: events };
        if (clock.mono() - told < TOLD_MS) return;
        told = clock.mono();
        changed();
      },
    });
    check = { ...begun, done: verdict.events, ended: iso(clock.now()), verdict };
    const [first] = verdict.problems;
    await audit
      .append({
        type: 'audit.verified',
        channel: 'console',
        outcome: OUTCOMES[verdict.code],
        count: verdict.events,
        ...(verdict.first_bad === undefined ? {} : { first: verdict.first_bad }),
        ...(first === undefined ? {} : { problem: first.problem }),
      })
      // where nothing can be written any more, the page still says what was found
      .catch(() => undefined);
  }

  return {
    get check() {
      return check;
    },
    start() {
      running ??= run(audit.seq).finally(() => {
        running = undefined;
        changed();
      });
    },
    settled: async () => running,
  };
}

const OUTCOMES = { 0: 'intact', 1: 'tampered', 3: 'unchecked' } as const;
