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

/** Hosts where anybody can put something for anybody else to fetch: online storage, transfers, pastes, and catchers of requests. */
const STORAGE_HOSTS =
  /(?:^|\.)(?:drive\.google\.com|docs\.google\.com|storage\.googleapis\.com|dropbox(?:api|usercontent)?\.com|onedrive\.live\.com|1drv\.ms|graph\.microsoft\.com|sharepoint\.com|box\.com|icloud\.com|mega\.(?:nz|io)|pcloud\.com|proton\.me|wetransfer\.com|we\.tl|transfer\.sh|file\.io|gofile\.io|0x0\.st|filebin\.net|anonfiles\.com|mediafire\.com|catbox\.moe|tmpfiles\.org|sendspace\.com|smash\.gg|amazonaws\.com|r2\.dev|r2\.cloudflarestorage\.com|backblazeb2\.com|digitaloceanspaces\.com|blob\.core\.windows\.net|pastebin\.com|paste\.ee|hastebin\.com|dpaste\.(?:com|org)|ghostbin\.co|rentry\.co|gist\.github(?:usercontent)?\.com|webhook\.site|requestbin\.(?:com|net)|pipedream\.net|ngrok(?:-free)?\.(?:io|app|dev)|trycloudflare\.com|oast\.(?:fun|live|me|online|pro|site)|interact\.sh|burpcollaborator\.net)$/i;

/** Whether a host is a place to leave things for others. */
export function storageHost(host: string): boolean {
  return STORAGE_HOSTS.test(host.replace(/:\d+$/, '').replace(/\.$/, ''));
}
