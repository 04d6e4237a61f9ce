// Which kinds of sensitive data a text holds. Kinds and counts only: what was seen is never kept or returned.
import { withoutInvisible } from './characters.ts';
import { CREDENTIALS } from './detectors/credentials.ts';
import type { Detector } from './detectors/detector.ts';
import { FINANCIAL } from './detectors/financial.ts';
import { HEALTH } from './detectors/health.ts';
import { PII } from './detectors/pii.ts';
import { NEEDS, type Need } from './detectors/triggers.ts';
import { narrowed, type Zones, zonesOf } from './detectors/zones.ts';
import { stripHtml } from './html.ts';
import { base64Texts, percentDecoded } from './transport.ts';

/** Characters looked at; the rest is reported as `truncated`. */
const MAX_TEXT = 1024 * 1024;
/** A few characters have compatibility forms many times as long. */
const MAX_PLAIN = 2 * MAX_TEXT;
/** Stands among the classes for text that was too long to be looked through: nothing is known of it, so it is not clean. */
export const UNSCANNED = 'unscanned';
const DETECTORS: readonly Detector[] = [...CREDENTIALS, ...FINANCIAL, ...PII, ...HEALTH];
const BY_NEED = new Map(NEEDS.map((need) => [need, DETECTORS.filter((one) => one.need === need)]));
/** Of numbers and keys there are many patterns: one that finds all of theirs says first where any of them could. */
const ANY_OF = new Map(
  (['number', 'token'] as const).map((need) => {
    const sources = (BY_NEED.get(need) ?? []).flatMap(({ pattern }) => pattern?.source ?? []);
    return [need as Need, new RegExp(`\\b(?=\\w)(?:${sources.join('|')})`, 'gi')];
  }),
);

/** `classes` sorted, such as `pii.email`; `counts` by class; `truncated` when only the first 1 MB was looked at. */
export type DataClasses = { classes: string[]; counts: Record<string, number>; truncated: boolean };

/**
 * Looks through a text as it stands, as HTML shows it, and decoded from base64 and percent-encoding. Names and street addresses stay
 * undetected: they have no form of their own. Of mailboxes and phones the different ones are counted.
 */
export function detectDataClasses(text: string): DataClasses {
  const counts = new Map<string, number>();
  const plain = plainOf(text.slice(0, MAX_TEXT));
  const truncated = text.length > MAX_TEXT || plain.length > MAX_PLAIN;
  for (const zones of readings(plain.slice(0, MAX_PLAIN))) {
    const here = new Map<string, number>();
    for (const [need, zone] of zones) {
      const any = ANY_OF.get(need);
      const few = any ? narrowed(zone, any) : zone;
      for (const { name, pattern, count } of BY_NEED.get(need) ?? []) {
        const found = count(pattern ? few : zone);
        if (found > 0) here.set(name, (here.get(name) ?? 0) + found);
      }
    }
    // one datum shows in several readings: the reading with most of them counts
    for (const [name, found] of here) counts.set(name, Math.max(found, counts.get(name) ?? 0));
  }
  if (truncated) counts.set(UNSCANNED, 1);
  const classes = [...counts.keys()].sort();
  return {
    classes,
    counts: Object.fromEntries(classes.map((name) => [name, counts.get(name) ?? 0])),
    truncated,
  };
}

/** Whether a class asked for is the one found or its family: `pii` covers `pii.phone`. */
export function classCovers(wanted: string, found: string): boolean {
  return found === wanted || found.startsWith(`${wanted}.`);
}

const ENCODED = /%[0-9A-Fa-f]{2}/;
const MARKED_UP = /<[a-z!/?]|&[a-z#]/i;
const NOT_ASCII = /[^\0-\x7f]/;

/** Compatibility forms, digits of other scripts and invisible characters undone. */
function plainOf(text: string): string {
  return NOT_ASCII.test(text) ? asciiDigits(withoutInvisible(text).normalize('NFKC')) : text;
}

/** The parts worth looking at, of each way to read the text. */
function readings(plain: string): Zones[] {
  const zones = zonesOf(plain);
  const found = [zones];
  if (MARKED_UP.test(plain)) found.push(zonesOf(stripHtml(plain)));
  if (ENCODED.test(plain)) found.push(zonesOf(percentDecoded(plain)));
  const decoded = base64Texts(zones.get('token') ?? '').join('\n');
  if (decoded !== '') found.push(zonesOf(asciiDigits(decoded)));
  return found;
}

/** Decimal digits of any script as 0–9. */
function asciiDigits(text: string): string {
  let out = '';
  let kept = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const digit = code < 128 ? undefined : DIGITS.get(code);
    if (digit === undefined) continue;
    out += text.slice(kept, at) + digit;
    kept = at + 1;
  }
  const plain = out + text.slice(kept);
  return PAIR.test(plain) ? plain.replace(/\p{Nd}/gu, (digit) => String(digitOf(digit.codePointAt(0) ?? 0))) : plain;
}

const PAIR = /[\ud800-\udbff]/;
const DIGITS: ReadonlyMap<number, string> = new Map(
  Array.from({ length: 65_536 }, (_, code) => code)
    .filter((code) => code > 127 && /\p{Nd}/u.test(String.fromCharCode(code)))
    .map((code) => [code, String(digitOf(code))]),
);

/** Unicode gives each script ten digits in a row, from a code that ends in 0 or 6. */
function digitOf(code: number): number {
  const low = code & 15;
  return low < 6 || (low < 10 && /\p{Nd}/u.test(String.fromCodePoint(code - low))) ? low : low - 6;
}
