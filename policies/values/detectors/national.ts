// National numbers of persons: the check each country publishes, and where the check is weak or missing, words beside the number.
import {
  isAbn,
  isAcn,
  isBelgian,
  isBsn,
  isChinese,
  isCnpj,
  isCodiceFiscale,
  isCpf,
  isFinnish,
  isIso7064,
  isMedicare,
  isNhs,
  isNif,
  isNir,
  isNorwegian,
  isNric,
  isPesel,
  isPortugueseNif,
  isRut,
  isTaiwanese,
  isTurkish,
  isUsedSsn,
  isVerhoeff,
} from './checks.ts';
import type { Detector } from './detector.ts';
import { ahead, digitsOf, isMonotonous, labelled, luhn, matching, near, weighted } from './detector.ts';

type Rule = { pattern: RegExp; valid?: (text: string) => boolean; words?: RegExp };

const RULES: readonly Rule[] = [
  // United States: SSN (SSA: no 000, 666, 9xx areas), ITIN, and the bare form only beside its name
  { pattern: /(?<![\w+-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g, valid: isUsedSsn },
  {
    pattern: /(?<![\w+-])(?!000|666|9)\d{3}[ .]?(?!00)\d{2}[ .]?(?!0000)\d{4}(?![\w-])/g,
    valid: isUsedSsn,
    words: /\b(?:ssn|ssns|social[ -]?security|soc[ .]?sec)\b/i,
  },
  { pattern: /(?<![\w+-])9\d{2}[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]\d{4}(?![\w-])/g },
  // United Kingdom: National Insurance and NHS numbers
  { pattern: /(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)/gi },
  { pattern: /(?<![\w+-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])/g, valid: isNhs, words: /\b(?:nhs|national health)\b/i },
  // Spain, Portugal, Italy, France, Belgium, Netherlands, Germany, Austria, Switzerland, Luxembourg
  { pattern: /(?<!\w)(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?!\w)/gi, valid: isNif },
  { pattern: /(?<![\w.])\d{3} ?\d{3} ?\d{3}(?![\w.]\d)/g, valid: isPortugueseNif, words: /\b(?:nif|contribuinte)\b/i },
  { pattern: /(?<!\w)[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z](?!\w)/gi, valid: isCodiceFiscale },
  { pattern: /(?<!\w)[1-478] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)/gi, valid: isNir },
  { pattern: /(?<!\w)\d{2}\.(?:[0-6]\d)\.\d{2}-\d{3}\.\d{2}(?!\w)/g, valid: isBelgian },
  {
    pattern: /(?<![\w.+-])(?:\d{9}|\d{4}\.\d{2}\.\d{3})(?![\w-])/g,
    valid: (text) => isBsn(digitsOf(text)),
    words: /\b(?:bsn|burgerservicenummer|sofi)\b/i,
  },
  {
    pattern: /(?<![\w.+-])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\w-])/g,
    valid: isIso7064,
    words: /\b(?:steuer-?id(?:entifikationsnummer|nr)?|steuernummer|idnr|tax id)\b/i,
  },
  {
    pattern: /(?<![\w.+-])756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}(?![\w-])/g,
    valid: (text) => weighted(digitsOf(text), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  },
  // the north
  {
    pattern: /(?<![\w+-])(?:\d{2}|19\d{2}|20\d{2})(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[6-8]\d|9[01])[-+]\d{4}(?![\w-])/g,
    valid: (text) => luhn(digitsOf(text).slice(-10)),
  },
  // Ireland, Hong Kong, Taiwan's neighbours
  { pattern: /(?<!\w)\d{7}[A-W][A-IW]?(?!\w)/gi, words: /\bpps(?:n|\b)/i },
  { pattern: /(?<!\w)[A-Z]{1,2}\d{6}\([0-9A]\)/gi },
  { pattern: /(?<![\w+-])(?:[0-3]\d)(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])/gi, valid: isFinnish },
  { pattern: /(?<![\w.+-])[0-7]\d[0-5]\d{3} ?\d{5}(?![\w-])/g, valid: isNorwegian },
  {
    pattern: /(?<![\w+-])(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-?\d{4}(?![\w-])/g,
    words: /\b(?:cpr(?:-?n(?:umme)?r)?|kennitala|personnummer|fødselsnummer)\b/i,
  },
  // the east
  { pattern: /(?<![\w.+-])\d{2}[0-389]\d[0-3]\d{6}(?![\w-])/g, valid: isPesel, words: /\bpesel\b/i },
  { pattern: /(?<![\w+-])\d{2}(?:[0156]\d)[0-3]\d\/\d{4}(?![\w-])/g, valid: (text) => Number(digitsOf(text)) % 11 === 0 },
  {
    pattern: /(?<![\w.+-])[1-8]\d{2}(?:0[1-9]|1[0-2])[0-3]\d{7}(?![\w-])/g,
    words: /\b(?:cnp|isikukood|asmens kodas|cod numeric)\b/i,
  },
  { pattern: /(?<![\w.+-])[1-9]\d{10}(?![\w-])/g, valid: isTurkish, words: /\b(?:tc ?kimlik|tckn|kimlik|t\.?c\.? no)\b/i },
  // Asia and the Pacific
  {
    pattern: /(?<![\w+-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-]|[ -]\d)/g,
    valid: isVerhoeff,
    words: /\b(?:aadhaar|aadhar|uidai|uid)\b/i,
  },
  { pattern: /(?<!\w)[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?!\w)/g },
  { pattern: /(?<!\w)[STFGM]\d{7}[A-Z](?!\w)/gi, valid: isNric },
  { pattern: /(?<!\w)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX](?!\w)/gi, valid: isChinese },
  { pattern: /(?<![\w+-])\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])-[1-8]\d{6}(?![\w-])/g },
  { pattern: /(?<!\w)[A-Z][12]\d{8}(?!\w)/gi, valid: isTaiwanese },
  {
    pattern: /(?<![\w+-])\d-\d{4}-\d{5}-\d{2}-\d(?![\w-])/g,
    valid: (text) =>
      (11 - (weighted(digitsOf(text), [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(text.at(-1)),
  },
  {
    pattern: /(?<![\w+-])\d{3} ?\d{3} ?\d{3}(?![\w-])/g,
    valid: (text) => weighted(digitsOf(text), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    words: /\b(?:tfn|tax file)\b/i,
  },
  { pattern: /(?<![\w+-])[2-6]\d{3} ?\d{5} ?\d(?![\w-])/g, valid: isMedicare, words: /\bmedicare\b/i },
  // the Americas and Africa
  {
    pattern: /(?<![\w+-])\d{3}[- ]?\d{3}[- ]?\d{3}(?![\w-])/g,
    valid: (text) => luhn(digitsOf(text)),
    words: /\b(?:sin|social insurance|assurance sociale)\b/i,
  },
  { pattern: /(?<![\w+-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])/g, valid: isCpf },
  { pattern: /(?<![\w.+-])\d{11}(?![\w-])/g, valid: isCpf, words: /\bcpf\b/i },
  { pattern: /(?<!\w)[A-Z][AEIOUX][A-Z]{2}\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[HMX][A-Z]{5}[A-Z0-9]\d(?!\w)/g },
  { pattern: /(?<![\w+-])\d{1,2}\.\d{3}\.\d{3}-[\dK](?!\w)/gi, valid: isRut },
  {
    pattern: /(?<![\w.+-])\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{4}[01]\d\d(?![\w-])/g,
    valid: luhn,
    words: /\b(?:id number|identity|south african?|rsa id)\b/i,
  },
  // businesses and their owners: Brazil, Australia, Mexico, India
  { pattern: /(?<![\w+-])\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}(?![\w-])/g, valid: isCnpj },
  { pattern: /(?<![\w+-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-])/g, valid: isAbn, words: /\b(?:abn|business number)\b/i },
  { pattern: /(?<![\w+-])\d{3} ?\d{3} ?\d{3}(?![\w-])/g, valid: isAcn, words: /\b(?:acn|company number)\b/i },
  { pattern: /(?<!\w)[A-ZÑ&]{3,4}\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[A-Z0-9]{3}(?!\w)/g, words: /\brfc\b/i },
  { pattern: /(?<!\w)[0-3]\d[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z](?!\w)/g },
  { pattern: /(?<![\w+-])784-?(?:19|20)\d{2}-?\d{7}-?\d(?![\w-])/g, valid: (text) => luhn(digitsOf(text)) || text.includes('-') },
];

/** Where the text says right before it what it is, the country's own check is left to others. */
const DIGITS_OF =
  'national (?:id|identification|identity)(?: document)?|identity|personal (?:id|identification|code)|citizen|resident|tax ?payer(?: id(?:entification)?)?|tax (?:id|identification|reference)|tin|itin|individual taxpayer(?: identification)?|ein|fein|employer identification|ssn|sin|nin|dni|utr|unique tax ?payer reference|(?:sozial|renten)versicherungsnummer|sv-?(?:nummer|nr)|steuer-?(?:id|nummer|nr)|steueridentifikationsnummer|num[ée]ro fiscal|s[ée]curit[ée] sociale|insee|seguridad social|partita iva|p\\.? ?iva|nip|regon|bsn|rsin|personas kods|personnummer|fødselsnummer|fnr|cpr(?:-?nr)?|isikukood|asmens kodas|egn|егн|oib|jmbg|umcn|em[šs]o|amka|afm|adóazonosító(?: jel)?|taj|niss|insz|rijksregisternummer|rodn[ée] [čc][íi]slo|teudat zehut|israeli|snils|снилс|inn|инн|iin|паспорт|my ?number|mykad|ic|nik|ktp|cnic|philsys|sss|cmnd|cccd|ird|cnpj|cuit|cuil|c[ée]dula(?: de ciudadan[íi]a)?|nit|ruc|bvn|emirates|saudi|iqama|civil|egypt(?:ian)? national|dni (?:argentina|per[úu])|curp|rut';
const CODES_OF =
  "identity card|id card|national insurance|ni|(?:personal)?ausweis(?:nummer|nr)?|carta d'identit[àa]|dow[óo]d(?: osobisty)?|ppsn?|voter|epic|gstin|gst|uen|hkid|hong kong|nhi|kra pin|ghana|vat|tax payer id|nin|dni|nie|nif|(?:sozial|renten)versicherungsnummer|national id(?:entity)?|id (?:number|no|nr)|medicare";

export const NATIONAL: readonly Detector[] = [
  ...RULES.map(({ pattern, valid, words }) =>
    matching(
      'pii.national_id',
      words === undefined ? 'number' : 'national',
      pattern,
      (match, text) =>
        !isMonotonous(digitsOf(match[0])) && (valid?.(match[0]) ?? true) && (words === undefined || near(match, text, words)),
    ),
  ),
  matching(
    'pii.national_id',
    'national',
    labelled(DIGITS_OF, '\\d(?:[ ./-]{0,2}\\d){5,16}(?:[ -]?[A-Z]){0,2}(?:[ -]?\\d{3})?'),
    ([text]) => {
      const digits = digitsOf(text);
      return digits.length >= 7 && new Set(digits).size > 2;
    },
  ),
  matching(
    'pii.national_id',
    'national',
    labelled(
      CODES_OF,
      '(?=[A-Z0-9-]{0,8}\\d{2})(?=[0-9-]{0,12}[A-Z])[A-Z0-9](?:[-./]?[A-Z0-9]| (?=\\d)[0-9]| (?=[A-Z]?\\b)[A-Z]){5,17}(?:\\([0-9A-Z]\\))?',
    ),
    ([text]) => digitsOf(text).length >= 3,
  ),
  matching(
    'pii.driving_licence',
    'person',
    /(?<![\w+-])(?=[A-Z-]{0,8}\d|\d)[A-Z0-9](?:[- ]?[A-Z0-9]){5,18}(?![\w-])/g,
    (match, text) =>
      /\b(?:driv(?:er|ing)(?:'?s)? licen[cs]e|driv(?:er|ing)(?:'?s)? licen[cs]e|dln?|permis de conduire|führerschein|patente(?: di guida)?|rijbewijs|permiso de conducir)(?: ?(?:number|no|nr|id|#))?\.?\W{0,3}(?:is\W)?\s*$/i.test(
        ahead(match, text, 48),
      ) && /\d{3}/.test(match[0].replace(/[- ]/g, '')),
  ),
];
