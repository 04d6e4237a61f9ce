// Starts a MariaDB of its own for the tests: a temporary directory, a free loopback port, never as root. Installs nothing unless told to.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../postgres/cluster.ts';

const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'mariadb-server'];
const SERVER = '/usr/sbin/mariadbd';

/** A running server: `run` executes SQL in the database `crm` as its administrator. */
export type MariaDb = { port: number; run(sql: string): string; stop(): void };

/** Undefined where MariaDB is not installed. */
export async function startMariaDb(): Promise<MariaDb | undefined> {
  const wanted = process.env.CI !== undefined || process.env.PERIMETER_TEST_INSTALL === '1';
  if (!existsSync(SERVER) && wanted && process.getuid?.() === 0) spawnSync(INSTALL[0]!, INSTALL.slice(1), { stdio: 'inherit' });
  if (!existsSync(SERVER)) {
    process.stderr.write(
      `\n*** SKIPPED: no MariaDB here, so servers on it were not tested ***\n    install it with: ${INSTALL.join(' ')}\n\n`,
    );
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'perimeter-maria-'));
  const root = process.getuid?.() === 0;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'mysql'], { encoding: 'utf8' }));
  const user = root ? { uid: id('-u'), gid: id('-g') } : {};
  if (root) chownSync(folder, id('-u'), id('-g'));
  const [data, socket] = [join(folder, 'data'), join(folder, 's')];
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...user, stdio: 'ignore', cwd: folder },
  );
  const port = await freePort();
  const child = spawn(
    SERVER,
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${join(folder, 'pid')}`,
    ],
    { ...user, stdio: 'ignore', cwd: folder },
  );
  const client = (sql: string, database: string[]) =>
    execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`, '-uroot', '-N', '-B', ...database], {
      input: sql,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  for (let tries = 0; ; tries += 1) {
    try {
      client("CREATE DATABASE crm; CREATE USER guest@'127.0.0.1' IDENTIFIED BY 'x'; GRANT ALL ON crm.* TO guest@'127.0.0.1'", []);
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return {
    port,
    run: (sql) => client(sql, ['crm']),
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
