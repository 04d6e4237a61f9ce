// What points to a person: mailboxes, phones, addresses of machines, passports, dates of birth.
import { isIP } from 'node:net';
import { isValidPhoneNumber } from 'libphonenumber-js/min';
import type { Detector } from './detector.ts';
import { digitsOf, distinct, isMonotonous, matching, near } from './detector.ts';
import { NATIONAL } from './national.ts';

/** The phone library costs up to 0.1 ms a number, so it sees only so many candidates. */
const MAX_PHONE_CHECKS = 50;
const PHONE_WORDS =
  /\b(?:phone|tel(?:e(?:phone|fon))?|mobile|mob|cell(?:ular)?|handy|call|text|sms|fax|whatsapp|signal|dial|reach|contact|landline|hotline|t[ée]l[ée]phone|t[ée]l|tel[ée]fonn?[oi]?|telefoon|portable|m[óo]vil|celular|cel|gsm|rufnummer|numru|mobil(?:e|nummer)?|puhelin|tlf|ph)\b[^\d\n[\];{}]{0,24}$/i;
const DATE =
  '(?:(?:19|20)\\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\\d|3[01])|\\d{1,2}[./ -]\\d{1,2}[./ -](?:19|20)?\\d{2}|(?:19|20)\\d{2}[./ -]\\d{1,2}[./ -]\\d{1,2}|(?:\\d{1,2}(?:st|nd|rd|th|\\.)? (?:of )?)?\\p{L}{3,9}\\.? (?:\\d{1,2}(?:st|nd|rd|th)?,? )?(?:19|20)\\d{2})';

export const PII: readonly Detector[] = [
  distinct(
    'pii.email',
    'mail',
    /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+'\u00a1-\uffff-]{1,64}@(?:[A-Za-z0-9\u00a1-\uffff][A-Za-z0-9\u00a1-\uffff-]{0,62}\.){1,8}[A-Za-z\u00a1-\uffff][A-Za-z0-9\u00a1-\uffff-]{1,62}(?![A-Za-z0-9])/g,
    isEmail,
  ),
  { name: 'pii.phone', need: 'number', count: countPhones },
  ...NATIONAL,
  matching('pii.ip', 'host', /(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)/g, isPublicV4),
  matching(
    'pii.ip',
    'host',
    /(?<![\w:.])(?=[0-9a-f:.]{0,8}\d)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])/gi,
    ([text]) => isIP(text) === 6 && text.replace(/[0:]/g, '').length > 1,
  ),
  matching(
    'pii.mac',
    'host',
    /(?<![\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])|(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![\w.])/gi,
    ([text]) => !/^(?:[0.:-]+|[f.:-]+)$/i.test(text),
  ),
  matching(
    'pii.passport',
    'person',
    /(?<![\w-])[A-Z0-9]{6,9}(?![\w-])/gi,
    (match, text) =>
      digitsOf(match[0]).length >= 4 && near(match, text, /\b(?:passport|reisepass|passeport|pasaporte|passaporto)\b/i, 40, 0),
  ),
  matching('pii.passport', 'person', /(?<!\w)P[A-Z<][A-Z]{3}[A-Z<]{39}(?!\w)/g),
  matching(
    'pii.birth_date',
    'person',
    new RegExp(
      `(?<![\\p{L}\\p{N}])(?:born(?: on| in)?|birth[ _-]?da(?:te|y)|date[ _-]?of[ _-]?birth|d\\.?o\\.?b\\.?|geboren(?: am)?|geb\\.|geburtsdatum|n[ée]+e? le(?: 1er)?|date de naissance|nascid[oa] em|data de nascimento|nacid[oa] el|fecha de nacimiento|nat[oa] il|data di nascita|geboortedatum|fødselsdato|født|födelsedatum|född|syntymäaika|data urodzenia|ur\\.|datum narození|дата рождения|род\\.)(?![\\p{L}\\p{N}])["'*_)]{0,3}\\s{0,3}(?:is|was|:|=|-|–)?\\s{0,3}["'*_]{0,3}${DATE}(?!\\d)`,
      'giu',
    ),
  ),
];

/** Not a mailbox: picture names for dense screens, the user every git host shares, and a password before a host. */
function isEmail(match: RegExpExecArray, text: string): boolean {
  const [address] = match;
  if (/@\d+x\.(?:png|jpe?g|gif|webp|svg)$|^git@|\.\./i.test(address)) return false;
  return !/\/\/(?:[^\s/]*:)?$/.test(text.slice(Math.max(0, match.index - 80), match.index));
}

function isPublicV4(match: RegExpExecArray, text: string): boolean {
  const [address] = match;
  if (isIP(address) !== 4 || /^(?:0|127|255)\./.test(address)) return false;
  // object identifiers have four parts too (ITU-T X.500's own begin like these)
  if (
    /^2\.5\.(?:4|29|1[0-9])\./.test(address) ||
    /(?:\boid|\bid_\w{1,40})\W{0,8}$/i.test(text.slice(Math.max(0, match.index - 60), match.index))
  )
    return false;
  return !/(?:\bv(?:er(?:sion)?)?\.?|version|release|build|update|firmware|driver|assembly|upgrade[ds]?(?: to| from)?|section|clause|chapter|see|part|annex|appendix)[ :="']{0,3}$/i.test(
    text.slice(Math.max(0, match.index - 20), match.index),
  );
}

function countPhones(text: string): number {
  const found = new Set<string>();
  let checks = 0;
  for (const match of text.matchAll(/(?<![\w.+@/-])(?:\+|00|\()?\d(?:[ ().\u2010-\u2015/-]{0,3}\d){6,14}(?![\w@]|[.,:/-]\d)/g)) {
    const [candidate] = match;
    const digits = digitsOf(candidate);
    if (isMonotonous(digits)) continue;
    if (/^(?:\+|00[1-9])/.test(candidate)) {
      checks += 1;
      // behind many that are none the shape alone decides, so that padding hides nothing
      if (checks > MAX_PHONE_CHECKS || isNorthAmerican(candidate) || isValidPhoneNumber(candidate.replace(/^00/, '+')))
        found.add(digits);
    } else if (
      isNorthAmerican(candidate) ||
      (PHONE_WORDS.test(text.slice(Math.max(0, match.index - 40), match.index).replaceAll('_', ' ')) && !isDate(candidate))
    ) {
      found.add(digits);
    }
  }
  return found.size;
}

/** Written as `(555) 123-4567` or `555-123-4567`, which nothing else is. */
function isNorthAmerican(text: string): boolean {
  return /^(?:\+1[ .-]?\(?[2-9]\d{2}\)?[ .-]?|(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-]))\d{3}[ .-]\d{4}$/.test(text);
}

function isDate(text: string): boolean {
  return /^(?:(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2})/.test(text);
}
