// A terminal that a test reads and types into (tmux): for clients drawn in a terminal, and for a human's own commands.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export type Program = { command: string[]; env: Record<string, string>; folder: string };

/** Why no terminal can be had here; undefined when it can. */
export function noTerminal(): string | undefined {
  return spawnSync('tmux', ['-V']).status === 0 ? undefined : 'tmux is not installed (apt-get install -y tmux)';
}

/** Between two keys: programs that draw themselves anew need the time. */
const BETWEEN_KEYS_MS = 250;
const LOOK_EVERY_MS = 150;

export class Screen {
  readonly #socket = `perimeter-${randomBytes(6).toString('hex')}`;

  constructor({ command, env, folder }: Program) {
    const given = { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env };
    const variables = Object.entries(given).map(([name, value]) => `${name}=${value}`);
    const start = ['new-session', '-d', '-x', '120', '-y', '60', '-c', folder, 'env', '-i', ...variables, ...command];
    // what it said stays on the screen after it ended
    this.#tmux('start-server', ';', 'set-option', '-g', 'remain-on-exit', 'on', ';', ...start);
  }

  text(): string {
    return this.#tmux('capture-pane', '-p')
      .replace(/[ \t]+$/gm, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim();
  }

  /** Presses keys by their tmux names: `Down`, `Enter`, `Escape`, `C-d`. */
  async keys(...names: string[]): Promise<void> {
    for (const name of names) {
      this.#tmux('send-keys', name);
      await sleep(BETWEEN_KEYS_MS);
    }
  }

  async types(text: string): Promise<void> {
    this.#tmux('send-keys', '-l', text);
    await sleep(BETWEEN_KEYS_MS);
  }

  /** Resolves with the screen once it shows the pattern; fails with what it shows instead. */
  async shows(pattern: RegExp, seconds = 30): Promise<string> {
    return this.#until((text) => pattern.test(text), `never showed ${pattern}`, seconds);
  }

  async hides(pattern: RegExp, seconds = 15): Promise<string> {
    return this.#until((text) => !pattern.test(text), `still shows ${pattern}`, seconds);
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }

  async #until(holds: (text: string) => boolean, complaint: string, seconds: number): Promise<string> {
    const end = performance.now() + seconds * 1_000;
    for (;;) {
      const text = this.text();
      if (holds(text)) return text;
      if (performance.now() > end) throw new Error(`the screen ${complaint}:\n${text}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #tmux(...args: string[]): string {
    const env = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' };
    return execFileSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], { encoding: 'utf8', env });
  }
}
