// Makes children die with the guard, however it dies. A small shell process holds a pipe from us; when the pipe ends, because
// we closed it or because we were killed, it ends the process groups it was last told of.
import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads lists of process groups, keeps the last, and at the end of its input asks them to stop, waits, and insists.
 * The children have lost their stdin by then, so well-behaved ones are gone already.
 */
const SCRIPT = `
groups=
while read -r line; do groups=$line; done
[ -n "$groups" ] || exit 0
sleep 1
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
sleep 2
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

export class Reaper {
  readonly #groups = new Set<number>();
  #process: ChildProcess | undefined;

  add(group: number): void {
    this.#groups.add(group);
    this.#tell();
  }

  /** Must be called once a group is gone: its number may be given to strangers. */
  remove(group: number): void {
    this.#groups.delete(group);
    this.#tell();
  }

  close(): void {
    this.#process?.stdin?.end();
    this.#process = undefined;
  }

  #tell(): void {
    // Windows has no process groups and no shell of this kind; children there end with their stdin.
    if (process.platform === 'win32') return;
    if (!this.#process && this.#groups.size > 0) this.#process = start();
    this.#process?.stdin?.write(`${[...this.#groups].join(' ')}\n`);
  }
}

/** In a session of its own, so that Ctrl-C in our terminal reaches us and not it. */
function start(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
  });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  return child;
}
