// The clock: the one place that reads real time. Everything else is handed a Clock.
import type { Clock } from './ports.ts';

/** The machine's wall clock and its monotonic clock, both in milliseconds. */
export const systemClock: Clock = { now: () => Date.now(), mono: () => performance.now() };

let written = { second: Number.NaN, text: '' };

/** Milliseconds since the epoch as ISO 8601 UTC with milliseconds, the form of every file and answer. */
export function iso(ms: number): string {
  const whole = Math.trunc(ms);
  const second = Math.floor(whole / 1000);
  // many times of one second are written in a row
  if (second !== written.second) written = { second, text: new Date(second * 1000).toISOString().slice(0, -4) };
  return `${written.text}${String(whole - second * 1000).padStart(3, '0')}Z`;
}

/** An ISO 8601 time as milliseconds since the epoch. NaN when it is no time: compare so that NaN refuses. */
export const epoch = (text: string): number => Date.parse(text);
