// The mail store: folders of .eml files, each message named by its file name and never by a path.
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { createFile, readPlainFile, UnfitFile } from '../durable.ts';
import { ToolProblem } from '../serve.ts';

export const FOLDERS = ['inbox', 'drafts', 'outbox', 'sent'] as const;
export type FolderName = (typeof FOLDERS)[number];

/** Who a message in the outbox is delivered to; blind copies stand only here. */
const ENVELOPE = z.object({ from: z.string(), to: z.array(z.string()) });
type Envelope = z.infer<typeof ENVELOPE>;

const EXTENSION = '.eml';
const ENVELOPE_EXTENSION = '.envelope.json';
/** Message files in one folder beyond which it isn't listed: it has outgrown a folder of files. */
const MOST_MESSAGES = 20_000;
export const MOST_MESSAGE_BYTES = 25_000_000;

/** The ids in a folder: its .eml file names. A folder that isn't there is empty. */
export function messageIds(store: string, folder: FolderName): string[] {
  if (!isRealFolder(store, folder)) return [];
  const names = readdirSync(join(store, folder)).filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.'));
  if (names.length > MOST_MESSAGES)
    throw new ToolProblem(`\`${folder}\` has ${names.length} messages: the most is ${MOST_MESSAGES}, move old ones away`);
  return names;
}

/** Where the message with that id is. Only names that a listing gives are taken, so an id can't be a path. */
export function findMessage(store: string, id: string, folder: FolderName | undefined): FolderName {
  const found = (folder ? [folder] : FOLDERS).filter((name) => messageIds(store, name).includes(id));
  const [first, second] = found;
  if (!first)
    throw new ToolProblem(
      `there is no message \`${id.slice(0, 100)}\`${folder ? ` in \`${folder}\`` : ''}: take the id from list or search`,
    );
  if (second)
    throw new ToolProblem(
      `this id is in several folders: name one with \`folder\`, ${found.map((name) => `\`${name}\``).join(' or ')}`,
    );
  return first;
}

/** A message's bytes and its file's time (ms). Throws UnfitFile where it is no plain file or over `most` bytes. */
export function readMessage(store: string, folder: FolderName, id: string, most: number): { bytes: Buffer; modified: number } {
  return readPlainFile(join(store, folder, id), most);
}

/** Size and time of change, for noticing that a message is another one. Undefined when it is gone. */
export function messageStamp(store: string, folder: FolderName, id: string): { size: number; modified: number } | undefined {
  const stat = lstatSync(join(store, folder, id), { throwIfNoEntry: false });
  return stat && { size: stat.size, modified: stat.mtimeMs };
}

/** The envelope kept beside a message in the outbox, if there is one that can be read. */
export function readEnvelope(store: string, folder: FolderName, id: string): Envelope | undefined {
  try {
    const { bytes } = readPlainFile(join(store, folder, envelopeName(id)), MOST_MESSAGE_BYTES);
    return ENVELOPE.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    if (error instanceof UnfitFile || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Names a new message by its time and eight random bytes. */
export function newMessageId(now: number): string {
  return `${new Date(now).toISOString().replace(/[:.-]/g, '')}-${randomBytes(8).toString('hex')}${EXTENSION}`;
}

/** Whether a name is one that `newMessageId` gives for this time. */
export function isMessageId(id: string, now: number): boolean {
  if (Number.isNaN(new Date(now).getTime())) return false;
  return /^\d{8}T\d{9}Z-[0-9a-f]{16}\.eml$/.test(id) && id.startsWith(`${new Date(now).toISOString().replace(/[:.-]/g, '')}-`);
}

/** Adds a message. The envelope is written first, so that no message stands in the outbox without one. */
export function addMessage(store: string, folder: FolderName, id: string, message: Buffer, envelope?: Envelope): void {
  if (!isRealFolder(store, folder)) mkdirSync(join(store, folder), { mode: 0o700 });
  if (envelope) createFile(join(store, folder, envelopeName(id)), `${JSON.stringify(envelope)}\n`);
  createFile(join(store, folder, id), message);
}

function envelopeName(id: string): string {
  return id.slice(0, -EXTENSION.length) + ENVELOPE_EXTENSION;
}

/** False when missing. A link in a folder's place is refused: it could lead anywhere. */
function isRealFolder(store: string, folder: FolderName): boolean {
  const stat = lstatSync(join(store, folder), { throwIfNoEntry: false });
  if (!stat) return false;
  if (!stat.isDirectory()) throw new ToolProblem(`\`${folder}\` in the mail store is not a folder: replace it with one`);
  return true;
}
