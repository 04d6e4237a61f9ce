// Files that hold keys and passwords, known by their names.
import { foldSegment } from './path.ts';

const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/).filter((word) => word !== ''));

/** Folders that exist for secrets: everything in them counts. */
const FOLDERS = set('.ssh .gnupg .aws .azure .gcloud .kube .password-store .vault .1password .minikube .oci');
/** Two names in a row, at any depth. */
const PAIRS = set(`
  .docker/config.json .config/gcloud .config/gh .config/hub .config/rclone .config/op .config/doctl .config/sops .config/age .config/keybase
  .cargo/credentials .cargo/credentials.toml .gem/credentials .m2/settings.xml .m2/settings-security.xml .gradle/gradle.properties
  .composer/auth.json .terraform.d/credentials.tfrc.json share/keyrings library/keychains etc/shadow etc/gshadow etc/sudoers run/secrets`);
/** Names as they stand; also with a dot in front. */
const NAMES = set(`
  netrc _netrc pgpass pgpass.conf my.cnf mylogin.cnf npmrc yarnrc.yml pypirc git-credentials htpasswd boto s3cfg rclone.conf vault-token
  dockercfg dockerconfigjson terraformrc msmtprc fetchmailrc smbcredentials credentials credential secrets secret passwords passwd- shadow-
  master.passwd authorized_keys authorized_keys2 kubeconfig wallet.dat logins.json key3.db key4.db cookies.sqlite keyring auth.json
  bash_history zsh_history psql_history mysql_history wp-config.php local.settings.json application_default_credentials.json`);
const EXTENSIONS = set(`
  pem key p12 pfx p8 pk8 jks keystore bks ppk kdb kdbx ovpn keytab keychain keychain-db agekey tfstate tfvars mobileprovision wallet psafe3
  agilekeychain 1pux env`);
/** A copy of a secret is one. */
const BACKUP = /\.(?:bak|backup|old|orig|save|copy|swp|tmp|enc|gpg|\d{1,3})$|~$/;
const PATTERNS: readonly RegExp[] = [
  /^\.env(?:rc)?(?:[._-]|$)/,
  /^(?:id|ssh_host)_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:[._-]|$)/,
  /^kubeconfig[._-]|[._-]kubeconfig$/,
];
/** Words in the name of a document or a settings file that say what it holds; two words stand together. */
const WORDS = set('secret secrets credential credentials password passwords passwd secring');
const WORD_PAIRS = set(
  'service-account private-key private-keys api-key api-keys access-token access-tokens recovery-code recovery-codes',
);
const DOCUMENTS = set('json yaml yml toml ini cfg conf txt csv xml properties xls xlsx doc docx md enc asc gpg pgp kbx');
/** Samples that are meant to be read, and the public half of a key. */
const HARMLESS = /^\.env[._-](?:example|sample|template|dist|defaults?)$|\.pub$/;

/** Whether a path, by its segments, is a file or folder that keeps secrets. Case and invisible characters don't matter. */
export function isSecretFile(segments: readonly string[]): boolean {
  const names = segments.map(foldSegment).filter((name) => name !== '');
  if (names.some((name, index) => FOLDERS.has(name) || PAIRS.has(`${name}/${names[index + 1] ?? ''}`))) return true;
  const last = names.at(-1) ?? '';
  return !HARMLESS.test(last) && (isSecretName(last) || isSecretName(last.replace(BACKUP, '')));
}

function isSecretName(name: string): boolean {
  if (NAMES.has(name.replace(/^\./, '')) || PATTERNS.some((pattern) => pattern.test(name))) return true;
  const dot = name.lastIndexOf('.');
  const extension = name.slice(dot + 1);
  if (dot < 0) return false;
  if (EXTENSIONS.has(extension)) return true;
  const words = name.slice(0, dot).split(/[ ._-]+/);
  return (
    DOCUMENTS.has(extension) &&
    words.some((word, index) => WORDS.has(word) || WORD_PAIRS.has(`${word}-${words[index + 1] ?? ''}`))
  );
}
