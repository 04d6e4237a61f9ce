// Timers of any length. They only wake somebody up: whether a time has passed is asked of the clock, never of a timer.

/** The longest a Node timer can wait; anything longer fires at once (https://nodejs.org/api/timers.html, setTimeout). */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export type Timer = { cancel(): void };

/** Calls `wake` once, `ms` milliseconds from now, however long that is. Doesn't keep the process alive. */
export function after(ms: number, wake: () => void): Timer {
  if (Number.isNaN(ms)) throw new Error('a timer needs a number of milliseconds');
  let left = Math.max(0, ms);
  let handle: NodeJS.Timeout;
  const arm = () => {
    const step = Math.min(left, MAX_TIMEOUT_MS);
    left -= step;
    handle = setTimeout(left > 0 ? arm : wake, step);
    handle.unref();
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}
