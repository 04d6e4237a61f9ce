// Money: cards, accounts, bank codes and wallets. Checksums decide where there is one, words beside a bare number where there isn't.
import { createHash } from 'node:crypto';
import { getCountrySpecifications } from 'ibantools';
import type { Detector } from './detector.ts';
import { digitsOf, isMonotonous, luhn, matching, near, weighted } from './detector.ts';

/** Issuer ranges and lengths (ISO/IEC 7812; the networks' published ranges). */
const ISSUERS: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720)\d{12})$/,
  /^3[47]\d{13}$/,
  /^(?:6011|64[4-9]\d|65\d{2})\d{12,15}$/,
  /^62\d{14,17}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^3(?:0[0-5]|[689]\d)\d{11}$/,
  /^(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}$/,
  /^220[0-4]\d{12,15}$/,
];
const CARD_GROUPS = /^(?:\d+|\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?|\d{4}[ -]\d{6}[ -]\d{4,5})$/;
const BANK_CODE = /\b(?:routing|aba|rtn|transit|ach|fedwire|wire|bank code)\b/i;
const ACCOUNT =
  /(?:\b(?:bank|checking|chequing|savings?|deposit)\s+(?:account|acct|a\/c)|\b(?:account|acct|a\/c|konto|kontonummer|cuenta|compte)\b\.?\s*(?:number|num|no|nr|#|№|numéro|número)?)\W{0,3}(?:is|:|=|#)?\s*$/i;

const IBAN_LENGTHS = new Map(
  Object.entries(getCountrySpecifications()).flatMap(([country, spec]) => (spec.chars ? [[country, spec.chars] as const] : [])),
);

export const FINANCIAL: readonly Detector[] = [
  matching('financial.card', /(?<![\w.+-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)/g, ([text]) => isCard(text)),
  { name: 'financial.iban', count: countIbans },
  matching('financial.bic', /(?<!\w)[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!\w)/g, (match, text) =>
    near(match, text, /\b(?:swift|bic)\b/i, 24, 0),
  ),
  matching(
    'financial.routing',
    /(?<![\w.-])\d{9}(?![\w-]|\.\d)/g,
    (match, text) => isRouting(match[0]) && near(match, text, BANK_CODE),
  ),
  matching('financial.routing', /(?<![\w.-])\d{2}[- ]\d{2}[- ]\d{2}(?![\w-])/g, (match, text) =>
    near(match, text, /\bsort[ -]?code\b/i, 24, 14),
  ),
  matching('financial.account', /(?<![\w.-])\d(?:[ -]?\d){5,16}(?![\w-]|\.\d)/g, (match, text) =>
    ACCOUNT.test(text.slice(Math.max(0, match.index - 48), match.index)),
  ),
  matching('financial.wallet', /(?<!\w)[123mnLMDT9A][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)/g, ([text]) => isBase58Check(text)),
  matching('financial.wallet', /(?<!\w)(?:bc|tb|ltc)1[02-9ac-hj-np-z]{6,87}(?!\w)/gi, ([text]) => isBech32(text.toLowerCase())),
  matching('financial.wallet', /(?<!\w)0x[0-9a-fA-F]{40}(?!\w)/g, ([text]) => !isMonotonous(text.slice(2))),
];

function isCard(text: string): boolean {
  const digits = digitsOf(text);
  return CARD_GROUPS.test(text) && !isMonotonous(digits) && ISSUERS.some((issuer) => issuer.test(digits)) && luhn(digits);
}

/** ISO 13616: the country says how many characters belong to it, so words behind it don't disturb. */
function countIbans(text: string): number {
  let count = 0;
  for (const match of text.matchAll(/(?<![A-Za-z0-9])([A-Za-z]{2})\d{2}[ -]?(?=[A-Za-z0-9])/g)) {
    const length = IBAN_LENGTHS.get((match[1] ?? '').toUpperCase());
    if (length === undefined) continue;
    const window = text.slice(match.index, match.index + length * 2);
    let compact = '';
    let at = 0;
    while (at < window.length && compact.length < length && /[A-Za-z0-9 -]/.test(window[at] ?? '')) {
      if (/[A-Za-z0-9]/.test(window[at] ?? '')) compact += window[at];
      at += 1;
    }
    if (!/[A-Za-z0-9]/.test(text[match.index + at] ?? '') && compact.length === length && hasIbanCheck(compact.toUpperCase()))
      count += 1;
  }
  return count;
}

/** ISO 7064 MOD 97-10. What banks check inside a country is left out: a number that only misses that is one all the same. */
function hasIbanCheck(compact: string): boolean {
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = character >= 'A' ? character.charCodeAt(0) - 55 : Number(character);
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
  }
  return rest === 1;
}

/** The check digit and the Federal Reserve prefixes of an ABA routing number (ABA policy, 2012). */
function isRouting(digits: string): boolean {
  const prefix = Number(digits.slice(0, 2));
  const known = prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix === 80;
  return known && !isMonotonous(digits) && weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Base58Check: 25 bytes of which the last four are a double SHA-256 of the rest (Bitcoin, Litecoin, Dogecoin, Tron). */
function isBase58Check(text: string): boolean {
  let value = 0n;
  for (const character of text) value = value * 58n + BigInt(BASE58.indexOf(character));
  const hex = value.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const bytes = Buffer.from(hex, 'hex');
  const sha = (data: Uint8Array) => createHash('sha256').update(data).digest();
  return sha(sha(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** The checksum of BIP 173, or of BIP 350 with its other constant. */
function isBech32(text: string): boolean {
  const split = text.lastIndexOf('1');
  const [head, data] = [text.slice(0, split), text.slice(split + 1)];
  if (data.length < 6) return false;
  const values = [
    ...[...head].map((c) => c.charCodeAt(0) >> 5),
    0,
    ...[...head].map((c) => c.charCodeAt(0) & 31),
    ...[...data].map((c) => BECH32.indexOf(c)),
  ];
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries())
      if ((top >>> bit) & 1) check ^= generator;
  }
  return check === 1 || check === 0x2bc830a3;
}
