// Makes the labelled samples of sensitive data, always the same ones: values from the public formats, none of them anybody's.
import { createHash } from 'node:crypto';
import { ALPHABETS, FORMATS, PUBLISHED } from './formats.ts';

/** Text cut in two, so that no scanner of this repository takes a sample for a secret of its own. `kinds`: what it holds; none: a hard negative. */
export type Sample = { kinds: string[]; shape: string; text: [string, string] };

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = UPPER.toLowerCase();
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const ALNUM = UPPER + LOWER + DIGITS;
const URLSAFE = `${ALNUM}_-`;

/** Mulberry32: a small generator with a seed, so that the files never change by themselves. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('');
  }
  digits(length: number, first = '123456789'): string {
    return this.text(first, 1) + this.text(DIGITS, length - 1);
  }
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }
}

type Make = (dice: Dice) => string;
const pad = (value: number, length = 2) => String(value).padStart(length, '0');
const sum = (digits: string, weights: readonly number[]) => weights.reduce((total, weight, index) => total + weight * Number(digits[index] ?? 0), 0);
const tryUntil = (make: () => string | undefined): string => {
  for (;;) {
    const made = make();
    if (made !== undefined) return made;
  }
};
const luhnDigit = (body: string) => {
  let total = 0;
  for (const [place, digit] of [...body].reverse().entries()) {
    const doubled = place % 2 === 0 ? Number(digit) * 2 : Number(digit);
    total += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (total % 10)) % 10);
};
const luhn = (dice: Dice, prefix: string, length: number) => {
  const body = prefix + dice.text(DIGITS, length - prefix.length - 1);
  return body + luhnDigit(body);
};
const grouped = (text: string, by: readonly number[], separator: string) => {
  let at = 0;
  return by.map((size) => text.slice(at, (at += size))).filter(Boolean).join(separator);
};
const date = (dice: Dice) => ({ y: dice.between(1935, 2004), m: dice.between(1, 12), d: dice.between(1, 28) });
const NAMES = ['jo', 'anna.berg', 'm.rossi', 'li_wei', 'jane.doe+news', 'o-brien', 'k.schmidt99', 'first.last'];
const HOSTS = ['mail.example.org', 'acme.example', 'uni.example.edu', 'gmail.com', 'example.co.uk', 'kanzlei.example.de'];
const MONTHS = ['January', 'March', 'May', 'August', 'October', 'December'];

const card: Make = (dice) => {
  const [prefix, length, groups] = dice.one([['4', 16, [4, 4, 4, 4]], ['51', 16, [4, 4, 4, 4]], ['2221', 16, [4, 4, 4, 4]], ['34', 15, [4, 6, 5]], ['37', 15, [4, 6, 5]], ['6011', 16, [4, 4, 4, 4]], ['3528', 16, [4, 4, 4, 4]], ['300', 14, [4, 6, 4]]] as const);
  return grouped(luhn(dice, prefix, length), groups, dice.one(['', ' ', '-']));
};
const iban: Make = (dice) => {
  const [country, body] = dice.one([['DE', dice.text(DIGITS, 18)], ['GB', `NWBK${dice.text(DIGITS, 14)}`], ['NL', `ABNA${dice.text(DIGITS, 10)}`], ['AT', dice.text(DIGITS, 16)], ['CH', dice.text(DIGITS, 17)], ['PL', dice.text(DIGITS, 24)], ['IE', `AIBK${dice.text(DIGITS, 14)}`]] as const);
  const number = [...`${body}${country}00`].map((c) => (/\d/.test(c) ? c : String(c.charCodeAt(0) - 55))).join('');
  const plain = `${country}${pad(98 - Number(BigInt(number) % 97n))}${body}`;
  return dice.one([plain, grouped(plain, [4, 4, 4, 4, 4, 4, 4, 4], ' ')]);
};
const nationals: Record<string, Make> = {
  ssn: (dice) => tryUntil(() => { const area = dice.between(1, 899); return area === 666 ? undefined : `SSN ${pad(area, 3)}-${pad(dice.between(1, 99))}-${pad(dice.between(1, 9999), 4)}`; }),
  ssn_bare: (dice) => `social security number: ${pad(dice.between(100, 665), 3)}${pad(dice.between(1, 99))}${pad(dice.between(1, 9999), 4)}`,
  itin: (dice) => `9${dice.text(DIGITS, 2)}-${dice.between(70, 88)}-${dice.text(DIGITS, 4)}`,
  nino: (dice) => `${dice.one(['AB', 'CE', 'JM', 'SW', 'TX'])}${dice.one([' ', ''])}${grouped(dice.text(DIGITS, 6), [2, 2, 2], dice.one([' ', '']))}${dice.one(['', ' '])}${dice.one(['A', 'B', 'C', 'D'])}`,
  nhs: (dice) => tryUntil(() => { const body = dice.digits(9, '4679'); const check = (11 - (sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11; return check === 10 ? undefined : `NHS number ${grouped(body + check, [3, 3, 4], dice.one([' ', '-', '']))}`; }),
  nif: (dice) => { const number = dice.digits(8); return `DNI ${number}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23]}`; },
  nie: (dice) => { const first = dice.below(3); const number = dice.text(DIGITS, 7); return `NIE ${'XYZ'[first]}${number}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(`${first}${number}`) % 23]}`; },
  bsn: (dice) => tryUntil(() => { const body = dice.digits(8); const check = sum(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11; return check === 10 ? undefined : `BSN ${body}${check}`; }),
  steuer: (dice) => tryUntil(() => { const body = dice.digits(10); let product = 10; for (const digit of body) product = (((Number(digit) + product) % 10 || 10) * 2) % 11; const check = 11 - product; return check === 10 || check === 11 ? undefined : `Steuer-ID: ${body}${check}`; }),
  ahv: (dice) => { const body = `756${dice.text(DIGITS, 9)}`; const check = (10 - (sum(body, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10; return grouped(body + check, [3, 4, 4, 2], '.'); },
  nir: (dice) => { const { y, m } = date(dice); const body = `${dice.one(['1', '2'])}${pad(y % 100)}${pad(m)}75${dice.text(DIGITS, 6)}`; return `NIR ${grouped(body + pad(97 - Number(BigInt(body) % 97n)), [1, 2, 2, 2, 3, 3, 2], dice.one([' ', '']))}`; },
  personnummer: (dice) => { const { y, m, d } = date(dice); const body = `${pad(y % 100)}${pad(m)}${pad(d)}${dice.text(DIGITS, 3)}`; return `personnummer ${body.slice(0, 6)}-${body.slice(6)}${luhnDigit(body)}`; },
  hetu: (dice) => { const { y, m, d } = date(dice); const birth = `${pad(d)}${pad(m)}${pad(y % 100)}`; const serial = pad(dice.between(2, 899), 3); return `hetu ${birth}${y < 2000 ? '-' : 'A'}${serial}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(birth + serial) % 31]}`; },
  pesel: (dice) => { const { y, m, d } = date(dice); const body = `${pad(y % 100)}${pad(m + (y >= 2000 ? 20 : 0))}${pad(d)}${dice.text(DIGITS, 4)}`; return `PESEL ${body}${(10 - (sum(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10}`; },
  nric: (dice) => { const body = dice.text(DIGITS, 7); return `NRIC S${body}${'JZIHGFEDCBA'[sum(body, [2, 7, 6, 5, 4, 3, 2]) % 11]}`; },
  pan: (dice) => `PAN ${dice.text(UPPER, 3)}P${dice.text(UPPER, 1)}${dice.text(DIGITS, 4)}${dice.text(UPPER, 1)}`,
  cpf: (dice) => { const body = dice.digits(9); const one = ((sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10; const two = ((sum(body + one, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10; return `CPF ${grouped(body, [3, 3, 3], '.')}-${one}${two}`; },
  sin: (dice) => `SIN ${grouped(luhn(dice, dice.digits(1, '1234567'), 9), [3, 3, 3], dice.one([' ', '-']))}`,
  tfn: (dice) => tryUntil(() => { const body = dice.digits(9); return sum(body, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 ? `TFN ${grouped(body, [3, 3, 3], ' ')}` : undefined; }),
  curp: (dice) => { const { y, m, d } = date(dice); return `CURP ${dice.one(['GO', 'PE', 'RA'])}${dice.text('BCDFG', 2)}${pad(y % 100)}${pad(m)}${pad(d)}${dice.one(['H', 'M'])}DF${dice.text('BCDFG', 3)}0${dice.below(10)}`; },
};
const condition = ['diabetes', 'asthma', 'hepatitis', 'breast cancer', 'epilepsy', 'HIV', 'depression', 'hypertension'];
const drug = ['metformin', 'sertraline', 'insulin', 'oxycodone', 'warfarin', 'lisinopril', 'tramadol'];
const secret: Make = (dice) => dice.text(ALNUM, 14) + dice.text(DIGITS, 3) + dice.text(ALNUM, dice.between(8, 24));
const password: Make = (dice) => `${dice.one(['Tr0ub4dor', 'blue-Horse', 'Winter', 'xK9', 'p@ssW0', 'S0mmer', 'corr3ct'])}${dice.text(DIGITS, 2)}${dice.one(['!', '&', '#', '$x', '%q'])}${dice.text(LOWER, 3)}`;
const b64u = (text: string) => Buffer.from(text).toString('base64url');

/** Kind to the ways it is written. Sources: the services' own pages, ISO 7812 and 13616, national authorities, RFCs. */
const KINDS: Record<string, readonly Make[]> = {
  'pii.email': [(d) => `${d.one(NAMES)}@${d.one(HOSTS)}`, (d) => `write to <${d.one(NAMES)}@${d.one(HOSTS)}> today`, (d) => `{"from":"${d.one(NAMES)}@${d.one(HOSTS)}"}`],
  'pii.phone': [(d) => `+49 30 ${d.digits(7, '23456789')}`, (d) => `+1 (${d.one(['212', '415', '617', '305'])}) 555-01${d.text(DIGITS, 2)}`, (d) => `(${d.one(['212', '415', '617'])}) 555-01${d.text(DIGITS, 2)}`, (d) => `Phone: 020 7946 0${d.text(DIGITS, 3)}`, (d) => `mobile 07700 900${d.text(DIGITS, 3)}`, (d) => `call +33 1 ${grouped(d.digits(8, '4'), [2, 2, 2, 2], ' ')}`],
  'pii.national_id': Object.values(nationals),
  'pii.driving_licence': [(d) => `driver's license number ${d.text(UPPER, 1)}${d.text(DIGITS, 7)}`, (d) => `Driving licence: MORGA${d.text(DIGITS, 6)}SM9IJ`, (d) => `driver license ${d.text(UPPER, 1)}${d.text(DIGITS, 12)}`],
  'pii.ip': [(d) => `login from ${d.one(['203.0.113', '198.51.100', '8.8.4', '185.20.33'])}.${d.between(1, 254)}`, (d) => `2001:db8:${d.text(HEX, 4)}::${d.text('123456789abcdef', 1)}${d.text(HEX, 3)}`, (d) => `"client_ip": "198.51.100.${d.between(1, 254)}"`],
  'pii.mac': [(d) => `3c:22:fb:${d.text(HEX, 2)}:${d.text(HEX, 2)}:0e`, (d) => `MAC 3C-22-FB-${d.text('0123456789ABCDEF', 2)}-90-0E`],
  'pii.passport': [(d) => `passport number ${d.digits(9)}`, (d) => `passport no. C0${d.text(DIGITS, 1)}X${d.text(DIGITS, 2)}T4${d.text(DIGITS, 1)}`, (d) => `Reisepass: C${d.text(DIGITS, 8)}`],
  'pii.birth_date': [(d) => { const { y, m, d: day } = date(d); return `date of birth: ${y}-${pad(m)}-${pad(day)}`; }, (d) => { const { y, m, d: day } = date(d); return `DOB ${pad(m)}/${pad(day)}/${y}`; }, (d) => { const { y, d: day } = date(d); return `born on ${day} ${d.one(MONTHS)} ${y}`; }, (d) => { const { y, m, d: day } = date(d); return `geboren am ${pad(day)}.${pad(m)}.${y}`; }, (d) => { const { y, m, d: day } = date(d); return `{"birth_date": "${y}-${pad(m)}-${pad(day)}"}`; }],
  'financial.card': [card, (d) => `card ${card(d)} exp 12/29`, (d) => `{"card_number":"${card(d)}"}`],
  'financial.iban': [iban, (d) => `Please pay to ${iban(d)} by Friday`, (d) => `IBAN:${iban(d)}`],
  'financial.bic': [(d) => `SWIFT: ${d.text(UPPER, 4)}DE${d.text('FMX', 2)}`, (d) => `BIC ${d.text(UPPER, 4)}GB2L`, (d) => `swift code ${d.text(UPPER, 4)}US33XXX`],
  'financial.routing': [(d) => tryUntil(() => { const body = `0${d.text('12', 1)}${d.text(DIGITS, 6)}`; return `routing number ${body}${(10 - (sum(body, [3, 7, 1, 3, 7, 1, 3, 7]) % 10)) % 10}`; }), (d) => `sort code ${grouped(d.digits(6), [2, 2, 2], '-')}`],
  'financial.account': [(d) => `account number: ${d.digits(d.between(8, 12))}`, (d) => `my checking account ${d.digits(12)}`, (d) => `bank account no ${d.digits(10)}`],
  'financial.wallet': [(d) => `0x${d.text(HEX, 40)}`, (d) => { const body = Buffer.concat([Buffer.from([0]), createHash('sha1').update(d.text(HEX, 9)).digest()]); const check = createHash('sha256').update(createHash('sha256').update(body).digest()).digest().subarray(0, 4); return `send BTC to ${base58(Buffer.concat([body, check]))}`; }],
  'credentials.aws_key': [(d) => `AKIA${d.text(`${UPPER}234567`, 16)}`, (d) => `aws_secret_access_key = ${d.text(`${ALNUM}/+`, 40)}`, (d) => `AWS_ACCESS_KEY_ID=ASIA${d.text(`${UPPER}234567`, 16)}`],
  'credentials.github_token': [(d) => `ghp_${d.text(ALNUM, 36)}`, (d) => `token gho_${d.text(ALNUM, 36)}`, (d) => `github_pat_${d.text(ALNUM, 22)}_${d.text(ALNUM, 59)}`],
  'credentials.slack_token': [(d) => `xoxb-${d.digits(12)}-${d.digits(13)}-${d.text(ALNUM, 24)}`, (d) => `https://hooks.slack.com/services/T${d.text(UPPER, 8)}/B${d.text(UPPER, 8)}/${d.text(ALNUM, 24)}`, (d) => `xoxp-${d.digits(11)}-${d.digits(11)}-${d.digits(12)}-${d.text(HEX, 32)}`],
  'credentials.jwt': [(d) => `${b64u('{"alg":"HS256","typ":"JWT"}')}.${b64u(`{"sub":"${d.digits(9)}","iat":1700000000}`)}.${d.text(URLSAFE, 43)}`],
  'credentials.google_key': [(d) => `AIza${d.text(URLSAFE, 34)}${d.text(ALNUM, 1)}`, (d) => `key=AIza${d.text(ALNUM, 35)}&x=1`, (d) => `GOCSPX-${d.text(ALNUM, 28)}`],
  'credentials.stripe_key': [(d) => `sk_live_${d.text(ALNUM, 24)}`, (d) => `rk_live_${d.text(ALNUM, 24)}`, (d) => `whsec_${d.text(ALNUM, 32)}`],
  'credentials.gitlab_token': [(d) => `glpat-${d.text(ALNUM, 20)}`, (d) => `glptt-${d.text(HEX, 40)}`],
  'credentials.openai_key': [(d) => `sk-proj-${d.text(ALNUM, 48)}`, (d) => `sk-${d.text(ALNUM, 20)}T3BlbkFJ${d.text(ALNUM, 20)}`],
  'credentials.anthropic_key': [(d) => `sk-ant-api03-${d.text(ALNUM, 93)}AA`],
  'credentials.package_token': [(d) => `npm_${d.text(ALNUM, 36)}`, (d) => `pypi-AgEIcHlwaS5vcmc${d.text(ALNUM, 60)}`, (d) => `rubygems_${d.text(HEX, 48)}`],
  'credentials.ai_key': [(d) => `hf_${d.text(LOWER + UPPER, 34)}`, (d) => `gsk_${d.text(ALNUM, 52)}`],
  'credentials.mail_key': [(d) => `SG.${d.text(ALNUM, 22)}.${d.text(ALNUM, 43)}`, (d) => `${d.text(HEX, 32)}-us1${d.below(10)}`, (d) => `key-${d.text(HEX, 32)}`],
  'credentials.twilio_key': [(d) => `SK${d.text(HEX, 32)}`, (d) => `TWILIO_ACCOUNT_SID=AC${d.text(HEX, 32)}`],
  'credentials.telegram_token': [(d) => `${d.digits(10)}:AA${d.text(ALNUM, 33)}`],
  'credentials.discord_token': [(d) => `M${d.text(ALNUM, 23)}.${d.text(ALNUM, 6)}.${d.text(ALNUM, 27)}`],
  'credentials.shopify_token': [(d) => `shpat_${d.text(HEX, 32)}`],
  'credentials.square_key': [(d) => `sq0atp-${d.text(ALNUM, 22)}`],
  'credentials.azure_key': [(d) => `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${d.text(ALNUM, 86)}==;EndpointSuffix=core.windows.net`],
  'credentials.cloud_key': [(d) => `dop_v1_${d.text(HEX, 64)}`, (d) => `hvs.${d.text(ALNUM, 24)}`, (d) => `LTAI${d.text(ALNUM, 20)}`],
  'credentials.service_token': [(d) => `lin_api_${d.text(ALNUM, 40)}`, (d) => `PMAK-${d.text(HEX, 24)}-${d.text(HEX, 34)}`, (d) => `glsa_${d.text(ALNUM, 32)}_${d.text(HEX, 8)}`, (d) => `figd_${d.text(ALNUM, 40)}`],
  'credentials.private_key': [(d) => `-----BEGIN ${d.one(['RSA ', 'EC ', 'OPENSSH ', ''])}PRIVATE KEY-----\n${d.text(ALNUM, 64)}\n${d.text(ALNUM, 64)}\n`],
  'credentials.password': [(d) => `password=${password(d)}`, (d) => `"password": "${password(d)}"`, (d) => `DB_PASSWORD: ${password(d)}`, (d) => `postgres://app:${d.text(ALNUM, 12)}@db.example/x`, (d) => `my password is ${password(d)}`, (d) => `userPassword = '${password(d)}'`, (d) => `pwd: ${password(d)}`],
  'credentials.generic': [(d) => `api_key = "${secret(d)}"`, (d) => `client-secret: ${d.text(HEX, 40)}`, (d) => `Authorization: Bearer ${secret(d)}${d.text(ALNUM, 10)}`, (d) => `apiKey: '${secret(d)}'`, (d) => `SECRET_KEY=${secret(d)}`, (d) => `auth_token: ${d.text(HEX, 32)}`],
  'health.diagnosis': [(d) => `the patient was diagnosed with ${d.one(condition)}`, (d) => `diagnosis: ${d.one(['E11', 'J45', 'C50', 'F32', 'I10'])}.${d.below(10)}`, (d) => `history of ${d.one(condition)}, admitted on Monday`, (d) => `She tested positive for HIV and is treated for ${d.one(condition)}`],
  'health.medication': [(d) => `taking ${d.one(drug)} ${d.one(['5', '50', '500'])} mg daily`, (d) => `${d.one(drug)} 20mg twice a day`, (d) => `prescribed ${d.one(drug)} ${d.between(5, 90)} mg`],
  'health.record': [(d) => `MRN: ${d.text(DIGITS, 8)}`, (d) => `medical record number ${d.digits(7)}`, (d) => `blood type: ${d.one(['A', 'B', 'AB', 'O'])}${d.one(['+', '-'])}`, (d) => `blood pressure was ${d.between(110, 180)}/${d.between(60, 110)}`, () => 'allergic to penicillin'],
};
/** What a sample of one kind holds besides. */
const BESIDES: Record<string, readonly string[]> = { 'credentials.slack_token': ['credentials.generic'], 'financial.account': [], 'credentials.aws_key': ['credentials.generic'] };

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
function base58(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; value > 0n; value /= 58n) text = BASE58[Number(value % 58n)] + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = `1${text}`;
  }
  return text;
}

