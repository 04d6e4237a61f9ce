// Signed checkpoints: how far the log had come, under a key the log itself doesn't hold. Signed-note form (C2SP signed-note, tlog-checkpoint).
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type AuditFiles, readText, writeWhole } from './files.ts';

/** What a note says: after `size` records the last hash was `root` (hex). */
export type Checkpoint = { origin: string; size: number; root: string };
export type SignedNote = Checkpoint & { text: string; key: string; signature: Buffer };
export type Signer = { origin: string; key: string; sign(checkpoint: { size: number; root: string }): string };

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
    if (!signer || signer.keyId !== keyId) {
      throw new Error(`\`${path}\` is not an audit key, move it away and the guard makes a new one`);
    }
    await addPublicKey(files, state, signer.verifier);
    return signer.signer;
  }
  const seed = randomBytes(32);
  const origin = `mcp-perimeter/audit/${createHash('sha256')
    .update(publicBytes(privateKey(seed)))
    .digest('hex')
    .slice(0, 16)}`;
  const made = signerOf(origin, seed);
  const text = `PRIVATE+KEY+${origin}+${made.keyId}+${Buffer.concat([ED25519, seed]).toString('base64')}\n`;
  await addPublicKey(files, state, made.verifier);
  await writeWhole(files, path, text);
  return made.signer;
}

/** The verifier keys in a public key file; undefined when there is no such file. */
export async function readVerifiers(files: AuditFiles, path: string): Promise<Verifier[] | undefined> {
  const text = await readText(files, path);
  return text?.split('\n').flatMap((line) => parseVerifier(line.trim()) ?? []);
}

export type Verifier = { origin: string; keyId: string; key: KeyObject };

function parseVerifier(line: string): Verifier | undefined {
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

const NOTE = /^([^\n]+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\n\n— ([^ \n]+) ([A-Za-z0-9+/=]+)\n$/;

/** Reads one signed note; undefined when it isn't one in exactly our form. */
export function parseNote(text: string): SignedNote | undefined {
  const [, origin, size, root, name, encoded] = NOTE.exec(text) ?? [];
  if (!origin || !size || !root || !encoded || name !== origin) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Only the one spelling of each base64, so that no byte of a note can change unseen.
  const exact = Buffer.from(root, 'base64').toString('base64') === root && bytes.toString('base64') === encoded;
  if (!exact || bytes.length !== 68 || String(Number(size)) !== size) return undefined;
  return {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64').toString('hex'),
    text: noteText(origin, Number(size), root),
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

/** A file of signed notes with an empty line after each: `<dir>/checkpoints.txt`, or the copy in a second place. */
export class NoteFile {
  readonly #files: AuditFiles;
  readonly #path: string;

  constructor(files: AuditFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Adds a note and resolves when it is on disk. */
  async add(note: string): Promise<void> {
    const exists = (await this.#files.stat(this.#path)) !== undefined;
    const file = exists ? await this.#files.append(this.#path) : await this.#files.create(this.#path);
    try {
      await file.write(Buffer.from(`${note}\n`));
      await file.sync();
    } finally {
      await file.close();
    }
    if (!exists) await this.#files.syncDir(dirname(this.#path));
  }

  /** The size the newest note names, 0 without one. Takes away what a killed writer left of a note. */
  async repair(): Promise<number> {
    const text = await readText(this.#files, this.#path);
    if (text === undefined) return 0;
    const { notes, torn } = parseNotes(text);
    if (torn > 0) {
      const file = await this.#files.append(this.#path);
      try {
        await file.truncate(Buffer.byteLength(text) - torn);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    return notes.reduce((newest, note) => Math.max(newest, note.size), 0);
  }
}

function signerOf(origin: string, seed: Buffer): { signer: Signer; keyId: string; verifier: string } {
  const key = privateKey(seed);
  const raw = publicBytes(key);
  const keyId = keyIdOf(origin, raw);
  const verifier = `${origin}+${keyId}+${Buffer.concat([ED25519, raw]).toString('base64')}`;
  const signed = ({ size, root }: { size: number; root: string }) => {
    const text = noteText(origin, size, Buffer.from(root, 'hex').toString('base64'));
    const signature = Buffer.concat([Buffer.from(keyId, 'hex'), sign(null, Buffer.from(text), key)]);
    return `${text}\n— ${origin} ${signature.toString('base64')}\n`;
  };
  return { signer: { origin, key: keyId, sign: signed }, keyId, verifier };
}

function noteText(origin: string, size: number, root: string): string {
  return `${origin}\n${size}\n${root}\n`;
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

async function addPublicKey(files: AuditFiles, state: string, verifier: string): Promise<void> {
  await files.makeDir(state);
  const path = join(state, 'audit.pub');
  const stored = (await readText(files, path)) ?? '';
  if (!stored.split('\n').includes(verifier)) await writeWhole(files, path, `${stored}${verifier}\n`);
}
