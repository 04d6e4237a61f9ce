// The bundled calendar: recurrences over clock changes, exceptions, broken files, injection, and changes that keep to their bound.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileZones } from '../../../tools/downstream/calendar/filezones.ts';
import { parseIcs } from '../../../tools/downstream/calendar/ics.ts';
import { calendarTools } from '../../../tools/downstream/calendar/index.ts';
import { planDelete } from '../../../tools/downstream/calendar/plans.ts';
import { ianaZone } from '../../../tools/downstream/calendar/zones.ts';
import { type BundledTool, callBundled } from '../../../tools/downstream/serve.ts';

const NOW = Date.UTC(2026, 2, 26, 12, 0, 0);

type Event = {
  uid: string;
  calendar: string;
  title: string;
  start: string;
  end: string;
  all_day: boolean;
  zone: string;
  recurring: boolean;
  occurrence?: string;
  status?: string;
  attendees?: string[];
  location?: string;
  notes?: string;
};
type Structured = {
  events: Event[];
  more: boolean;
  problems: { calendar: string; problem: string }[];
  uid: string;
  calendar: string;
};

let dir: string;
let tools: BundledTool[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calendar-'));
  tools = calendarTools({ dir, zone: ianaZone('Europe/Berlin'), now: () => NOW });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function call(name: string, input: Record<string, unknown> = {}, meta: Record<string, unknown> = {}) {
  const result = await callBundled(tools, name, input, { meta });
  if (!result.isError)
    tools
      .find((tool) => tool.name === name)
      ?.output?.strict()
      .parse(result.structuredContent);
  const [content] = result.content;
  const text = content?.type === 'text' ? content.text : '';
  return {
    text,
    failed: result.isError === true,
    structured: result.structuredContent as unknown as Structured,
    meta: result._meta ?? {},
  };
}

async function listed(from: string, to: string): Promise<Event[]> {
  const { structured, text, failed } = await call('list', { from, to, limit: 1000 });
  expect(failed, text).toBe(false);
  return structured.events;
}

const starts = (events: readonly Event[]): string[] => events.map((event) => event.start);

function event(...lines: string[]): string[] {
  return ['BEGIN:VEVENT', 'UID:one@acme.example', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Standup', ...lines, 'END:VEVENT'];
}

function ics(...lines: string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Acme//Test//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
}

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(dir, name), content);
const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

describe('recurrences and time zones', () => {
  it('keeps nine o’clock at nine o’clock over both clock changes', async () => {
    write(
      'work.ics',
      ics(...event('DTSTART;TZID=Europe/Berlin:20260301T090000', 'DTEND;TZID=Europe/Berlin:20260301T093000', 'RRULE:FREQ=DAILY')),
    );
    expect(starts(await listed('2026-03-28', '2026-03-30'))).toEqual([
      '2026-03-28T09:00:00+01:00',
      '2026-03-29T09:00:00+02:00',
      '2026-03-30T09:00:00+02:00',
    ]);
    expect(starts(await listed('2026-10-24', '2026-10-26'))).toEqual([
      '2026-10-24T09:00:00+02:00',
      '2026-10-25T09:00:00+01:00',
      '2026-10-26T09:00:00+01:00',
    ]);
  });

  it('reads a time that never happens with the offset before the gap, and one that happens twice as the first', async () => {
    write('gap.ics', ics(...event('DTSTART;TZID=Europe/Berlin:20260328T023000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=2')));
    write('twice.ics', ics(...event('DTSTART;TZID=Europe/Berlin:20261025T023000', 'DURATION:PT1H')));
    expect(starts(await listed('2026-03-29', '2026-03-29'))).toEqual(['2026-03-29T03:30:00+02:00']);
    expect(starts(await listed('2026-10-25', '2026-10-25'))).toEqual(['2026-10-25T02:30:00+02:00']);
  });

  it('gives every occurrence the exact length of DTEND, and the nominal one of DURATION', async () => {
    write(
      'exact.ics',
      ics(
        ...event(
          'DTSTART;TZID=Europe/Berlin:20260327T200000',
          'DTEND;TZID=Europe/Berlin:20260328T200000',
          'RRULE:FREQ=DAILY;COUNT=2',
        ),
      ),
    );
    write('nominal.ics', ics(...event('DTSTART;TZID=Europe/Berlin:20260328T200000', 'DURATION:P1D')));
    const ends = (await listed('2026-03-28', '2026-03-28')).map(({ calendar, start, end }) => `${calendar} ${start} ${end}`);
    expect(ends).toContain('exact 2026-03-28T20:00:00+01:00 2026-03-29T21:00:00+02:00');
    expect(ends).toContain('nominal 2026-03-28T20:00:00+01:00 2026-03-29T20:00:00+02:00');
  });

  it('uses the VTIMEZONE of the file for names nobody else knows', async () => {
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:Office time',
      'BEGIN:STANDARD',
      'DTSTART:19700101T000000',
      'TZOFFSETFROM:+0530',
      'TZOFFSETTO:+0530',
      'END:STANDARD',
      'END:VTIMEZONE',
    ];
    write('office.ics', ics(...zone, ...event('DTSTART;TZID=Office time:20260327T120000')));
    const [only] = await listed('2026-03-27', '2026-03-27');
    expect(only).toMatchObject({ start: '2026-03-27T07:30:00+01:00', zone: 'Office time' });
  });

  it('uses the VTIMEZONE’s own clock changes', async () => {
    const part = (name: string, start: string, from: string, to: string, rule: string): string[] => [
      `BEGIN:${name}`,
      `DTSTART:${start}`,
      `TZOFFSETFROM:${from}`,
      `TZOFFSETTO:${to}`,
      `RRULE:${rule}`,
      `END:${name}`,
    ];
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:Eastern Standard Time',
      ...part('DAYLIGHT', '20070311T020000', '-0500', '-0400', 'FREQ=YEARLY;BYMONTH=3;BYDAY=2SU'),
      ...part('STANDARD', '20071104T020000', '-0400', '-0500', 'FREQ=YEARLY;BYMONTH=11;BYDAY=1SU'),
      'END:VTIMEZONE',
    ];
    write('ny.ics', ics(...zone, ...event('DTSTART;TZID=Eastern Standard Time:20260301T090000', 'RRULE:FREQ=WEEKLY;COUNT=3')));
    expect(starts(await listed('2026-03-01', '2026-03-20'))).toEqual([
      '2026-03-01T15:00:00+01:00',
      '2026-03-08T14:00:00+01:00',
      '2026-03-15T14:00:00+01:00',
    ]);
  });

  it('reports an event in a zone that nobody knows, instead of guessing its time', async () => {
    write('odd.ics', ics(...event('DTSTART;TZID=Middle Earth:20260327T120000')));
    const { structured } = await call('list', { from: '2026-03-01', to: '2026-04-01' });
    expect(structured.events).toEqual([]);
    expect(structured.problems[0]?.problem).toContain('Middle Earth');
  });

  it('leaves out EXDATEs, as times, in UTC and as days, also when some match nothing', async () => {
    const exdates = [
      'EXDATE;TZID=Europe/Berlin:20260302T100000,20260303T090000',
      'EXDATE:20260304T080000Z',
      'EXDATE;VALUE=DATE:20260305',
    ];
    write('work.ics', ics(...event('DTSTART;TZID=Europe/Berlin:20260302T090000', 'RRULE:FREQ=DAILY;COUNT=6', ...exdates)));
    expect(starts(await listed('2026-03-01', '2026-03-31')).map((start) => start.slice(8, 10))).toEqual(['02', '06', '07']);
  });

  it('adds RDATEs and keeps the first start', async () => {
    write(
      'work.ics',
      ics(
        ...event(
          'DTSTART:20260302T090000Z',
          'RDATE:20260310T090000Z,20260305T090000Z',
          'RDATE;VALUE=PERIOD:20260312T090000Z/PT1H',
        ),
      ),
    );
    expect(starts(await listed('2026-03-01', '2026-03-31')).map((start) => start.slice(8, 10))).toEqual(['02', '05', '10', '12']);
  });

  it('puts an exception in the place of its occurrence, also when it moved far away', async () => {
    const series = event('DTSTART;TZID=Europe/Berlin:20260302T090000', 'DURATION:PT30M', 'RRULE:FREQ=WEEKLY;COUNT=3');
    const moved = event('RECURRENCE-ID:20260309T080000Z', 'DTSTART;TZID=Europe/Berlin:20260420T150000', 'DURATION:PT1H');
    write('work.ics', ics(...series, ...moved));
    expect(starts(await listed('2026-03-01', '2026-03-31')).map((start) => start.slice(5, 10))).toEqual(['03-02', '03-16']);
    const [exception] = await listed('2026-04-20', '2026-04-20');
    expect(exception).toMatchObject({
      start: '2026-04-20T15:00:00+02:00',
      end: '2026-04-20T16:00:00+02:00',
      occurrence: '2026-03-09T09:00:00+01:00',
    });
  });

  it('moves an occurrence and all after it with THISANDFUTURE', async () => {
    const series = event('DTSTART;TZID=Europe/Berlin:20260302T090000', 'DURATION:PT30M', 'RRULE:FREQ=WEEKLY;COUNT=4');
    const shifted = event(
      'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260316T090000',
      'DTSTART;TZID=Europe/Berlin:20260317T110000',
      'DURATION:PT2H',
    );
    write('work.ics', ics(...series, ...shifted));
    expect(starts(await listed('2026-03-01', '2026-03-31'))).toEqual([
      '2026-03-02T09:00:00+01:00',
      '2026-03-09T09:00:00+01:00',
      '2026-03-17T11:00:00+01:00',
      '2026-03-24T11:00:00+01:00',
    ]);
  });

  it('shows whole days as dates, and ends a rule with the whole day of its UNTIL', async () => {
    write(
      'work.ics',
      ics(...event('DTSTART;VALUE=DATE:20260302', 'DTEND;VALUE=DATE:20260304', 'RRULE:FREQ=WEEKLY;UNTIL=20260309')),
    );
    const events = await listed('2026-03-01', '2026-03-31');
    expect(events.map(({ start, end, all_day }) => [start, end, all_day])).toEqual([
      ['2026-03-02', '2026-03-04', true],
      ['2026-03-09', '2026-03-11', true],
    ]);
  });

  it('reads floating times in the reader’s zone', async () => {
    write('work.ics', ics(...event('DTSTART:20260401T090000')));
    expect((await listed('2026-04-01', '2026-04-01'))[0]).toMatchObject({ start: '2026-04-01T09:00:00+02:00', zone: 'floating' });
  });

  it('caps what it lists and says that there is more', async () => {
    write('work.ics', ics(...event('DTSTART:20260101T000000Z', 'RRULE:FREQ=HOURLY')));
    const { structured } = await call('list', { from: '2026-03-01', to: '2026-06-01', limit: 1000 });
    expect(structured.events).toHaveLength(1000);
    expect(structured.more).toBe(true);
  });

  it.each([
    ['never holds', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'],
    ['runs every second', 'FREQ=SECONDLY'],
    ['has an impossible month', 'FREQ=YEARLY;BYMONTH=13'],
    ['has an impossible week', 'FREQ=YEARLY;BYWEEKNO=60'],
  ])('is not held up by a rule that %s', async (_what, rule) => {
    const other = ['BEGIN:VEVENT', 'UID:two', 'DTSTART:20260327T090000Z', 'END:VEVENT'];
    write('work.ics', ics(...event('DTSTART:20200101T000000Z', `RRULE:${rule}`), ...other));
    const { structured } = await call('list', { from: '2026-03-27', to: '2026-03-27' });
    expect(structured.events.map(({ uid }) => uid)).toEqual(['two']);
    expect(structured.problems).toHaveLength(1);
  });

  it('lists the coming seven days from the time it is given', async () => {
    write('work.ics', ics(...event('DTSTART:20260301T120000Z', 'RRULE:FREQ=DAILY')));
    const { structured } = await call('list');
    expect(structured.events.map(({ start }) => start.slice(5, 10))).toEqual([
      '03-26',
      '03-27',
      '03-28',
      '03-29',
      '03-30',
      '03-31',
      '04-01',
    ]);
  });
});

