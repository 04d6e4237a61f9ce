// Finds the Chromium that the stories run in, or says loudly that there is none. As root it is installed, since nothing else needs it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { CHROMIUM } from './browser.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the browser; empty when there is none and its stories are skipped. */
    chromium: string;
  }
}

const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'];

export default function setup(project: TestProject): void {
  if (!existsSync(CHROMIUM) && process.getuid?.() === 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    spawnSync(INSTALL[0]!, INSTALL.slice(1), { stdio: 'inherit' });
  }
  const found = existsSync(CHROMIUM);
  if (!found)
    process.stderr.write(
      `\n*** SKIPPED: no Chromium at ${CHROMIUM}, so nothing of the console's pages was tested ***\n    install it with: ${INSTALL.join(' ')}\n    or name another with PERIMETER_CHROMIUM\n\n`,
    );
  project.provide('chromium', found ? CHROMIUM : '');
}
