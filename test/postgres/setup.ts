// Gives the stories a PostgreSQL, or says loudly that there is none. Installs nothing unless told to.
import { spawnSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { programs, startCluster } from './cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the cluster; empty when there is none and its tests are skipped. */
    postgres: string;
  }
}

const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'postgresql-15'];

export default async function setup(project: TestProject): Promise<() => void> {
  const wanted = process.env.CI !== undefined || process.env.PERIMETER_TEST_INSTALL === '1';
  if (programs() === undefined && wanted && process.getuid?.() === 0)
    spawnSync(INSTALL[0]!, INSTALL.slice(1), { stdio: 'inherit' });
  const cluster = await startCluster();
  if (!cluster)
    process.stderr.write(
      `\n*** SKIPPED: no PostgreSQL here, so nothing of this suite was tested ***\n    install it with: ${INSTALL.join(' ')}\n    or as root: PERIMETER_TEST_INSTALL=1 npm run test:postgres\n\n`,
    );
  project.provide('postgres', cluster?.url ?? '');
  return () => cluster?.stop();
}