const uuid: Make = (d) => grouped(d.text(HEX, 32), [8, 4, 4, 4, 12], '-');
const stamp: Make = (d) => `20${d.between(19, 29)}-${pad(d.between(1, 12))}-${pad(d.between(1, 28))}T${pad(d.below(24))}:${pad(d.below(60))}:${pad(d.below(60))}.${d.text(DIGITS, 3)}Z`;
const notLuhn = (d: Dice, length: number) => tryUntil(() => { const number = d.digits(length); return luhnDigit(number.slice(0, -1)) === number.at(-1) ? undefined : number; });
/** What looks like one of them and is none. */
const NEGATIVES: Record<string, readonly Make[]> = {
  order: [(d) => `Order #${d.digits(d.between(6, 12))} has shipped`, (d) => `order number ${notLuhn(d, 16)}`, (d) => `PO-${d.digits(7)}`, (d) => `invoice INV-${d.between(2019, 2026)}-${d.text(DIGITS, 5)}, total ${d.between(1, 9)},${d.text(DIGITS, 3)}.50`],
  hash: [(d) => `sha256:${d.text(HEX, 64)}`, (d) => `commit ${d.text(HEX, 40)}`, (d) => `md5 ${d.text(HEX, 32)}`, (d) => `index ${d.text(HEX, 7)}..${d.text(HEX, 7)} 100644`, (d) => `"integrity": "sha512-${Buffer.from(d.text(ALNUM, 64)).toString('base64')}"`, (d) => `ETag: "${d.text(HEX, 32)}"`],
  uuid: [(d) => uuid(d), (d) => `id=${uuid(d)}`, (d) => `{"request_id":"${uuid(d)}"}`, (d) => `trace ${d.text(HEX, 32)} span ${d.text(HEX, 16)}`],
  version: [(d) => `version ${d.below(20)}.${d.below(20)}.${d.below(99)}`, (d) => `v${d.below(20)}.${d.below(20)}.${d.below(99)}.${d.below(200)}`, (d) => `firmware ${d.below(9)}.${d.below(9)}.${d.below(99)}.${d.below(250)}`, (d) => `lodash@${d.below(9)}.${d.below(20)}.${d.below(30)}`, (d) => `Chrome/${d.between(90, 140)}.0.${d.between(4000, 7000)}.${d.between(10, 250)} Safari/537.36`],
  time: [stamp, (d) => `at ${d.between(1600000000, 1799999999)}`, (d) => `${d.between(1600000000, 1799999999)}${d.text(DIGITS, 3)} ms`, (d) => `${pad(d.below(24))}:${pad(d.below(60))}:${pad(d.below(60))} to ${pad(d.below(24))}:30:00`, (d) => `meeting on ${pad(d.between(1, 28))}.${pad(d.between(1, 12))}.2026 at 10:00`, (d) => `[${stamp(d)}] INFO worker-${d.below(90)} finished in ${d.between(10, 9000)} ms`],
  tracking: [(d) => `tracking 1Z${d.text(UPPER + DIGITS, 6)}${d.text(DIGITS, 10)}`, (d) => `DHL JJD${d.text(DIGITS, 16)}`, (d) => `parcel ${d.text(UPPER, 2)}${d.text(DIGITS, 9)}DE`, (d) => `container MSCU${d.text(DIGITS, 7)}`],
  base64: [(d) => `data:image/png;base64,${Buffer.from(Array.from({ length: 90 }, () => d.below(256))).toString('base64')}`, (d) => Buffer.from(Array.from({ length: 66 }, () => d.below(256))).toString('base64')],
  colour: [(d) => `color: #${d.text(HEX, 6)}; background: #${d.text(HEX, 3)}`, (d) => `rgb(${d.below(256)}, ${d.below(256)}, ${d.below(256)})`],
  imei: [(d) => `IMEI ${notLuhn(d, 15)}`, (d) => `serial ${d.text(UPPER, 2)}${d.text(DIGITS, 10)}`, (d) => `S/N ${d.text(UPPER + DIGITS, 12)}`],
  isbn: [(d) => `ISBN 978-${d.below(10)}-${d.text(DIGITS, 2)}-${d.text(DIGITS, 6)}-${d.below(10)}`, (d) => `EAN ${d.one(['40', '50', '76', '87'])}${notLuhn(d, 11)}`, (d) => `doi:10.${d.between(1000, 9999)}/journal.${d.text(DIGITS, 7)}`],
  part: [(d) => `part no. ${d.text(DIGITS, 3)}-${d.text(DIGITS, 5)}-${d.text(DIGITS, 2)}`, (d) => `model ${d.text(UPPER, 3)}-${d.text(DIGITS, 4)}-${d.text(UPPER, 1)}`, (d) => `SKU ${d.text(DIGITS, 4)}-${d.text(DIGITS, 4)}`, (d) => `ticket JIRA-${d.digits(5)}`, (d) => `bin 12-${d.text(DIGITS, 3)}-${d.text(DIGITS, 3)} shelf 4`],
  address_in_version: [(d) => `release ${d.below(9)}.${d.below(9)}.${d.below(9)}.${d.below(9)} of the driver`, (d) => `section ${d.below(9)}.${d.below(20)}.${d.below(20)}.${d.below(9)}`, () => 'from 127.0.0.1 to ::1', () => 'bind 0.0.0.0:8080, mask 255.255.255.0', (d) => `OID 1.3.6.1.4.1.${d.digits(5)}.${d.below(9)}`],
  placeholder: [(d) => `password: ${d.one(['required', 'string', '********', '<your password>', 'null', '${PASSWORD}', 'changeme?'.slice(0, 6)])}`, () => 'api_key: YOUR_API_KEY', () => 'token = process.env.TOKEN', (d) => `password reset link for ticket ${d.digits(6)}`, () => 'const password = getPassword()', () => '<input type="password" name="password">', (d) => `next_page_token=${d.text(ALNUM, 24)}`, () => 'secret santa is on Friday', () => 'bearer of bad news', (d) => `csrf_token: ${d.text(HEX, 32)}`],
  path: [(d) => `/var/lib/app/${d.text(HEX, 12)}/${d.digits(8)}.log`, (d) => `https://cdn.example.com/assets/main.${d.text(HEX, 20)}.js`, (d) => `s3://bucket-${d.digits(6)}/part-0000${d.below(9)}`, (d) => `arn:aws:iam::${d.digits(12)}:role/app`, (d) => `icon@2x.png git@host.example:org/repo-${d.below(99)}.git`],
  number: [(d) => `${d.between(1, 9)},${d.text(DIGITS, 3)},${d.text(DIGITS, 3)} rows in ${d.text(DIGITS, 1)}.${d.text(DIGITS, 8)} s`, (d) => `pi is 3.14159265358979${d.text(DIGITS, 6)}`, (d) => `lat ${d.between(10, 80)}.${d.text(DIGITS, 6)}, lon ${d.between(1, 170)}.${d.text(DIGITS, 6)}`, (d) => `room ${d.digits(4)}, floor ${d.below(9)}, ${d.below(100)}%`, (d) => `tweet ${d.digits(19)}`, (d) => `${d.digits(18)} bytes of ${d.digits(10)}`],
  prose: [() => 'we diagnosed the outage with a stroke of luck', () => 'a cancer of bureaucracy, and the heart of the matter', () => 'the routing table of the switch has an account of it', () => 'call me at ten, my password is what I forgot', (d) => `chapter ${d.below(30)}: the patient zero of our ${d.digits(3)} bugs`, (d) => `Account manager for region ${d.below(9)}, team of ${d.between(2, 40)}`, () => 'fractured pipeline, and a seizure of the scheduler', (d) => `take ${d.between(2, 9)} tablets to the meeting room with the ${d.between(10, 14)} inch screens`],
};

