// Strings that break programs: every reading answers or says that it can't, and nothing else.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAddresses } from '../../../policies/values/address.ts';
import { detectDataClasses } from '../../../policies/values/data-classes.ts';
import { readPath } from '../../../policies/values/path.ts';
import { isSecretFile } from '../../../policies/values/secret-files.ts';
import { externalStorage } from '../../../policies/values/storage.ts';
import { contains, countWords, mentions, stripHtml, visible } from '../../../policies/values/text.ts';
import { Unreadable } from '../../../policies/values/unreadable.ts';
import { readUrl } from '../../../policies/values/url.ts';

const READINGS: ((text: string) => unknown)[] = [
  (text) => readPath(text, { root: '/srv/share', os: 'posix', case: 'sensitive' }, (path) => path),
  (text) => readPath(text, { root: 'C:\\share', os: 'windows', case: 'insensitive' }, (path) => path),
  readAddresses,
  readUrl,
  (text) => mentions(text, ['bank', text]),
  (text) => contains(text, ['bank', text]),
  countWords,
  stripHtml,
  (text) => visible(text, 80),
  detectDataClasses,
  (text) => isSecretFile(text.split('/')),
  (text) => externalStorage(text, 'posix'),
];

function survive(text: string): void {
  for (const read of READINGS) {
    try {
      read(text);
    } catch (error) {
      expect(error).toBeInstanceOf(Unreadable);
      // said in our words: lower case, no full stop, without the value
      expect((error as Unreadable).message).toMatch(/^[a-z`].*[^.]$/);
      if (text.length > 12) expect((error as Unreadable).message).not.toContain(text);
    }
  }
}

it('holds on the list of naughty strings', () => {
  const { strings } = JSON.parse(readFileSync(new URL('../../cases/naughty-strings.json', import.meta.url), 'utf8')) as {
    strings: string[];
  };
  for (const string of strings) survive(Buffer.from(string, 'base64').toString('utf8'));
});

it('holds on any string', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 })), survive), {
    numRuns: 300,
  });
});

it('finds a text in itself', () => {
  const word = fc.stringMatching(/^[a-z]{2,12}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      expect(mentions(words.join(' '), words)).toEqual(words);
      expect(countWords(words.join(' '))).toBe(words.length);
    }),
    { numRuns: 200 },
  );
});
