// Time that can't be cheated: deadlines on both clocks, and the alarm when the wall clock was set back.
import { epoch, iso } from './clock.ts';
import type { AuditLog, Clock, Store } from './ports.ts';

/** How far the wall clock may go back (time synchronisation) before it counts as set back. */
export const TOLERANCE_MS = 2_000;
const MARK_EVERY_MS = 30_000;

/**
 * The end of a session, grant or wait, as both clocks see it; whichever comes first counts. The wall clock alone can be set back; the
 * monotonic one alone stands still while a laptop sleeps.
 */
export class Deadline {
  readonly wall: number;
  readonly monoStart: number;
  readonly ms: number;

  /** Ends `ms` milliseconds after `monoStart`, and at `wall` (milliseconds since the epoch). */
  constructor(wall: number, monoStart: number, ms: number) {
    this.wall = wall;
    this.monoStart = monoStart;
    this.ms = ms;
  }

  /** `ms` milliseconds from now. */
  static in(ms: number, clock: Clock): Deadline {
    return new Deadline(clock.now() + ms, clock.mono(), ms);
  }

  /** At a wall time, as after a restart; from here on the monotonic clock counts as well. */
  static at(wall: number, clock: Clock): Deadline {
    return new Deadline(wall, clock.mono(), wall - clock.now());
  }

  /** Milliseconds left on the clock that ends first; at most 0 when it has passed. A time that is none has passed. */
  left(clock: Clock): number {
    const left = Math.min(this.wall - clock.now(), this.monoStart + this.ms - clock.mono());
    return Number.isNaN(left) ? 0 : left;
  }

  passed(clock: Clock): boolean {
    return this.left(clock) <= 0;
  }
}

export type ClockGuard = {
  /** Looks at the wall clock. False when it was set back: that is then recorded and `onAnomaly` has run. Call it before every decision. */
  check(): Promise<boolean>;
};

/** Keeps the highest wall time seen, over restarts too. `onAnomaly` ends every grant. */
export function createClockGuard(parts: {
  store: Store;
  audit: AuditLog;
  clock: Clock;
  onAnomaly: () => void | Promise<void>;
}): ClockGuard {
  const { store, audit, clock, onAnomaly } = parts;
  let mark = storedMark(store) ?? clock.now();
  let keptAt = storedMark(store) ?? Number.NEGATIVE_INFINITY;

  const keep = async (at: number) => {
    keptAt = at;
    await store.update((data) => {
      data.wall_mark = iso(at);
    });
  };

  return {
    async check() {
      const now = clock.now();
      if (now >= mark - TOLERANCE_MS) {
        mark = Math.max(mark, now);
        if (mark - keptAt >= MARK_EVERY_MS) await keep(mark);
        return true;
      }
      const before = mark;
      // From here on the new time counts; otherwise every later call would be an anomaly again.
      mark = now;
      try {
        await audit.append({
          type: 'clock.anomaly',
          message: `the clock went back from ${iso(before)} to ${iso(now)}`,
          facts: { back_ms: before - now },
        });
      } finally {
        await onAnomaly();
      }
      await keep(now);
      return false;
    },
  };
}

/** The highest wall time that the stored state knows, in milliseconds since the epoch. */
export function storedMark(store: Store): number | undefined {
  const { wall_mark } = store.data;
  return wall_mark === undefined ? undefined : epoch(wall_mark);
}
