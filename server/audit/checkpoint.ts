// Signed checkpoints: how far the log had come, under a key the log itself doesn't hold. Signed-note form (C2SP signed-note, tlog-checkpoint).
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { type AuditFiles, readText, writeWhole } from './files.ts';

/** What a note says: after `size` records the last hash was `root` (hex). */
export type Checkpoint = { origin: string; size: number; root: string };
/** `extra` are the lines after the root, which say what the note is for when it is more than a checkpoint. */
export type SignedNote = Checkpoint & { extra: string[]; text: string; key: string; signature: Buffer };
/** `verifier` is the public half, as a line of `audit.pub`. */
export type Signer = {
  origin: string;
  key: string;
  verifier: string;
  sign(checkpoint: { size: number; root: string }, extra?: readonly string[]): string;
};

// The signature type byte of Ed25519 in C2SP signed-note, and the DER headers of RFC 8410 before the 32 raw key bytes.
const ED25519 = Buffer.from([1]);
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');

const PRIVATE_KEY = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\s*$/;

/**
 * The log's signer: reads `<state>/audit.key` (0600) or makes it, and keeps the public half in `<state>/audit.pub` as a
 * C2SP verifier key, one a line; a lost key is replaced, the old public half stays.
 */
export async function openSigner(files: AuditFiles, state: string): Promise<Signer> {
  const path = join(state, 'audit.key');
  const stored = await readText(files, path);
  if (stored !== undefined) {
    const [, origin, keyId, encoded] = PRIVATE_KEY.exec(stored) ?? [];
    const bytes = Buffer.from(encoded ?? '', 'base64');
    const signer = origin && bytes.length === 33 && bytes[0] === 1 ? signerOf(origin, bytes.subarray(1)) : undefined;
    if (!signer || signer.key !== keyId) {
      throw new Error(`\`${path}\` is not an audit key, move it away and the guard makes a new one`);
    }
    await addPublicKey(files, state, signer);
    return signer;
  }
  const seed = randomBytes(32);
  const origin = `mcp-perimeter/audit/${createHash('sha256')
    .update(publicBytes(privateKey(seed)))
    .digest('hex')
    .slice(0, 16)}`;
  const made = signerOf(origin, seed);
  await addPublicKey(files, state, made);
  await writeWhole(files, path, privateText(made, seed));
  return made;
}

/** A new key for the log of this origin. Its public half is known at once; `keep` puts it in the place of the old one. */
export async function nextSigner(
  files: AuditFiles,
  state: string,
  origin: string,
): Promise<{ signer: Signer; keep: () => Promise<void> }> {
  const seed = randomBytes(32);
  const signer = signerOf(origin, seed);
  await addPublicKey(files, state, signer);
  return { signer, keep: () => writeWhole(files, join(state, 'audit.key'), privateText(signer, seed)) };
}

function privateText({ origin, key }: Signer, seed: Buffer): string {
  return `PRIVATE+KEY+${origin}+${key}+${Buffer.concat([ED25519, seed]).toString('base64')}\n`;
}

/** The verifier keys in a public key file; undefined when there is no such file. */
export async function readVerifiers(files: AuditFiles, path: string): Promise<Verifier[] | undefined> {
  const text = await readText(files, path);
  return text?.split('\n').flatMap((line) => parseVerifier(line.trim()) ?? []);
}

export type Verifier = { origin: string; keyId: string; key: KeyObject };

/** Reads one line of `audit.pub`. */
export function parseVerifier(line: string): Verifier | undefined {
  const [, origin, keyId, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (!origin || bytes.length !== 33 || bytes[0] !== 1 || keyIdOf(origin, bytes.subarray(1)) !== keyId) return undefined;
  return {
    origin,
    keyId,
    key: createPublicKey({ key: Buffer.concat([PUBLIC_DER, bytes.subarray(1)]), format: 'der', type: 'spki' }),
  };
}

/** Whether one of the keys signed this note; undefined when none of them is the note's key. */
export function checkNote(note: SignedNote, verifiers: readonly Verifier[]): boolean | undefined {
  const known = verifiers.filter((one) => one.origin === note.origin && one.keyId === note.key);
  if (known.length === 0) return undefined;
  return known.some((one) => verify(null, Buffer.from(note.text), one.key, note.signature));
}

const NOTE = /^([^\n]+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n){0,4})\n— ([^ \n]+) ([A-Za-z0-9+/=]+)\n$/;

/** Reads one signed note; undefined when it isn't one in exactly our form. */
export function parseNote(text: string): SignedNote | undefined {
  const [, origin, size, root, lines, name, encoded] = NOTE.exec(text) ?? [];
  if (!origin || !size || !root || lines === undefined || !encoded || name !== origin) return undefined;
  const extra = lines.split('\n').slice(0, -1);
  const bytes = Buffer.from(encoded, 'base64');
  // Only the one spelling of each base64, so that no byte of a note can change unseen.
  const exact = Buffer.from(root, 'base64').toString('base64') === root && bytes.toString('base64') === encoded;
  if (!exact || bytes.length !== 68 || String(Number(size)) !== size) return undefined;
  return {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64').toString('hex'),
    extra,
    text: noteText(origin, Number(size), root, extra),
    key: bytes.subarray(0, 4).toString('hex'),
    signature: bytes.subarray(4),
  };
}

/** The notes of a checkpoint file. `torn` counts the bytes of a note that was being added when the writer died; `bad` names the others. */
export function parseNotes(text: string): { notes: SignedNote[]; bad: number[]; torn: number } {
  const notes: SignedNote[] = [];
  const bad: number[] = [];
  const blocks = text.split(/(?<=\n— [^\n]*\n)\n/);
  const last = blocks.pop() ?? '';
  for (const [index, block] of blocks.entries()) {
    const note = parseNote(block);
    if (note) notes.push(note);
    else bad.push(index + 1);
  }
  return { notes, bad, torn: Buffer.byteLength(last) };
}

function signerOf(origin: string, seed: Buffer): Signer {
  const secret = privateKey(seed);
  const raw = publicBytes(secret);
  const key = keyIdOf(origin, raw);
  return {
    origin,
    key,
    verifier: `${origin}+${key}+${Buffer.concat([ED25519, raw]).toString('base64')}`,
    sign({ size, root }, extra = []) {
      const text = noteText(origin, size, Buffer.from(root, 'hex').toString('base64'), extra);
      const signature = Buffer.concat([Buffer.from(key, 'hex'), sign(null, Buffer.from(text), secret)]);
      return `${text}\n— ${origin} ${signature.toString('base64')}\n`;
    },
  };
}

function noteText(origin: string, size: number, root: string, extra: readonly string[]): string {
  return `${[origin, size, root, ...extra].join('\n')}\n`;
}

/** The first four bytes of SHA-256(name, line feed, type, key), hex. */
function keyIdOf(origin: string, raw: Buffer): string {
  return createHash('sha256').update(`${origin}\n`).update(ED25519).update(raw).digest('hex').slice(0, 8);
}

function privateKey(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: 'der', type: 'pkcs8' });
}

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

async function addPublicKey(files: AuditFiles, state: string, { verifier }: Signer): Promise<void> {
  await files.makeDir(state);
  const path = join(state, 'audit.pub');
  const stored = (await readText(files, path)) ?? '';
  if (!stored.split('\n').includes(verifier)) await writeWhole(files, path, `${stored}${verifier}\n`);
}
