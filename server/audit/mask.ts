// Masking: what looks like a secret or like personal data in a text is replaced by a word in brackets, before it is stored or shown.
import { isValidIBAN } from 'ibantools';
import { withoutInvisible } from '../../policies/values/characters.ts';
import { detectDataClasses } from '../../policies/values/data-classes.ts';

/** A pattern, what stands for its matches, and optionally which matches are meant. `$1` keeps the first group. */
type Mask = { pattern: RegExp; by: string | ((match: string) => string); only?: (match: string) => boolean };

/** Shapes that nothing but a secret has. */
const SECRETS: Mask[] = [
  { pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/gs, by: '[secret]' },
  { pattern: /(?<![A-Za-z0-9])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, by: '[secret]' },
  { pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/g, by: '[secret]' },
  {
    pattern:
      /(?<![A-Za-z0-9])(?:gh[opsur]_|github_pat_|glpat-|npm_|hf_|dop_v1_|shpat_|pypi-|xox[abeprs]-|ya29\.|AIza|SG\.)[\w.-]{16,}/g,
    by: '[secret]',
  },
  { pattern: /(?<![A-Za-z0-9])(?:sk|pk|rk|whsec)[-_][\w-]{16,}/g, by: '[secret]' },
  { pattern: /(:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g, by: '$1[secret]' },
  { pattern: /\b((?:Bearer|Basic)\s+)[\w.~+/=-]{8,}/gi, by: '$1[secret]' },
  { pattern: new RegExp(`(${secretWords()}["']?\\s*=\\s*)${secretValue()}`, 'gi'), by: '$1[secret]' },
];

/** Passwords, secrets, tokens and keys, as other languages say. */
const OTHER_SCRIPTS =
  '(?:парол[ьяюи]|секрет|токен|ключ|密码|密碼|口令|暗号|秘密|令牌|パスワード|トークン|비밀번호|암호|토큰|كلمة (?:المرور|السر)|סיסמה|סיסמא|κωδικός|รหัสผ่าน|पासवर्ड|contraseña|mot de passe|senha|wachtwoord|lösenord|passord|adgangskode|salasana|hasło|heslo|jelszó|parola|şifre|mật khẩu|kata sandi)';

/** Shapes that in a sentence are a secret more often than not; in a path or a scope they may be a name. */
const LIKELY_SECRETS: Mask[] = [
  {
    pattern: new RegExp(
      `((?:${secretWords()}|${OTHER_SCRIPTS})["']?\\s*(?::\\s*|=\\s*|(?<!\\p{L})(?:is|was|ist|es|est|är|er)(?!\\p{L})\\s*|[はが是为為은는]\\s*))${secretValue()}`,
      'giu',
    ),
    by: '$1[secret]',
  },
  { pattern: /(\b(?:pin|otp|cvv|cvc|code)\b\s*(?:[:=]|is|was)?\s*)\p{Nd}{3,8}\b/giu, by: '$1[secret]' },
  { pattern: /[A-Za-z0-9+/=_-]{20,}/g, by: '[secret]', only: looksRandom },
];

const IBAN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/gi;
const CARD = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g;

const PERSONAL: Mask[] = [
  { pattern: IBAN, by: '[iban]', only: (match) => /\d{6}/.test(match.replace(/[ -]/g, '')) },
  { pattern: CARD, by: '[card]', only: isCard },
  { pattern: /[\p{L}\p{N}._%+'-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*/gu, by: '[email]' },
  { pattern: /\b(?:0x[0-9a-f]{40}|bc1[a-z0-9]{20,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b/g, by: '[wallet]' },
  { pattern: /\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b/gi, by: '[mac]' },
  { pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])/gi, by: '[ip]' },
  { pattern: /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g, by: '[ip]' },
  { pattern: /(\b(?:born|birth\w*|dob|geb\w*)\b\D{0,12})\d{1,4}[-./ ]\d{1,2}[-./ ]\d{1,4}/gi, by: '$1[date]' },
  { pattern: /\+?\p{Nd}(?:[ ().\-/]{0,2}\p{Nd}){6,}/gu, by: '[number]' },
];

/** Dates and times, and the guard's own ids, are neither random nor numbers of anybody. */
const KEPT =
  /\b(?:19|20)\d{2}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?Z?)?(?!\d)|\b(?:evt|req|grant|grt|call|session|ses)_[\w-]{6,40}(?![\w-])/g;

/** Replaces secrets only: for text that is public but may carry one by accident. */
export function maskSecrets(text: string): string {
  return withoutCredentials(masked(text, SECRETS));
}

/**
 * Replaces secrets, card numbers and IBANs: for resources, whose addresses and names are public. `tag` names what stood there,
 * so that two payments to one account are seen to be that.
 */
export function maskResource(text: string, tag: (number: string) => string): string {
  const tagged = (word: string) => (match: string) => `[${word} ${tag(match.replace(/[ -]/g, '').toUpperCase())}]`;
  const known = masked(text, [
    ...SECRETS,
    { pattern: IBAN, by: tagged('iban'), only: isIban },
    { pattern: CARD, by: tagged('card'), only: isCard },
  ]);
  const [, scope = '', rest = known] = /^([\w*]+:[\w*-]+:)(.*)$/s.exec(known) ?? [];
  return scope + withoutCredentials(rest);
}

/** What else the detectors of the policies know to be a credential, as little around it as can be: a name in a path, a word, all of it. */
function withoutCredentials(text: string): string {
  if (!MAY_HOLD_ONE.test(text) || !holdsCredential(text)) return text;
  for (const pieces of [/[^/]+/g, /\S+/g]) {
    const left = text.replace(pieces, (piece) => (holdsCredential(piece) ? '[secret]' : piece));
    if (!holdsCredential(left)) return left;
  }
  return '[secret]';
}

/** Most names hold neither a long run nor words, and every call comes by here. */
const MAY_HOLD_ONE = /[\w+=-]{16}|\s|:\/\//;

/** What only its name makes a secret (`token:abc`) is in a path or a scope a name more often; in words it is one. */
function holdsCredential(text: string): boolean {
  const inWords = /\s/.test(text);
  return detectDataClasses(text).classes.some(
    (name) => name.startsWith('credentials.') && (inWords || !/\.(?:password|generic)$/.test(name)),
  );
}

/**
 * Replaces secrets and personal data: for what a person or an agent wrote. Names of people can't be told from other words and
 * stay; words about health stay too, since without a name they are a topic.
 */
export function maskProse(text: string): string {
  const known = masked(text, [...SECRETS, ...LIKELY_SECRETS, ...PERSONAL]);
  if (!holdsData(known)) return known;
  const byWord = known.replace(/\S+/g, (word) => (holdsData(word) ? WITHHELD : word));
  if (!holdsData(byWord)) return byWord;
  // What only its surroundings make a passport or an account number is one of the words with a digit.
  const byDigit = aroundKept(byWord, (piece) => piece.replace(/\S*\p{Nd}\S*/gu, WITHHELD));
  return holdsData(byDigit) ? WITHHELD : byDigit;
}

const WITHHELD = '[withheld]';

/** What the detectors of the policies still find, so that both always agree on what is sensitive. */
function holdsData(text: string): boolean {
  return detectDataClasses(text).classes.some((name) => name.split('.')[0] !== 'health');
}

function masked(text: string, masks: Mask[]): string {
  // Characters nobody sees must not split a number in two; where that would matter they go.
  const bare = withoutInvisible(text).normalize('NFKC');
  const direct = applied(text, masks);
  if (bare === text) return direct;
  const bared = applied(bare, masks);
  return bared === bare ? direct : bared;
}

function applied(text: string, masks: Mask[]): string {
  return masks.reduce((left, { pattern, by, only }) => {
    if (typeof by === 'string' && by.startsWith('$1')) return left.replace(pattern, by);
    const put = (match: string) => (typeof by === 'string' ? by : by(match));
    return aroundKept(left, (piece) => piece.replace(pattern, (match) => (!only || only(match) ? put(match) : match)));
  }, text);
}

/** Applies a change to what lies between dates and ids. */
function aroundKept(text: string, change: (piece: string) => string): string {
  let changed = '';
  let from = 0;
  for (const kept of text.matchAll(KEPT)) {
    changed += change(text.slice(from, kept.index)) + kept[0];
    from = kept.index + kept[0].length;
  }
  return changed + change(text.slice(from));
}

function secretWords(): string {
  return '(?:pass(?:word|phrase|wd|code)?|pwd|secret|token|(?:api|access|private)[-_ ]?key|credentials?|authorization|kennwort|passwort)';
}

function secretValue(): string {
  return `(?!\\[)(?:"[^"]*"|'[^']*'|[^\\s"',;]+)`;
}

/** Long, and its letters and digits change places as no word, path or name does. */
function looksRandom(run: string): boolean {
  if (/^[0-9a-f]{32,}$/i.test(run)) return true;
  return run.split(/[-_/]/).some((piece) => {
    const changes = piece.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
    const cases = piece.match(/[a-z](?=[A-Z])/g)?.length ?? 0;
    return piece.length >= 16 && changes + cases >= 4;
  });
}

function isIban(match: string): boolean {
  return isValidIBAN(match.replace(/[ -]/g, '').toUpperCase());
}

/** The check digit of payment cards, ISO/IEC 7812-1 (Luhn). */
function isCard(match: string): boolean {
  const digits = match.replace(/\D/g, '');
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

const TELLING_COLUMN =
  /pass|secret|token|key\b|iban|card|cvv|cvc|ssn|tax|salary|wage|account|birth|\bdob|phone|mobile|mail|address|street|diagnos|health/i;

/** One cell of a row that a person is shown: withheld where its column's name tells that it is sensitive, else as prose. */
export function maskCell(column: string, text: string): string {
  return TELLING_COLUMN.test(column) && text !== '' && text !== 'null' ? WITHHELD : maskProse(text);
}
