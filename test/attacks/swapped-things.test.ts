// Threat: the number stays what was approved, and the message, the files or the event are others than those that were shown.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMailboxes } from '../../tools/downstream/address.ts';
import { calendarTools } from '../../tools/downstream/calendar/index.ts';
import { ianaZone } from '../../tools/downstream/calendar/zones.ts';
import { emailTools } from '../../tools/downstream/email/index.ts';
import { filesTools } from '../../tools/downstream/files/index.ts';
import { bundled, type World, world, yes } from '../world.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const RULES = `
  - id: looked-at
    why: a person looks first
    effect: ask
    scope: ["send:email", "write:files", "move:files", "create:files", "delete:files", "create:calendar", "write:calendar", "delete:calendar", "send:invitation"]
    limits: { uses: 4, for: 30m, files: 20, recipients: 20, bytes: 10MB }
  - { id: reading, why: looking is free, effect: allow, scope: ["read:files", "list:files"] }`;
const STANDUP = `BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:x\r
BEGIN:VEVENT\r
UID:standup\r
DTSTAMP:20261101T000000Z\r
DTSTART:20261123T090000Z\r
DURATION:PT15M\r
SUMMARY:Standup\r
RRULE:FREQ=WEEKLY;COUNT=3\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:lunch\r
DTSTAMP:20261101T000000Z\r
DTSTART:20261123T120000Z\r
DURATION:PT1H\r
SUMMARY:Lunch\r
END:VEVENT\r
END:VCALENDAR\r
`;

let base = '';
let open: World;
const at = (...names: string[]) => join(base, ...names);
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'perimeter-things-'));
  for (const folder of ['files/old/2024', 'files/old/2025', 'mail', 'attached', 'calendar'])
    mkdirSync(at(folder), { recursive: true });
  for (const file of ['old/2024/a.txt', 'old/2024/b.txt', 'old/2025/c.txt', 'plan.md'])
    writeFileSync(at('files', file), `${file} as it was`);
  writeFileSync(at('attached/report.txt'), 'the report');
  writeFileSync(at('calendar/work.ics'), STANDUP);
  const from = readMailboxes('--from', 'Felix <felix@acme.example>')[0]!;
  open = await world({
    rules: RULES,
    servers: {
      files: bundled(filesTools({ root: at('files') })),
      email: bundled(emailTools({ store: at('mail'), from, attachments: at('attached'), now: () => NOW })),
      calendar: bundled(calendarTools({ dir: at('calendar'), zone: ianaZone('UTC'), now: () => NOW })),
    },
    entries: {
      files: { command: 'perimeter', args: ['tool', 'files', '--root', at('files')] },
      email: { command: 'perimeter', args: ['tool', 'email', '--attachments', at('attached')] },
      calendar: { command: 'perimeter', args: ['tool', 'calendar', '--dir', at('calendar')] },
    },
    human: () => yes('approve_once'),
  });
});
afterEach(async () => {
  await open.close();
  rmSync(base, { recursive: true, force: true });
});

type Call = [tool: string, args: Record<string, unknown>];
const approved = async ([tool, args]: Call, strength = 'enforced') =>
  expect(await open.ask({ calls: [{ tool, arguments: args }] })).toMatchObject({
    status: 'granted',
    impact: { strength, holds: 'each' },
  });
const works = async ([tool, args]: Call) =>
  expect((await open.call(tool, args)).isError, open.questions.at(-1)?.message).toBeUndefined();
const refused = async ([tool, args]: Call) => {
  expect((await open.call(tool, args)).isError).toBe(true);
  expect(await open.events('call.outcome')).toMatchObject([{ outcome: 'outside_bound' }]);
};
const between = (act: () => void) => open.perimeter.audit.onEvent((event) => event.type === 'call.intent' && act());

describe('a folder is approved for deleting', () => {
  const REMOVE: Call = ['files__delete', { path: 'old', recursive: true }];

  it('and goes, told folder by folder', async () => {
    await approved(REMOVE);
    expect(open.questions[0]?.message).toContain(
      'This will affect 3 files in old (counted now, 12:00:00 UTC; enforced in the transaction, for exactly these files as they are now).',
    );
    expect(open.questions[0]?.message).toContain('Told by files: 2 in old/2024, 1 in old/2025');
    await works(REMOVE);
    expect(existsSync(at('files/old'))).toBe(false);
  });

  it.each<[string, () => void]>([
    [
      'another file in the place of one',
      () => {
        writeFileSync(at('files/other'), 'old/2024/a.txt is else');
        renameSync(at('files/other'), at('files/old/2024/a.txt'));
      },
    ],
    ['one that was written to', () => writeFileSync(at('files/old/2025/c.txt'), 'longer than it was before, much longer')],
    ['one moved to another name', () => renameSync(at('files/old/2024/a.txt'), at('files/old/2024/z.txt'))],
    [
      'one swapped for another of its folder',
      () => {
        renameSync(at('files/old/2024/a.txt'), at('files/old/tmp'));
        renameSync(at('files/old/2024/b.txt'), at('files/old/2024/a.txt'));
        renameSync(at('files/old/tmp'), at('files/old/2024/b.txt'));
      },
    ],
  ])('with %s, all of it stays', async (_what, swap) => {
    await approved(REMOVE);
    swap();
    await refused(REMOVE);
    expect(existsSync(at('files/old/2024'))).toBe(true);
  });

  it('with one less, the rest goes', async () => {
    await approved(REMOVE);
    rmSync(at('files/old/2024/a.txt'));
    await works(REMOVE);
  });

  it('with one that is swapped while the call is under way, all of it stays', async () => {
    await approved(REMOVE);
    between(() => writeFileSync(at('files/old/2024/a.txt'), 'swapped just now'));
    await refused(REMOVE);
  });
});

describe('a file is approved for', () => {
  it('writing as a new one: what came there meanwhile is not overwritten', async () => {
    const WRITE: Call = ['files__write', { path: 'new.md', content: 'x' }];
    await approved(WRITE);
    writeFileSync(at('files/new.md'), "somebody else's");
    await refused(WRITE);
    expect(readFileSync(at('files/new.md'), 'utf8')).toBe("somebody else's");
  });

  it('copying: another content is not copied', async () => {
    const COPY: Call = ['files__copy', { source: 'plan.md', destination: 'copy.md' }];
    await approved(COPY);
    writeFileSync(at('files/plan.md'), 'the salaries of everybody');
    await refused(COPY);
    expect(existsSync(at('files/copy.md'))).toBe(false);
  });

  it('moving: another file is not moved, and it says how far that is sure', async () => {
    const MOVE: Call = ['files__move', { source: 'plan.md', destination: 'old/plan.md' }];
    await approved(MOVE, 'checked');
    expect(open.questions[0]?.message).toContain(
      'This will affect 1 file: plan.md (counted now, 12:00:00 UTC; checked just before, for exactly these files as they are now).',
    );
    writeFileSync(at('files/plan.md'), 'another plan');
    await refused(MOVE);
    expect(existsSync(at('files/plan.md'))).toBe(true);
  });
});

describe('a message is approved', () => {
  const SEND: Call = [
    'email__send',
    {
      to: ['ann@acme.example'],
      bcc: 'eve@evil.example',
      subject: 'Report',
      body: 'Dear Ann,\nhere it is. Card 4111 1111 1111 1111',
      attachments: ['report.txt'],
    },
  ];
  const outbox = () =>
    existsSync(at('mail/outbox')) ? readdirSync(at('mail/outbox')).filter((name) => name.endsWith('.eml')) : [];

  it('is shown as it will go out, and goes out byte for byte as it was shown', async () => {
    await approved(SEND);
    const message = open.questions[0]?.message ?? '';
    for (const line of [
      'This will affect 1 recipient at acme.example, 1 recipient at evil.example (counted now',
      'Told by email: to ann@acme.example',
      'Told by email: blind copy to eve@evil.example',
      'Told by email: subject: Report',
      'Told by email: 10 words: Dear Ann, here it is. Card [card …]',
      'Told by email: attached: report.txt, 10 bytes, sha256 ',
    ])
      expect(message).toContain(line);
    const [, sha256] = /Told by email: sha256 ([0-9a-f]{64})/.exec(message) ?? [];
    await works(SEND);
    const [name = ''] = outbox();
    const { createHash } = await import('node:crypto');
    const to = JSON.stringify(['ann@acme.example', 'eve@evil.example']);
    expect(
      createHash('sha256')
        .update(to)
        .update('\0')
        .update(readFileSync(at('mail/outbox', name)))
        .digest('hex'),
    ).toBe(sha256);
    const state = readFileSync(join(open.folder, 'state', 'state.json'), 'utf8');
    expect(state).not.toContain('Report');
  });

  it('does not go out with another attachment of the same name', async () => {
    await approved(SEND);
    writeFileSync(at('attached/report.txt'), 'the secrets');
    await refused(SEND);
    expect(outbox()).toEqual([]);
  });

  it('goes out once, even where two uses were given', async () => {
    open.rules(RULES.replace('uses: 4', 'uses: 4, exact: true'));
    expect(await open.ask({ calls: [{ tool: SEND[0], arguments: SEND[1] }], uses: 2 })).toMatchObject({ status: 'granted' });
    await works(SEND);
    expect((await open.call(...SEND)).isError).toBe(true);
    expect(outbox()).toHaveLength(1);
  });
});

describe('an event is approved for', () => {
  const DELETE: Call = ['calendar__delete', { uid: 'standup' }];
  const edit = (from: string, to: string) =>
    writeFileSync(at('calendar/work.ics'), readFileSync(at('calendar/work.ics'), 'utf8').replace(from, to));

  it('deleting, and is told apart from a single one', async () => {
    await approved(DELETE, 'checked');
    expect(open.questions[0]?.message).toContain(
      'Told by calendar: Standup, 2026-11-23T09:00:00+00:00, a series: 3 of its occurrences, in the calendar work',
    );
    await works(DELETE);
    expect(readFileSync(at('calendar/work.ics'), 'utf8')).not.toContain('standup');
  });

  it.each([
    ['another title', 'SUMMARY:Standup', 'SUMMARY:Board meeting'],
    ['another time', 'DTSTART:20261123T090000Z', 'DTSTART:20261123T100000Z'],
    ['fewer occurrences', 'COUNT=3', 'COUNT=2'],
    ['more occurrences', 'COUNT=3', 'COUNT=52'],
    ['a guest', 'SUMMARY:Standup', 'SUMMARY:Standup\r\nATTENDEE:mailto:eve@evil.example'],
  ])('deleting, but it has %s by then: it stays', async (_what, from, to) => {
    await approved(DELETE, 'checked');
    edit(from, to);
    await refused(DELETE);
    expect(readFileSync(at('calendar/work.ics'), 'utf8')).toContain('UID:standup');
  });

  it('deleting, while another event changes: it goes', async () => {
    await approved(DELETE, 'checked');
    edit('SUMMARY:Lunch', 'SUMMARY:Long lunch');
    await works(DELETE);
    expect(readFileSync(at('calendar/work.ics'), 'utf8')).toContain('Long lunch');
  });

  it('changing, but it changed just before: nothing is written', async () => {
    const UPDATE: Call = ['calendar__update', { uid: 'lunch', title: 'Longer lunch' }];
    await approved(UPDATE, 'checked');
    between(() => edit('SUMMARY:Lunch', 'SUMMARY:Interview'));
    await refused(UPDATE);
    expect(readFileSync(at('calendar/work.ics'), 'utf8')).toContain('SUMMARY:Interview');
  });

  it('creating a series', async () => {
    const CREATE: Call = ['calendar__create', { title: 'Review', start: '2026-12-01T10:00', recurrence: 'FREQ=WEEKLY;COUNT=52' }];
    await approved(CREATE, 'checked');
    expect(open.questions[0]?.message).toContain('This will affect 52 events in work');
    expect(open.questions[0]?.message).toContain('a series: 52 of its occurrences');
    await works(CREATE);
  });
});

it('a wider permission holds for other calls too, each in the state it was last counted in', async () => {
  await open.close();
  const files = bundled(filesTools({ root: at('files') }));
  open = await world({
    rules: RULES,
    servers: { files },
    entries: { files: { command: 'perimeter', args: ['tool', 'files', '--root', at('files')] } },
    human: () => yes('approve'),
    settings: { prefix: 'none' },
  });
  const write = (content: string): Call => ['write', { path: 'plan.md', content }];
  expect(await open.ask({ calls: [{ tool: 'write', arguments: write('one')[1] }], uses: 2 })).toMatchObject({
    status: 'granted',
  });
  await works(write('one'));
  // the budget of files was one
  expect((await open.call(...write('two'))).isError).toBe(true);
});
