// perimeter tool NAME: a bundled server alone, on stdio.
import type { Command } from 'commander';
import { BUNDLED_NAMES, isBundledName, startBundled } from '../../tools/downstream/index.ts';
import { action, EXIT, Exit } from './output.ts';

export function toolCommand(program: Command): void {
  program
    .command('tool <name> [options...]')
    .description('a bundled server alone on stdio: calendar, email, files or database')
    .allowUnknownOption()
    .helpOption(false)
    .action(
      action(async (name: string, options: string[]) => {
        if (!isBundledName(name))
          throw new Exit(EXIT.usage, `perimeter: there is no bundled server \`${name}\`; use one of ${BUNDLED_NAMES.join(', ')}`);
        await startBundled(name, options);
        return EXIT.ok;
      }),
    );
}
