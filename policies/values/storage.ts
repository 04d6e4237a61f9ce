// Folders that carry their files off this machine: synced folders, removable media, network shares. By the text of the path alone.
import { foldSegment } from './path.ts';

/**
 * Folder names of sync clients, whole names after folding; ` (…` and ` - …` behind one name an account. `name` is what people call it.
 */
const SYNCED: readonly { name: string; folder: RegExp }[] = [
  { name: 'Dropbox', folder: /^\.?dropbox(?: \(.*| - .*)?$/ },
  { name: 'OneDrive', folder: /^(?:onedrive(?: \(.*| - .*)?|skydrive|sharepoint(?: \(.*| - .*)?)$/ },
  { name: 'Google Drive', folder: /^(?:google ?drive(?: \(.*| - .*)?|googledrive-.*|my drive|drivefs|shared drives|insync)$/ },
  { name: 'iCloud', folder: /^(?:icloud(?: ?drive)?(?: \(.*| - .*)?|iclouddrive|mobile documents|com~apple~clouddocs)$/ },
  { name: 'Box', folder: /^box(?: sync|-box| \(.*| - .*)?$/ },
  { name: 'Nextcloud', folder: /^(?:nextcloud|owncloud)(?:\d| \(.*| - .*)?$/ },
  { name: 'MEGA', folder: /^mega(?:sync)?(?: \(.*| - .*)?$/ },
  { name: 'pCloud', folder: /^pcloud ?(?:drive|sync)?(?: \(.*| - .*)?$/ },
  { name: 'Proton Drive', folder: /^proton ?drive(?: \(.*| - .*)?$/ },
  { name: 'Yandex.Disk', folder: /^yandex\.?disk(?: \(.*| - .*)?$/ },
  { name: 'Creative Cloud', folder: /^creative cloud files(?: \(.*| - .*)?$/ },
  { name: 'Seafile', folder: /^(?:seafile|seadrive)(?: \(.*| - .*)?$/ },
  {
    name: 'Syncthing',
    folder:
      /^(?:syncthing|resilio sync|btsync|sync\.com|tresorit|spideroak hive|jottacloud|koofr|filen|icedrive|idrive-sync|hidrive)(?: \(.*| - .*)?$/,
  },
  { name: 'cloud storage', folder: /^cloudstorage$/ },
];
/** Where systems mount what can be carried away or lies on another machine (FHS 3.0 §3.11–3.12, macOS, WSL, GVFS). */
const MOUNTS: readonly { name: string; path: RegExp }[] = [
  { name: 'removable media', path: /^\/(?:media|run\/media|mnt|volumes|removable|misc|autofs)(?:\/|$)/ },
  {
    name: 'network share',
    path: /^\/(?:net|nfs|smb|afs|network|run\/user\/\d+\/gvfs)(?:\/|$)|^\/home\/[^/]+\/\.gvfs(?:\/|$)|^\/system\/volumes\/data\/mnt(?:\/|$)/,
  },
];

/** The name of the synced folder or mount an absolute path lies in; undefined when its text tells of none. */
export function externalStorage(absolute: string, os: 'posix' | 'windows'): string | undefined {
  const text = os === 'windows' ? absolute.replaceAll('\\', '/') : absolute;
  const segments = text.split('/').map(foldSegment);
  for (const segment of segments) {
    const synced = SYNCED.find(({ folder }) => folder.test(segment));
    if (synced) return synced.name;
  }
  if (os === 'windows') return /^\/\/(?![?.]\/(?!unc\/))/i.test(text) ? 'network share' : undefined;
  const folded = `/${segments.filter((segment) => segment !== '').join('/')}`;
  return MOUNTS.find(({ path }) => path.test(folded))?.name;
}
