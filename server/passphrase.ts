// The passphrase: the proof only the human has. Kept as a slow hash; guessing it is slow, counted and made to wait.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { epoch, iso, systemClock } from './clock.ts';
import type { Clock } from './ports.ts';
import { disk, privateFolder, replaceFile } from './store/files.ts';

/** `wait`: too many wrong ones; `unreadable`: the stored one can't be used; `weak`, `wrong`: the given one can't be taken. */
export class PassphraseError extends Error {
  override readonly name = 'PassphraseError';
  readonly code: 'wait' | 'unreadable' | 'weak' | 'wrong';
  constructor(code: PassphraseError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export const MIN_CHARACTERS = 8;
const MAX_CHARACTERS = 1_024;
const MAX_WRONG = 5;
const WAIT_MS = 60_000;
/** 128 MiB and a good part of a second for each guess (OWASP Password Storage Cheat Sheet: N=2^17, r=8, p=1). */
const COST = { N: 2 ** 17, r: 8, p: 1 };
const HASH_BYTES = 32;

const storedSchema = z.object({
  version: z.literal(1),
  N: z.literal(COST.N),
  r: z.literal(COST.r),
  p: z.literal(COST.p),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
const attemptsSchema = z.object({ wrong: z.int().nonnegative(), wait_until: z.iso.datetime().exactOptional() });
type Attempts = z.infer<typeof attemptsSchema>;

const path = (stateDir: string) => join(stateDir, 'passphrase');
const attemptsPath = (stateDir: string) => join(stateDir, 'passphrase.attempts');

/** Throws PassphraseError where a text is too short or too long for a passphrase. */
export function needFitting(text: string): void {
  const characters = [...spelt(text)].length;
  if (characters < MIN_CHARACTERS)
    throw new PassphraseError('weak', `a passphrase has at least ${MIN_CHARACTERS} characters: take a few words`);
  if (characters > MAX_CHARACTERS) throw new PassphraseError('weak', `a passphrase has at most ${MAX_CHARACTERS} characters`);
}

/** Guesses run one after another, so that many at once are not all counted as the first. */
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const mine = turn.then(act, act);
  turn = mine.catch(() => undefined);
  return mine;
}

/** State directories in which this process has seen a passphrase. */
const seen = new Set<string>();

/**
 * Whether a passphrase was set. One that can't be read any more still counts, and so does one that a running guard has seen and that is
 * gone: losing the file must not make approving easier.
 */
export async function hasPassphrase(stateDir: string): Promise<boolean> {
  if ((await disk.read(path(stateDir))) !== undefined) seen.add(stateDir);
  return seen.has(stateDir);
}

/**
 * Sets the passphrase. Where one is set already, `former` must be it.
 * @throws PassphraseError `weak` when it is too short or too long, `wrong` when `former` isn't the present one, and as verifyPassphrase
 */
export async function setPassphrase(stateDir: string, text: string, former?: string, clock: Clock = systemClock): Promise<void> {
  needFitting(text);
  if ((await hasPassphrase(stateDir)) && !(former !== undefined && (await verifyPassphrase(stateDir, former, clock))))
    throw new PassphraseError('wrong', 'a passphrase is set already and this is not it: give the present one first');
  await privateFolder(stateDir);
  const salt = randomBytes(16);
  const hash = await slowHash(text, salt);
  await replaceFile(
    path(stateDir),
    JSON.stringify({ version: 1, ...COST, salt: salt.toString('hex'), hash: hash.toString('hex') }),
  );
}

/**
 * Whether `text` is the passphrase. False when none is set. Five wrong ones cost a minute, restarts included.
 * @throws PassphraseError `wait` during that minute, `unreadable` when the stored one is damaged
 */
export function verifyPassphrase(stateDir: string, text: string, clock: Clock = systemClock): Promise<boolean> {
  return inTurn(async () => {
    const stored = await disk.read(path(stateDir));
    if (stored === undefined) return false;
    const { salt, hash } = readStored(stored, path(stateDir));
    const before = await attempts(stateDir, clock);
    const now = clock.now();
    const left = Math.min(epoch(before.wait_until ?? iso(now)) - now, WAIT_MS);
    if (left > 0) {
      // Written again, so that a clock that was set back makes the wait a minute more, and not free guesses or a wait for ever.
      await keepAttempts(stateDir, { wrong: 0, wait_until: iso(now + left) });
      throw new PassphraseError(
        'wait',
        `${MAX_WRONG} wrong passphrases: wait ${Math.ceil(left / 1_000)} seconds, then try again`,
      );
    }
    // Counted before it is tried, so that a process killed in between has used up its guess.
    const wrong = before.wrong + 1;
    await keepAttempts(stateDir, wrong >= MAX_WRONG ? { wrong: 0, wait_until: iso(now + WAIT_MS) } : { wrong });
    const right =
      [...text].length <= MAX_CHARACTERS &&
      timingSafeEqual(await slowHash(text, Buffer.from(salt, 'hex')), Buffer.from(hash, 'hex'));
    if (right) await disk.remove(attemptsPath(stateDir));
    return right;
  });
}

/** The same passphrase from keyboards that compose letters differently. */
const spelt = (text: string): string => text.normalize('NFKC');

function slowHash(text: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // scrypt needs 128 * N * r bytes; Node's default limit is below that.
    scrypt(spelt(text), salt, HASH_BYTES, { ...COST, maxmem: 256 * COST.N * COST.r }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}

function readStored(text: string, from: string): z.infer<typeof storedSchema> {
  try {
    return storedSchema.parse(JSON.parse(text));
  } catch {
    throw new PassphraseError('unreadable', `\`${from}\` is damaged: remove it, then run \`perimeter passphrase set\``);
  }
}

/** A count that can't be read is a full one: damaging the file must not give free guesses. */
async function attempts(stateDir: string, clock: Clock): Promise<Attempts> {
  const text = await disk.read(attemptsPath(stateDir));
  if (text === undefined) return { wrong: 0 };
  try {
    return attemptsSchema.parse(JSON.parse(text));
  } catch {
    const full: Attempts = { wrong: 0, wait_until: iso(clock.now() + WAIT_MS) };
    await keepAttempts(stateDir, full);
    return full;
  }
}

const keepAttempts = (stateDir: string, kept: Attempts): Promise<void> =>
  replaceFile(attemptsPath(stateDir), JSON.stringify(kept));
