// Asking a human at a terminal: the code typed back, and the passphrase without echo or from a file descriptor.
import { randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { visible } from '../policies/values/visible.ts';
import { errorCode } from './store/files.ts';
import { widthOf, wrapped } from './wrapped.ts';

/** There is no human to ask here; the message says what to do instead. */
export class NoTerminal extends Error {
  override readonly name = 'NoTerminal';
}

export type TerminalStreams = { input: Readable & { isTTY?: boolean }; output: Writable & { isTTY?: boolean; columns?: number } };

/** No letters or digits that look like others. */
export const CODE_CHARACTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const CODE_LENGTH = 4;
const MAX_LINES = 100;
const MAX_LINE_CHARACTERS = 2_000;
const MAX_PASSPHRASE_BYTES = 8_192;

/** A code nobody can have typed ahead. */
export function randomCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_CHARACTERS[randomInt(CODE_CHARACTERS.length)]).join('');
}

/**
 * Shows `prompt` and asks for the code. `yes` only if exactly the code was typed, in large or small letters; every other line is a `no`, the
 * end of input and `stop` (Ctrl-D, Ctrl-C) are `given up`. `code` is a random one unless given (the number that matters, where the proof
 * is `typed`); `act` is the verb that is asked about.
 * @throws NoTerminal unless both streams are terminals
 */
export async function confirmAtTerminal(
  question: TerminalStreams & { prompt: string; code?: string; act?: string; stop?: AbortSignal },
): Promise<'yes' | 'no' | 'given up'> {
  const { input, output, prompt, code = randomCode(), act = 'approve', stop } = question;
  needTerminal(question);
  output.write(`${wrapped(shown(prompt), widthOf(output))}\n\ntype ${code} to ${act}: `);
  const answer = await readAnswer(input, { stop });
  if (answer !== undefined) return answer.trim().toUpperCase() === code ? 'yes' : 'no';
  output.write('\n');
  return 'given up';
}

/**
 * Asks for a secret without showing what is typed. Undefined when the human gave up (Ctrl-C, Ctrl-D).
 * @throws NoTerminal unless both streams are terminals
 */
export async function readSecret(question: TerminalStreams & { prompt: string }): Promise<string | undefined> {
  const { input, output, prompt } = question;
  needTerminal(question);
  // With a terminal and an output that shows nothing, readline does the editing and no echo appears. It listens before the prompt is
  // there to be answered: the terminal itself would still echo what comes earlier.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answering = readAnswer(input, { output: nowhere });
  output.write(prompt);
  const answer = await answering;
  output.write('\n');
  return answer;
}

/**
 * Reads a passphrase from an open file descriptor: its first line.
 * @throws NoTerminal when the descriptor is not open, is a terminal, or holds none
 */
export async function readPassphraseFd(fd: number): Promise<string> {
  const refuse = (why: string) =>
    new NoTerminal(`--passphrase-fd \`${fd}\` ${why}: open it on a file or pipe, such as \`--passphrase-fd 3 3<FILE\``);
  if (!Number.isInteger(fd) || fd < 0 || fd === 1 || fd === 2) throw refuse('is no descriptor to read from');
  if (isatty(fd)) throw refuse('is a terminal, which would show the passphrase');
  let held = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream('', { fd })) {
      held = Buffer.concat([held, chunk]);
      if (held.includes(10) || held.length > MAX_PASSPHRASE_BYTES) break;
    }
  } catch (error) {
    throw refuse(errorCode(error) === 'EBADF' ? 'is not open' : `cannot be read (${errorCode(error) ?? 'unknown error'})`);
  }
  const line = held.toString('utf8').split(/\r?\n/, 1)[0] ?? '';
  if (line === '') throw refuse('holds no passphrase');
  if (held.length > MAX_PASSPHRASE_BYTES) throw refuse('holds more than a passphrase');
  return line;
}

/** @throws NoTerminal unless both streams are terminals */
export function needTerminal(
  { input, output }: TerminalStreams,
  instead = 'this needs a human at a terminal: run it in a terminal, or use `--passphrase-fd N`',
): void {
  if (!input.isTTY || !output.isTTY) throw new NoTerminal(instead);
}

/** Lines stay lines; within them nothing can hide, move the cursor or overwrite what stands above. */
function shown(text: string): string {
  const lines = text.split('\n');
  const kept = lines.slice(0, MAX_LINES).map((line) => visible(line, MAX_LINE_CHARACTERS));
  return lines.length > MAX_LINES ? [...kept, `…(+${lines.length - MAX_LINES} lines)`].join('\n') : kept.join('\n');
}

/** One line; with `output`, read key by key in place of the terminal's own echo. Undefined at the end of input, or when stopped. */
function readAnswer(
  input: Readable,
  { output, stop }: { output?: Writable; stop?: AbortSignal | undefined },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const lines = createInterface({ input, terminal: output !== undefined, historySize: 0, ...(output ? { output } : {}) });
    let answer: string | undefined;
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => resolve(answer));
    stop?.addEventListener('abort', () => lines.close(), { once: true });
  });
}
