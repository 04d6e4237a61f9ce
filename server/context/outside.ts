// Providers that the operator brings: a command whose exit code answers, or a module whose function does.
import { pathToFileURL } from 'node:url';
import { ask } from './program.ts';
import type { Provider } from './provider.ts';

export type Patience = { timeout: number; ttl: number };

/** Exit 0 is yes, 1 is no; anything else says nothing. Runs in mcp.json's folder. */
export function command([file = '', ...args]: readonly string[], cwd: string, patience: Patience): Provider {
  return {
    source: `command ${file}`,
    ...patience,
    async look(signal) {
      const answer = await ask(file, args, { signal, timeout: patience.timeout, cwd });
      return answer?.code === 0 ? true : answer?.code === 1 ? false : undefined;
    },
  };
}

/** A file whose default export is a function that answers true, false or undefined, or promises to. It runs inside the guard: it is trusted like mcp.json. */
export function module(path: string, patience: Patience): Provider {
  let loading: Promise<unknown> | undefined;
  return {
    source: `module ${path}`,
    ...patience,
    async look() {
      loading ??= import(pathToFileURL(path).href).catch((error: unknown) => {
        // a module that is mended is read at the next look
        loading = undefined;
        throw error;
      });
      const look = ((await loading) as { default?: unknown }).default;
      const answer: unknown = typeof look === 'function' ? await look() : undefined;
      return typeof answer === 'boolean' ? answer : undefined;
    },
  };
}
