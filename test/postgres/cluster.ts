// Starts a PostgreSQL of its own for the tests: a temporary directory, a free loopback port, never as root. Installs nothing unless told to.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the cluster; empty when there is none and its tests are skipped. */
    postgres: string;
  }
}

const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'postgresql-15'];

/** The folder with initdb and pg_ctl: on PATH, or where Debian and Homebrew put them. */
function programs(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort().reverse() : [];
  const places = [
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
    '/opt/homebrew/bin',
    '/usr/local/pgsql/bin',
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return places.find((place) => ['initdb', 'pg_ctl'].every((name) => existsSync(join(place, name))));
}

/** PostgreSQL refuses to run as root: then it runs as the user its package made. */
function runner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export default async function setup(project: TestProject): Promise<() => void> {
  const wanted = process.env['CI'] !== undefined || process.env['PERIMETER_TEST_INSTALL'] === '1';
  if (programs() === undefined && wanted && process.getuid?.() === 0)
    spawnSync(INSTALL[0]!, INSTALL.slice(1), { stdio: 'inherit' });
  const bin = programs();
  if (bin === undefined) {
    process.stderr.write(
      `\n*** SKIPPED: no PostgreSQL here, so nothing of this suite was tested ***\n    install it with: ${INSTALL.join(' ')}\n    or as root: PERIMETER_TEST_INSTALL=1 npm run test:postgres\n\n`,
    );
    project.provide('postgres', '');
    return () => undefined;
  }
  const user = runner();
  const folder = mkdtempSync(join(tmpdir(), 'perimeter-pg-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const port = await freePort();
  const run = (name: string, args: string[]) =>
    execFileSync(join(bin, name), args, {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', HOME: folder },
    });
  run('initdb', ['-D', join(folder, 'data'), '-U', 'perimeter', '-A', 'trust', '--no-sync']);
  run('pg_ctl', [
    '-D',
    join(folder, 'data'),
    '-w',
    '-l',
    join(folder, 'log'),
    '-o',
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off`,
    'start',
  ]);
  project.provide('postgres', `postgres://perimeter@127.0.0.1:${port}/postgres`);
  return () => {
    run('pg_ctl', ['-D', join(folder, 'data'), '-m', 'immediate', 'stop']);
    rmSync(folder, { recursive: true, force: true });
  };
}
