// A message as a caller writes it, checked field by field, and composed into the exact bytes that are stored.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, isAbsolute, join, sep } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import { type Mailbox, mailboxKey, readMailboxes } from '../address.ts';
import { readPlainFile, UnfitFile } from '../durable.ts';
import { ToolProblem } from '../serve.ts';
import { checkHeader, checkText } from '../text.ts';
import { invitationLine } from './invitation.ts';

/** The fields of `draft` and `send`, as they come. */
export type LetterFields = {
  to?: string | string[] | undefined;
  cc?: string | string[] | undefined;
  bcc?: string | string[] | undefined;
  reply_to?: string | string[] | undefined;
  subject: string;
  body: string;
  attachments?: string[] | undefined;
};

export type Attachment = { name: string; content: Buffer; sha256: string };
export type Letter = {
  to: Mailbox[];
  cc: Mailbox[];
  bcc: Mailbox[];
  replyTo: Mailbox[];
  subject: string;
  body: string;
  attachments: Attachment[];
};

/** RFC 5322 section 2.1.1 sets 998 characters a line; a subject is kept far below. */
const MOST_SUBJECT = 500;
const MOST_BODY = 1_000_000;
const MOST_RECIPIENTS = 200;
const MOST_ATTACHMENTS = 20;
const SHOWN_TEXT = 240;
const MOST_ATTACHED_BYTES = 10_000_000;

/** Reads the fields. `attachments` is the folder that attachments may come from; without one there are none. Throws ToolProblem. */
export function readLetter(fields: LetterFields, attachments: string | undefined): Letter {
  const letter: Letter = {
    to: readMailboxes('to', fields.to),
    cc: readMailboxes('cc', fields.cc),
    bcc: readMailboxes('bcc', fields.bcc),
    replyTo: readMailboxes('reply_to', fields.reply_to),
    subject: checkHeader('subject', fields.subject, MOST_SUBJECT),
    body: checkText('body', fields.body, MOST_BODY),
    attachments: readAttachments(fields.attachments ?? [], attachments),
  };
  const count = letter.to.length + letter.cc.length + letter.bcc.length + letter.replyTo.length;
  if (count > MOST_RECIPIENTS) throw new ToolProblem(`the message names ${count} addresses: the most is ${MOST_RECIPIENTS}`);
  return letter;
}

/** Everybody it goes to, each once: to, cc and bcc. */
export function recipientsOf(letter: Letter): Mailbox[] {
  const all = [...letter.to, ...letter.cc, ...letter.bcc];
  return [...new Map(all.map((mailbox) => [mailboxKey(mailbox), mailbox])).values()];
}

/** How many mailboxes in each domain. */
export function domainsOf(recipients: readonly Mailbox[]): Map<string, number> {
  const domains = new Map<string, number>();
  for (const { domain } of recipients) domains.set(domain, (domains.get(domain) ?? 0) + 1);
  return domains;
}

/** The message as bytes. `showBcc` keeps the Bcc header, which a draft needs and a message on its way must not have. */
export async function compose(
  letter: Letter,
  stamp: { from: Mailbox; date: number; messageId: string; showBcc: boolean },
): Promise<Buffer> {
  const message = new MailComposer({
    from: plain(stamp.from),
    to: letter.to.map(plain),
    cc: letter.cc.map(plain),
    bcc: letter.bcc.map(plain),
    replyTo: letter.replyTo.map(plain),
    subject: letter.subject,
    text: letter.body,
    date: new Date(stamp.date),
    messageId: stamp.messageId,
    // the same stamp gives the same bytes, so that what was shown can be told from anything else
    baseBoundary: createHash('sha256').update(stamp.messageId).digest('hex').slice(0, 16),
    attachments: letter.attachments.map(({ name, content }) => ({ filename: name, content })),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  message.keepBcc = stamp.showBcc;
  return message.build();
}

/** SHA-256 over the bytes of a message and everybody it goes to: blind copies stand in no header. */
export function digestOf(message: Buffer, to: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(to)).update('\0').update(message).digest('hex');
}

/** The message as a person looks it over before it goes: who gets it, what about, how it begins, what comes along. */
export function linesOf(letter: Letter): string[] {
  const field = (name: string, list: readonly Mailbox[]) =>
    list.length === 0
      ? []
      : [`${name} ${list.map(({ name: who, address }) => (who === '' ? address : `${who} <${address}>`)).join(', ')}`];
  const text = letter.body.split(/\s+/).filter((word) => word !== '');
  const begins = text.join(' ').slice(0, SHOWN_TEXT);
  return [
    ...field('to', letter.to),
    ...field('copy to', letter.cc),
    ...field('blind copy to', letter.bcc),
    ...field('replies go to', letter.replyTo),
    `subject: ${letter.subject === '' ? '(none)' : letter.subject}`,
    text.length === 0
      ? 'no text'
      : `${text.length} ${text.length === 1 ? 'word' : 'words'}: ${begins}${begins.length < SHOWN_TEXT ? '' : '…'}`,
    ...letter.attachments.flatMap(({ name, content, sha256 }) => [
      `attached: ${name}, ${content.length} bytes, sha256 ${sha256}`,
      ...[invitationLine(name, content)].filter((line) => line !== undefined),
    ]),
  ];
}

function plain({ name, address }: Mailbox): { name: string; address: string } {
  return { name, address };
}

function readAttachments(paths: readonly string[], folder: string | undefined): Attachment[] {
  if (paths.length === 0) return [];
  if (folder === undefined) throw new ToolProblem('this server sends no attachments: it was started without `--attachments DIR`');
  if (paths.length > MOST_ATTACHMENTS)
    throw new ToolProblem(`there are ${paths.length} attachments: the most is ${MOST_ATTACHMENTS}`);
  let left = MOST_ATTACHED_BYTES;
  return paths.map((path) => {
    const attachment = readAttachment(path, folder, left);
    left -= attachment.content.length;
    return attachment;
  });
}

/** A plain file inside the folder, links resolved before it is judged: the name shown is the file that is read. */
function readAttachment(path: string, folder: string, most: number): Attachment {
  checkHeader('attachments', path, 1_000);
  const outside = new ToolProblem(`\`${path}\` is no file in the attachments folder: give a path relative to it`);
  if (path === '' || isAbsolute(path) || /^[A-Za-z]:|\\/.test(path) || path.split('/').includes('..')) throw outside;
  let real: string;
  try {
    real = realpathSync(join(folder, path));
  } catch {
    throw outside;
  }
  if (!real.startsWith(realpathSync(folder) + sep)) throw outside;
  try {
    const { bytes } = readPlainFile(real, most);
    return { name: basename(path), content: bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    if (error instanceof UnfitFile) throw new ToolProblem(`the attachment \`${path}\` ${error.message}`);
    throw error;
  }
}
