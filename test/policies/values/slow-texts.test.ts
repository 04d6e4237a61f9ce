// Text made to be slow: for every detector's own words and signs, ten times the text takes about ten times as long.
import { describe, expect, test } from 'vitest';
import { detectDataClasses } from '../../../policies/values/data-classes.ts';
import { FORMATS } from '../../cases/detectors/formats.ts';

const SHORT = 10_000;
const LONG = 100_000;
/** Of linear work it is ten; a square would be a hundred. What it takes at all is far below what would be noticed. */
const WORSE = 40;
const SOON_MS = 250;

/** The least time of a few rounds, by the processor's clock: others may be at work on it. */
function took(text: string, rounds: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    detectDataClasses(text);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e3);
  }
  return best;
}

function isLinear(unit: string): void {
  const of = (size: number) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
  // one look tells where it is quick, which it nearly always is
  if (took(of(LONG), 1) > SOON_MS) expect(took(of(LONG), 3) / Math.max(1, took(of(SHORT), 3))).toBeLessThan(WORSE);
}

const filled = (format: string) =>
  format.split(' ⇒ ')[0]!.replace(/\{[A-Z](\d+)\}/g, (_, length: string) => 'a1'.repeat(Number(length)));

describe('starts of finds, over and over', () => {
  test.each(Object.entries(FORMATS))('%s', (_kind, formats) => {
    for (const format of formats) {
      const whole = filled(format);
      isLinear(`${whole.slice(0, Math.ceil(whole.length * 0.7))} `);
    }
  });
});

describe('signs that patterns repeat over', () => {
  test.each([
    ...[
      '1',
      '4 ',
      '12-',
      '1.',
      'a1',
      'A',
      '@',
      'a@',
      'a.b-c@d.',
      ':',
      'a:',
      '::',
      '=',
      'a=',
      '<',
      '<a',
      '<!--',
      '&',
      '&#x41;',
      '%41',
      '%',
      '-',
      '_',
      'a_',
      '"',
      "'a'='",
    ],
    ...[
      'pass',
      'password=',
      'password is ',
      'secret: "',
      'key ',
      'account ',
      'card 4',
      'id no ',
      'patient ',
      'patient cancer ',
      'seed phrase abc ',
      'curl -u a',
      '<password>',
      'member id health ',
    ],
    ...[
      'QUJD',
      'QUJD\n',
      'eyJ',
      'eyJhbGciOi.',
      '-----BEGIN ',
      '$2b$12$',
      '://',
      '://a:',
      'machine a login ',
      'bearer ',
      '\u200b',
      '4\u200b',
      '\u0664',
      '\ufdfa',
      '\u{e0041}',
      '\u0000',
      '\ud800',
      'ﬁ',
    ],
  ])('%j', (unit) => isLinear(unit));
});

test('a form that grows by being undone is cut, and then nothing says that the text is clean', () => {
  const { truncated, classes } = detectDataClasses('\ufdfa'.repeat(300_000));
  expect(truncated).toBe(true);
  expect(classes).toContain('unscanned');
});
