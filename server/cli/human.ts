// Proving a human at the terminal before something widens: the code that is shown, and the passphrase once one is set.

import { hasPassphrase } from '../passphrase.ts';
import { confirmAtTerminal, NoTerminal, readPassphraseFd, readSecret } from '../terminal.ts';
import { EXIT, Exit } from './output.ts';

/** What the owner is told of the proof. */
export type Proof = { typed?: true; number?: number; passphrase?: string };

/**
 * Asks for what is needed: nothing but the passphrase with `--passphrase-fd`; else a code typed at a terminal (`number`, the count
 * that matters, where the proof is `typed`), and the passphrase where one is set. Ends the command when the human does not. `no`: the command
 * that says no instead.
 */
export async function prove(
  state: string,
  asked: { prompt: string; act: string; fd?: number | undefined; number?: number | undefined; no?: string },
): Promise<Proof> {
  try {
    if (asked.fd !== undefined) return { passphrase: await readPassphraseFd(asked.fd) };
    const streams = { input: process.stdin, output: process.stdout };
    const interrupted = new AbortController();
    const interrupt = () => interrupted.abort();
    process.once('SIGINT', interrupt);
    const code = asked.number === undefined ? {} : { code: String(asked.number) };
    const { prompt, act } = asked;
    const said = await confirmAtTerminal({ ...streams, prompt, act, stop: interrupted.signal, ...code });
    process.off('SIGINT', interrupt);
    if (said !== 'yes') throw new Exit(EXIT.no, unchanged(said, asked));
    const typed = { typed: true as const, ...(asked.number === undefined ? {} : { number: asked.number }) };
    if (!(await hasPassphrase(state))) return typed;
    const passphrase = await readSecret({ ...streams, prompt: 'passphrase: ' });
    if (passphrase === undefined) throw new Exit(EXIT.no, 'no passphrase: nothing was changed');
    return { ...typed, passphrase };
  } catch (error) {
    if (error instanceof NoTerminal) throw new Exit(EXIT.failed, `perimeter: ${error.message}`);
    throw error;
  }
}

/** What a person reads who did not type the code: that nothing happened, and how to go on. */
function unchanged(said: 'no' | 'given up', { number, no }: { number?: number | undefined; no?: string | undefined }): string {
  const what = said === 'given up' ? 'given up' : `that is not the ${number === undefined ? 'code' : 'number'}`;
  return `${what}: nothing was changed${no === undefined ? '' : `\nto say no: ${no}`}`;
}
