// A notification on the desktop, where the platform has one. Started without a shell; the words travel as arguments or environment, never as code.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Shows a title and a line under it. Returns at once; that nothing could be shown is no error. */
export type Notify = (title: string, line: string) => void;
export type Env = Readonly<Record<string, string | undefined>>;
export type Program = { file: string; args: string[]; env: Record<string, string> };

const SHOWN_MS = 10_000;
const MAX_AT_ONCE = 3;

/** The fixed script of the toast: it reads its words from the environment (Windows.UI.Notifications, ToastNotificationManager). */
const TOAST = [
  '$ErrorActionPreference = "Stop"',
  '[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null',
  '$doc = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)',
  '$texts = $doc.GetElementsByTagName("text")',
  '$texts.Item(0).AppendChild($doc.CreateTextNode($env:PERIMETER_TITLE)) | Out-Null',
  '$texts.Item(1).AppendChild($doc.CreateTextNode($env:PERIMETER_LINE)) | Out-Null',
  '[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier("Perimeter").Show([Windows.UI.Notifications.ToastNotification]::new($doc))',
].join('; ');

/** The program that shows a notification here; undefined where there is no desktop, or no such program on an absolute PATH entry. */
export function notification(platform: NodeJS.Platform, env: Env, title: string, line: string): Program | undefined {
  if (platform === 'linux' && (env.DISPLAY || env.WAYLAND_DISPLAY)) {
    const file = find('notify-send', env);
    // the body is markup on many desktops (Desktop Notifications Specification, "Markup")
    return file === undefined
      ? undefined
      : {
          file,
          args: ['--app-name=Perimeter', '--', title, line.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')],
          env: {},
        };
  }
  if (platform === 'darwin') {
    const script = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];
    return { file: '/usr/bin/osascript', args: [...script.flatMap((step) => ['-e', step]), '--', title, line], env: {} };
  }
  if (platform === 'win32' && env.SystemRoot !== undefined) {
    const file = join(env.SystemRoot, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe');
    return {
      file,
      args: ['-NoProfile', '-NonInteractive', '-Command', TOAST],
      env: { PERIMETER_TITLE: title, PERIMETER_LINE: line },
    };
  }
  return undefined;
}

/** Notifications on this machine's desktop. */
export function desktop(platform: NodeJS.Platform, env: Env): Notify {
  let open = 0;
  return (title, line) => {
    const program = notification(platform, env, title, line);
    if (program === undefined || open >= MAX_AT_ONCE) return;
    open += 1;
    const child = spawn(program.file, program.args, {
      shell: false,
      stdio: 'ignore',
      timeout: SHOWN_MS,
      windowsHide: true,
      env: { ...env, ...program.env },
    });
    child.on('error', () => undefined).on('close', () => (open -= 1));
    child.unref();
  };
}

function find(name: string, env: Env): string | undefined {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
