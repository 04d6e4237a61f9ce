// The check digits of national numbers, as the authority that gives each of them publishes them.
import { digitsOf, weighted } from './detector.ts';

/** Numbers that were printed in advertisements and never given to anybody. */
export function isUsedSsn(text: string): boolean {
  return !['078051120', '219099999', '123456789', '987654321'].includes(digitsOf(text));
}

export function isNhs(text: string): boolean {
  const digits = digitsOf(text);
  return (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(digits.at(-1));
}

export function isNif(text: string): boolean {
  const plain = text.toUpperCase().replace(/[-.]/g, '');
  const number = Number(plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === plain.at(-1);
}

export function isPortugueseNif(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === Number(digits.at(-1));
}

/** Decreto ministeriale 23/12/1976: odd places by a table, even places by value. */
export function isCodiceFiscale(text: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  const value = (character: string) => (/\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65);
  const code = text.toUpperCase();
  const sum = [...code.slice(0, 15)].reduce(
    (total, character, index) => total + (index % 2 === 0 ? (odd[value(character)] ?? 0) : value(character)),
    0,
  );
  return String.fromCharCode(65 + (sum % 26)) === code.at(-1);
}

export function isNir(text: string): boolean {
  const plain = text.replaceAll(' ', '').toUpperCase().replace('2A', '19').replace('2B', '18');
  return 97 - Number(BigInt(plain.slice(0, 13)) % 97n) === Number(plain.slice(13));
}

export function isBelgian(text: string): boolean {
  const digits = digitsOf(text);
  const check = Number(digits.slice(9));
  return 97 - (Number(digits.slice(0, 9)) % 97) === check || 97 - (Number(`2${digits.slice(0, 9)}`) % 97) === check;
}

export function isBsn(text: string): boolean {
  return weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** ISO/IEC 7064, MOD 11,10. */
export function isIso7064(text: string): boolean {
  const digits = digitsOf(text);
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(digits.at(-1));
}

export function isFinnish(text: string): boolean {
  const code = text.toUpperCase();
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(code.slice(0, 6) + code.slice(7, 10)) % 31] === code.at(-1);
}

export function isNorwegian(text: string): boolean {
  const digits = digitsOf(text);
  return (
    weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 && weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
}

export function isPesel(text: string): boolean {
  return weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

export function isTurkish(text: string): boolean {
  const sum = weighted(text, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  const tenth = ((weighted(text, [7, -1, 7, -1, 7, -1, 7, -1, 7]) % 10) + 10) % 10;
  return sum % 10 === Number(text[10]) && tenth === Number(text[9]);
}

/** Verhoeff's check in the dihedral group of order ten. */
export function isVerhoeff(text: string): boolean {
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

export function isNric(text: string): boolean {
  const code = text.toUpperCase();
  const sum =
    weighted(code.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) +
    (/[TG]/.test(code) && /^[TG]/.test(code) ? 4 : code.startsWith('M') ? 3 : 0);
  const table = /^[ST]/.test(code) ? 'JZIHGFEDCBA' : code.startsWith('M') ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK';
  const index = code.startsWith('M') ? 10 - (sum % 11) : sum % 11;
  return table[index] === code.at(-1);
}

export function isChinese(text: string): boolean {
  return '10X98765432'[weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === text.at(-1)?.toUpperCase();
}

export function isTaiwanese(text: string): boolean {
  const place = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(text[0]?.toUpperCase() ?? '') + 10;
  return weighted(`${place}${text.slice(1)}`, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
}

export function isMedicare(text: string): boolean {
  const digits = digitsOf(text);
  return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits[8]);
}

export function isCpf(text: string): boolean {
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

export function isRut(text: string): boolean {
  const plain = text.toUpperCase().replace(/[.-]/g, '');
  const sum = [...plain.slice(0, -1)].reverse().reduce((total, digit, index) => total + Number(digit) * ((index % 6) + 2), 0);
  return '0K987654321'[sum % 11] === plain.at(-1);
}

export function isCnpj(text: string): boolean {
  const digits = digitsOf(text);
  const check = (weights: readonly number[]) => {
    const rest = weighted(digits, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  const weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
  return check(weights.slice(1)) === Number(digits[12]) && check(weights) === Number(digits[13]);
}

/** Australian Business Register: the first digit less one, weighted, divides by 89. */
export function isAbn(text: string): boolean {
  return (weighted(digitsOf(text), [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

export function isAcn(text: string): boolean {
  const digits = digitsOf(text);
  return (10 - (weighted(digits, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(digits[8]);
}
