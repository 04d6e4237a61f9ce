// From a call to its actions and facts, by a binding or without one.
import { beforeAll, describe, expect, test } from 'vitest';
import { classify } from '../../policies/classify.ts';
import { loadPolicy } from '../../policies/load.ts';
import type { Reading } from '../../policies/reading.ts';
import { actionText } from '../../policies/scope.ts';
import { formatProblem } from '../../policies/source.ts';
import { loadSqlParsers } from '../../policies/sql/index.ts';
import { Unreadable } from '../../policies/values/unreadable.ts';

const BINDING = `
server: crm
root: /srv/share
own: { domains: [acme.example] }
tools:
  read_file: { does: read:files, resource: { path: path }, ignore: [limit] }
  read_many: { does: read:files, resource: { path: "files[].path" } }
  list_files: { does: list:files, resource: { path: path } }
  move_file: { does: move:files, resource: { path: [source, destination] } }
  save: { does: write:files, resource: { path: path }, facts: { body: content } }
  send_email:
    does: send:email
    resource: { address: [to, cc, bcc, reply_to] }
    facts: { body: [subject, body], attachments: "files[].path" }
    also: [{ given: notify, does: send:message, resource: { address: notify } }]
  reply: { does: send:email, resource: none, facts: { body: body }, ignore: [id] }
  add_event:
    does: create:calendar
    resource: { text: calendar }
    facts: { body: [title, notes] }
    also: [{ given: guests, does: send:invitation, resource: { address: guests } }]
  share: { does: share:calendar, resource: { address: who } }
  cancel: { does: delete:calendar, resource: { event: [id, ids] } }
  fetch: { does: read:web, resource: { url: [url, urls] } }
  query: { does: sql, sql: { statement: sql, dialect: postgres, domain: database } }
  admin: { does: { by: operation, list: "read:crm", update: "write:crm", "*": "delete:crm" }, resource: { text: table } }
  narrow: { does: { by: operation, list: "read:crm" } }
  pay: { does: send:money, resource: { text: iban }, facts: { amount: amount, nights: nights, all: urgent, tags: [a, b], rows: "lines[].qty" }, risk: critical, sensitive: [financial] }
  pay_lines: { does: send:money, resource: { text: "lines[].iban" }, facts: { amount: "lines[].amount" } }
  post_files: { does: send:chat, resource: none, facts: { attachments: files } }
  ping: { does: read:crm, resource: none }
`;
const loaded = loadPolicy([{ path: 'b.yaml', text: BINDING, kind: 'bindings' }], { factors: [] });
if (!loaded.policy) throw new Error(loaded.problems.map(formatProblem).join('\n'));
const [binding] = loaded.policy.bindings;
const disk = {
  realpath: (path: string) => path.replace('/srv/share/link', '/srv/share/hr'),
  isFolder: (path: string) => path === '/srv/share' || path === '/srv/share/hr',
};
const read = (tool: string, args: Record<string, unknown>, definition?: object): Reading =>
  classify({ server: { server: 'crm', binding, root: '/srv/share' }, tool, args, ...(definition ? { definition } : {}) }, disk);
const actions = (tool: string, args: Record<string, unknown>) => read(tool, args).actions.map(actionText);
const facts = (tool: string, args: Record<string, unknown>) => read(tool, args).facts;

beforeAll(loadSqlParsers);

