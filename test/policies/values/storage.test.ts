// Synced folders, removable media and shares are known by the path alone; look-alike names are not.
import { describe, expect, it } from 'vitest';
import { isSecretFile } from '../../../policies/values/secret-files.ts';
import { externalStorage } from '../../../policies/values/storage.ts';

describe('external storage on posix', () => {
  it.each([
    ['/home/jo/Dropbox/a.md', 'Dropbox'],
    ['/home/jo/Dropbox (Acme)/a.md', 'Dropbox'],
    ['/srv/files/DROPBOX/a.md', 'Dropbox'],
    ['/srv/files/Drop\u200bbox/a.md', 'Dropbox'],
    ['/Users/jo/OneDrive - Acme Corp/a.md', 'OneDrive'],
    ['/Users/jo/Google Drive/My Drive/a.md', 'Google Drive'],
    ['/Users/jo/Library/CloudStorage/GoogleDrive-jo@x.example/a', 'cloud storage'],
    ['/Users/jo/Library/Mobile Documents/com~apple~CloudDocs/a', 'iCloud'],
    ['/home/jo/Box/a.md', 'Box'],
    ['/home/jo/Box Sync/a.md', 'Box'],
    ['/home/jo/Nextcloud/a.md', 'Nextcloud'],
    ['/media/jo/STICK/a.md', 'removable media'],
    ['/run/media/jo/STICK', 'removable media'],
    ['/mnt/usb/a.md', 'removable media'],
    ['/Volumes/Backup/a.md', 'removable media'],
    ['/net/server/a', 'network share'],
    ['/run/user/1000/gvfs/smb-share/a', 'network share'],
  ])('%s is %s', (path, name) => expect(externalStorage(path, 'posix')).toBe(name));

  it.each([
    '/home/jo/Boxes/a.md',
    '/home/jo/inbox/a.md',
    '/home/jo/mailbox',
    '/home/jo/dropbox.md',
    '/home/jo/media/a.png',
    '/srv/mnt/a',
    '/home/jo/drive/a',
    '/home/jo/mega-project/a',
    '/',
    '/home/jo/files/a.md',
    '/home/jo/box.json',
  ])('%s is not', (path) => expect(externalStorage(path, 'posix')).toBeUndefined());
});

describe('external storage on Windows', () => {
  it.each([
    ['C:\\Users\\jo\\OneDrive\\a.md', 'OneDrive'],
    ['C:/Users/jo/Dropbox/a.md', 'Dropbox'],
    ['\\\\server\\share\\a.md', 'network share'],
    ['//server/share/a.md', 'network share'],
    ['\\\\?\\UNC\\server\\share\\a.md', 'network share'],
  ])('%s is %s', (path, name) => expect(externalStorage(path, 'windows')).toBe(name));
  it.each(['C:\\Users\\jo\\a.md', 'C:/mnt/a', '\\\\?\\C:\\a'])('%s is not', (path) =>
    expect(externalStorage(path, 'windows')).toBeUndefined(),
  );
});

describe('secret files', () => {
  it.each([
    '.env',
    'app/.env.production',
    'app/.ENV',
    'app/.e\u200bnv',
    'prod.env',
    '.envrc',
    'home/.ssh/id_rsa',
    'home/.ssh/config',
    'id_ed25519',
    'id_rsa.bak',
    'certs/server.pem',
    'certs/server.key',
    'certs/server.pem.old',
    'store.p12',
    'vault.kdbx',
    '.aws/credentials',
    '.aws/config',
    '.netrc',
    '_netrc',
    '.npmrc',
    '.pypirc',
    '.pgpass',
    '.git-credentials',
    '.docker/config.json',
    '.kube/config',
    'kubeconfig',
    'prod.kubeconfig',
    '.config/gcloud/application_default_credentials.json',
    'service-account.json',
    'gcp-service-account-key.json',
    'client_secret_123.json',
    'secrets.yaml',
    'my passwords.xlsx',
    'db_credentials.txt',
    'terraform.tfstate',
    'terraform.tfvars',
    'etc/shadow',
    'wp-config.php',
    'private-key.asc',
    'wallet.dat',
    '.bash_history',
    '.gnupg/secring.gpg',
  ])('%s is one', (path) => expect(isSecretFile(path.split('/'))).toBe(true));

  it.each([
    'plan.md',
    '.env.example',
    'environment.md',
    'id_rsa.pub',
    'monkey.md',
    'keynote.md',
    'config.json',
    'src/config',
    'secretary.md',
    'password-policy-faq',
    'tokens.css',
    '.gitignore',
    'hr/salaries.csv',
    'keys.md',
    '.',
    'rsa-conference.md',
    'shadow.css',
  ])('%s is none', (path) => expect(isSecretFile(path.split('/'))).toBe(false));

  it('stays quick on long names', () => {
    for (const name of ['a.'.repeat(100_000), '.env-'.repeat(50_000), `${'secret-'.repeat(50_000)}x`, '_'.repeat(200_000)]) {
      const before = performance.now();
      isSecretFile([name]);
      externalStorage(`/${name}`, 'posix');
      expect(performance.now() - before).toBeLessThan(5000);
    }
  });
});
