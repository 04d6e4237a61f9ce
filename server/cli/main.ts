#!/usr/bin/env node
// Runs the command `perimeter`: what it takes from the shell, and what it gives back to it.
import { CommanderError } from 'commander';
import { complain, EXIT } from './output.ts';
import { createProgram } from './program.ts';

/** The oldest Node that has all we use: `engines` in package.json. */
const [MAJOR, MINOR] = [20, 12];

// whoever reads our output may stop reading (`… | head`): the command still ends as it should
process.stdout.on('error', () => undefined);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < MAJOR || (major === MAJOR && minor < MINOR)) {
  complain(
    `perimeter: this is Node ${process.versions.node}, and Perimeter needs ${MAJOR}.${MINOR} or newer; get one at https://nodejs.org`,
  );
  process.exit(EXIT.failed);
}

try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