describe('actions', () => {
  test.each<[string, string, Record<string, unknown>, string[]]>([
    ['a path', 'read_file', { path: 'a/../b.md' }, ['read:files:b.md']],
    ['a path through a link', 'read_file', { path: 'link/x' }, ['read:files:hr/x']],
    ['a path outside', 'read_file', { path: '../x' }, ['read:files:/srv/x']],
    ['every path', 'move_file', { source: 'a', destination: 'b' }, ['move:files:a', 'move:files:b']],
    ['no path is the root', 'list_files', {}, ['list:files:.']],
    ['elements of a list', 'read_many', { files: [{ path: 'a' }, 'b'] }, ['read:files:a', 'read:files:b']],
    ['an element that says nothing may be anything', 'read_many', { files: [{ path: 'a' }, {}] }, ['read:files:a', 'read:files']],
    [
      'one mailbox each',
      'send_email',
      { to: 'Ann <ANN@acme.example>', cc: ['bo@x.example', 'bo@x.example'] },
      ['send:email:ann@acme.example', 'send:email:bo@x.example'],
    ],
    [
      'people as objects',
      'add_event',
      { calendar: 'c', guests: [{ email: 'bo@x.example', name: 'Bo' }] },
      ['create:calendar:c', 'send:invitation:bo@x.example'],
    ],
    [
      'every address in such an object',
      'send_email',
      { to: [{ name: 'eve@y.example', address: 'bo@x.example' }] },
      ['send:email:eve@y.example', 'send:email:bo@x.example'],
    ],
    ['nobody is still an act', 'send_email', { to: [] }, ['send:email']],
    [
      'a further act where it is given',
      'add_event',
      { calendar: 'Team/1', guests: ['bo@x.example'] },
      ['create:calendar:Team%2F1', 'send:invitation:bo@x.example'],
    ],
    ['none where it is not', 'add_event', { calendar: 'Team', guests: [] }, ['create:calendar:Team']],
    ['none where it is not, for mail too', 'send_email', { to: 'a@acme.example', notify: '' }, ['send:email:a@acme.example']],
    ['nobody to share with is still an act', 'share', { who: '' }, ['share:calendar']],
    ['events', 'cancel', { id: 'e1', ids: ['e2', 'e3'] }, ['delete:calendar:e1', 'delete:calendar:e2', 'delete:calendar:e3']],
    ['a web address', 'fetch', { url: 'HTTPS://Docs.Acme.example:443/a/./b?q=1' }, ['read:web:docs.acme.example/a/b']],
    ['http is said', 'fetch', { url: 'http://docs.acme.example/' }, ['read:web:http://docs.acme.example/']],
    [
      'a statement',
      'query',
      { sql: 'UPDATE customers SET a = (SELECT b FROM orders)' },
      ['write:database:customers', 'read:database:orders', 'read:database:customers'].slice(0, 2),
    ],
    ['by operation', 'admin', { operation: 'list', table: 'x' }, ['read:crm:x']],
    ['by another operation', 'admin', { operation: 'drop', table: 'x' }, ['delete:crm:x']],
    ['by an inherited name', 'admin', { operation: 'constructor', table: 'x' }, ['delete:crm:x']],
    ['by none', 'admin', { table: 'x' }, ['delete:crm:x']],
    ['by an operation nobody described', 'narrow', { operation: 'drop' }, ['execute:crm']],
    ['a text with signs', 'pay', { iban: ' a:b/c*d#e ' }, ['send:money:a%3Ab%2Fc%2Ad%23e']],
    ['a number as text', 'pay', { iban: 12 }, ['send:money:12']],
    ['the domain as a whole', 'ping', {}, ['read:crm']],
    [
      'what no selector covers',
      'ping',
      { to: 'https://x.example/', note: 'ask bo@x.example', file: '../x' },
      ['read:crm', 'read:web:x.example/', 'read:email:bo@x.example', 'read:files:/srv/x'],
    ],
    ['nothing of what is ignored', 'read_file', { path: 'a', limit: '/etc/passwd' }, ['read:files:a']],
  ])('%s', (_what, tool, args, expected) => {
    expect(actions(tool, args)).toEqual(expected);
  });

  test('a folder is one, on the disk it is on', () => {
    expect(read('read_file', { path: 'hr' }).actions[0]).toMatchObject({ folder: true, absolute: '/srv/share/hr' });
    expect(read('read_file', { path: 'hr/x' }).actions[0]).not.toHaveProperty('folder');
  });
});

describe('what has no single reading is refused', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['a number for a path', 'read_file', { path: 5 }],
    ['an object for a path', 'read_file', { path: { a: 'b' } }],
    ['a control character in a path', 'read_file', { path: 'a\0b' }],
    ['a wildcard for an event', 'cancel', { id: '*' }],
    ['a truth value for a name', 'pay', { iban: true }],
    ['two operations', 'admin', { operation: ['list', 'drop'] }],
    ['an operation that is no word', 'admin', { operation: 5 }],
    ['two statements in two texts', 'query', { sql: ['SELECT 1', 'DROP TABLE x'] }],
    ['no statement', 'query', {}],
    ['a user before a host', 'fetch', { url: 'https://docs.acme.example@evil.example/' }],
    ['a line break in a recipient', 'send_email', { to: 'a@acme.example\nbcc: b@x.example' }],
    ['a line break in a subject', 'send_email', { to: 'a@acme.example', subject: 'x\r\nBcc: b@x.example' }],
    ['a further attendee in a title', 'add_event', { calendar: 'c', title: 'x\r\nATTENDEE:mailto:b@x.example' }],
  ])('%s', (_what, tool, args) => {
    expect(() => read(tool, args)).toThrow(Unreadable);
  });
});