const EACH = 16;
const HARD = 2_100;
const AROUND: readonly (readonly [string, string])[] = [['', ''], ['Note: ', ''], ['', '\nThanks, see you soon.'], ['row 7 | ', ' | ok'], ['Hi,\n', '\n']];

export function positives(): Sample[] {
  const dice = new Dice(20261123);
  return Object.entries(KINDS).flatMap(([kind, makes]) =>
    Array.from({ length: Math.max(EACH, makes.length * 3) }, (_, index) => sample(dice, [kind, ...(BESIDES[kind] ?? [])], kind, makes[index % makes.length] as Make)),
  ).concat(
    // twice each: bare, and within something
    Object.entries(FORMATS).flatMap(([kind, formats]) => [...formats, ...formats].map((format) => formatted(dice, kind, format))),
  );
}

export function negatives(): Sample[] {
  const dice = new Dice(4711);
  const makes = Object.entries(NEGATIVES).flatMap(([shape, list]) => list.map((make) => ({ shape, make })));
  const published = Object.entries(PUBLISHED).flatMap(([shape, list]) => list.flatMap((format) => Array.from({ length: 8 }, () => ({ shape, make: (d: Dice) => filled(d, format) }))));
  return Array.from({ length: HARD }, (_, index) => makes[index % makes.length] as (typeof makes)[0]).concat(published).map(({ shape, make }) => sample(dice, [], shape, make));
}

function formatted(dice: Dice, kind: string, format: string): Sample {
  const [text = '', ...also] = format.split(' ⇒ ');
  return sample(dice, [kind, ...(BESIDES[kind] ?? []), ...also], 'format', (d) => filled(d, text));
}

/** A format with its `{A36}` filled in. */
function filled(dice: Dice, format: string): string {
  return format.replace(/\{([A-Z])(\d+)\}/g, (_, alphabet: string, length: string) => dice.text(ALPHABETS[alphabet] ?? '', Number(length)));
}

function sample(dice: Dice, kinds: string[], shape: string, make: Make): Sample {
  const [before, after] = dice.one(AROUND);
  const value = make(dice);
  const text = `${before}${value}${after}`;
  const cut = before.length + Math.ceil(value.length / 2);
  return { kinds, shape, text: [text.slice(0, cut), text.slice(cut)] };
}

export const lines = (samples: readonly Sample[]): string => `${samples.map((one) => JSON.stringify(one)).join('\n')}\n`;
