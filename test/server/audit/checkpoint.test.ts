// Signed notes that anybody with the public key can check, and a key that lasts.
import { createPublicKey, verify } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkNote, openSigner, parseNote, readVerifiers } from '../../../server/audit/checkpoint.ts';
import { realFiles } from '../../../server/audit/files.ts';
import { openHashKey } from '../../../server/audit/key.ts';
import { newWorld } from './world.ts';

const ROOT = 'ab'.repeat(32);

describe('a signed checkpoint', () => {
  it('is a signed note that an outsider can check from its text alone', async () => {
    const { state } = await newWorld();
    const note = (await openSigner(realFiles, state)).sign({ size: 42, root: ROOT });
    const [origin, size, root, empty, line] = note.split('\n');
    expect([size, root, empty]).toEqual(['42', Buffer.from(ROOT, 'hex').toString('base64'), '']);
    expect(line).toMatch(new RegExp(`^— ${origin} [A-Za-z0-9+/=]+$`));
    const raw = Buffer.from(
      (await readFile(join(state, 'audit.pub'), 'utf8')).trim().split('+').slice(2).join('+'),
      'base64',
    ).subarray(1);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
    const signature = Buffer.from(line!.split(' ')[2]!, 'base64').subarray(4);
    expect(verify(null, Buffer.from(`${origin}\n${size}\n${root}\n`), key, signature)).toBe(true);
  });

  it('is good under its own key, bad when changed, and unknown under another', async () => {
    const [one, other] = [await newWorld(), await newWorld()];
    const text = (await openSigner(realFiles, one.state)).sign({ size: 42, root: ROOT });
    await openSigner(realFiles, other.state);
    const mine = (await readVerifiers(realFiles, join(one.state, 'audit.pub')))!;
    const theirs = (await readVerifiers(realFiles, join(other.state, 'audit.pub')))!;
    expect(checkNote(parseNote(text)!, mine)).toBe(true);
    expect(checkNote(parseNote(text.replace('\n42\n', '\n43\n'))!, mine)).toBe(false);
    expect(checkNote(parseNote(text)!, theirs)).toBeUndefined();
  });

  it.each(['', 'x', 'a\n1\nb\n\n— a c\n'])('is not read from %j', (text) => {
    expect(parseNote(text)).toBeUndefined();
  });
});

describe('the keys', () => {
  it('last over openings, and a lost signing key leaves the old public half beside the new one', async () => {
    const { state } = await newWorld();
    const first = await openSigner(realFiles, state);
    expect((await openSigner(realFiles, state)).key).toBe(first.key);
    await rm(join(state, 'audit.key'));
    const second = await openSigner(realFiles, state);
    expect(second.key).not.toBe(first.key);
    expect((await readVerifiers(realFiles, join(state, 'audit.pub')))?.map((one) => one.keyId)).toEqual([first.key, second.key]);
    expect(await openHashKey(state)).toEqual(await openHashKey(state));
  });

  it('that can not be read are refused, not replaced', async () => {
    const { state } = await newWorld();
    await writeFile(join(state, 'audit.key'), 'nonsense');
    await writeFile(join(state, 'audit.hmac'), '');
    await expect(openSigner(realFiles, state)).rejects.toThrow('is not an audit key');
    await expect(openHashKey(state)).rejects.toThrow('is not a hash key');
  });
});