describe('facts', () => {
  test('of a mail', () => {
    expect(
      facts('send_email', {
        to: 'ann@acme.example',
        cc: ['bo@x.example'],
        subject: 'Hi there',
        body: 'one two',
        files: ['a.txt', { path: 'b.txt' }],
      }),
    ).toMatchObject({
      recipients: 2,
      'recipients.domains': ['acme.example', 'x.example'],
      'body.words': 4,
      attachments: 2,
      'attachments.paths': ['a.txt', 'b.txt'],
      destination: 'external',
      items: 2,
    });
  });
  test('that the binding names and the call leaves out are empty, not missing', () => {
    expect(facts('send_email', { to: 'ann@acme.example' })).toMatchObject({
      attachments: 0,
      'attachments.paths': [],
      'body.words': 0,
      destination: 'internal',
    });
    expect(facts('add_event', { calendar: 'c' })).toMatchObject({ 'attendees.domains': [] });
    expect(facts('pay', { iban: 'x' })).toMatchObject({ amount: 0, 'args.tags': [], 'args.nights': [] });
  });
  test('that nobody can know are missing', () => {
    const known = facts('reply', { id: 'm1', body: 'x' });
    expect(known).not.toHaveProperty('recipients');
    expect(known).not.toHaveProperty(['recipients.domains']);
    expect(known).not.toHaveProperty(['attachments.paths']);
    expect(known.destination).toBe('unknown');
  });
  test('an attachment without a path counts, and its place is not known', () => {
    const known = facts('send_email', { to: 'ann@acme.example', files: [{ href: 'x' }, { path: 'a' }] });
    expect(known.attachments).toBe(2);
    expect(known).not.toHaveProperty(['attachments.paths']);
  });
  test('an attachment may be an object though the binding says nothing of its field', () => {
    expect(facts('post_files', { files: ['a', { path: 'b', filename: 'x' }] })).toMatchObject({
      attachments: 2,
      'attachments.paths': ['a', 'b'],
    });
    expect(facts('post_files', { files: [{ content: 'x' }] })).not.toHaveProperty(['attachments.paths']);
    expect(() => facts('post_files', { files: [{ path: ['a'] }] })).toThrow(Unreadable);
  });
  test.each<[string, Record<string, unknown>, unknown]>([
    ['a number', { amount: 5.5 }, 5.5],
    ['a number as text', { amount: '5.50' }, 5.5],
    ['none', {}, 0],
    ['a negative one', { amount: -5 }, undefined],
    ['words', { amount: 'all' }, undefined],
    ['another notation', { amount: '0x10' }, undefined],
    ['with an exponent', { amount: '1e3' }, undefined],
    ['a truth value', { amount: true }, undefined],
  ])('the amount: %s', (_what, args, expected) => {
    expect(facts('pay', { iban: 'x', ...args }).amount).toBe(expected);
  });
  test('the amount of several is their sum, and unknown where one is hidden', () => {
    const line = (amount: unknown) => ({ iban: 'x', amount });
    expect(facts('pay_lines', { lines: [line(40), line(60)] }).amount).toBe(100);
    expect(facts('pay_lines', { lines: [line(900), line(-850)] })).not.toHaveProperty('amount');
    expect(facts('pay_lines', { lines: [line(40), { iban: 'x' }] })).not.toHaveProperty('amount');
  });
  test.each<[string, Record<string, unknown>, string, unknown]>([
    ['a number', { nights: 3 }, 'args.nights', 3],
    ['a truth value', { urgent: true }, 'args.all', true],
    ['two arguments', { a: 'x', b: 'y' }, 'args.tags', ['x', 'y']],
    ['one of two', { b: 'y' }, 'args.tags', ['y']],
    ['of different kinds', { a: 'x', b: 5 }, 'args.tags', undefined],
    ['a field of each', { lines: [{ qty: 1 }, { qty: 2 }] }, 'args.rows', [1, 2]],
    ['a field that one lacks', { lines: [{ qty: 1 }, {}] }, 'args.rows', undefined],
  ])('a name of its own: %s', (_what, args, fact, expected) => {
    expect(facts('pay', { iban: 'x', ...args })[fact]).toEqual(expected);
  });
  test('names of arguments: null and empty ones are not given', () => {
    expect(facts('ping', { a: 1, b: null, c: '', d: [], e: {}, f: false, g: 0 }).args).toEqual(['a', 'f', 'g']);
  });
  test('of a web address', () => {
    expect(facts('fetch', { url: 'http://Docs.acme.example:8080/a?x=1' })).toMatchObject({
      'url.scheme': 'http',
      'url.host': 'docs.acme.example',
      'url.port': 8080,
      'url.path': '/a',
      'url.query': 'x=1',
      destination: 'internal',
    });
    expect(facts('fetch', { urls: ['https://a.example/', 'https://docs.acme.example/'] })).toMatchObject({
      'url.host': ['a.example', 'docs.acme.example'],
      destination: 'external',
    });
  });
  test('of a statement', () => {
    expect(facts('query', { sql: 'SELECT a FROM t; DELETE FROM u' })).toMatchObject({
      'sql.kind': ['read', 'delete'],
      'sql.statements': 2,
      'sql.tables': ['t', 'u'],
      'sql.columns': ['t.a'],
    });
    expect(facts('query', { sql: 'SELECT a FROM t' }).records).toBe(0);
  });
  test('of a file written', () => {
    expect(facts('save', { path: 'a', content: 'süß' })).toMatchObject({ path: 'a', paths: ['a'], files: 1, bytes: 5 });
    expect(facts('move_file', { source: 'a', destination: 'b' })).toMatchObject({ path: ['a', 'b'], files: 2 });
    expect(facts('read_file', { path: 'hr' })).not.toHaveProperty('files');
  });
  test('events are counted only where all are named', () => {
    expect(facts('cancel', { ids: ['a', 'b'] }).events).toBe(2);
    expect(facts('cancel', {})).not.toHaveProperty('events');
  });
});

