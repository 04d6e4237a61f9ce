// The clock: the one place that reads real time. Everything else is handed a Clock.
import type { Clock } from './ports.ts';

/** The machine's wall clock and its monotonic clock, both in milliseconds. */
export const systemClock: Clock = { now: () => Date.now(), mono: () => performance.now() };

/** Milliseconds since the epoch as ISO 8601 UTC with milliseconds, the form of every file and answer. */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** An ISO 8601 time as milliseconds since the epoch. NaN when it is no time: compare so that NaN refuses. */
export const epoch = (text: string): number => Date.parse(text);
