// What the state has to keep as it is although it tells a secret: sealed on the disk, since calls are held against scopes that name a file or an account.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { maskResource } from '../audit/mask.ts';

/** `conceal` before the state is written, `reveal` after it was read; both leave what they are given as it is. */
export type Seal = { conceal(data: unknown): unknown; reveal(data: unknown): unknown };

const MARK = 'sealed:';
const MAX_KNOWN = 5000;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals with AES-256-GCM, under a key of its own that is worked out from the guard's `key`. `reveal` throws when it is another. */
export function createSeal(key: Buffer): Seal {
  const own = Buffer.from(hkdfSync('sha256', key, '', 'perimeter state', 32));
  // the same texts are written again with every change of the state
  const known = new Map<string, string>();
  const conceal = (text: string): string => {
    let written = known.get(text);
    if (written === undefined) {
      // what looks sealed is sealed too, so that nobody's text is taken for it
      written = text.startsWith(MARK) || maskResource(text, () => '') !== text ? sealed(own, text) : text;
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, written);
    }
    return written;
  };
  return {
    conceal: (data) => changed(data, conceal),
    reveal: (data) => changed(data, (text) => (text.startsWith(MARK) ? opened(own, text) : text)),
  };
}

function sealed(key: Buffer, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return MARK + Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url');
}

function opened(key: Buffer, text: string): string {
  const bytes = Buffer.from(text.slice(MARK.length), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

/** The same value with every text in it changed, names of members included. */
function changed(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => changed(item, change));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), changed(item, change)]));
}
