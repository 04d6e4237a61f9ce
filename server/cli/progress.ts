// What a command says on stderr while it takes longer than a second, where somebody looks at a terminal; nothing in a pipe or with `--json`.
import { systemClock } from '../clock.ts';
import type { Clock } from '../ports.ts';

const PATIENCE_MS = 1000;
const TICK_MS = 500;
const ERASED = '\r\u001b[K';

let hushed = false;

type Screen = { isTTY?: boolean; write(text: string): unknown };
type Seen = { screen?: Screen; clock?: Pick<Clock, 'mono'> };

/** For commands whose answer a script reads. */
export function hush(): void {
  hushed = true;
}

/** One line that is written over and over once a second has passed, and erased before the answer. */
export function stopwatch({ screen = process.stderr, clock = systemClock }: Seen = {}): {
  say: (words: string) => void;
  done: () => void;
} {
  const started = clock.mono();
  let said = 0;
  return {
    say(words) {
      const now = clock.mono();
      if (hushed || !screen.isTTY || now - started < PATIENCE_MS || now - said < TICK_MS / 2) return;
      screen.write(`${ERASED}${words}`);
      said = now;
    },
    done() {
      // what comes next stands on a line of its own
      if (said > 0) screen.write(ERASED);
      said = 0;
    },
  };
}

/** The same for work that doesn't tell how far it is: `words`, and for how long already. */
export async function patiently<T>(words: string, work: () => Promise<T>): Promise<T> {
  const watch = stopwatch();
  const started = systemClock.mono();
  const ticking = setInterval(() => watch.say(`${words}, ${Math.round((systemClock.mono() - started) / 1000)} s`), TICK_MS);
  try {
    return await work();
  } finally {
    clearInterval(ticking);
    watch.done();
  }
}
