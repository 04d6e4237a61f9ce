// Whether a place is storage that carries things off: by the owner's word, by its names, and by what kind of volume it lies on.
import { parsePattern, patternMatches, splitSegments } from './scope.ts';
import type { StorageMarks } from './types.ts';
import { foldSegment } from './values/path.ts';
import { externalStorage } from './values/storage.ts';

/** What the server found out of the volume that a place lies on. `type` is the file system as the kernel names it. */
export type Volume = {
  /** It is the volume of the user's home, or of the folder where mcp.json lies. */
  own: boolean;
  type?: string;
};

/** File systems that lie on another machine, or on the one around this virtual one. */
const NETWORK =
  /^(?:nfs\d?|cifs|smb\d?|smbfs|smb3|afs|auristorfs|ceph|glusterfs|lustre|beegfs|gpfs|ocfs2|gfs2|ncpfs|coda|davfs2?|webdav|9p|drvfs|virtiofs|vboxsf|vmhgfs|prl_fs|afpfs|ftp)$/;
/** What cameras, sticks and discs are formatted with, and what other systems write. */
const REMOVABLE = /^(?:vfat|msdos|fat|exfat|ntfs3?|fuseblk|hfs|hfsplus|udf|iso9660|cd9660)$/;
/** A program stands behind it, and nobody can tell where that puts things. */
const FUSE = /^fuse(?:\.|$)|^(?:macfuse|osxfuse)/;

/** The name of the storage an absolute path lies in; undefined when it is the user's own. The owner's word comes first, the volume last. */
export function storageOf(
  place: { absolute: string; text: string },
  os: 'posix' | 'windows',
  volume: Volume | undefined,
  marks: StorageMarks | undefined,
): string | undefined {
  if (marks?.external?.some((mark) => liesIn(mark, place, os))) return 'storage marked as external';
  if (marks?.internal?.some((mark) => liesIn(mark, place, os))) return undefined;
  const named = externalStorage(place.absolute, os);
  if (named !== undefined) return named;
  if (volume === undefined || volume.own) return undefined;
  const type = volume.type?.toLowerCase() ?? '';
  if (NETWORK.test(type)) return 'network share';
  if (REMOVABLE.test(type)) return 'removable media';
  if (FUSE.test(type)) return 'a mounted program (FUSE)';
  return marks?.other_device === 'external' ? 'another device' : undefined;
}

/** A folder and all below it; absolute, or relative to the server's root. Case is ignored: a mark is a warning. */
function liesIn(mark: string, { absolute, text }: { absolute: string; text: string }, os: 'posix' | 'windows'): boolean {
  const whole = mark
    .replaceAll('\\', '/')
    .replace(/\/+$/, '')
    .replace(/\/\*\*$/, '');
  const rooted = whole.startsWith('/') || /^[a-z]:/i.test(whole);
  const path = rooted ? (os === 'windows' ? absolute.replaceAll('\\', '/') : absolute) : text;
  return patternMatches(parsePattern(`${foldSegment(whole)}/**`), splitSegments(path).map(foldSegment));
}