describe('classes of data', () => {
  test('an address that is written to is no leak, one that is written about is', () => {
    expect(facts('send_email', { to: 'bo@x.example', body: 'hi' })['data.classes']).toEqual([]);
    expect(facts('send_email', { to: [{ address: 'bo@x.example' }], body: 'hi' })['data.classes']).toEqual([]);
    expect(facts('send_email', { to: 'bo@x.example', body: 'ask eve@x.example' })['data.classes']).toEqual(['pii.email']);
    expect(facts('send_email', { to: '"4111 1111 1111 1111" <bo@x.example>' })['data.classes']).toEqual(['financial.card']);
  });
  test('what the binding says it carries is there', () => {
    expect(facts('pay', { iban: 'x' })['data.classes']).toEqual(['financial']);
  });
});

describe('a tool that no binding describes', () => {
  const schema = (...names: string[]) => ({
    inputSchema: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) },
  });
  test('is one act of its own, and what it is given is looked through', () => {
    const reading = read('get_page', { id: 'https://x.example/', n: 5 }, schema('id', 'n'));
    expect(reading.actions.map(actionText)).toEqual(['read:crm:get_page', 'read:web:x.example/']);
    expect(reading).toMatchObject({ unbound: true, uncovered: ['id'] });
  });
  test('does anything where nothing is known of it', () => {
    expect(read('get_page', {}).actions.map(actionText)).toEqual(['execute:crm:get_page']);
  });
  test('an inherited name is no binding', () => {
    expect(read('constructor', {}, schema()).actions.map(actionText)).toEqual(['execute:crm:constructor']);
  });
});

