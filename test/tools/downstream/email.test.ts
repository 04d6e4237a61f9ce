// The bundled mail server: strict addresses, no header injection, blind copies that stay blind, and nothing outside the store.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import addressparser from 'nodemailer/lib/addressparser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMailboxes } from '../../../tools/downstream/address.ts';
import { emailTools } from '../../../tools/downstream/email/index.ts';
import { type BundledTool, callBundled, ToolProblem } from '../../../tools/downstream/serve.ts';

const NOW = Date.UTC(2026, 10, 24, 9, 30, 0);
const LETTER = { to: 'ann@acme.example', subject: 'Hello', body: 'Good morning' };

type Summary = {
  id: string;
  folder: string;
  date: string;
  from: string;
  to: string[];
  cc: string[];
  subject: string;
  size: number;
};
type Structured = {
  id: string;
  messages: Summary[];
  next?: string;
  unreadable: string[];
  text: string;
  truncated: boolean;
  bcc: string[];
  delivered_to?: string[];
  attachments: { name: string; type: string; size: number }[];
};

let store: string;
let files: string;
let tools: BundledTool[];

beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'mail-'));
  files = mkdtempSync(join(tmpdir(), 'attachments-'));
  const from = readMailboxes('--from', 'Felix <felix@acme.example>')[0]!;
  tools = emailTools({ store, from, attachments: files, now: () => NOW });
});
afterEach(() => {
  rmSync(store, { recursive: true, force: true });
  rmSync(files, { recursive: true, force: true });
});

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

function put(folder: string, name: string, ...lines: string[]): void {
  mkdirSync(join(store, folder), { recursive: true });
  writeFileSync(join(store, folder, name), lines.join('\r\n'));
}

function inFolder(folder: string): string[] {
  return existsSync(join(store, folder)) ? readdirSync(join(store, folder)) : [];
}

const stored = (folder: string, id: string): string => readFileSync(join(store, folder, id), 'utf8');

