// National numbers of persons: the check each country publishes, and where the check is weak or missing, words beside the number.
import type { Detector } from './detector.ts';
import { digitsOf, isMonotonous, luhn, matching, near, weighted } from './detector.ts';

type Rule = { pattern: RegExp; valid?: (text: string) => boolean; words?: RegExp };

const RULES: readonly Rule[] = [
  // United States: SSN (SSA: no 000, 666, 9xx areas), ITIN, and the bare form only beside its name
  { pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g, valid: isUsedSsn },
  {
    pattern: /(?<![\w-])(?!000|666|9)\d{3}[ .]?(?!00)\d{2}[ .]?(?!0000)\d{4}(?![\w-])/g,
    valid: isUsedSsn,
    words: /\b(?:ssn|ssns|social[ -]?security|soc[ .]?sec)\b/i,
  },
  { pattern: /(?<![\w-])9\d{2}[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]\d{4}(?![\w-])/g },
  // United Kingdom: National Insurance and NHS numbers
  { pattern: /(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)/gi },
  { pattern: /(?<![\w-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])/g, valid: isNhs, words: /\b(?:nhs|national health)\b/i },
  // Spain, Portugal, Italy, France, Belgium, Netherlands, Germany, Austria, Switzerland, Luxembourg
  { pattern: /(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z](?!\w)/gi, valid: isNif },
  { pattern: /(?<![\w.])\d{3} ?\d{3} ?\d{3}(?![\w.]\d)/g, valid: isPortugueseNif, words: /\b(?:nif|contribuinte)\b/i },
  { pattern: /(?<!\w)[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z](?!\w)/gi, valid: isCodiceFiscale },
  { pattern: /(?<!\w)[1-478] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)/gi, valid: isNir },
  { pattern: /(?<!\w)\d{2}\.(?:[0-6]\d)\.\d{2}-\d{3}\.\d{2}(?!\w)/g, valid: isBelgian },
  { pattern: /(?<![\w.-])\d{9}(?![\w-])/g, valid: isBsn, words: /\b(?:bsn|burgerservicenummer|sofi)\b/i },
  {
    pattern: /(?<![\w.-])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\w-])/g,
    valid: isIso7064,
    words: /\b(?:steuer-?id(?:entifikationsnummer|nr)?|steuernummer|idnr|tax id)\b/i,
  },
  {
    pattern: /(?<![\w.-])756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}(?![\w-])/g,
    valid: (text) => weighted(digitsOf(text), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  },
  // the north
  {
    pattern: /(?<![\w-])(?:\d{2}|19\d{2}|20\d{2})(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[6-8]\d|9[01])[-+]\d{4}(?![\w-])/g,
    valid: (text) => luhn(digitsOf(text).slice(-10)),
  },
  { pattern: /(?<![\w-])(?:[0-3]\d)(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])/gi, valid: isFinnish },
  { pattern: /(?<![\w.-])[0-7]\d[0-5]\d{3} ?\d{5}(?![\w-])/g, valid: isNorwegian },
  {
    pattern: /(?<![\w-])(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-?\d{4}(?![\w-])/g,
    words: /\b(?:cpr(?:-?n(?:umme)?r)?|kennitala|personnummer|fødselsnummer)\b/i,
  },
  // the east
  { pattern: /(?<![\w.-])\d{2}[0-389]\d[0-3]\d{6}(?![\w-])/g, valid: isPesel, words: /\bpesel\b/i },
  { pattern: /(?<![\w-])\d{2}(?:[0156]\d)[0-3]\d\/\d{4}(?![\w-])/g, valid: (text) => Number(digitsOf(text)) % 11 === 0 },
  {
    pattern: /(?<![\w.-])[1-8]\d{2}(?:0[1-9]|1[0-2])[0-3]\d{7}(?![\w-])/g,
    words: /\b(?:cnp|isikukood|asmens kodas|cod numeric)\b/i,
  },
  { pattern: /(?<![\w.-])[1-9]\d{10}(?![\w-])/g, valid: isTurkish, words: /\b(?:tc ?kimlik|tckn|kimlik|t\.?c\.? no)\b/i },
  // Asia and the Pacific
  {
    pattern: /(?<![\w-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-]|[ -]\d)/g,
    valid: isVerhoeff,
    words: /\b(?:aadhaar|aadhar|uidai|uid)\b/i,
  },
  { pattern: /(?<!\w)[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?!\w)/g },
  { pattern: /(?<!\w)[STFGM]\d{7}[A-Z](?!\w)/gi, valid: isNric },
  { pattern: /(?<!\w)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX](?!\w)/gi, valid: isChinese },
  { pattern: /(?<![\w-])\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])-[1-8]\d{6}(?![\w-])/g },
  { pattern: /(?<!\w)[A-Z][12]\d{8}(?!\w)/gi, valid: isTaiwanese },
  {
    pattern: /(?<![\w-])\d-\d{4}-\d{5}-\d{2}-\d(?![\w-])/g,
    valid: (text) =>
      (11 - (weighted(digitsOf(text), [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(text.at(-1)),
  },
  {
    pattern: /(?<![\w-])\d{3} ?\d{3} ?\d{3}(?![\w-])/g,
    valid: (text) => weighted(digitsOf(text), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    words: /\b(?:tfn|tax file)\b/i,
  },
  { pattern: /(?<![\w-])[2-6]\d{3} ?\d{5} ?\d(?![\w-])/g, valid: isMedicare, words: /\bmedicare\b/i },
  // the Americas and Africa
  {
    pattern: /(?<![\w-])\d{3}[- ]?\d{3}[- ]?\d{3}(?![\w-])/g,
    valid: (text) => luhn(digitsOf(text)),
    words: /\b(?:sin|social insurance|assurance sociale)\b/i,
  },
  { pattern: /(?<![\w-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])/g, valid: isCpf },
  { pattern: /(?<![\w.-])\d{11}(?![\w-])/g, valid: isCpf, words: /\bcpf\b/i },
  { pattern: /(?<!\w)[A-Z][AEIOUX][A-Z]{2}\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[HMX][A-Z]{5}[A-Z0-9]\d(?!\w)/g },
  { pattern: /(?<![\w-])\d{1,2}\.\d{3}\.\d{3}-[\dK](?!\w)/gi, valid: isRut },
  {
    pattern: /(?<![\w.-])\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{4}[01]\d\d(?![\w-])/g,
    valid: luhn,
    words: /\b(?:id number|identity|south african?|rsa id)\b/i,
  },
  // whatever the country, where the text says what it is
  {
    pattern: /(?<![\w-])(?=[A-Z0-9-]{0,8}\d{3})[A-Z0-9](?:-?[A-Z0-9]){5,15}(?![\w-])/gi,
    words:
      /\b(?:national id(?:entity)?|identity card|id card|personal id|tax ?payer id|tax id|tin|nin|dni|nie|national insurance|ausweis(?:nummer)?|personalausweis)(?: ?(?:number|no|nr|#))?\W{0,3}(?:is\W)?\s*$/i,
  },
];

export const NATIONAL: readonly Detector[] = [
  ...RULES.map(({ pattern, valid, words }) =>
    matching(
      'pii.national_id',
      pattern,
      (match, text) =>
        !isMonotonous(digitsOf(match[0])) && (valid?.(match[0]) ?? true) && (words === undefined || near(match, text, words)),
    ),
  ),
  matching(
    'pii.driving_licence',
    /(?<![\w-])(?=[A-Z-]{0,6}\d|\d)[A-Z0-9](?:[- ]?[A-Z0-9]){5,18}(?![\w-])/g,
    (match, text) =>
      /\b(?:driv(?:er|ing)(?:'?s)? licen[cs]e|dl|permis de conduire|führerschein)(?: ?(?:number|no|nr|#))?\W{0,3}(?:is\W)?\s*$/i.test(
        text.slice(Math.max(0, match.index - 48), match.index),
      ) && /\d{3}/.test(match[0].replace(/[- ]/g, '')),
  ),
];

/** Numbers that were printed in advertisements and never given to anybody. */
function isUsedSsn(text: string): boolean {
  return !['078051120', '219099999', '123456789', '987654321'].includes(digitsOf(text));
}

function isNhs(text: string): boolean {
  const digits = digitsOf(text);
  return (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(digits.at(-1));
}

function isNif(text: string): boolean {
  const plain = text.toUpperCase().replace('-', '');
  const number = Number(plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === plain.at(-1);
}

function isPortugueseNif(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === Number(digits.at(-1));
}

/** Decreto ministeriale 23/12/1976: odd places by a table, even places by value. */
function isCodiceFiscale(text: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  const value = (character: string) => (/\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65);
  const code = text.toUpperCase();
  const sum = [...code.slice(0, 15)].reduce(
    (total, character, index) => total + (index % 2 === 0 ? (odd[value(character)] ?? 0) : value(character)),
    0,
  );
  return String.fromCharCode(65 + (sum % 26)) === code.at(-1);
}

function isNir(text: string): boolean {
  const plain = text.replaceAll(' ', '').toUpperCase().replace('2A', '19').replace('2B', '18');
  return 97 - Number(BigInt(plain.slice(0, 13)) % 97n) === Number(plain.slice(13));
}

function isBelgian(text: string): boolean {
  const digits = digitsOf(text);
  const check = Number(digits.slice(9));
  return 97 - (Number(digits.slice(0, 9)) % 97) === check || 97 - (Number(`2${digits.slice(0, 9)}`) % 97) === check;
}

function isBsn(text: string): boolean {
  return weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** ISO/IEC 7064, MOD 11,10. */
function isIso7064(text: string): boolean {
  const digits = digitsOf(text);
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(digits.at(-1));
}

function isFinnish(text: string): boolean {
  const code = text.toUpperCase();
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(code.slice(0, 6) + code.slice(7, 10)) % 31] === code.at(-1);
}

function isNorwegian(text: string): boolean {
  const digits = digitsOf(text);
  return (
    weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 && weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
}

function isPesel(text: string): boolean {
  return weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

function isTurkish(text: string): boolean {
  const sum = weighted(text, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  const tenth = ((weighted(text, [7, -1, 7, -1, 7, -1, 7, -1, 7]) % 10) + 10) % 10;
  return sum % 10 === Number(text[10]) && tenth === Number(text[9]);
}

/** Verhoeff's check in the dihedral group of order ten. */
function isVerhoeff(text: string): boolean {
  const multiply = (a: number, b: number) =>
    a < 5 ? (b < 5 ? (a + b) % 5 : 5 + ((a + b - 5) % 5)) : b < 5 ? 5 + ((a - 5 - b + 5) % 5) : (a - b + 5) % 5;
  const base = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  let check = 0;
  for (const [place, digit] of [...digitsOf(text)].reverse().entries()) {
    let value = Number(digit);
    for (let step = 0; step < place % 8; step++) value = base[value] ?? 0;
    check = multiply(check, value);
  }
  return check === 0;
}

function isNric(text: string): boolean {
  const code = text.toUpperCase();
  const sum =
    weighted(code.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) +
    (/[TG]/.test(code) && /^[TG]/.test(code) ? 4 : code.startsWith('M') ? 3 : 0);
  const table = /^[ST]/.test(code) ? 'JZIHGFEDCBA' : code.startsWith('M') ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK';
  const index = code.startsWith('M') ? 10 - (sum % 11) : sum % 11;
  return table[index] === code.at(-1);
}

function isChinese(text: string): boolean {
  return '10X98765432'[weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === text.at(-1)?.toUpperCase();
}

function isTaiwanese(text: string): boolean {
  const place = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(text[0]?.toUpperCase() ?? '') + 10;
  return weighted(`${place}${text.slice(1)}`, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
}

function isMedicare(text: string): boolean {
  const digits = digitsOf(text);
  return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits[8]);
}

function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  const check = (length: number) =>
    ((weighted(
      digits,
      Array.from({ length }, (_, index) => length + 1 - index),
    ) *
      10) %
      11) %
    10;
  return check(9) === Number(digits[9]) && check(10) === Number(digits[10]);
}

function isRut(text: string): boolean {
  const plain = text.toUpperCase().replace(/[.-]/g, '');
  const sum = [...plain.slice(0, -1)].reverse().reduce((total, digit, index) => total + Number(digit) * ((index % 6) + 2), 0);
  return '0K987654321'[sum % 11] === plain.at(-1);
}
