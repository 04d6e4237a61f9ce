// The mail tools that write: draft, send, and the preview of a send.
import * as z from 'zod';
import type { Mailbox } from '../address.ts';
import {
  actualMeta,
  type Bound,
  boundOf,
  type Counted,
  countedOf,
  keepInside,
  outside,
  PREVIEW_OUTPUT,
  type Preview,
} from '../impact.ts';
import { type Annotations, type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { compose, digestOf, domainsOf, type Letter, type LetterFields, linesOf, readLetter, recipientsOf } from './letter.ts';
import { READS } from './reading.ts';
import { addMessage, FOLDERS, isMessageId, messageStamp, newMessageId } from './store.ts';

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
/** The one message a preview composed: under which name and time, and the SHA-256 of its bytes and of everybody it goes to. */
const SHOWN = z.object({ id: z.string(), date: z.int(), sha256: z.string() }).refine(({ id, date }) => isMessageId(id, date));
type Shown = z.infer<typeof SHOWN>;

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
      const date = options.now();
      const id = newMessageId(date);
      const message = await stamped(options, letter, { id, date }, true);
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
      const to = recipients.map((mailbox) => mailbox.address);
      const { id, message } = await exact(options, letter, to, bound, counted);
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
      const date = options.now();
      const id = newMessageId(date);
      const message = await stamped(options, letter, { id, date }, false);
      const sha256 = digestOf(
        message,
        recipients.map((mailbox) => mailbox.address),
      );
      const set: Shown = { id, date, sha256 };
      const notes = [...linesOf(letter), `sha256 ${sha256}`];
      const structured: Preview = {
        ...counted,
        unit: 'recipients',
        strength: 'enforced',
        set,
        also: { bytes: message.length },
        notes,
      };
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

async function stamped(
  options: EmailOptions,
  letter: Letter,
  { id, date }: { id: string; date: number },
  showBcc: boolean,
): Promise<Buffer> {
  const messageId = `<${id.replace(/\.eml$/, '')}@${options.from.domain}>`;
  return compose(letter, { from: options.from, date, messageId, showBcc });
}

/** The message that goes out: where sets were sent with the bound, the very one that was shown, byte for byte, and only once. */
async function exact(
  options: EmailOptions,
  letter: Letter,
  to: readonly string[],
  bound: Bound | undefined,
  counted: Counted,
): Promise<{ id: string; message: Buffer }> {
  if (!bound?.sets) {
    const date = options.now();
    const id = newMessageId(date);
    return { id, message: await stamped(options, letter, { id, date }, false) };
  }
  let sent = false;
  for (const set of bound.sets) {
    const { data } = SHOWN.safeParse(set);
    if (!data) continue;
    const message = await stamped(options, letter, data, false);
    if (digestOf(message, to) !== data.sha256) continue;
    if (!messageStamp(options.store, 'outbox', data.id)) return { id: data.id, message };
    sent = true;
  }
  throw outside(sent ? 'this very message was sent already' : 'it is not the message that was shown', counted);
}
