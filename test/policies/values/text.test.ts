// Words are found behind their disguises, and not where they aren't; what the agent wrote can't hide from a person.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, countWords, mentions, stripHtml, views, visible } from '../../../policies/values/text.ts';
import { Unreadable } from '../../../policies/values/unreadable.ts';

const BANKING = ['bank', 'salary', 'wire transfer', 'IBAN', 'password', 'confidential'];
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('mentions', () => {
  it.each([
    ['Our bank details', 'bank'],
    ['BANK', 'bank'],
    ["the bank's", 'bank'],
    ['(bank)', 'bank'],
    ['bank_account', 'bank'],
    ['a wire transfer now', 'wire transfer'],
    ['a wire-transfer now', 'wire transfer'],
    ['a wire\n  transfer', 'wire transfer'],
    ['iban', 'IBAN'],
    ['b\u200bank', 'bank'],
    ['b\u00adank', 'bank'],
    ['b\u2060a\ufeffn\u200dk', 'bank'],
    ['\u202eb\u202cank', 'bank'],
    ['b\u0430nk', 'bank'],
    ['\u0412\u0410NK', 'bank'],
    ['b\u03b1n\u03ba', 'bank'],
    ['\uff42\uff41\uff4e\uff4b', 'bank'],
    ['\u{1d41b}\u{1d41a}\u{1d427}\u{1d424}', 'bank'],
    ['\u24d1\u24d0\u24dd\u24da', 'bank'],
    ['\u{1f171}\u{1f170}\u{1f17d}\u{1f17a}', 'bank'],
    ['\u{1f1e7}\u{1f1e6}\u{1f1f3}\u{1f1f0}', 'bank'],
    ['\u0299\u1d00\u0274\u1d0b', 'bank'],
    ['b\u00e1\u00f1k', 'bank'],
    ['ba\u0336nk\u0336', 'bank'],
    ['b4nk', 'bank'],
    ['b@nk', 'bank'],
    ['8ank', 'bank'],
    ['$alary', 'salary'],
    ['p4ssw0rd', 'password'],
    ['w1re tr4nsfer', 'wire transfer'],
    ['conf1dent!al', 'confidential'],
    ['our <b>ba</b>nk', 'bank'],
    ['ba<!-- x -->nk', 'bank'],
    ['ba<span title=">">nk', 'bank'],
    ['b&#97;nk', 'bank'],
    ['b&#x61;nk', 'bank'],
    ['&bopf;ank', 'bank'],
    ['ba&shy;nk', 'bank'],
    ['ba&ZeroWidthSpace;nk', 'bank'],
    ['<p>wire</p><p>transfer</p>', 'wire transfer'],
    ['<img alt="bank">', 'bank'],
    [base64('Our bank details'), 'bank'],
    [`see ${base64('the bank')} there`, 'bank'],
    [base64('Our bank details').replace(/=/g, ''), 'bank'],
    [`${base64('x'.repeat(57))}\r\n${base64('and then the bank')}`, 'bank'],
    ['%62ank', 'bank'],
    ['b=61nk', 'bank'],
    ['ba=\r\nnk', 'bank'],
    ['\\u0062ank', 'bank'],
    ['b a n k', 'bank'],
    ['B.A.N.K.', 'bank'],
    ['b-a-n-k', 'bank'],
    ['I.B.A.N', 'IBAN'],
    ['w i r e  t r a n s f e r', 'wire transfer'],
    ['w i r e t r a n s f e r', 'wire transfer'],
    ['ba**n**k', 'bank'],
    ['knab (reversed)', 'bank'],
    ['\u{e0062}\u{e0061}\u{e006e}\u{e006b}', 'bank'],
    ['b.\u0430.n.k', 'bank'],
  ])('%j', (text, word) => expect(mentions(text, BANKING)).toEqual([word]));

  it.each([
    'See the embankment photos',
    'banker and banking, bankrupt',
    'opinion, spinning, swiftly, salaried',
    'a wired transfer',
    'transfer wire',
    'the river bench',
    'Ivan flew to Liban',
    'https://example.com/a/b/c',
    '1 2 3 4 5 6 7 8 9',
    '',
    'I a m f i n e',
  ])('%j mentions nothing', (text) => expect(mentions(text, BANKING)).toEqual([]));

  it('finds words of any script, and several at once in the given order', () => {
    expect(mentions('\u6211\u7684\u94f6\u884c\u8d26\u6237', ['\u94f6\u884c'])).toEqual(['\u94f6\u884c']);
    expect(mentions('\u041d\u0430\u0448 \u0431\u0430\u043d\u043a', ['\u0431\u0430\u043d\u043a'])).toEqual([
      '\u0431\u0430\u043d\u043a',
    ]);
    expect(mentions('\u00dcberweisung, bitte', ['\u00fcberweisung'])).toEqual(['\u00fcberweisung']);
    expect(mentions('password at the bank', BANKING)).toEqual(['bank', 'password']);
    expect(mentions('a + b', ['', ' ', '+'])).toEqual(['+']);
  });
});

describe('contains', () => {
  it('finds pieces anywhere, disguised or not', () => {
    expect(contains('embankment', ['bank', 'tank'])).toEqual(['bank']);
    expect(contains('Project  X\nplan', ['project x'])).toEqual(['project x']);
    expect(contains('pr\u043eject x', ['project x'])).toEqual(['project x']);
    expect(contains('anything', ['', ' '])).toEqual([]);
  });
});

