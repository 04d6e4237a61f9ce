// Who owns a state directory: numbered lock files, of which the highest counts. A number is taken once and never again, so two can't win.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { besides, disk, errorCode, replaceFile } from '../store/files.ts';

const run = promisify(execFile);
const NAME = /^owner\.(\d{1,15})\.lock$/;
const holderSchema = z.object({ pid: z.int().positive(), started: z.string().optional(), released: z.boolean() });
type Holder = z.infer<typeof holderSchema>;

/** The lock that counts. `holder` is undefined when the file can't be read: then nobody can be asked whether they live. */
export type Lock = { number: number; holder: Holder | undefined };

const path = (dir: string, number: number) => join(dir, `owner.${number}.lock`);

/** The highest lock of a state directory, or undefined when it was never owned. */
export async function highestLock(dir: string): Promise<Lock | undefined> {
  const numbers = await lockNumbers(dir);
  if (numbers.length === 0) return undefined;
  const number = Math.max(...numbers);
  const text = await disk.read(path(dir, number));
  return { number, holder: text === undefined ? undefined : parse(text) };
}

/**
 * Tries to take the lock after `former`. False when another was faster.
 * The highest file is never removed, only those below it; so whoever creates a number *and* then sees none above it is the only owner.
 */
export async function takeLock(dir: string, number: number): Promise<boolean> {
  const fresh = besides(path(dir, number));
  const holder: Holder = { pid: process.pid, started: await startOf(process.pid), released: false };
  await disk.create(fresh, JSON.stringify(holder));
  try {
    await disk.link(fresh, path(dir, number));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await disk.remove(fresh);
  }
  const others = (await lockNumbers(dir)).filter((other) => other !== number);
  if (others.some((other) => other > number)) {
    await disk.remove(path(dir, number));
    return false;
  }
  for (const lower of others) await disk.remove(path(dir, lower));
  return true;
}

/** Says that the lock is free while its process goes on living. The file stays: its number is what the next one counts from. */
export async function releaseLock(dir: string, number: number): Promise<void> {
  const holder: Holder = { pid: process.pid, released: true };
  await replaceFile(path(dir, number), JSON.stringify(holder));
}

/** Whether the process that took a lock still runs and holds it. A process id is not enough: ids are used again, so its start counts too. */
export async function isHeld(lock: Lock): Promise<boolean> {
  const { holder } = lock;
  if (!holder || holder.released || !isRunning(holder.pid)) return false;
  const started = await startOf(holder.pid);
  if (started === 'ended') return false;
  return holder.started === undefined || started === undefined || holder.started === started;
}

async function lockNumbers(dir: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await readdir(dir)) {
    const digits = NAME.exec(name)?.[1];
    if (digits !== undefined) numbers.push(Number(digits));
  }
  return numbers;
}

function parse(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * When a process started, as a text that only this start has. `ended` for one that is dead but not yet collected by its parent;
 * undefined where the system doesn't say.
 */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') {
      // proc_pid_stat(5): after the name in brackets come the state (field 3) and, as field 22, the start in ticks since boot.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : `${boot} ${fields[19]}`;
    }
    if (process.platform === 'win32') return undefined;
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
    const [state = '', ...start] = stdout.trim().split(/\s+/);
    return state.startsWith('Z') ? 'ended' : start.join(' ');
  } catch {
    return undefined;
  }
}
