// Events on their way out of the house: a bounded queue for each place. A place that is slow, hangs or fails loses events of its own, never the log's.
import type { AuditEvent } from '../ports.ts';
import { after, type Timer } from '../timers.ts';

/** A place that takes events, oldest first. Rejects when it did not take them all; then it gets all of them again. */
export type Place = { name: string; send(events: readonly AuditEvent[], signal: AbortSignal): Promise<void>; close?(): void };

const MAX_QUEUED = 10_000;
const MAX_BATCH = 500;
/** How long events gather, how long one delivery may take, and the longest pause after failures. Milliseconds. */
const GATHER_MS = 1000;
const DELIVERY_MS = 15_000;
const LONGEST_PAUSE_MS = 60_000;
/** How long closing waits for what is queued. */
const LAST_DELIVERY_MS = 3000;

export class Outbox {
  readonly #place: Place;
  readonly #log: (line: string) => void;
  readonly #gather: number;
  #queue: AuditEvent[] = [];
  #dropped = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;
  readonly #stop = new AbortController();

  constructor(place: Place, log: (line: string) => void, gather = GATHER_MS) {
    this.#place = place;
    this.#log = log;
    this.#gather = gather;
  }

  /** Events that were dropped since the start, because the place took none for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Returns at once, whatever the place does. */
  offer(event: AuditEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      if (this.#dropped === 0)
        this.#log(
          `${this.#place.name} is too slow: the oldest events are not sent there any more; the audit itself has them all`,
        );
      this.#dropped += 1;
    }
    this.#wake(this.#gather);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const last = after(LAST_DELIVERY_MS, () => this.#stop.abort());
    await this.#sending;
    if (this.#queue.length > 0 && this.#failures === 0) await this.#deliver();
    last.cancel();
    this.#stop.abort();
    this.#place.close?.();
  }

  #wake(ms: number): void {
    if (this.#timer || this.#sending || this.#closed) return;
    this.#timer = after(ms, () => {
      this.#timer = undefined;
      this.#sending = this.#deliver().finally(() => {
        this.#sending = undefined;
        if (this.#queue.length > 0)
          this.#wake(this.#failures === 0 ? 0 : Math.min(GATHER_MS * 2 ** this.#failures, LONGEST_PAUSE_MS));
      });
    });
  }

  async #deliver(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      const batch = this.#queue.slice(0, MAX_BATCH);
      const newest = batch.at(-1)!.seq;
      try {
        await this.#place.send(batch, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DELIVERY_MS)]));
      } catch (error) {
        if (this.#failures === 0) this.#log(`${this.#place.name} did not take events: ${reason(error)}; they are tried again`);
        this.#failures += 1;
        return;
      }
      this.#failures = 0;
      // Meanwhile the oldest may have been dropped.
      this.#queue = this.#queue.filter((event) => event.seq > newest);
    }
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : 'unknown error';
}
