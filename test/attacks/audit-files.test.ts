// Threat: somebody moves, cuts or exchanges the audit's files under a guard that runs, so that what follows is recorded nowhere.
import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { verifyAudit } from '../../server/audit/verify.ts';
import { type World, world } from '../world.ts';

const RULES = '\n  - { id: reads, why: reading is fine, effect: allow, scope: "read:files" }';
const BINDING = 'server: files\ntools:\n  read: { does: read:files, resource: { path: path } }\n';

let open: World | undefined;
afterEach(() => open?.close().catch(() => undefined));

type Place = { folder: string; segment: string };

/** What is done, what the guard says of it, and what `verify` answers when the guard has said its last word: 0 where a good copy was left. */
const HARMS: [string, (place: Place) => void, RegExp, number][] = [
  ['the segment is removed', ({ segment }) => rmSync(segment), /was deleted/, 1],
  ['the segment gets another name', ({ segment }) => renameSync(segment, `${segment}.old`), /was deleted/, 1],
  [
    'the segment gets another number',
    ({ segment }) => renameSync(segment, segment.replace('000001', '000009')),
    /was deleted/,
    1,
  ],
  [
    'a copy stands in the place of the segment',
    ({ segment }) => {
      renameSync(segment, `${segment}.old`);
      writeFileSync(segment, readFileSync(`${segment}.old`));
    },
    /was replaced/,
    0,
  ],
  [
    'another file is moved over the segment',
    ({ segment }) => {
      writeFileSync(`${segment}.new`, readFileSync(segment));
      renameSync(`${segment}.new`, segment);
    },
    /was replaced/,
    0,
  ],
  ['the segment is cut', ({ segment }) => truncateSync(segment, 100), /was changed by somebody else/, 1],
  ['the segment is emptied', ({ segment }) => truncateSync(segment, 0), /was changed by somebody else/, 1],
  ['somebody adds to the segment', ({ segment }) => appendFileSync(segment, '{}\n'), /was changed by somebody else/, 1],
  ['the folder is removed', ({ folder }) => rmSync(folder, { recursive: true }), /was deleted/, 3],
  ['the folder gets another name', ({ folder }) => renameSync(folder, `${folder}.old`), /was deleted/, 3],
  [
    'a copy stands in the place of the folder',
    ({ folder }) => {
      renameSync(folder, `${folder}.old`);
      cpSync(`${folder}.old`, folder, { recursive: true });
    },
    /was replaced/,
    0,
  ],
];

it.each(HARMS)('%s: nothing is forwarded any more, and the guard says why', async (_, harm, why, code) => {
  const given = await world({ rules: RULES, bindings: BINDING, servers: { files: { read: {} } } });
  open = given;
  await given.call('read', { path: 'before' });
  expect(given.forwarded).toHaveLength(1);
  const folder = join(given.folder, 'state', 'audit');
  const name = readdirSync(folder).find((one) => one.endsWith('.jsonl'));
  harm({ folder, segment: join(folder, name!) });

  for (const path of ['after', 'after again']) {
    const refused = await given.call('read', { path });
    expect(refused.isError).toBe(true);
    expect(String(refused.content[0]?.text)).toMatch(/audit cannot be written/);
  }
  expect(given.forwarded).toHaveLength(1);
  const status = (await given.command('status', {})) as { audit: { failed?: string } };
  expect(status.audit.failed).toMatch(why);

  await expect.poll(async () => (await verifyAudit(folder)).code, { timeout: 5_000 }).toBe(code);
});
