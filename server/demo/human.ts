// Who answers the guard's question in the demo: the person at the terminal, or a scripted one that takes its time.
import { createInterface } from 'node:readline';
import type { Clock } from '../ports.ts';
import { after } from '../timers.ts';
import type { Narrator } from './narrator.ts';

type Answer = { action: 'accept'; content: { decision: string } };
/** The guard's question as the client gets it: its message, and what can be answered. */
export type Form = { message: string; options: readonly { decision: string; title: string }[] };
/** Is shown the form, and answers it. */
export type Human = (form: Form) => Promise<Answer>;

const SCRIPTED_MS = 800;
/** The guard takes a faster answer for the client's own, and so do we: a key pressed early was meant for something else. */
const TOO_FAST_MS = 600;

/** Approves after a moment, and says that it is not a person. */
export function scriptedHuman(narrator: Narrator): Human {
  return async (form) => {
    narrator.form(form);
    await pause(SCRIPTED_MS);
    const chosen = form.options.findIndex(({ decision }) => decision === 'approve');
    narrator.note(`A scripted human answers here, not a person: ${chosen + 1}, ${form.options[chosen]?.title.toLowerCase()}.`);
    return accept('approve');
  };
}

/** Asks the person at the terminal. `interrupt` is told when they press Ctrl-C; the end of input is a no. */
export function humanAtTerminal(narrator: Narrator, clock: Clock, interrupt: () => void): Human {
  return async (form) => {
    narrator.form(form);
    const shown = clock.mono();
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: narrator.prompt(`Your answer (1 to ${form.options.length}): `),
    });
    terminal.once('SIGINT', () => {
      interrupt();
      narrator.gap();
      terminal.close();
    });
    terminal.prompt();
    try {
      for await (const line of terminal) {
        const chosen = form.options[Number(line.trim()) - 1];
        if (clock.mono() - shown < TOO_FAST_MS) narrator.note('That was faster than anybody reads. Please answer again.');
        else if (chosen) return accept(chosen.decision);
        terminal.prompt();
      }
      narrator.gap();
      // nobody is there any more: that is a no, given when it can count as one
      await pause(TOO_FAST_MS);
      return accept('deny');
    } finally {
      terminal.close();
    }
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => after(ms, resolve));
}

function accept(decision: string): Answer {
  return { action: 'accept', content: { decision } };
}
