// Reading the store: messages as summaries for lists, and in full for one reader, HTML turned to text.
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { UnfitFile } from '../durable.ts';
import { folded, shortened } from '../text.ts';
import { type FolderName, MOST_MESSAGE_BYTES, messageIds, messageStamp, readMessage } from './store.ts';

/** A message in a list. `date` in milliseconds: the Date header, or the file's time where there is none. */
export type Summary = {
  id: string;
  folder: FolderName;
  date: number;
  from: string;
  to: string[];
  cc: string[];
  subject: string;
  size: number;
};

export type FullMessage = Summary & {
  bcc: string[];
  replyTo: string[];
  messageId?: string;
  text: string;
  truncated: boolean;
  attachments: { name: string; type: string; size: number }[];
};

const MOST_HEADER_BYTES = 256_000;
const MOST_TEXT = 100_000;
const MOST_HTML = 1_000_000;
const MOST_LINE = 1_000;
const MOST_ADDRESSES = 200;
const MOST_ATTACHMENTS = 100;

type Cached = { size: number; modified: number; summary: Summary };

/** Reads messages of one store, and remembers the summaries of those that haven't changed. */
export class Mail {
  readonly #store: string;
  readonly #known = new Map<string, Cached>();

  constructor(store: string) {
    this.#store = store;
  }

  /** Every readable message of the folders, newest first, and the names of those that can't be read. */
  async summaries(folders: readonly FolderName[]): Promise<{ summaries: Summary[]; unreadable: string[] }> {
    const summaries: Summary[] = [];
    const unreadable: string[] = [];
    for (const folder of folders) {
      for (const id of messageIds(this.#store, folder)) {
        const summary = await this.#summary(folder, id);
        if (summary) summaries.push(summary);
        else unreadable.push(`${folder}: ${oneLine(id)}`);
      }
    }
    return { summaries: summaries.sort((a, b) => b.date - a.date || (a.id < b.id ? 1 : -1)), unreadable };
  }

  /** One message in full. Throws UnfitFile. */
  async message(folder: FolderName, id: string): Promise<FullMessage> {
    const { bytes, modified } = readMessage(this.#store, folder, id, MOST_MESSAGE_BYTES);
    const parsed = await parse(bytes);
    const text = (parsed.text ?? '').replaceAll('\r\n', '\n');
    return {
      ...summaryOf(parsed, { id, folder, size: bytes.length, modified }),
      bcc: addresses(parsed.bcc),
      replyTo: addresses(parsed.replyTo),
      ...(parsed.messageId === undefined ? {} : { messageId: oneLine(parsed.messageId) }),
      text: shortened(text, MOST_TEXT),
      truncated: text.length > MOST_TEXT,
      attachments: parsed.attachments.slice(0, MOST_ATTACHMENTS).map((attachment) => ({
        name: oneLine(attachment.filename ?? '(no name)'),
        type: oneLine(attachment.contentType),
        size: attachment.size,
      })),
    };
  }

  /** Whether the message's subject or text has `wanted` (already folded). False for a message that can't be read. */
  async mentions(summary: Summary, wanted: string): Promise<boolean> {
    if (folded(summary.subject).includes(wanted)) return true;
    try {
      const { bytes } = readMessage(this.#store, summary.folder, summary.id, MOST_MESSAGE_BYTES);
      return folded((await parse(bytes)).text ?? '').includes(wanted);
    } catch {
      return false;
    }
  }

  async #summary(folder: FolderName, id: string): Promise<Summary | undefined> {
    const stamp = messageStamp(this.#store, folder, id);
    if (!stamp) return undefined;
    const key = `${folder}/${id}`;
    const known = this.#known.get(key);
    if (known && known.size === stamp.size && known.modified === stamp.modified) return known.summary;
    try {
      const { bytes, modified } = readMessage(this.#store, folder, id, MOST_MESSAGE_BYTES);
      const summary = summaryOf(await parse(headerOf(bytes)), { id, folder, size: bytes.length, modified });
      this.#known.set(key, { ...stamp, summary });
      return summary;
    } catch (error) {
      if (error instanceof UnfitFile) return undefined;
      throw error;
    }
  }
}

async function parse(bytes: Buffer): Promise<ParsedMail> {
  try {
    return await simpleParser(bytes, { skipTextToHtml: true, skipImageLinks: true, maxHtmlLengthToParse: MOST_HTML });
  } catch {
    throw new UnfitFile('is no message that can be read');
  }
}

/** The header section: what stands before the first empty line. */
function headerOf(bytes: Buffer): Buffer {
  const head = bytes.subarray(0, MOST_HEADER_BYTES);
  const ends = ['\r\n\r\n', '\n\n'].map((end) => head.indexOf(end)).filter((at) => at !== -1);
  return ends.length === 0 ? head : head.subarray(0, Math.min(...ends) + 4);
}

function summaryOf(parsed: ParsedMail, file: { id: string; folder: FolderName; size: number; modified: number }): Summary {
  const date = parsed.date?.getTime() ?? Number.NaN;
  return {
    id: file.id,
    folder: file.folder,
    date: Number.isFinite(date) ? date : file.modified,
    from: addresses(parsed.from)[0] ?? '',
    to: addresses(parsed.to),
    cc: addresses(parsed.cc),
    subject: oneLine(parsed.subject ?? ''),
    size: file.size,
  };
}

/** `Ann <ann@acme.example>` for each mailbox, groups opened. */
function addresses(field: AddressObject | AddressObject[] | undefined): string[] {
  const objects = field === undefined ? [] : Array.isArray(field) ? field : [field];
  const mailboxes = objects.flatMap((object) => object.value.flatMap((entry) => entry.group ?? [entry]));
  return mailboxes
    .slice(0, MOST_ADDRESSES)
    .map(({ name, address }) => oneLine(name ? `${name} <${address ?? ''}>` : (address ?? '')));
}

/** Text from a message on one line, so that it can't pass for another line of the answer. */
function oneLine(text: string): string {
  return shortened(text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' '), MOST_LINE);
}