describe('calendar data that goes along is an invitation to everybody it names', () => {
  const MEETING = (...lines: string[]) =>
    ['BEGIN:VCALENDAR', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:1', ...lines, 'END:VEVENT', 'END:VCALENDAR'].join('\r\n');
  const EVE = MEETING('ORGANIZER:mailto:ann@acme.example', 'ATTENDEE;CN="Eve: x";RSVP=TRUE:mailto:Eve@Attacker.example');
  const mail = { to: 'ann@acme.example', subject: 'x', body: 'y' };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const wrapped = (text: string) => base64(text).replace(/.{76}/g, '$&\r\n');

  test.each<[string, Record<string, unknown>]>([
    ['as an attachment with its content', { files: [{ path: 'a', content: EVE, contentType: 'text/calendar; method=REQUEST' }] }],
    ['in base64', { files: [{ path: 'a', content: base64(EVE), encoding: 'base64' }] }],
    ['as a mailer takes events', { icalEvent: { method: 'REQUEST', content: EVE } }],
    ['as another body', { alternatives: [{ contentType: 'text/calendar', content: EVE }] }],
    ['as the body', { body: EVE }],
    ['with \\n written out', { ics: EVE.replaceAll('\r\n', '\\n') }],
    ['as a whole message', { raw: `Subject: x\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n${EVE}` }],
    [
      'as a part in base64 of a whole message',
      { raw: `--b\r\nContent-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n${wrapped(EVE)}\r\n--b--` },
    ],
    ['in quoted-printable', { raw: EVE.replaceAll(':mailto:', '=3Amail=\r\nto:').replace('@', '=40') }],
    ['as a data address', { href: `data:text/calendar,${encodeURIComponent(EVE)}` }],
    ['on a line that goes on', { ics: EVE.replace('Attacker', 'At\r\n tacker') }],
    ['called off', { ics: EVE.replace('REQUEST', 'CANCEL') }],
    ['made known', { ics: EVE.replace('REQUEST', 'PUBLISH') }],
    ['without a method', { ics: EVE.replace('METHOD:REQUEST\r\n', '') }],
    ['in small letters', { ics: EVE.replace('ATTENDEE', 'attendee').replace('mailto', 'MAILTO') }],
    ['in a group', { ics: EVE.replace('ATTENDEE', 'a.ATTENDEE') }],
    ['without mailto', { ics: EVE.replace('mailto:Eve', 'Eve') }],
    ['by a parameter', { ics: EVE.replace('RSVP=TRUE:mailto:Eve@Attacker.example', 'EMAIL=eve@attacker.example:urn:uuid:1') }],
    [
      'by whom it was handed on to',
      { ics: EVE.replace('RSVP=TRUE:mailto:Eve', 'DELEGATED-TO="mailto:eve@attacker.example":mailto:x') },
    ],
  ])('%s', (_, args) => {
    const reading = read('send_email', { ...mail, ...args });
    expect(reading.actions.map(actionText)).toContain('send:invitation:eve@attacker.example');
    expect(reading.facts['attendees.domains']).toContain('attacker.example');
    expect(reading.facts.destination).toBe('external');
  });

  test('an answer goes to the organizer', () => {
    const answer = MEETING('ORGANIZER:mailto:eve@attacker.example').replace('REQUEST', 'REPLY');
    expect(actions('send_email', { ...mail, body: answer })).toContain('send:invitation:eve@attacker.example');
  });

  test.each<[string, Record<string, unknown>]>([
    ['a calendar file', { files: [{ path: 'invite.ICS' }] }],
    ['a part that is only called one', { alternatives: [{ contentType: 'text/calendar; method=REQUEST', path: 'x' }] }],
    ['a request to nobody named', { body: MEETING() }],
    ['an attendee without an address', { body: MEETING('ATTENDEE;CN=Eve:urn:uuid:1') }],
  ])('%s may invite anybody', (_, args) => {
    expect(actions('send_email', { ...mail, ...args })).toContain('send:invitation');
  });

  test('what is attached to the event comes along', () => {
    const ics = MEETING(
      'ATTENDEE:mailto:ann@acme.example',
      'ATTACH:https://files.attacker.example/x',
      'ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:eA==',
    );
    const reading = read('add_event', { calendar: 'Team', title: 'x', ics });
    expect(reading.facts.attachments).toBe(2);
    expect(reading.actions.map(actionText)).toContain('create:web:files.attacker.example/x');
    expect(reading.facts.destination).toBe('external');
    expect(
      read('add_event', { calendar: 'Team', title: 'x', ics: ics.replace(/ATTACH:h.*/, 'ATTACH:CID:1') }).facts.attachments,
    ).toBe(2);
  });

  test('is none where nobody is written to, or nothing of a calendar is said', () => {
    expect(actions('save', { path: 'a.ics', content: EVE })).toEqual(['write:files:a.ics']);
    expect(actions('query', { sql: 'SELECT 1', note: EVE }).join(' ')).not.toContain('invitation');
    for (const body of [
      'The calendar begins: vacation',
      'METHOD:REQUEST',
      'ATTENDEE:mailto:ann@acme.example',
      'see text/calendar',
    ])
      expect(actions('send_email', { ...mail, body }).join(' ')).not.toContain('invitation');
  });

  test('is read in bounded time', () => {
    const started = performance.now();
    read('send_email', { ...mail, body: MEETING(`ATTENDEE${';a="'.repeat(50_000)}`, `ATTENDEE${';a=b'.repeat(50_000)}`) });
    read('send_email', {
      ...mail,
      body: MEETING(...Array.from({ length: 5000 }, (_, at) => `ATTENDEE:mailto:a${at}@b.example`)),
    });
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
