// Money: cards, accounts, bank codes and wallets. Checksums decide where there is one, words beside a bare number where there isn't.
import { createHash } from 'node:crypto';
import { getCountrySpecifications } from 'ibantools';
import type { Detector } from './detector.ts';
import { ahead, digitsOf, isMonotonous, labelled, luhn, matching, near, weighted } from './detector.ts';

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
  // Verve, Elo, Hipercard, Troy, RuPay, Dankort, Bankcard, InstaPayment, JCB's old ones, Switch and Laser
  /^(?:506(?:099|1[0-8]\d|19[0-8])|6500(?:0[2-9]|1\d|2[0-7]))\d{10,13}$/,
  /^(?:4011(?:78|79)|43(?:1274|8935)|45(?:1416|7393|763[12])|50(?:4175|6699|67[0-7]\d|9\d{3})|627780|63(?:6297|6368)|65003\d)\d{10}$/,
  /^(?:606282|637095)\d{10,13}$/,
  /^9792\d{12}$/,
  /^(?:508[5-9]\d{2}|60[78]\d{3}|652[1-9]\d{2}|653[01]\d{2})\d{10}$/,
  /^(?:5019|5610)\d{12}$/,
  /^63[7-9]\d{13}$/,
  /^(?:2131|1800)\d{11}$/,
  /^(?:4903|4905|4911|4936|564182|633110|6333|6706|6709|6771)\d{8,15}$/,
];
const CARD_GROUPS = /^(?:\d+|\d{4}(?:([ .-])\d{4}(?:\1\d{4}){1,3}(?:\1\d{1,4})?)|\d{4}[ .-]\d{6}[ .-]\d{4,5})$/;
/** Beside them any number with the check is a card's, of whatever network. */
const CARD_WORDS =
  /\b(?:card|cc|credit|debit|visa|master ?card|maestro|amex|american express|discover|diners|jcb|union ?pay|ru ?pay|mada|troy|verve|elo|hipercard|mir|dankort|bancontact|karte|kreditkarte|carte|tarjeta|carta|cartão)\b/i;
