// The passphrase: kept as a slow hash, and guessing it doesn't pay.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasPassphrase, setPassphrase, verifyPassphrase } from '../../server/passphrase.ts';

const RIGHT = 'correct horse battery';
let dir: string;
let now: number;
const clock = { now: () => now, mono: () => 0 };
const verify = (text: string) => verifyPassphrase(dir, text, clock);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perimeter-passphrase-'));
  now = Date.UTC(2026, 10, 24, 9);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a passphrase', () => {
  it('is none until it is set; then it is right and others are wrong', async () => {
    expect(await hasPassphrase(dir)).toBe(false);
    expect(await verify(RIGHT)).toBe(false);
    await setPassphrase(dir, RIGHT);
    expect(await hasPassphrase(dir)).toBe(true);
    expect(await verify(RIGHT)).toBe(true);
    expect(await verify(`${RIGHT} `)).toBe(false);
    expect(await verify('')).toBe(false);
  });

  it('is kept in a private file, salted, never as itself', async () => {
    await setPassphrase(dir, RIGHT);
    const first = await readFile(join(dir, 'passphrase'), 'utf8');
    expect((await stat(join(dir, 'passphrase'))).mode & 0o777).toBe(0o600);
    expect(first).not.toContain('horse');
    await setPassphrase(dir, RIGHT, RIGHT);
    expect(await readFile(join(dir, 'passphrase'), 'utf8')).not.toBe(first);
    expect(await readdir(dir)).toEqual(['passphrase']);
  });

  it('is the same however the keyboard composes its letters', async () => {
    await setPassphrase(dir, 'Blåbærsyltetøy'.normalize('NFD'));
    expect(await verify('Blåbærsyltetøy'.normalize('NFC'))).toBe(true);
  });

  it('has at least eight characters and an end', async () => {
    await expect(setPassphrase(dir, 'seven77')).rejects.toThrow('at least 8 characters');
    // Four signs of two code units each are four characters.
    await expect(setPassphrase(dir, '😀😀😀😀')).rejects.toThrow('at least 8 characters');
    await expect(setPassphrase(dir, 'x'.repeat(1_025))).rejects.toThrow('at most');
    expect(await hasPassphrase(dir)).toBe(false);
  });
});

describe('attack', () => {
  beforeEach(() => setPassphrase(dir, RIGHT));

  it('replacing the passphrase without knowing it', async () => {
    await expect(setPassphrase(dir, 'mine, all mine', undefined, clock)).rejects.toThrow('give the present one first');
    await expect(setPassphrase(dir, 'mine, all mine', 'a guess', clock)).rejects.toThrow('give the present one first');
    expect(await verify(RIGHT)).toBe(true);
  });

  it('guessing: after five wrong ones even the right one waits a minute', async () => {
    for (let n = 0; n < 5; n += 1) expect(await verify('wrong one')).toBe(false);
    await expect(verify(RIGHT)).rejects.toMatchObject({
      code: 'wait',
      message: '5 wrong passphrases: wait 60 seconds, then try again',
    });
    now += 59_999;
    await expect(verify(RIGHT)).rejects.toThrow('wait 1 seconds');
    now += 1;
    expect(await verify(RIGHT)).toBe(true);
  });

  it('setting the clock back neither ends the wait nor makes it endless', async () => {
    await writeFile(join(dir, 'passphrase.attempts'), JSON.stringify({ wrong: 0, wait_until: '2030-01-01T00:00:00.000Z' }));
    await expect(verify(RIGHT)).rejects.toMatchObject({ code: 'wait' });
    now += 60_000;
    expect(await verify(RIGHT)).toBe(true);
  });

  it('guessing many at once', async () => {
    const guesses = await Promise.allSettled(Array.from({ length: 12 }, () => verify('wrong one')));
    expect(guesses.filter((guess) => guess.status === 'fulfilled')).toHaveLength(5);
  });

  it('damaging the count of guesses gives none for free', async () => {
    await writeFile(join(dir, 'passphrase.attempts'), '{"wrong":-100}');
    await expect(verify('a guess')).rejects.toMatchObject({ code: 'wait' });
    now += 60_000;
    expect(await verify(RIGHT)).toBe(true);
  });

  it('damaging the passphrase, or making its hash cheap, does not make it none', async () => {
    for (const text of ['', '{}', JSON.stringify({ version: 1, N: 2, r: 8, p: 1, salt: '0'.repeat(32), hash: '0'.repeat(64) })]) {
      await writeFile(join(dir, 'passphrase'), text);
      expect(await hasPassphrase(dir)).toBe(true);
      await expect(verify('')).rejects.toMatchObject({ code: 'unreadable' });
      await expect(setPassphrase(dir, 'mine, all mine', '', clock)).rejects.toMatchObject({ code: 'unreadable' });
    }
  });
});
