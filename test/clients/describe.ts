// A client's stories: installs the client, starts a session for each, shows the screen of one that failed, and says loudly why it skips.
import { describe, onTestFinished } from 'vitest';
import type { Special } from './company.ts';
import { install } from './install.ts';
import type { ClientProgram } from './programs/program.ts';
import { noTerminal } from './screen.ts';
import { Session } from './session.ts';

export function describeClient(program: ClientProgram, stories: (start: (special?: Special) => Promise<Session>) => void): void {
  const installed = install(program.name, program.package, program.binary);
  const missing = 'missing' in installed ? installed.missing : noTerminal();
  if (missing !== undefined || 'missing' in installed) {
    skip(program.name, missing ?? '');
    return;
  }
  describe(`${program.name} (${program.package})`, () => {
    stories(async (special) => {
      const session = await Session.start(program, installed.bin, special);
      onTestFinished(async ({ task }) => {
        if (task.result?.state === 'fail') process.stderr.write(`${session.evidence()}\n`);
        await session.close();
      });
      return session;
    });
  });
}

export function skip(name: string, why: string): void {
  process.stderr.write(`\n!!! ${name} is NOT tested: ${why}\n\n`);
  describe.skip(`${name}: ${why}`, () => undefined);
}
