// The passkeys that are kept: public keys in a private file, read once at the start. From then on only the running guard changes them.
import { join } from 'node:path';
import { z } from 'zod';
import { disk, privateFolder, replaceFile } from './store/files.ts';

/** `refused`: it proves nothing; `changed`: the stored keys are not those this guard knows; `limit`: no more can be kept. */
export class PasskeyError extends Error {
  override readonly name = 'PasskeyError';
  readonly code: 'refused' | 'changed' | 'limit';
  constructor(code: PasskeyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_KEYS = 20;

export const base64url = z.string().regex(/^[\w-]{1,4096}$/);
const keySchema = z.strictObject({
  id: base64url,
  name: z.string().min(1),
  public_key: base64url,
  counter: z.int().nonnegative(),
  transports: z.array(z.string().regex(/^[\w-]{1,20}$/)).max(10),
  added_at: z.iso.datetime(),
  used_at: z.iso.datetime().exactOptional(),
});
const fileSchema = z.strictObject({ version: z.literal(1), keys: z.array(keySchema).max(MAX_KEYS) });
/** A kept key. `public_key` is its COSE key (RFC 9052), base64url; `counter` is what it said last of how often it was used. */
export type KeptKey = Readonly<z.infer<typeof keySchema>>;

export type PasskeyFile = {
  readonly keys: readonly KeptKey[];
  /** Whether there are keys. A file that is gone, or can't be read, makes nothing easier: those that were seen still count. */
  readonly enrolled: boolean;
  /**
   * Changes the keys as `change` says. Changes run one after another, and only on what this guard itself wrote or read first: a key that
   * something else put into the file is nobody's.
   * @throws PasskeyError `changed`, `limit`, or what `change` throws
   */
  update<T>(change: (keys: readonly KeptKey[]) => Promise<{ keys: readonly KeptKey[]; result: T }>): Promise<T>;
};

export async function openPasskeyFile(state: string): Promise<PasskeyFile> {
  const path = join(state, 'passkeys.json');
  let text = await disk.read(path).catch(() => '');
  let keys: readonly KeptKey[] | undefined = text === undefined ? [] : parse(text);
  let turn: Promise<unknown> = Promise.resolve();

  async function unchanged(): Promise<readonly KeptKey[]> {
    if (keys === undefined)
      throw new PasskeyError('changed', `\`${path}\` is damaged: remove it, restart the guard, and enrol your passkeys again`);
    if ((await disk.read(path).catch(() => '')) !== text)
      throw new PasskeyError(
        'changed',
        `\`${path}\` was changed by something else than this guard: if that was you, restart the guard; if not, see what runs on your account`,
      );
    return keys;
  }

  return {
    get keys() {
      return keys ?? [];
    },
    get enrolled() {
      return keys?.length !== 0;
    },
    update(change) {
      const work = async () => {
        const { keys: next, result } = await change(await unchanged());
        if (next.length > MAX_KEYS) throw new PasskeyError('limit', `${MAX_KEYS} passkeys are kept at most: remove one first`);
        const written = JSON.stringify(fileSchema.parse({ version: 1, keys: next }), undefined, 1);
        await privateFolder(state);
        await replaceFile(path, written);
        [text, keys] = [written, next];
        return result;
      };
      const mine = turn.then(work, work);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Undefined when it is not what this guard writes. */
function parse(text: string): readonly KeptKey[] | undefined {
  try {
    return fileSchema.parse(JSON.parse(text)).keys;
  } catch {
    return undefined;
  }
}
