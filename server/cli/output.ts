// How commands speak: results on stdout, what went wrong on stderr with the next step, colour only where it helps, JSON where a script reads.
import chalk, { Chalk, type ChalkInstance } from 'chalk';
import { CommandError } from '../owner/protocol.ts';

/** Exit codes: 0 ok, 1 the answer is no, 2 wrong use, 3 could not do it. */
export const EXIT = { ok: 0, no: 1, usage: 2, failed: 3 } as const;

/** Ends a command with a code and a message; never a stack trace. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}

/** Colours for stdout; none where NO_COLOR is set or nobody looks. */
export const paint: ChalkInstance = process.env.NO_COLOR ? new Chalk({ level: 0 }) : chalk;

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** JSON for scripts, else the text. */
export function show(json: boolean | undefined, value: unknown, text: () => string): void {
  print(json ? JSON.stringify(value, null, 2) : text());
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Codes of the owner's errors that mean "the answer is no"; the others could not be done. */
const NO = new Set(['refused', 'wrong_passphrase', 'unknown', 'login', 'passphrase']);

/** Runs a command's action: turns whatever goes wrong into one line and an exit code. */
export function action<A extends unknown[]>(run: (...args: A) => Promise<number | undefined>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = (await run(...args)) ?? EXIT.ok;
    } catch (error) {
      if (error instanceof Exit) {
        if (error.message !== '') complain(error.message);
        process.exitCode = error.code;
      } else {
        complain(error instanceof Error ? `perimeter: ${error.message}` : 'perimeter: something went wrong');
        process.exitCode =
          error instanceof CommandError
            ? error.code === 'usage'
              ? EXIT.usage
              : NO.has(error.code)
                ? EXIT.no
                : EXIT.failed
            : EXIT.failed;
      }
    }
  };
}
