// The sample company in a folder: calendar, mail, files, customers, and the mcp.json and policies that guard them.
import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { calendars } from './calendar.ts';
import { makeCrm } from './crm.ts';
import { FILES } from './files.ts';
import { inbox } from './mail.ts';

/** The folder can't be used. The message says what to do. */
export class UnfitFolder extends Error {
  override readonly name = 'UnfitFolder';
}

/** A made workspace, by its absolute paths. */
export type Workspace = { folder: string; config: string; state: string; crm: string; drafts: string; dropbox: string };

/**
 * Makes the sample company in `folder`, with dates around `now` (milliseconds since the epoch); everything else is always the same.
 * Throws UnfitFolder when the folder is there and not empty: nothing of anybody's is overwritten.
 */
export async function makeWorkspace(folder: string, now: number): Promise<Workspace> {
  const root = resolve(folder);
  checkFree(root, folder);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: 'wx' });
  };
  const examples = join(packageRoot(), 'examples', 'quickstart');
  mkdirSync(root, { recursive: true });
  cpSync(join(examples, 'mcp.json'), join(root, 'mcp.json'));
  cpSync(join(examples, 'policies'), join(root, 'policies'), { recursive: true });
  for (const [name, text] of Object.entries(calendars(now))) write(join('calendar', name), text);
  for (const [name, text] of Object.entries(inbox(now))) write(join('mail', 'inbox', name), text);
  for (const name of ['drafts', 'outbox', 'sent']) mkdirSync(join(root, 'mail', name));
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  await makeCrm(join(root, 'crm.db'), now);
  return {
    folder: root,
    config: join(root, 'mcp.json'),
    state: join(root, '.perimeter'),
    crm: join(root, 'crm.db'),
    drafts: join(root, 'mail', 'drafts'),
    dropbox: join(root, 'files', 'Dropbox'),
  };
}

function checkFree(root: string, shown: string): void {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory()) throw new UnfitFolder(`\`${shown}\` is no folder; name a new or an empty one`);
  if (stats && readdirSync(root).length > 0)
    throw new UnfitFolder(`the folder \`${shown}\` is not empty; name a new or an empty one`);
}
