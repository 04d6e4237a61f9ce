// The key that sensitive values are hashed with: made once for a state directory, and never in the log.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type AuditFiles, readText, realFiles, writeWhole } from './files.ts';

/**
 * The 32-byte key in `<state>/audit.hmac` (0600), made when there is none. Without it, hashes of old events can't be compared
 * with new ones. Throws when the file holds something else.
 */
export async function openHashKey(state: string, files: AuditFiles = realFiles): Promise<Buffer> {
  const path = join(state, 'audit.hmac');
  const stored = await readText(files, path);
  if (stored !== undefined) {
    if (!/^[0-9a-f]{64}\n?$/.test(stored))
      throw new Error(`\`${path}\` is not a hash key, move it away and the guard makes a new one`);
    return Buffer.from(stored.trim(), 'hex');
  }
  const key = randomBytes(32);
  await files.makeDir(state);
  await writeWhole(files, path, `${key.toString('hex')}\n`);
  return key;
}