describe('words', () => {
  it.each([
    ['', 0],
    ['Hello world', 2],
    ["don't well-known", 3],
    ['a.b.c', 3],
    ['3.14 and 1,000', 5],
    ['\u6211\u5728\u8fd9\u91cc', 4],
    ['\ud68c\uc0ac \uc5b4\ud559', 2],
    ['re\u0301sume\u0301', 1],
    ['<p>one</p><p>two</p>', 6],
    ['one<br>two', 3],
    ['<b></b>'.repeat(10), 20],
    ['one &amp; two', 3],
    ['a\u200bb', 2],
    ['&#97;&#32;&#98;', 3],
    ['- * !', 0],
  ])('%j has %i', (text, words) => expect(countWords(text)).toBe(words));

  it('is 499 below 500', () => {
    expect(countWords('word '.repeat(499))).toBe(499);
    expect(countWords('word '.repeat(500))).toBe(500);
    expect(countWords('<p>word</p>\n'.repeat(500))).toBeGreaterThanOrEqual(500);
  });
});

describe('stripHtml', () => {
  it.each([
    ['a < b and c > d', 'a < b and c > d'],
    ['<p>x</p>', '\nx\n'],
    ['<script>var bank</script>x', 'x'],
    ['<style>a{}</style>x', 'x'],
    ['a<!-- b', 'a<!-- b'],
    ['a<b', 'a<b'],
    ['x &lt;b&gt; y', 'x <b> y'],
    ['1 <2> 3', '1 <2> 3'],
  ])('%j is %j', (text, shown) => expect(stripHtml(text)).toBe(shown));
});

describe('visible', () => {
  it.each([
    ['plain text', 'plain text'],
    ['r\u00e9sum\u00e9 \u4f60\u597d \u{1f60d}', 'r\u00e9sum\u00e9 \u4f60\u597d \u{1f60d}'],
    ['a\nb\r\nc', 'a\u23ceb\u23cec'],
    ['\n'.repeat(20), '\u23ce\u00d720'],
    ['\u001b[1A\u001b[2KRisk', '\\u{1b}[1A\\u{1b}[2KRisk'],
    ['\r\rApproved: yes', '\\u{d}\u00d72Approved: yes'],
    ['safe\u2066 // \u2069delete', 'safe\\u{2066} // \\u{2069}delete'],
    ['x\u202e', 'x\\u{202e}'],
    [`${'\u200b'.repeat(2000)}x`, '\\u{200b}\u00d72000x'],
    [`a${' '.repeat(200)}b`, 'a\u2423\u00d7200b'],
    ['a  b', 'a  b'],
    ['\u00a0\u3000\u2800', '\\u{a0}\\u{3000}\\u{2800}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
    ['\t\u0007\u0085', '\\u{9}\\u{7}\\u{85}'],
    ['e\u0301\u0302\u0303\u0304\u0305', 'e\u0301\u0302\u0303\\u{304}\\u{305}'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text, 100)).toBe(shown));

  it('caps the length and says how much is left out', () => {
    expect(visible('abcdef', 3)).toBe('abc\u2026(+3)');
    expect(visible('abc', 3)).toBe('abc');
    expect(visible(`ab${'\u200b'.repeat(5)}c`, 4)).toBe('ab\u2026(+6)');
    expect(visible('\u{1f60d}'.repeat(5), 2)).toBe('\u{1f60d}\u{1f60d}\u2026(+3)');
    expect(visible('\u{1f60d}'.repeat(5), 0)).toBe('\u2026(+5)');
  });

  it('shows nothing that can hide, whatever comes', () => {
    const { strings } = JSON.parse(readFileSync(new URL('../../cases/naughty-strings.json', import.meta.url), 'utf8')) as {
      strings: string[];
    };
    const harmless = (text: string): void => {
      expect(visible(text, 300)).not.toMatch(/[\p{C}\p{Default_Ignorable_Code_Point}\u2028\u2029]|[^\S ]/u);
    };
    for (const string of strings) harmless(Buffer.from(string, 'base64').toString('utf8'));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), harmless), { numRuns: 300 });
  });
});

describe('bounds', () => {
  const MB = 1024 * 1024;
  const fill = (unit: string) => unit.repeat(Math.floor(MB / unit.length));
  it.each([
    '<',
    '<!--',
    '<a "',
    '<script>',
    '&',
    '&#',
    'a ',
    'a.',
    'b a n k ',
    '=41',
    '%41',
    '\\u0041',
    'QUJD',
    `${'QUJD'.repeat(19)}\n`,
    '\u200b',
    '\u0430',
    '\u{1f1e7}',
    'e\u0301',
    '*a',
    '-\n',
    '\u6211',
    '\u{e0041}',
    'vv',
    '@a',
    'e\u0301\u0302\u0303\u0304',
  ])('reads 1 MB of %j in bounded time', (unit) => {
    const text = fill(unit);
    const before = performance.now();
    mentions(text, BANKING);
    countWords(text);
    visible(text, 500);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('refuses to vouch for more than it reads', () => {
    expect(() => mentions('a'.repeat(MB + 1), BANKING)).toThrow(Unreadable);
    expect(() => views('a'.repeat(MB + 1))).toThrow(Unreadable);
    expect(countWords('a '.repeat(MB))).toBe(MB);
  });
});
