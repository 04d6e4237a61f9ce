// Opening a page in the person's browser, without a shell: the address is an argument, never code.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Program } from '../channels/desktop.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The program that opens an address here; undefined where there is no desktop to open it on. */
export function opener(platform: NodeJS.Platform, env: Env, url: string): Program | undefined {
  if (platform === 'darwin') return { file: '/usr/bin/open', args: [url], env: {} };
  if (platform === 'win32')
    return env.SystemRoot === undefined
      ? undefined
      : { file: join(env.SystemRoot, 'System32', 'rundll32.exe'), args: ['url.dll,FileProtocolHandler', url], env: {} };
  return env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME ? { file: 'xdg-open', args: [url], env: {} } : undefined;
}

/** Opens an address; false where nothing here can. */
export function openBrowser(url: string): Promise<boolean> {
  const program = opener(process.platform, process.env, url);
  if (!program) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(program.file, program.args, { shell: false, stdio: 'ignore', detached: true, windowsHide: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