const BANK_CODE = /\b(?:routing|aba|rtn|transit|ach|fedwire|wire|bank code|blz|bankleitzahl)\b/i;
const ACCOUNT =
  /(?:\b(?:bank|checking|chequing|savings?|deposit)\s+(?:account|acct|a\/c)|\b(?:account|acct|acc|a\/c|konto|kontonummer|cuenta|compte|conto)\b\.?(?:\s(?:bancaire|bancaria|corrente))?\s*(?:number|num|no|nr|n°|#|№|numéro|número)?)\W{0,4}(?:is|:|=|#)?\s*$/i;

const IBAN_LENGTHS = new Map(
  Object.entries(getCountrySpecifications()).flatMap(([country, spec]) => (spec.chars ? [[country, spec.chars] as const] : [])),
);

const IBAN_START = /(?<![A-Za-z0-9])([A-Za-z]{2})\d{2}[ -]?(?=[A-Za-z0-9])/g;

export const FINANCIAL: readonly Detector[] = [
  matching('financial.card', 'number', /(?<![\w.+-])\d(?:[ .-]?\d){11,18}(?![\w-]|\.\d)/g, ([text]) => isCard(text)),
  matching(
    'financial.card',
    'money',
    /(?<![\w.+-])\d(?:[ .-]?\d){11,18}(?![\w-]|\.\d)/g,
    (match, text) => isSomeCard(match[0]) && near(match, text, CARD_WORDS, 32, 16),
  ),
  matching(
    'financial.card',
    'money',
    /(?<!\w)(?:cv[vcn]2?|card security code|security code \(?cv[vc]2?\)?)(?: code)?["')]{0,2}\W{0,4}(?:is )?\d{3,4}(?![\w.-])/gi,
  ),
  { name: 'financial.iban', need: 'number', pattern: IBAN_START, count: countIbans },
  matching('financial.bic', 'money', /(?<!\w)[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!\w)/g, (match, text) =>
    near(match, text, /\b(?:swift|bic)\b/i, 32, 0),
  ),
  matching(
    'financial.routing',
    'money',
    /(?<![\w.-])(?:\d{9}|\d{4}-\d{4}-\d)(?![\w-]|\.\d)/g,
    (match, text) => isRouting(digitsOf(match[0])) && near(match, text, BANK_CODE),
  ),
  matching('financial.routing', 'money', labelled('blz|bankleitzahl', '\\d{3} ?\\d{3} ?\\d{2}')),
  matching('financial.routing', 'money', labelled('ifsc|ifs', '[A-Z]{4}0[A-Z0-9]{6}')),
  matching('financial.routing', 'money', labelled('bsb', '\\d{3}[- ]?\\d{3}')),
  matching('financial.routing', 'money', labelled('(?:bank )?transit|institution', '\\d{5}(?:-\\d{3})?')),
  matching('financial.account', 'money', labelled('clabe(?: interbancaria)?', '\\d{3} ?\\d{3} ?\\d{11} ?\\d'), ([text]) =>
    isClabe(digitsOf(text).slice(-18)),
  ),
  matching('financial.routing', 'money', /(?<![\w.-])\d{2}[- ]?\d{2}[- ]?\d{2}(?![\w-])/g, (match, text) =>
    near(match, text, /\bsort[ -]?code\b/i, 24, 14),
  ),
  matching('financial.account', 'money', /(?<![\w.-])\d(?:[ -]?\d){5,16}(?![\w-]|\.\d)/g, (match, text) =>
    ACCOUNT.test(ahead(match, text, 48)),
  ),
  matching('financial.wallet', 'token', /(?<!\w)[123mnLMDT9A][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)/g, ([text]) =>
    isBase58Check(text),
  ),
  matching(
    'financial.wallet',
    'token',
    /(?<!\w)(?:bc|tb|ltc|addr|stake|cosmos|osmo|inj|bnb|kava|juno|akash|erd|celestia)1[02-9ac-hj-np-z]{6,108}(?!\w)/gi,
    ([text]) => isBech32(text.toLowerCase()),
  ),
  matching('financial.wallet', 'token', /(?<!\w)r[1-9A-HJ-NP-Za-km-z]{24,34}(?!\w)/g, ([text]) => isBase58Check(text, RIPPLE)),
  matching(
    'financial.wallet',
    'token',
    /(?<!\w)(?:4[0-9AB][1-9A-HJ-NP-Za-km-z]{93}|[xyz]pub[1-9A-HJ-NP-Za-km-z]{107}|bitcoincash:[qp][02-9ac-hj-np-z]{41})(?!\w)/g,
  ),
  matching('financial.wallet', 'token', /(?<!\w)0x[0-9a-fA-F]{40}(?!\w)/g, ([text]) => !isMonotonous(text.slice(2))),
];

/** Long enough, in groups, with the check, and more than a few digits over and over. */
function isSomeCard(text: string): boolean {
  const digits = digitsOf(text);
  return CARD_GROUPS.test(text) && new Set(digits).size > 2 && luhn(digits);
}

/** The check digit of a Mexican account (ABM). */
function isClabe(digits: string): boolean {
  const sum = [...digits.slice(0, 17)].reduce(
    (total, digit, index) => total + ((Number(digit) * ([3, 7, 1][index % 3] ?? 1)) % 10),
    0,
  );
  return (10 - (sum % 10)) % 10 === Number(digits[17]);
}

function isCard(text: string): boolean {
  const digits = digitsOf(text);
  return CARD_GROUPS.test(text) && !isMonotonous(digits) && ISSUERS.some((issuer) => issuer.test(digits)) && luhn(digits);
}

/** ISO 13616: the country says how many characters belong to it, so words behind it don't disturb. */
function countIbans(text: string): number {
  let count = 0;
  for (const match of text.matchAll(IBAN_START)) {
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

/** The same letters in the order of the XRP ledger. */
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Base58Check: 25 bytes of which the last four are a double SHA-256 of the rest (Bitcoin, Litecoin, Dogecoin, Tron). */
function isBase58Check(text: string, alphabet = BASE58): boolean {
  let value = 0n;
  for (const character of text) value = value * 58n + BigInt(alphabet.indexOf(character));
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
