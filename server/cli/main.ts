#!/usr/bin/env node
// Runs the command `perimeter`: what it takes from the shell, and what it gives back to it.
import { CommanderError } from 'commander';
import { EXIT } from './output.ts';
import { createProgram } from './program.ts';

// whoever reads our output may stop reading (`… | head`): the command still ends as it should
process.stdout.on('error', () => undefined);

try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
