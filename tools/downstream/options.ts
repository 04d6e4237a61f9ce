// Reads the command-line options of a bundled server: known ones only, with a usage text.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Options that can't be used; the command says the message and exits with 2. */
export class UsageProblem extends Error {
  override name = 'UsageProblem';
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: false }>
>['values'];

/**
 * The options in `argv`, or undefined when `--help` was asked for and `usage` has been printed.
 * Throws UsageProblem on an unknown option, a missing value, or a stray argument.
 */
export function readOptions<const O extends Options>(argv: string[], usage: string, options: O): Values<O> | undefined {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return undefined;
  }
  try {
    return parseArgs({ args: argv, options, strict: true, allowPositionals: false }).values as Values<O>;
  } catch (error) {
    throw new UsageProblem(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}
