// Volumes told apart on real mounts: a tmpfs, a bind, an image of its own; where this machine doesn't let us mount, it says so loudly.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVolumes, mountOf, mountsIn } from '../../server/volumes.ts';
import { decisionOf, type World, world } from '../world.ts';

const TABLE = `22 28 0:21 / /proc rw shared:13 - proc proc rw
28 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
40 28 0:36 / /net/files rw,relatime shared:20 - nfs4 server:/export rw
41 28 8:17 / /media/ann/My\\040Stick rw,nosuid - vfat /dev/sdb1 rw
42 28 0:50 / /home/ann/remote rw - fuse.sshfs ann@host:/ rw
43 28 0:51 / /cover rw - tmpfs tmpfs rw
44 43 0:52 / /cover rw - cifs //server/share rw
45 28 0:53 / /odd\\134name rw - 9p host rw
broken line
`;

describe('the table of mounts', () => {
  it.each([
    ['/net/files/a', 'nfs4'],
    ['/net/filesystem', 'ext4'],
    ['/media/ann/My Stick/x', 'vfat'],
    ['/home/ann/remote', 'fuse.sshfs'],
    ['/cover/x', 'cifs'],
    ['/odd\\name/x', '9p'],
    ['/home/ann', 'ext4'],
  ])('%s lies on %s', (path, type) => expect(mountOf(path, mountsIn(TABLE))?.type).toBe(type));
  it('is empty where there is none', () => expect(mountOf('/x', mountsIn(''))).toBeUndefined());
});

it("the home and the folder of mcp.json are the user's own, and what is not there yet lies where its folder lies", () => {
  const volume = createVolumes([tmpdir()]);
  expect(volume(homedir())).toEqual({ own: true });
  expect(volume(join(tmpdir(), 'not', 'there', 'yet'))).toEqual({ own: true });
});

describe('real mounts', () => {
  let base = '';
  const mounted: string[] = [];
  const mount = (name: string, ...args: string[]): string | undefined => {
    const point = join(base, name);
    mkdirSync(point);
    try {
      execFileSync('mount', [...args, point], { stdio: 'pipe' });
      mounted.push(point);
      return point;
    } catch {
      process.stderr.write(`\n*** SKIPPED: this machine lets nobody mount ${name}, so it was not tested ***\n`);
      return undefined;
    }
  };
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'perimeter-mounts-'));
  });
  afterAll(() => {
    for (const point of mounted.reverse()) execFileSync('umount', [point]);
    rmSync(base, { recursive: true, force: true });
  });

  it('a tmpfs is another device, and external where the policy says so', async () => {
    const point = mount('memory', '-t', 'tmpfs', 'tmpfs');
    if (point === undefined) return;
    expect(createVolumes([])(join(point, 'new.txt'))).toEqual({ own: false, type: 'tmpfs' });
    expect(createVolumes([point])(join(point, 'new.txt'))).toEqual({ own: true });
    symlinkSync(point, join(base, 'alias'));
    const copied = async (storage: string) => {
      const open: World = await world({
        rules: `version: 1\nrules: [{ id: all, why: x, effect: allow, scope: ["write:files", "write:files:/**"] }]\nrisk: { storage: { ${storage} } }`,
        bindings: `server: files\nroot: ${base}\ntools: { write: { does: write:files, resource: { path: path } } }`,
        servers: { files: { write: {} } },
      });
      const result = await open.call('write', { path: 'alias/new.txt' });
      await open.close();
      return result.isError ? decisionOf(result) : { decision: 'allow' };
    };
    expect(await copied('other_device: internal')).toMatchObject({ decision: 'allow' });
    expect(await copied('other_device: external')).toMatchObject({ decision: 'deny', rule: 'risk' });
    expect(await copied('external: [memory]')).toMatchObject({ decision: 'deny', rule: 'risk' });
    expect(await copied(`other_device: external, internal: ["${point}"]`)).toMatchObject({ decision: 'allow' });
  });

  it('a bind of one folder onto another is the same device', () => {
    mkdirSync(join(base, 'origin'));
    const point = mount('bound', '--bind', join(base, 'origin'));
    if (point === undefined) return;
    expect(createVolumes([base])(join(point, 'x'))).toEqual({ own: true });
  });

  it('an image that is mounted is another device with its own file system', () => {
    const image = join(base, 'image');
    writeFileSync(image, Buffer.alloc(4 << 20));
    try {
      execFileSync('mkfs.ext4', ['-q', image], { stdio: 'pipe' });
    } catch {
      process.stderr.write('\n*** SKIPPED: no mkfs.ext4 here, so no image was mounted ***\n');
      return;
    }
    const point = mount('disk', '-o', 'loop', image);
    if (point !== undefined) expect(createVolumes([base])(join(point, 'x'))).toEqual({ own: false, type: 'ext4' });
  });
});
