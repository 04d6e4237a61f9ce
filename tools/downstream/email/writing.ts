// The mail tools that write: draft, send, and the preview of a send.
import * as z from 'zod';
import type { Mailbox } from '../address.ts';
import { actualMeta, boundOf, type Counted, countedOf, keepInside, PREVIEW_OUTPUT, type Preview } from '../impact.ts';
import { type Annotations, type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { compose, domainsOf, type Letter, type LetterFields, readLetter, recipientsOf } from './letter.ts';
import { READS } from './reading.ts';
import { addMessage, FOLDERS, newMessageId } from './store.ts';

/** Where the mail is, whose mail it is, where attachments may come from, and the clock (milliseconds since the epoch). */
export type EmailOptions = { store: string; from: Mailbox; attachments?: string; now(): number };

const DRAFTS: Annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const SENDS: Annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true };

const folder = z.enum(FOLDERS);
const addresses = z
  .union([z.string(), z.array(z.string()).max(200)])
  .optional()
  .describe('`ann@acme.example` or `Ann <ann@acme.example>`, one or several');
const LETTER = z.object({
  to: addresses,
  cc: addresses,
  bcc: addresses,
  reply_to: addresses,
  subject: z.string(),
  body: z.string().describe('Plain text'),
  attachments: z.array(z.string()).max(20).optional().describe('Paths inside the attachments folder'),
});
/** The tools that write to the mail in `options.store`. */
export function writingTools(options: EmailOptions): BundledTool[] {
  return [draftTool(options), sendTool(options), previewTool(options)];
}

function draftTool(options: EmailOptions): BundledTool {
  return bundledTool({
    name: 'draft',
    title: 'Draft a message',
    description: 'Keeps a message in `drafts` and sends nothing.',
    input: LETTER,
    output: z.object({ id: z.string(), folder }),
    annotations: DRAFTS,
    run: async (input) => {
      const letter = readLetter(input, options.attachments);
      const { id, message } = await stamped(options, letter, true);
      addMessage(options.store, 'drafts', id, message);
      return { text: `kept as draft ${id}`, structured: { id, folder: 'drafts' } };
    },
  });
}

function sendTool(options: EmailOptions): BundledTool {
  return bundledTool({
    name: 'send',
    title: 'Send a message',
    description:
      'Sends a message: it goes to `outbox` just as it will be delivered. Takes the whole message; a draft is not sent by its id.',
    input: LETTER,
    output: z.object({ id: z.string(), folder, recipients: z.array(z.string()) }),
    annotations: SENDS,
    impact: { preview: 'preview_send', unit: 'recipients', bound: true },
    run: async (input, context) => {
      const { letter, recipients, counted } = outgoing(input, options);
      const bound = boundOf(context.meta);
      if (bound) keepInside(bound, counted, (domain) => domain.toLowerCase());
      const { id, message } = await stamped(options, letter, false);
      const to = recipients.map((mailbox) => mailbox.address);
      addMessage(options.store, 'outbox', id, message, { from: options.from.address, to });
      return {
        text: `sent to ${to.join(', ')} as ${id}`,
        structured: { id, folder: 'outbox', recipients: to },
        meta: actualMeta(counted, 'recipients'),
      };
    },
  });
}

function previewTool(options: EmailOptions): BundledTool {
  return bundledTool({
    name: 'preview_send',
    title: 'Preview send',
    description: 'Says to whom `send` would send with the same arguments, and sends nothing.',
    input: LETTER,
    output: PREVIEW_OUTPUT,
    annotations: READS,
    run: async (input) => {
      const { letter, recipients, counted } = outgoing(input, options);
      const blind = letter.bcc.length === 0 ? [] : [`${letter.bcc.length} of them as blind copies`];
      const replies = letter.replyTo.map((mailbox) => `replies go to ${mailbox.address}`);
      const attached = letter.attachments.map(
        ({ name, content, sha256 }) => `attached: ${name}, ${content.length} bytes, sha256 ${sha256}`,
      );
      const notes = [`to ${recipients.map((mailbox) => mailbox.address).join(', ')}`, ...blind, ...replies, ...attached];
      const structured: Preview = { ...counted, unit: 'recipients', strength: 'enforced', notes };
      return { text: [`send would reach ${counted.total} recipients`, ...notes].join('\n'), structured };
    },
  });
}

/** What both `send` and its preview work from, so that they count the same. */
function outgoing(input: LetterFields, options: EmailOptions): { letter: Letter; recipients: Mailbox[]; counted: Counted } {
  const letter = readLetter(input, options.attachments);
  const recipients = recipientsOf(letter);
  if (recipients.length === 0) throw new ToolProblem('the message goes to nobody: give `to`, `cc` or `bcc`');
  return { letter, recipients, counted: countedOf(domainsOf(recipients)) };
}

async function stamped(options: EmailOptions, letter: Letter, showBcc: boolean): Promise<{ id: string; message: Buffer }> {
  const date = options.now();
  const id = newMessageId(date);
  const messageId = `<${id.replace(/\.eml$/, '')}@${options.from.domain}>`;
  return { id, message: await compose(letter, { from: options.from, date, messageId, showBcc }) };
}
