// Stopping: the signals that ask a guard to end, answered by closing in order.

/** How long closing may take before the process ends anyway. */
const CLOSE_MS = 10_000;

/**
 * Runs `close` at the first SIGTERM, SIGINT or SIGHUP, then exits: 0 when it closed, 3 when it couldn't. A second signal exits at once.
 * Gives a function that takes the handlers away again.
 */
export function onStopSignal(close: () => Promise<void>): () => void {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  let asked = false;
  const stop = () => {
    if (asked) process.exit(3);
    asked = true;
    setTimeout(() => process.exit(3), CLOSE_MS).unref();
    close().then(
      () => process.exit(0),
      () => process.exit(3),
    );
  };
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
