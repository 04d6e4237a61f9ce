// Which volume a place lies on: its device against those of the user's home and of mcp.json's folder, and its file system as the kernel tells it.
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import type { Volume } from '../policies/storage.ts';

/** File systems by the number that statfs(2) gives on Linux, where the table of mounts can't be read. */
const MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb3'],
  [0x517b, 'smbfs'],
  [0x65735546, 'fuse'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
  [0x5346544e, 'ntfs'],
  [0x7366746e, 'ntfs3'],
  [0x01021997, '9p'],
  [0x5346414f, 'afs'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x786f4256, 'vboxsf'],
  [0xbacbacbc, 'vmhgfs'],
  [0x4244, 'hfs'],
  [0x482b, 'hfsplus'],
  [0x9660, 'iso9660'],
  [0x15013346, 'udf'],
  [0x564c, 'ncpfs'],
  [0x73757245, 'coda'],
]);

type Mount = { point: string; type: string };

/** Tells the volume of any place; `own` folders lie on volumes that are the user's own. Reading never fails: what can't be told is left out. */
export function createVolumes(
  own: readonly string[],
  mounts: () => string = readMounts,
): (absolute: string) => Volume | undefined {
  return (absolute) => {
    const device = deviceOf(absolute);
    if (device === undefined) return undefined;
    if ([homedir(), ...own].some((folder) => deviceOf(folder) === device)) return { own: true };
    const type = mountOf(absolute, mountsIn(mounts()))?.type ?? typeByNumber(absolute);
    return type === undefined ? { own: false } : { own: false, type };
  };
}

/** The entries of /proc/self/mountinfo, see proc_pid_mountinfo(5): a mount's point is its fifth field, its type the first one behind the dash. */
export function mountsIn(table: string): Mount[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const [point, type] = [fields[4], fields[fields.indexOf('-') + 1]];
    return point === undefined || type === undefined || !fields.includes('-') ? [] : [{ point: unescaped(point), type }];
  });
}

/** The mount a path lies on: the deepest one, and of several on one point the last. */
export function mountOf(absolute: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts.reduce<Mount | undefined>((best, mount) => {
    const below = mount.point === '/' || absolute === mount.point || absolute.startsWith(`${mount.point}/`);
    return below && mount.point.length >= (best?.point.length ?? 0) ? mount : best;
  }, undefined);
}

function unescaped(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

/** The device of a place, or of the nearest folder above it that is there. */
function deviceOf(absolute: string): number | undefined {
  for (let at = absolute; ; at = dirname(at)) {
    try {
      return statSync(at).dev;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}

function typeByNumber(absolute: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  for (let at = absolute; ; at = dirname(at)) {
    try {
      return MAGIC.get(statfsSync(at).type >>> 0);
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}
