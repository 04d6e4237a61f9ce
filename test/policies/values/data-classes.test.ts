// Sensitive data is recognised by its checks and context, and what only looks like it is left alone. All samples are made up.
import { describe, expect, it } from 'vitest';
import { classCovers, detectDataClasses } from '../../../policies/values/data-classes.ts';
import { FOUND } from './samples.ts';

const classes = (text: string) => detectDataClasses(text).classes;
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
