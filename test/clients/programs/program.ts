// What the harness must know of a client: which package, how it is told where model and guard are, how it is started.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where one run happens: a home and a project of its own, the model on loopback, and the command that starts the guard. */
export type Place = { home: string; project: string; model: string; guard: { command: string; args: string[] } };
export type Started = { args: string[]; env: Record<string, string> };
export type ClientProgram = {
  name: string;
  /** With the version that was tried, as npm takes it. */
  package: string;
  /** Below node_modules. */
  binary: string;
  /** Writes the client's configuration, and says how it is started with this prompt. */
  prepare(place: Place, prompt: string): Started;
  /** Some clients send a prompt from the command line before their servers are up: then it is typed once this shows. */
  ready?: RegExp;
};

export function put(file: string, content: string | object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}
