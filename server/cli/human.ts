// Proving a human at the terminal before something widens: the code that is shown, and the passphrase once one is set.

import { hasPassphrase } from '../passphrase.ts';
import { confirmAtTerminal, NoTerminal, readPassphraseFd, readSecret } from '../terminal.ts';
import { EXIT, Exit } from './output.ts';

/** What the owner is told of the proof. */
export type Proof = { typed?: true; number?: number; passphrase?: string };

/**
 * Asks for what is needed: nothing but the passphrase with `--passphrase-fd`; else a code typed at a terminal (`number`, the count
 * that matters, where the proof is `typed`), and the passphrase where one is set. Ends the command when the human says no.
 */
export async function prove(
  state: string,
  asked: { prompt: string; act: string; fd?: number | undefined; number?: number | undefined },
): Promise<Proof> {
  try {
    if (asked.fd !== undefined) return { passphrase: await readPassphraseFd(asked.fd) };
    const streams = { input: process.stdin, output: process.stdout };
    const yes = await confirmAtTerminal({
      ...streams,
      prompt: asked.prompt,
      act: asked.act,
      ...(asked.number === undefined ? {} : { code: String(asked.number) }),
    });
    if (!yes) throw new Exit(EXIT.no, 'that is not the code: nothing was changed');
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