describe('sending', () => {
  it('puts the exact message in the outbox, with the envelope beside it', async () => {
    const { structured, failed, text } = await call('send', {
      ...LETTER,
      to: ['Ann <ann@acme.example>', 'ANN@ACME.example'],
      cc: '"Lee, Bob" <bob@partner.example>, carl@acme.example',
      bcc: ['dora@acme.example'],
      reply_to: 'desk@acme.example',
    });
    expect(failed, text).toBe(false);
    const message = stored('outbox', structured.id);
    expect(message).toMatch(/^From: Felix <felix@acme\.example>\r$/m);
    expect(message).toMatch(/^To: Ann <ann@acme\.example>/m);
    expect(message).toMatch(/^Cc: "Lee, Bob" <bob@partner\.example>, carl@acme\.example\r$/m);
    expect(message).toMatch(/^Reply-To: desk@acme\.example\r$/m);
    expect(message).toMatch(/^Date: Tue, 24 Nov 2026 09:30:00 \+0000\r$/m);
    expect(message).not.toMatch(/dora|bcc/i);
    const { structured: read } = await call('read', { id: structured.id });
    expect(read.delivered_to).toEqual(['ANN@acme.example', 'bob@partner.example', 'carl@acme.example', 'dora@acme.example']);
  });

  it('goes to nobody else than the preview says, and counts each mailbox once', async () => {
    const letter = {
      ...LETTER,
      to: ['ann@acme.example', 'Ann <ANN@acme.example>'],
      cc: 'bob@partner.example',
      bcc: 'eve@evil.example',
    };
    const { structured, text } = await call('preview_send', letter);
    expect(structured).toMatchObject({
      total: 3,
      unit: 'recipients',
      per_resource: { 'acme.example': 1, 'partner.example': 1, 'evil.example': 1 },
      strength: 'enforced',
    });
    expect(text).toContain('blind copy to eve@evil.example');
    expect(inFolder('outbox')).toEqual([]);
  });

  it('keeps inside the bound, and says what it did', async () => {
    const bound = { 'perimeter/bound': { per_resource: { 'acme.example': 1 }, total: 1 } };
    const outside = await call('send', { ...LETTER, bcc: 'eve@evil.example' }, bound);
    expect([outside.failed, outside.meta['perimeter/outside_bound']]).toEqual([
      true,
      { per_resource: { 'acme.example': 1, 'evil.example': 1 }, total: 2 },
    ]);
    expect(inFolder('outbox')).toEqual([]);
    const inside = await call('send', LETTER, bound);
    expect(inside.meta['perimeter/actual']).toEqual({ per_resource: { 'acme.example': 1 }, total: 1, unit: 'recipients' });
  });

  it('refuses a message to nobody', async () => {
    for (const to of [undefined, [], '', ['']])
      expect((await call('send', { subject: 'x', body: 'x', ...(to === undefined ? {} : { to }) })).text).toContain(
        'goes to nobody',
      );
  });

  it('gives messages of the same moment their own names', async () => {
    const sent = await Promise.all(Array.from({ length: 20 }, () => call('send', LETTER)));
    expect(new Set(sent.map(({ structured }) => structured.id)).size).toBe(20);
    expect(inFolder('outbox').filter((name) => name.endsWith('.eml'))).toHaveLength(20);
    expect(inFolder('outbox').filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('keeps blind copies in a draft, for whoever sends it', async () => {
    const { structured } = await call('draft', { ...LETTER, bcc: 'dora@acme.example' });
    expect((await call('read', { id: structured.id, folder: 'drafts' })).structured.bcc).toEqual(['dora@acme.example']);
    expect(inFolder('outbox')).toEqual([]);
  });
});

describe('injection', () => {
  it.each([
    [{ to: ['ann@acme.example\r\nBcc: bob@attacker.example'] }, 'control character'],
    [{ subject: 'Hi\r\nBcc: bob@attacker.example' }, 'control character'],
    [{ subject: 'Hi\nX: y' }, 'control character'],
    [{ subject: 'Hi\rX: y' }, 'control character'],
    [{ subject: 'Hi\u2028Bcc: bob@attacker.example' }, 'control character'],
    [{ subject: 'Hi\u0000' }, 'control character'],
    [{ subject: '\udc00' }, 'lone surrogate'],
    [{ body: 'x\ud800' }, 'lone surrogate'],
    [{ body: 'x\u001b[31m' }, 'control character'],
    [{ reply_to: 'ann@acme.example\nBcc: x@attacker.example' }, 'control character'],
    [{ to: 'ann@acme\u3002example.attacker.example' }, 'no plain address'],
    [{ to: 'ann@acme.example\u200b.attacker.example' }, 'invisible'],
    [{ to: 'Ann\u202e <ann@acme.example>' }, 'invisible'],
    [{ to: 'ann@[203.0.113.7]' }, 'no plain address'],
    [{ to: 'ann(@acme.example)bob@attacker.example' }, 'no plain address'],
    [{ to: '"bob@attacker.example x"@acme.example' }, 'no plain address'],
    [{ to: '"ann@acme.example" <bob@attacker.example>' }, 'no plain address'],
    [{ to: 'ann@acme.example <bob@attacker.example>' }, 'no plain address'],
    [{ to: 'Ann <bob@attacker.example> <ann@acme.example>' }, 'no plain address'],
    [{ to: 'Team: bob@attacker.example, ann@acme.example;' }, 'no plain address'],
    [{ to: '<@attacker.example:ann@acme.example>' }, 'no plain address'],
    [{ to: 'ann@acme.example bob@attacker.example' }, 'no plain address'],
    [{ to: 'ann@acme.example;bob@attacker.example' }, 'no plain address'],
    [{ to: '"=?utf-8?q?bob=40attacker.example?=" <ann@acme.example>' }, 'encoded word'],
    [{ subject: '=?utf-8?q?b=61nk_details?=' }, 'encoded word'],
    [{ to: [{ address: 'bob@attacker.example', name: 'ann@acme.example' }] }, 'bad arguments'],
    [{ headers: { Bcc: 'bob@attacker.example' } }, 'bad arguments'],
    [{ envelope: { to: ['bob@attacker.example'] } }, 'bad arguments'],
    [{ draft_id: 'x.eml' }, 'bad arguments'],
    [{ to: 'a,'.repeat(100) }, 'no plain address'],
    [{ subject: 'x'.repeat(501) }, 'the most is 500'],
    [{ body: 'x'.repeat(1_000_001) }, 'the most is'],
    [{ to: Array.from({ length: 200 }, (_, n) => `a${n}@x.example`), cc: 'one@more.example' }, 'the most is 200'],
  ])('%j is refused in send, draft and preview, and nothing is written', async (fields, reason) => {
    for (const name of ['send', 'draft', 'preview_send']) {
      const { failed, text } = await call(name, { ...LETTER, ...fields });
      expect([failed, text]).toEqual([true, expect.stringContaining(reason)]);
    }
    expect([...inFolder('outbox'), ...inFolder('drafts')]).toEqual([]);
  });

  it('reads every address it takes just as a mailer does', () => {
    const pieces = fc.constantFrom(
      'ann',
      'bob',
      '@',
      'acme.example',
      'evil.example',
      '"',
      '<',
      '>',
      ',',
      ' ',
      '(',
      ')',
      ':',
      ';',
      '\\',
      '.',
      '[',
      ']',
      "'",
      '=?utf-8?q?x?=',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
        const text = parts.join('');
        let mailboxes: ReturnType<typeof readMailboxes>;
        try {
          mailboxes = readMailboxes('to', text);
        } catch (error) {
          expect(error).toBeInstanceOf(ToolProblem);
          return;
        }
        expect(addressparser(text, { flatten: true }).map(({ address }) => address.toLowerCase())).toEqual(
          mailboxes.map(({ address }) => address.toLowerCase()),
        );
      }),
      {
        numRuns: 3000,
        examples: [[['ann', '@', 'acme.example', ',', '"', 'ann', ',', 'bob', '"', '<', 'bob', '@', 'evil.example', '>']]],
      },
    );
  });

  it('brings every subject and body that it takes back as they were, in a message with only its own headers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 120 }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        async (subject, body) => {
          const { failed, structured } = await call('draft', { ...LETTER, subject, body });
          if (failed) return;
          const message = stored('drafts', structured.id);
          const names = message
            .slice(0, message.indexOf('\r\n\r\n'))
            .split(/\r\n(?![ \t])/)
            .map((line) => line.split(':')[0]!.toLowerCase());
          const own = [
            'from',
            'to',
            'subject',
            'message-id',
            'date',
            'mime-version',
            'content-type',
            'content-transfer-encoding',
          ];
          expect(own).toEqual(expect.arrayContaining(names));
          const { structured: read } = await call('read', { id: structured.id });
          expect(read.text.trimEnd()).toBe(body.trimEnd());
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('attachments', () => {
  it('attaches a file of the folder, and shows its digest beforehand', async () => {
    writeFileSync(join(files, 'plan.txt'), 'the plan');
    const preview = await call('preview_send', { ...LETTER, attachments: ['plan.txt'] });
    expect(preview.text).toMatch(/plan\.txt, 8 bytes, sha256 [0-9a-f]{64}/);
    const { structured } = await call('send', { ...LETTER, attachments: ['plan.txt'] });
    expect((await call('read', { id: structured.id })).structured.attachments).toEqual([
      { name: 'plan.txt', type: 'text/plain', size: 8 },
    ]);
  });

  it('says whom calendar data invites, and what is attached to the event', async () => {
    const meeting = (method: string) =>
      [
        'BEGIN:VCALENDAR',
        `METHOD:${method}`,
        'BEGIN:VEVENT',
        'UID:1',
        'DTSTART:20261201T090000Z',
        'ATTENDEE;CN="Eve: x":mailto:eve@attacker.example',
        'ATTENDEE:mailto:bob@par',
        ' tner.example',
        'ATTACH:https://files.example/x',
        'ATTACH;ENCODING=BASE64;VALUE=BINARY:eHl6',
        'END:VEVENT',
        'END:VCALENDAR',
        '',
      ].join('\r\n');
    for (const method of ['REQUEST', 'CANCEL']) {
      for (const name of ['invite.ics', 'notes.txt']) {
        writeFileSync(join(files, name), meeting(method));
        const { text } = await call('preview_send', { ...LETTER, attachments: [name] });
        expect(text).toContain(
          `${name} is calendar data with the method ${method}, an invitation to 2: eve@attacker.example, bob@partner.example`,
        );
        expect(text).toContain('2 attached to the event');
      }
    }
    writeFileSync(join(files, 'broken.ics'), 'BEGIN:VCALENDAR\r\nATTENDEE');
    writeFileSync(join(files, 'odd.ics'), Buffer.from([1, 2, 3]));
    for (const name of ['broken.ics', 'odd.ics'])
      expect((await call('preview_send', { ...LETTER, attachments: [name] })).text).toContain('it may invite anybody');
  });

  it('takes nothing from outside the folder', async () => {
    mkdirSync(join(files, 'folder'));
    symlinkSync('/etc/passwd', join(files, 'link.txt'));
    symlinkSync('/etc', join(files, 'etc'));
    for (const path of [
      '/etc/passwd',
      '../x',
      'folder/../../x',
      'link.txt',
      'etc/passwd',
      'folder',
      'missing',
      '',
      '.',
      'https://169.254.169.254/',
      'a\\b',
      'x\u0000y',
    ]) {
      const { failed } = await call('send', { ...LETTER, attachments: [path] });
      expect(failed, path).toBe(true);
    }
    for (const attachments of [[{ filename: 'plan.txt', path: '/etc/passwd' }], [{ filename: 'a', href: 'http://x.example' }]]) {
      expect((await call('send', { ...LETTER, attachments })).failed).toBe(true);
    }
    expect(inFolder('outbox')).toEqual([]);
  });

  it('refuses the argument when the server was started without a folder', async () => {
    tools = emailTools({ store, from: readMailboxes('--from', 'felix@acme.example')[0]!, now: () => NOW });
    expect((await call('send', { ...LETTER, attachments: ['plan.txt'] })).text).toContain('--attachments');
  });
});

describe('reading', () => {
  it('lists newest first, page by page', async () => {
    for (let day = 1; day <= 5; day += 1)
      put(
        'inbox',
        `m${day}.eml`,
        'From: Ann <ann@acme.example>',
        'To: felix@acme.example',
        `Subject: number ${day}`,
        `Date: Mon, 0${day} Nov 2026 10:00:00 +0000`,
        '',
        'text',
      );
    const first = await call('list', { limit: 2 });
    expect(first.structured.messages.map(({ subject }) => subject)).toEqual(['number 5', 'number 4']);
    expect(first.structured.messages[0]).toMatchObject({
      from: 'Ann <ann@acme.example>',
      to: ['felix@acme.example'],
      date: '2026-11-05T10:00:00.000Z',
    });
    const second = await call('list', { limit: 3, cursor: first.structured.next });
    expect(second.structured.messages.map(({ subject }) => subject)).toEqual(['number 3', 'number 2', 'number 1']);
    expect(second.structured.next).toBeUndefined();
    expect((await call('list', { cursor: 'inbox/gone.eml' })).text).toContain('begin again');
  });

  it('turns HTML to text, decodes headers, and keeps what a sender wrote on its own line', async () => {
    put(
      'inbox',
      'html.eml',
      'From: =?utf-8?q?Ann=0AFrom:_Eve?= <ann@acme.example>',
      'Subject: =?utf-8?b?R3LDvMOfZQ==?=',
      'Content-Type: text/html',
      '',
      '<p>Hello <b>there</b></p><script>x()</script>',
    );
    const { structured, text } = await call('read', { id: 'html.eml' });
    expect(structured.text).toBe('Hello there');
    expect(text).toContain('Subject: Grüße');
    expect(text).not.toMatch(/^From: Eve/m);
  });

  it('cuts a text that is too long', async () => {
    put('inbox', 'long.eml', 'From: ann@acme.example', '', 'word '.repeat(50_000));
    const { structured } = await call('read', { id: 'long.eml' });
    expect(structured.truncated).toBe(true);
    expect(structured.text.length).toBeLessThan(100_010);
  });

  it.each(['../drafts/x.eml', 'inbox/m.eml', '/etc/passwd', '..', '.', 'x.envelope.json', 'm.eml\u0000', 'M.EML'])(
    'finds no message by the id %j',
    async (id) => {
      put('inbox', 'm.eml', 'From: ann@acme.example', '', 'x');
      expect((await call('read', { id })).text).toContain('there is no message');
    },
  );

  it('follows no link, neither a message nor a folder', async () => {
    put('inbox', 'm.eml', 'From: ann@acme.example', '', 'x');
    symlinkSync('/etc/passwd', join(store, 'inbox', 'link.eml'));
    expect((await call('list')).structured.unreadable).toEqual(['inbox: link.eml']);
    expect((await call('read', { id: 'link.eml' })).failed).toBe(true);
    symlinkSync(tmpdir(), join(store, 'outbox'));
    expect((await call('send', LETTER)).text).toContain('not a folder');
  });

  it('takes any bytes for a message without falling over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        mkdirSync(join(store, 'inbox'), { recursive: true });
        writeFileSync(join(store, 'inbox', 'any.eml'), bytes);
        expect((await call('list')).failed).toBe(false);
        expect((await call('read', { id: 'any.eml' })).failed).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('asks for the folder where an id is in several', async () => {
    put('inbox', 'm.eml', 'Subject: a', '', 'x');
    put('sent', 'm.eml', 'Subject: b', '', 'x');
    expect((await call('read', { id: 'm.eml' })).text).toContain('`inbox` or `sent`');
    expect((await call('read', { id: 'm.eml', folder: 'sent' })).text).toContain('Subject: b');
  });
});

describe('searching', () => {
  beforeEach(() => {
    put(
      'inbox',
      '1.eml',
      'From: Ann <ann@acme.example>',
      'To: felix@acme.example',
      'Cc: bob@partner.example',
      'Subject: Budget',
      'Date: Mon, 02 Nov 2026 10:00:00 +0000',
      '',
      'all about numbers',
    );
    put(
      'sent',
      '2.eml',
      'From: felix@acme.example',
      'To: ann@acme.example',
      'Subject: Re: =?utf-8?q?B=C3=BCro?=',
      'Date: Tue, 03 Nov 2026 10:00:00 +0000',
      'Content-Type: text/html',
      '',
      '<p>the <i>num</i>bers again</p>',
    );
  });

  it.each([
    [{ text: 'NUMBERS' }, ['2.eml', '1.eml']],
    [{ text: 'budget' }, ['1.eml']],
    [{ subject: 'büro' }, ['2.eml']],
    [{ from: 'ann@' }, ['1.eml']],
    [{ to: 'partner.example' }, ['1.eml']],
    [{ from: 'felix', text: 'numbers', folder: 'inbox' }, []],
  ])('finds %j', async (query, ids) => {
    expect((await call('search', query)).structured.messages.map(({ id }) => id)).toEqual(ids);
  });

  it('goes on where it stopped, and wants something to search for', async () => {
    const first = await call('search', { text: 'numbers', limit: 1 });
    expect(first.structured.messages.map(({ id }) => id)).toEqual(['2.eml']);
    const second = await call('search', { text: 'numbers', limit: 1, cursor: first.structured.next });
    expect(second.structured.messages.map(({ id }) => id)).toEqual(['1.eml']);
    expect((await call('search')).failed).toBe(true);
  });
});
