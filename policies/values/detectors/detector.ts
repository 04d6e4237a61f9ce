// What a detector of sensitive data is: a class, what it can't do without, and how often a text holds it. It counts and never keeps what it saw.
import type { Need } from './triggers.ts';

/** It is given the parts of a text that hold what it needs; with a `pattern`, only those where one of that need finds something. */
export type Detector = { name: string; need: Need; pattern?: RegExp; count: (text: string) => number };

/** Beyond it a number says nothing more. */
const MAX_COUNT = 10_000;

/** Counts the different matches that pass the check, in any case of their letters: one address in a long thread is one. */
export function distinct(
  name: string,
  need: Need,
  pattern: RegExp,
  accept: (match: RegExpExecArray, text: string) => boolean,
): Detector {
  return {
    name,
    need,
    pattern,
    count: (text) => {
      const found = new Set<string>();
      for (const match of text.matchAll(pattern)) {
        if (accept(match, text)) found.add(match[0].toLowerCase());
        if (found.size >= MAX_COUNT) break;
      }
      return found.size;
    },
  };
}

/** Counts the matches that pass the check. Patterns must be global and take time linear in the text. */
export function matching(
  name: string,
  need: Need,
  pattern: RegExp,
  accept: (match: RegExpExecArray, text: string) => boolean = () => true,
): Detector {
  return {
    name,
    need,
    pattern,
    count: (text) => {
      let count = 0;
      for (const match of text.matchAll(pattern)) {
        if (accept(match, text)) count += 1;
        if (count >= MAX_COUNT) break;
      }
      return count;
    },
  };
}

/** Whether the words stand shortly before a match, or right behind it: what makes a bare number mean something. */
export function near(match: RegExpExecArray, text: string, words: RegExp, before = 48, after = 24): boolean {
  const end = match.index + match[0].length;
  return words.test(ahead(match, text, before)) || words.test(inWords(text.slice(end, end + after)));
}

/** What stands before a match. */
export function ahead(match: RegExpExecArray, text: string, characters: number): string {
  return inWords(text.slice(Math.max(0, match.index - characters), match.index));
}

/** `accountNumber` and `account_number` as the words they are made of. */
function inWords(text: string): string {
  return text.replaceAll('_', ' ').replace(/([a-z])([A-Z])/g, '$1 $2');
}

/** How a value follows its label: `label: value`, `label is value`, `"label": "value"`, `label no. value`. */
const FOLLOWS =
  '(?:[ _-]?(?:number|num|no|nr|n[ºo°]|nummer|num[eé]ro|n[uú]mero|code|card|id)\\b\\.?)?["\'*_)\\]]{0,3}\\s{0,3}(?:is\\b|:|=>|=|#|-|–)?\\s{0,3}["\'*_(<]{0,3}';

/** Finds values that stand right behind one of these labels. `labels` and `value` are patterns; the value must stand alone. */
export function labelled(labels: string, value: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${labels})(?![\\p{L}])${FOLLOWS}(${value})(?![\\p{L}\\p{N}]|[-.]\\p{N})`, 'giu');
}

export function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

/** Whether one digit is all there is. */
export function isMonotonous(digits: string): boolean {
  return new Set(digits).size < 2;
}

/** The check of ISO/IEC 7812-1 annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The sum of digits times weights. */
export function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * Number(digits[index] ?? 0), 0);
}
