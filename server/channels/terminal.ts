// The terminal: `perimeter approve`, and a desktop notification that says so. It reaches a human whatever the client does.
import type { RequestRecord } from '../ports.ts';
import { type Channel, inShort } from './channel.ts';
import type { Notify } from './desktop.ts';

export type TerminalParts = {
  /** mcp.json, so that the command works from any folder. */
  config: string;
  hasPassphrase: () => Promise<boolean>;
  notify?: Notify;
  /** The address of a request's page, where one is served: a notification leads there. */
  page?: ((request_id: string) => string | undefined) | undefined;
};

/** The command that answers a request, to be pasted into any shell. */
export function approveCommand(config: string, id: string): string {
  return `perimeter approve ${id} --config ${shellWord(config)}`;
}

export function terminalChannel({ config, hasPassphrase, notify, page }: TerminalParts): Channel {
  return {
    name: 'terminal',
    answers: () => true,
    offer: (request) => notify?.(inShort(request), page?.(request.request_id) ?? approveCommand(config, request.request_id)),
    decided: () => undefined,
    async how(request) {
      const command = `run \`${approveCommand(config, request.request_id)}\` in a terminal`;
      if (request.proof === 'passphrase')
        return (await hasPassphrase())
          ? `${command} and give your passphrase`
          : `first run \`perimeter passphrase set --config ${shellWord(config)}\`, since this needs a passphrase and none is set; then ${command}`;
      return asksNumber(request) ? `${command} and type the number it asks for` : command;
    },
  };
}

/** `typed`: the number that matters is what the human types, where there is one. */
export function asksNumber({ proof, impact }: Pick<RequestRecord, 'proof' | 'impact'>): boolean {
  return proof === 'typed' && impact.measured !== null;
}

/** As it is where no shell reads anything into it, else in single quotes (POSIX.1-2017, Shell Command Language 2.2.2). */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
