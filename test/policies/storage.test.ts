// Whether a place is external: the owner's word, then its names, then the kind of volume.
import { describe, expect, test } from 'vitest';
import { storageOf } from '../../policies/storage.ts';

const at = (absolute: string, text = absolute) => ({ absolute, text });
const on = (type: string | undefined, own = false) => ({ own, ...(type === undefined ? {} : { type }) });

describe('by the kind of volume', () => {
  test.each([
    ['nfs4', 'network share'],
    ['cifs', 'network share'],
    ['smb3', 'network share'],
    ['9p', 'network share'],
    ['virtiofs', 'network share'],
    ['davfs2', 'network share'],
    ['vfat', 'removable media'],
    ['exfat', 'removable media'],
    ['ntfs3', 'removable media'],
    ['fuseblk', 'removable media'],
    ['udf', 'removable media'],
    ['fuse', 'a mounted program (FUSE)'],
    ['fuse.sshfs', 'a mounted program (FUSE)'],
    ['fuse.rclone', 'a mounted program (FUSE)'],
    ['fuse.google-drive-ocamlfuse', 'a mounted program (FUSE)'],
    ['FUSE.S3FS', 'a mounted program (FUSE)'],
    ['tmpfs', undefined],
    ['ext4', undefined],
    ['btrfs', undefined],
    ['apfs', undefined],
    ['nfsd', undefined],
    ['fusectl', undefined],
    [undefined, undefined],
  ])('%s is %s', (type, expected) => expect(storageOf(at('/data/x'), 'posix', on(type), undefined)).toBe(expected));

  test('what lies on the volume of the home is at home there, whatever its kind', () => {
    for (const type of ['nfs4', '9p', 'fuse.sshfs', 'vfat'])
      expect(storageOf(at('/home/ann/x'), 'posix', on(type, true), undefined)).toBeUndefined();
  });

  test('a tmpfs or a second disk is another device, and the policy says whether that is external', () => {
    for (const type of ['tmpfs', 'ext4', undefined]) {
      expect(storageOf(at('/data/x'), 'posix', on(type), { other_device: 'external' })).toBe('another device');
      expect(storageOf(at('/data/x'), 'posix', on(type), { other_device: 'internal' })).toBeUndefined();
    }
    expect(storageOf(at('/home/ann/x'), 'posix', on('ext4', true), { other_device: 'external' })).toBeUndefined();
  });
});

describe("the owner's word", () => {
  test.each([
    ['/srv/shared', '/srv/shared/a/b.txt', '/srv/shared/a/b.txt'],
    ['/srv/shared/**', '/srv/shared/a.txt', '/srv/shared/a.txt'],
    ['/srv/*/outbox', '/srv/ann/outbox/x', '/srv/ann/outbox/x'],
    ['outgoing', '/work/files/outgoing/x.csv', 'outgoing/x.csv'],
    ['Outgoing/', '/work/files/outgoing/x.csv', 'outgoing/x.csv'],
  ])('%s makes %s external', (mark, absolute, text) => {
    expect(storageOf(at(absolute, text), 'posix', on('ext4', true), { external: [mark] })).toBe('storage marked as external');
  });
  test('makes a mount its own, and what it calls external stays so', () => {
    expect(storageOf(at('/mnt/work/x'), 'posix', on('nfs4'), { internal: ['/mnt/work'] })).toBeUndefined();
    expect(storageOf(at('/mnt/workshop/x'), 'posix', on('nfs4'), { internal: ['/mnt/work'] })).toBe('removable media');
    expect(storageOf(at('/mnt/work/x'), 'posix', on('nfs4'), { internal: ['/mnt/work'], external: ['/mnt'] })).toBe(
      'storage marked as external',
    );
  });
  test('names count before the volume', () => {
    expect(storageOf(at('/home/ann/Dropbox/x'), 'posix', on('ext4', true), undefined)).toBe('Dropbox');
    expect(storageOf(at('/home/ann/Boxes/x'), 'posix', on('ext4', true), undefined)).toBeUndefined();
    expect(storageOf(at('D:\\shared\\x'), 'windows', undefined, { external: ['D:/shared'] })).toBe('storage marked as external');
  });
});
