// Whether somebody uses this machine's desktop, as far as the platform tells: idle time and the locked screen.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { ask as askProgram } from './program.ts';
import type { Provider } from './provider.ts';

export type DesktopState = { locked?: boolean; idle_ms?: number };
type Ask = typeof askProgram;
type Env = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 2_000;
const TTL_MS = 10_000;

/** GetLastInputInfo (winuser.h), and the lock screen's process. A fixed script: nothing of anybody's goes into it. */
const WINDOWS = [
  'Add-Type -Namespace P -Name I -MemberDefinition \'[StructLayout(LayoutKind.Sequential)] public struct L { public uint S; public uint T; } [DllImport("user32.dll")] public static extern bool GetLastInputInfo(ref L l);\'',
  '$l = New-Object P.I+L; $l.S = 8; [void][P.I]::GetLastInputInfo([ref]$l)',
  'Write-Output ("idle=" + ([uint32][Environment]::TickCount - $l.T))',
  'Write-Output ("locked=" + [bool](Get-Process -Name LogonUI -ErrorAction SilentlyContinue))',
].join('; ');

/** True while it was used within `idle` milliseconds; false when it is locked or idle for longer; unknown where nobody can tell. */
export function desktopUse(
  idle: number,
  {
    platform = process.platform,
    env = process.env,
    ask = askProgram,
    now,
  }: { platform?: NodeJS.Platform; env?: Env; ask?: Ask; now: () => number },
): Provider {
  return {
    source: 'desktop',
    timeout: TIMEOUT_MS,
    ttl: TTL_MS,
    async look(signal) {
      const state = await stateOf(platform, env, (file, args) => ask(file, args, { signal, timeout: TIMEOUT_MS }), now());
      if (state?.locked === true) return false;
      return state?.idle_ms === undefined ? undefined : state.idle_ms < idle;
    },
  };
}

async function stateOf(
  platform: NodeJS.Platform,
  env: Env,
  run: (file: string, args: readonly string[]) => ReturnType<Ask>,
  now: number,
): Promise<DesktopState | undefined> {
  if (platform === 'linux') {
    const file = ['/usr/bin/loginctl', '/bin/loginctl'].find(isThere);
    const session = env.XDG_SESSION_ID ?? 'auto';
    if (file === undefined || !/^[\w-]{1,32}$/.test(session)) return undefined;
    return readLoginctl(
      (await run(file, ['show-session', session, '-p', 'IdleHint', '-p', 'IdleSinceHint', '-p', 'LockedHint', '-p', 'Type']))
        ?.output,
      now,
    );
  }
  if (platform === 'darwin')
    return readIoreg(
      (await run('/usr/sbin/ioreg', ['-c', 'IOHIDSystem', '-d', '4', '-r', '-k', 'HIDIdleTime']))?.output,
      (await run('/usr/sbin/ioreg', ['-n', 'Root', '-d', '1']))?.output,
    );
  if (platform !== 'win32' || env.SystemRoot === undefined) return undefined;
  const shell = join(env.SystemRoot, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  return readPowerShell((await run(shell, ['-NoProfile', '-NonInteractive', '-Command', WINDOWS]))?.output);
}

/** `IdleSinceHint` is in microseconds since the epoch (org.freedesktop.login1). A session without a screen has no idle hint to trust. */
export function readLoginctl(output: string | undefined, now: number): DesktopState | undefined {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(output ?? '')?.[1];
  if (!/^(?:x11|wayland|mir)$/.test(value('Type') ?? '')) return undefined;
  const state: DesktopState = {};
  if (value('LockedHint') !== undefined) state.locked = value('LockedHint') === 'yes';
  const since = Number(value('IdleSinceHint'));
  if (value('IdleHint') === 'no') state.idle_ms = 0;
  else if (value('IdleHint') === 'yes' && since > 0) state.idle_ms = Math.max(0, now - since / 1_000);
  return state;
}

/** `HIDIdleTime` is in nanoseconds; a locked screen shows in the console's users. */
export function readIoreg(idle: string | undefined, root: string | undefined): DesktopState | undefined {
  const nanoseconds = /"HIDIdleTime"\s*=\s*(\d+)/.exec(idle ?? '')?.[1];
  if (nanoseconds === undefined) return undefined;
  const state: DesktopState = { idle_ms: Number(nanoseconds) / 1e6 };
  if (root !== undefined) state.locked = /"CGSSessionScreenIsLocked"\s*=\s*(?:Yes|true|1)/i.test(root);
  return state;
}

export function readPowerShell(output: string | undefined): DesktopState | undefined {
  const idle = /^idle=(\d+)\s*$/m.exec(output ?? '')?.[1];
  if (idle === undefined) return undefined;
  return { idle_ms: Number(idle), locked: /^locked=True\s*$/m.test(output ?? '') };
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