describe('free and busy', () => {
  it('merges what overlaps or touches, cuts at the range, and leaves out free and cancelled events', async () => {
    const at = (uid: string, ...lines: string[]): string[] => ['BEGIN:VEVENT', `UID:${uid}`, ...lines, 'END:VEVENT'];
    write(
      'a.ics',
      ics(
        ...at('1', 'DTSTART:20260326T230000Z', 'DTEND:20260327T080000Z'),
        ...at('2', 'DTSTART:20260327T090000Z', 'DTEND:20260327T100000Z'),
        ...at('3', 'DTSTART:20260327T093000Z', 'DTEND:20260327T110000Z'),
      ),
    );
    write(
      'b.ics',
      ics(
        ...at('4', 'DTSTART:20260327T110000Z', 'DTEND:20260327T113000Z'),
        ...at('5', 'DTSTART:20260327T150000Z', 'DTEND:20260327T160000Z', 'TRANSP:TRANSPARENT'),
        ...at('6', 'DTSTART:20260327T150000Z', 'DTEND:20260327T160000Z', 'STATUS:CANCELLED'),
      ),
    );
    const { structured } = await call('freebusy', { from: '2026-03-27T06:00', to: '2026-03-27T20:00' });
    expect(structured).toMatchObject({
      busy: [
        { start: '2026-03-27T06:00:00+01:00', end: '2026-03-27T09:00:00+01:00' },
        { start: '2026-03-27T10:00:00+01:00', end: '2026-03-27T12:30:00+01:00' },
      ],
      complete: true,
    });
  });

  it('says that it isn’t complete when something could not be read', async () => {
    write('broken.ics', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n');
    expect((await call('freebusy')).structured).toMatchObject({ busy: [], complete: false });
  });
});

describe('broken and strange files', () => {
  const broken: [string, string | Uint8Array][] = [
    ['nothing', ''],
    ['cut off', ics(...event('DTSTART:20260327T090000Z')).slice(0, -30)],
    ['no calendar', 'hello\r\n'],
    ['crossed ends', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\nEND:VEVENT\r\n'],
    ['two calendars', ics() + ics()],
    [
      'not UTF-8',
      Buffer.concat([Buffer.from('BEGIN:VCALENDAR\r\nX-A:'), Buffer.from([0xff, 0xfe]), Buffer.from('\r\nEND:VCALENDAR\r\n')]),
    ],
    ['zero bytes', new Uint8Array(2000)],
    ['no line structure', ics('this is no property')],
  ];
  it.each(broken)('names a file that is %s, skips it, and never writes to it', async (_what, content) => {
    write('broken.ics', content);
    write('good.ics', ics(...event('DTSTART:20260327T090000Z')));
    const { structured } = await call('list', { from: '2026-03-27', to: '2026-03-27' });
    expect(structured.events.map(({ calendar }) => calendar)).toEqual(['good']);
    expect(structured.problems).toEqual([{ calendar: 'broken', problem: expect.stringContaining('broken.ics') }]);
    const { failed, text } = await call('create', { title: 'x', start: '2026-03-27', calendar: 'broken' });
    expect([failed, text]).toEqual([true, expect.stringContaining('can not be used')]);
    expect(readFileSync(join(dir, 'broken.ics'))).toEqual(Buffer.from(content));
  });

  it('leaves out an event without a start or a UID, and keeps the others', async () => {
    const nameless = ['BEGIN:VEVENT', 'DTSTART:20260327T090000Z', 'END:VEVENT'];
    const garbled = ['BEGIN:VEVENT', 'UID:garbled', 'DTSTART:tomorrow', 'END:VEVENT'];
    write('work.ics', ics(...nameless, ...garbled, 'BEGIN:VEVENT', 'UID:x', 'END:VEVENT', ...event('DTSTART:20260327T090000Z')));
    const { structured } = await call('list', { from: '2026-03-27', to: '2026-03-27' });
    expect(structured.events).toHaveLength(1);
    expect(structured.problems).toHaveLength(3);
  });

  it('does not follow a link out of the folder', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    writeFileSync(join(outside, 'secret.ics'), ics(...event('DTSTART:20260327T090000Z')));
    symlinkSync(join(outside, 'secret.ics'), join(dir, 'link.ics'));
    const { structured } = await call('list', { from: '2026-03-27', to: '2026-03-27' });
    expect([structured.events.length, structured.problems.length]).toEqual([0, 1]);
    rmSync(outside, { recursive: true });
  });
});

describe('creating', () => {
  it('makes an event that it lists again, in its zone', async () => {
    write('work.ics', ics());
    const { structured, failed, text } = await call('create', {
      title: 'Review; with commas, and \\ backslash',
      start: '2026-07-01T09:00',
      duration: '1h30m',
      zone: 'America/New_York',
      location: 'Room "7"',
      notes: 'line one\nline two; ü',
      attendees: ['Ann <ann@acme.example>', '"Lee, Bob" <bob@acme.example>'],
    });
    expect(failed, text).toBe(false);
    expect(text).toContain('no invitation');
    expect(structured).toMatchObject({ calendar: 'work', events: 1, more: false });
    expect(await listed('2026-07-01', '2026-07-01')).toEqual([
      expect.objectContaining({
        uid: structured.uid,
        title: 'Review; with commas, and \\ backslash',
        start: '2026-07-01T15:00:00+02:00',
        end: '2026-07-01T16:30:00+02:00',
        zone: 'America/New_York',
        location: 'Room "7"',
        notes: 'line one\nline two; ü',
        attendees: ['ann@acme.example', 'bob@acme.example'],
      }),
    ]);
  });

  it('makes a whole day and a series, and the first calendar of an empty folder', async () => {
    await call('create', { title: 'Holiday', start: '2026-07-01', duration: '2d' });
    await call('create', { title: 'Jour fixe', start: '2026-07-06T10:00', recurrence: 'FREQ=WEEKLY;BYDAY=MO;UNTIL=20260720' });
    expect(readdirSync(dir)).toEqual(['calendar.ics']);
    expect((await listed('2026-07-01', '2026-07-31')).map(({ title, start }) => `${title} ${start}`)).toEqual([
      'Holiday 2026-07-01',
      'Jour fixe 2026-07-06T10:00:00+02:00',
      'Jour fixe 2026-07-13T10:00:00+02:00',
      'Jour fixe 2026-07-20T10:00:00+02:00',
    ]);
  });

  it('lets no text become a property', async () => {
    write('work.ics', ics());
    for (const title of [
      'x\r\nATTENDEE:mailto:eve@evil.example',
      'x\nEND:VEVENT',
      'x\rDTSTART:1',
      'x\u2028y',
      'x\u0000',
      'x\u0085y',
      '\ud800',
    ]) {
      const { failed } = await call('create', { title, start: '2026-07-01' });
      expect(failed, JSON.stringify(title)).toBe(true);
    }
    const notes = 'one\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil';
    expect((await call('create', { title: 'x', start: '2026-07-01', notes })).failed).toBe(false);
    const events = await listed('2026-07-01', '2026-07-01');
    expect(events).toHaveLength(1);
    expect(events[0]?.notes).toBe(notes.replaceAll('\r\n', '\n'));
    expect(read('work.ics').match(/^END:VEVENT/gm)).toHaveLength(1);
  });

  it.each([
    [{ attendees: 'eve@evil.example\r\nSUMMARY:x' }, 'control character'],
    [{ attendees: ['mailto:eve@evil.example'] }, 'no plain address'],
    [{ attendees: ['"eve\\" <eve@evil.example>'] }, 'no plain address'],
    [{ recurrence: 'FREQ=WEEKLY\r\nATTENDEE:mailto:eve@evil.example' }, 'control character'],
    [{ recurrence: 'FREQ=WEEKLY;X-EVIL=1' }, 'not used here'],
    [{ recurrence: 'FREQ=SECONDLY' }, 'must repeat'],
    [{ recurrence: 'FREQ=DAILY;COUNT=2;UNTIL=20270101' }, 'use one'],
    [{ recurrence: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30' }, 'can not be worked out'],
    [{ zone: 'Europe/Berlin;X=1' }, 'no time zone'],
    [{ zone: 'Middle/Earth' }, 'no time zone'],
    [{ zone: '+01:00' }, 'no time zone'],
    [{ end: '2026-06-30T10:00' }, 'not after'],
    [{ end: '2026-07-02' }, 'both'],
    [{ end: '2026-07-01T10:00', duration: '1h' }, 'not both'],
    [{ duration: '90' }, 'with units'],
    [{ start: '2026-02-30' }, 'no date that exists'],
    [{ start: 'tomorrow' }, 'not a date or time'],
    [{ start: '2026-07-01T25:00' }, 'no date that exists'],
    [{ calendar: '../evil' }, 'no calendar'],
    [{ organizer: 'eve@evil.example' }, 'organizer'],
    [{ title: '' }, 'empty'],
  ])('refuses %j and says why', async (fields, reason) => {
    write('work.ics', ics());
    const before = read('work.ics');
    const { failed, text } = await call('create', { title: 'x', start: '2026-07-01T09:00', ...fields });
    expect([failed, text]).toEqual([true, expect.stringContaining(reason)]);
    expect(read('work.ics')).toBe(before);
    expect(existsSync(join(dir, '..', 'evil.ics'))).toBe(false);
  });

  it('writes the definition of every zone it uses into the file, once, and true to the zone', async () => {
    write('work.ics', ics());
    for (const zone of ['America/New_York', 'Africa/Casablanca', 'America/New_York', 'Asia/Kolkata']) {
      await call('create', { title: zone, start: '2026-07-01T09:00', zone, recurrence: 'FREQ=MONTHLY;COUNT=24' });
    }
    const { calendar } = parseIcs(readFileSync(join(dir, 'work.ics')));
    expect(calendar.getAllSubcomponents('vtimezone').map((zone) => zone.getFirstPropertyValue('tzid'))).toEqual([
      'America/New_York',
      'Africa/Casablanca',
      'Asia/Kolkata',
    ]);
    const zones = fileZones(calendar);
    for (const name of ['America/New_York', 'Africa/Casablanca', 'Asia/Kolkata']) {
      const [written, known] = [zones(name)!, ianaZone(name)];
      for (let wall = Date.UTC(1970, 0, 3); wall < Date.UTC(2050, 0, 1); wall += 53.5 * 3_600_000)
        expect(written.instant(wall)).toBe(known.instant(wall));
    }
  });

  it('asks which calendar when there are several', async () => {
    write('work.ics', ics());
    write('home.ics', ics());
    expect((await call('create', { title: 'x', start: '2026-07-01' })).text).toContain('`home`, `work`');
  });

  it('gives back every title and note that it takes, and leaves the rest of the file alone', async () => {
    const rest = ics(...event('DTSTART:20200101T090000Z', 'X-ODD;A="b;c":d\\,e'));
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 200 }),
        async (title, notes) => {
          write('work.ics', rest);
          const { failed, structured } = await call('create', { title, notes, start: '2026-07-01T09:00' });
          if (failed) {
            expect(read('work.ics')).toBe(rest);
            return;
          }
          const events = await listed('2026-07-01', '2026-07-01');
          expect(events).toHaveLength(1);
          expect(events[0]).toMatchObject({ uid: structured.uid, title });
          expect(events[0]?.notes ?? '').toBe(notes.trim() === '' ? '' : notes.replaceAll('\r\n', '\n'));
          const text = read('work.ics');
          expect(text.slice(0, rest.indexOf('END:VCALENDAR'))).toBe(rest.slice(0, rest.indexOf('END:VCALENDAR')));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('changing and deleting', () => {
  const other = [
    'BEGIN:VEVENT',
    'uid:other',
    'X-CUSTOM;P="q":kept\\, as it',
    '  is',
    'DTSTART:20260327T100000Z',
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'END:VALARM',
    'END:VEVENT',
  ];
  const series = (...more: string[]): string =>
    ics(
      'X-WR-CALNAME:Team',
      ...other,
      ...event(
        'DTSTART;TZID=Europe/Berlin:20260302T090000',
        'DTEND;TZID=Europe/Berlin:20260302T093000',
        'RRULE:FREQ=WEEKLY',
        'X-KEPT:yes',
        ...more,
      ),
    );

  it('changes one occurrence and keeps the others, and every other byte', async () => {
    write('work.ics', series());
    const { failed, text, structured } = await call('update', {
      uid: 'one@acme.example',
      occurrence: '2026-03-30T09:00:00+02:00',
      start: '2026-03-31T14:00',
      title: 'Late standup',
    });
    expect(failed, text).toBe(false);
    expect(structured).toMatchObject({ events: 1, more: false });
    expect((await listed('2026-03-23', '2026-04-06')).filter(({ uid }) => uid === 'one@acme.example')).toEqual([
      expect.objectContaining({ start: '2026-03-23T09:00:00+01:00', title: 'Standup' }),
      expect.objectContaining({
        start: '2026-03-31T14:00:00+02:00',
        end: '2026-03-31T14:30:00+02:00',
        title: 'Late standup',
        occurrence: '2026-03-30T09:00:00+02:00',
      }),
      expect.objectContaining({ start: '2026-04-06T09:00:00+02:00', title: 'Standup' }),
    ]);
    expect(read('work.ics').startsWith(series().slice(0, -'END:VCALENDAR\r\n'.length))).toBe(true);
    await call('update', { uid: 'one@acme.example', occurrence: '2026-03-30T09:00:00+02:00', title: 'Later standup' });
    expect(read('work.ics').match(/RECURRENCE-ID/g)).toHaveLength(1);
  });

  it('deletes one occurrence, also one that was changed', async () => {
    write('work.ics', series());
    await call('update', { uid: 'one@acme.example', occurrence: '2026-03-09T09:00:00+01:00', title: 'Changed' });
    await call('delete', { uid: 'one@acme.example', occurrence: '2026-03-09T09:00:00+01:00' });
    await call('delete', { uid: 'one@acme.example', occurrence: '2026-03-16' });
    const days = (await listed('2026-03-01', '2026-03-24')).map(({ start }) => start.slice(8, 10));
    expect(days).toEqual(['02', '23']);
    expect(read('work.ics')).not.toContain('RECURRENCE-ID');
    expect(read('work.ics')).toContain(other.join('\r\n'));
  });

  it('changes a whole series, and keeps what it does not know', async () => {
    write('work.ics', series());
    const { text, failed } = await call('update', {
      uid: 'one@acme.example',
      start: '2026-03-03T10:00',
      recurrence: 'FREQ=WEEKLY;COUNT=2',
      location: 'Room 1',
    });
    expect(failed, text).toBe(false);
    const events = (await listed('2026-03-01', '2026-04-30')).filter(({ uid }) => uid === 'one@acme.example');
    expect(starts(events)).toEqual(['2026-03-03T10:00:00+01:00', '2026-03-10T10:00:00+01:00']);
    expect(read('work.ics')).toContain('X-KEPT:yes');
    expect(read('work.ics')).toContain('SEQUENCE:1');
    expect(read('work.ics')).toContain(other.join('\r\n'));
  });

  it('does not move a series under its exceptions', async () => {
    write('work.ics', series('EXDATE;TZID=Europe/Berlin:20260309T090000'));
    const { failed, text } = await call('update', { uid: 'one@acme.example', start: '2026-03-03T10:00' });
    expect([failed, text]).toEqual([true, expect.stringContaining('changed or removed occurrences')]);
  });

  it('takes a field away with an empty text, and keeps answers of those who stay', async () => {
    write(
      'work.ics',
      series('LOCATION:Room 1', 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:Ann@acme.example', 'ATTENDEE:mailto:bob@acme.example'),
    );
    await call('update', { uid: 'one@acme.example', location: '', attendees: ['ann@acme.example', 'carl@acme.example'] });
    const text = read('work.ics');
    expect(text).not.toContain('LOCATION');
    expect(text).toContain('PARTSTAT=ACCEPTED:mailto:Ann@acme.example');
    expect(text).not.toContain('bob@');
    expect(text.replaceAll('\r\n ', '')).toContain('PARTSTAT=NEEDS-ACTION:mailto:carl@acme.example');
  });

  it('keeps line ends and a byte order mark', async () => {
    const text = `\ufeff${series().replaceAll('\r\n', '\n')}`;
    write('work.ics', text);
    await call('delete', { uid: 'other' });
    expect(read('work.ics')).toBe(text.replace(`${other.join('\n')}\n`, ''));
  });

  it.each([
    ['update', { uid: 'nobody', title: 'x' }, 'no event with the uid'],
    ['update', { uid: 'one@acme.example' }, 'nothing to change'],
    ['update', { uid: 'one@acme.example', occurrence: '2026-03-03T09:00', title: 'x' }, 'no such `occurrence`'],
    ['update', { uid: 'other', occurrence: '2026-03-27T10:00:00Z', title: 'x' }, 'no such `occurrence`'],
    ['update', { uid: 'one@acme.example', occurrence: '2026-03-09', recurrence: 'FREQ=DAILY' }, 'whole series'],
    ['update', { uid: 'one@acme.example', title: 'x\r\nSTATUS:CANCELLED' }, 'control character'],
    ['update', { uid: 'one@acme.example', start: '2026-03-09' }, 'give `end` or `duration`'],
    ['delete', { uid: '*' }, 'no event with the uid'],
    ['delete', { uid: 'other', calendar: 'home' }, 'no calendar'],
    ['delete', {}, 'uid'],
  ])('%s refuses %j', async (name, input, reason) => {
    write('work.ics', series());
    const { failed, text } = await call(name, input);
    expect([failed, text]).toEqual([true, expect.stringContaining(reason)]);
    expect(read('work.ics')).toBe(series());
  });

  it('asks for the calendar where a uid is in several, and touches no file where it is there twice', async () => {
    write('a.ics', series());
    write('b.ics', series());
    expect((await call('delete', { uid: 'other' })).text).toContain('`a` or `b`');
    expect((await call('delete', { uid: 'other', calendar: 'a' })).failed).toBe(false);
    write('b.ics', ics(...other, ...other));
    expect((await call('delete', { uid: 'other', calendar: 'b' })).text).toContain('several events with this uid');
  });
});

describe('the impact convention', () => {
  const series = ics(...event('DTSTART:20260302T090000Z', 'RRULE:FREQ=DAILY;COUNT=23'));

  it.each([
    'FREQ=DAILY',
    'FREQ=SECONDLY',
    'FREQ=SECONDLY;COUNT=2000000000',
    'FREQ=MINUTELY;INTERVAL=1;UNTIL=99991231T235959Z',
    'FREQ=YEARLY;COUNT=999999999',
    'FREQ=SECONDLY;BYSECOND=0,1,2,3,4,5,6,7,8,9,10',
    'FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,1,2,3,4,5;BYSECOND=0,1,2,3,4,5;COUNT=100000',
  ])('counts %s to its cap, says that there is more, and stops', async (rule) => {
    write('work.ics', ics(...event('DTSTART:20260302T090000Z', `RRULE:${rule}`)));
    const started = performance.now();
    for (const [tool, args] of [
      ['preview_delete', {}],
      ['preview_update', { title: 'y' }],
    ] as const) {
      const { text, structured } = await call(tool, { uid: 'one@acme.example', ...args });
      expect([text.includes('more than 1000 events'), structured]).toMatchObject([true, { total: 1000, more: true }]);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each(['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=YEARLY;BYWEEKNO=60'])(
    'has no number for %s, which never holds, and stops',
    async (rule) => {
      write('work.ics', ics(...event('DTSTART:20260302T090000Z', `RRULE:${rule}`)));
      const started = performance.now();
      const { structured, failed } = await call('preview_delete', { uid: 'one@acme.example' });
      // DTSTART itself counts, and nothing is made up beside it
      expect(failed || structured.more === false).toBe(true);
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );

  it('shows what is attached to an event that changes or goes', async () => {
    const attached = ['ATTACH:https://files.example/plan.pdf', 'ATTACH;ENCODING=BASE64;VALUE=BINARY:eHl6'];
    write('work.ics', ics(...event('DTSTART:20260302T090000Z', ...attached)));
    for (const [tool, args] of [
      ['preview_delete', {}],
      ['preview_update', { title: 'y' }],
    ] as const) {
      const { text } = await call(tool, { uid: 'one@acme.example', ...args });
      expect(text).toContain('attached by its address: https://files.example/plan.pdf');
      expect(text).toContain('attached in the event: 3 bytes');
    }
    const many = Array.from({ length: 9 }, (_, at) => `ATTACH:https://files.example/${at}`);
    write('work.ics', ics(...event('DTSTART:20260302T090000Z', ...many)));
    expect((await call('preview_delete', { uid: 'one@acme.example' })).text).toContain('and 4 more attached');
  });

  it('counts occurrences without changing anything', async () => {
    write('work.ics', series);
    const deleting = await call('preview_delete', { uid: 'one@acme.example' });
    expect(deleting.structured).toMatchObject({
      total: 23,
      unit: 'events',
      per_resource: { 'one@acme.example': 23 },
      strength: 'checked',
    });
    const creating = await call('preview_create', {
      title: 'x',
      start: '2026-07-01',
      recurrence: 'FREQ=DAILY',
      attendees: 'ann@acme.example',
    });
    expect(creating.structured).toMatchObject({ total: 1000, more: true, per_resource: { work: 1000 } });
    expect(creating.text).toContain('no invitation');
    const updating = await call('preview_update', { uid: 'one@acme.example', recurrence: 'FREQ=DAILY;COUNT=47' });
    expect(updating.structured).toMatchObject({ total: 47 });
    expect(
      (await call('preview_update', { uid: 'one@acme.example', occurrence: '2026-03-03', title: 'y' })).structured,
    ).toMatchObject({ total: 1 });
    expect(read('work.ics')).toBe(series);
  });

  it('acts inside the bound and says what it did', async () => {
    write('work.ics', series);
    const bound = { 'perimeter/bound': { per_resource: { 'one@acme.example': 23 }, total: 23 } };
    const { failed, meta } = await call('delete', { uid: 'one@acme.example' }, bound);
    expect(failed).toBe(false);
    expect(meta['perimeter/actual']).toEqual({ per_resource: { 'one@acme.example': 23 }, total: 23, unit: 'events' });
  });

  it('changes nothing when the series has grown since', async () => {
    const grown = series.replace('COUNT=23', 'COUNT=24');
    write('work.ics', grown);
    const bound = { 'perimeter/bound': { per_resource: { 'one@acme.example': 23 }, total: 23 } };
    const { failed, meta } = await call('delete', { uid: 'one@acme.example' }, bound);
    expect(failed).toBe(true);
    expect(meta['perimeter/outside_bound']).toEqual({ per_resource: { 'one@acme.example': 24 }, total: 24 });
    expect(read('work.ics')).toBe(grown);
  });

  it('writes nothing when the file changed between counting and writing', () => {
    write('work.ics', series);
    const plan = planDelete({ dir, zone: ianaZone('Europe/Berlin'), now: () => NOW }, { uid: 'one@acme.example' });
    const changed = series.replace('Standup', 'Stand-up');
    write('work.ics', changed);
    expect(() => plan.carryOut()).toThrow('changed by something else');
    expect(read('work.ics')).toBe(changed);
    expect(readdirSync(dir)).toEqual(['work.ics']);
  });

  it('declares a preview for everything that changes, and is honest about the rest', () => {
    const changing = tools.filter((tool) => !tool.annotations.readOnlyHint).map((tool) => [tool.name, tool.impact?.preview]);
    expect(changing).toEqual([
      ['create', 'preview_create'],
      ['update', 'preview_update'],
      ['delete', 'preview_delete'],
    ]);
  });
});

describe('search', () => {
  it('finds text in any field, in any case, a series once', async () => {
    write(
      'work.ics',
      ics(
        ...event(
          'DTSTART:20200302T090000Z',
          'RRULE:FREQ=DAILY',
          'DESCRIPTION:about the ＢＵＤＧＥＴ',
          'ATTENDEE:mailto:ann@acme.example',
        ),
      ),
    );
    for (const text of ['budget', 'STAND', 'ann@acme']) {
      const { structured } = await call('search', { text });
      expect(structured.events.map(({ uid, recurring }) => [uid, recurring])).toEqual([['one@acme.example', true]]);
    }
    expect((await call('search', { text: 'nothing' })).structured.events).toEqual([]);
  });
});
