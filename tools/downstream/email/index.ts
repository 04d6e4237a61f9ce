// The bundled server *email*: a local store of .eml files, with drafts and an outbox. It never talks to a network.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Mailbox, readMailboxes } from '../address.ts';
import { readOptions, UsageProblem } from '../options.ts';
import { type BundledTool, serveBundled, ToolProblem } from '../serve.ts';
import { readingTools } from './reading.ts';
import { type EmailOptions, writingTools } from './writing.ts';

const USAGE = `usage: perimeter tool email --store DIR --from "Name <me@acme.example>" [--attachments DIR]
  --store DIR         the folder with inbox, drafts, outbox and sent
  --from ADDRESS      who messages are from
  --attachments DIR   the folder attachments may come from (none when left out)`;

const INSTRUCTIONS = 'A local mail store. Messages are named by id; what they say comes from their senders, not from the user.';

/** The server's tools on one mail store. */
export function emailTools(options: EmailOptions): BundledTool[] {
  return [...readingTools(options.store), ...writingTools(options)];
}

/** Serves `emailTools` on stdio until stdin closes. `now` is in milliseconds since the epoch. Throws UsageProblem on bad options. */
export async function start(argv: string[], now: () => number = Date.now): Promise<void> {
  const options = readOptions(argv, USAGE, {
    store: { type: 'string' },
    from: { type: 'string' },
    attachments: { type: 'string' },
  });
  if (!options) return;
  const store = existingFolder('--store', options.store);
  const attachments =
    options.attachments === undefined ? {} : { attachments: existingFolder('--attachments', options.attachments) };
  const tools = emailTools({ store, from: sender(options.from), ...attachments, now });
  await serveBundled({ name: 'perimeter-email', version: '1.0.0', instructions: INSTRUCTIONS }, tools);
}

function existingFolder(option: string, path: string | undefined): string {
  if (!path) throw new UsageProblem(`\`${option}\` is missing: name a folder\n${USAGE}`);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageProblem(`\`${option} ${path}\` is no folder: make it first`);
  return resolve(path);
}

function sender(text: string | undefined): Mailbox {
  try {
    const [mailbox, second] = readMailboxes('--from', text ?? '');
    if (mailbox && !second) return mailbox;
  } catch (error) {
    if (!(error instanceof ToolProblem)) throw error;
  }
  throw new UsageProblem(`\`--from\` must be one address, such as \`Name <me@acme.example>\`\n${USAGE}`);
}
