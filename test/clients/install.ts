// Real clients from the package registry, at the versions that were tried, into `.clients/` (never into the repository).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../server/package-root.ts';

const ROOT = join(packageRoot(), '.clients');
const OPTIONS = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--engine-strict=false'];

export type Installed = { bin: string } | { missing: string };

/** Installs `spec` once, without running its install scripts. Says why where the program can't be had. */
export function install(name: string, spec: string, binary: string): Installed {
  const folder = join(ROOT, `${name}-${spec.slice(spec.lastIndexOf('@') + 1)}`);
  const bin = join(folder, 'node_modules', binary);
  if (!existsSync(bin)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const { status, stderr } = spawnSync('npm', ['install', ...OPTIONS, spec], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) return { missing: `\`npm install ${spec}\` failed: ${stderr.trim().slice(-300)}` };
  }
  return existsSync(bin) ? { bin } : { missing: `\`${spec}\` has no ${binary} for this platform` };
}
