// Runs a short program to ask it about the situation: no shell, nothing to read on its input, a bounded answer, and killed when it is late.
import { execFile } from 'node:child_process';

const MAX_OUTPUT = 1024 * 1024;

/** Its exit code and what it wrote; undefined when it could not be run, was killed, or said too much. */
export function ask(
  file: string,
  args: readonly string[],
  { signal, timeout, cwd }: { signal: AbortSignal; timeout: number; cwd?: string },
): Promise<{ code: number; output: string } | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      {
        signal,
        timeout,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT,
        windowsHide: true,
        encoding: 'utf8',
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, output) => {
        if (error === null) resolve({ code: 0, output });
        else resolve(typeof error.code === 'number' && child.signalCode === null ? { code: error.code, output } : undefined);
      },
    );
    child.stdin?.on('error', () => undefined).end();
  });
}
