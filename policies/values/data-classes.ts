// Which kinds of sensitive data a text holds. Kinds and counts only: what was seen is never kept or returned.
import { withoutInvisible } from './characters.ts';
import { CREDENTIALS } from './detectors/credentials.ts';
import type { Detector } from './detectors/detector.ts';
import { FINANCIAL } from './detectors/financial.ts';
import { HEALTH } from './detectors/health.ts';
import { PII } from './detectors/pii.ts';
import { zonesOf } from './detectors/zones.ts';
import { stripHtml } from './html.ts';
import { base64Texts, percentDecoded } from './transport.ts';

/** Characters looked at; the rest is reported as `truncated`. */
const MAX_TEXT = 1024 * 1024;
/** Stands among the classes for text that was too long to be looked through: nothing is known of it, so it is not clean. */
export const UNSCANNED = 'unscanned';
const DETECTORS: readonly Detector[] = [...CREDENTIALS, ...FINANCIAL, ...PII, ...HEALTH];

/** `classes` sorted, such as `pii.email`; `counts` by class; `truncated` when only the first 1 MB was looked at. */
export type DataClasses = { classes: string[]; counts: Record<string, number>; truncated: boolean };

/**
 * Looks through a text as it stands, as HTML shows it, and decoded from base64 and percent-encoding. Names and street addresses stay
 * undetected: they have no form of their own. Of mailboxes and phones the different ones are counted.
 */
export function detectDataClasses(text: string): DataClasses {
  const counts = new Map<string, number>();
  for (const zones of readings(text.slice(0, MAX_TEXT))) {
    const here = new Map<string, number>();
    for (const { name, count } of DETECTORS) {
      const found = count(zones);
      if (found > 0) here.set(name, (here.get(name) ?? 0) + found);
    }
    // one datum shows in several readings: the reading with most of them counts
    for (const [name, found] of here) counts.set(name, Math.max(found, counts.get(name) ?? 0));
  }
  if (text.length > MAX_TEXT) counts.set(UNSCANNED, 1);
  const classes = [...counts.keys()].sort();
  return {
    classes,
    counts: Object.fromEntries(classes.map((name) => [name, counts.get(name) ?? 0])),
    truncated: text.length > MAX_TEXT,
  };
}

/** Whether a class asked for is the one found or its family: `pii` covers `pii.phone`. */
export function classCovers(wanted: string, found: string): boolean {
  return found === wanted || found.startsWith(`${wanted}.`);
}

const ENCODED = /%[0-9A-Fa-f]{2}/;
const NOT_ASCII = /[^\p{ASCII}]/u;

/** The parts worth looking at, of each way to read the text. */
function readings(text: string): Set<string> {
  const plain = NOT_ASCII.test(text) ? asciiDigits(withoutInvisible(text).normalize('NFKC')) : text;
  const zones = zonesOf(plain);
  const found = new Set([zones]);
  if (plain.includes('<') || plain.includes('&')) found.add(zonesOf(stripHtml(plain)));
  if (ENCODED.test(plain)) found.add(zonesOf(percentDecoded(plain)));
  const decoded = zones === '' ? '' : base64Texts(zones).join('\n');
  if (decoded !== '') found.add(zonesOf(asciiDigits(decoded)));
  found.delete('');
  return found;
}

/** Decimal digits of any script as 0–9. Unicode gives each script ten in a row, from a code that ends in 0 or 6. */
function asciiDigits(text: string): string {
  return text.replace(/[^\P{Nd}0-9]/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    const low = code & 15;
    const value = low < 6 || (low < 10 && /\p{Nd}/u.test(String.fromCodePoint(code - low))) ? low : low - 6;
    return String(value);
  });
}
