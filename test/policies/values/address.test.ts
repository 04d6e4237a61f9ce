// Recipients are the mailboxes a mailer would deliver to; whoever is hidden in a text is one of them.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwn, readAddresses } from '../../../policies/values/address.ts';
import { Unreadable } from '../../../policies/values/unreadable.ts';

const boxes = (raw: unknown) => readAddresses(raw).map((mailbox) => mailbox.address);
const OWN = ['acme.example'];
/** A rule "only our own" would let it pass. */
const passes = (raw: unknown) => {
  try {
    return readAddresses(raw).every((mailbox) => isOwn(mailbox.domain, OWN));
  } catch (error) {
    expect(error).toBeInstanceOf(Unreadable);
    return false;
  }
};

describe('the labelled set', () => {
  type Row = { id: string; input: string; addresses: string[] };
  const { cases } = JSON.parse(readFileSync(new URL('../../cases/addresses.json', import.meta.url), 'utf8')) as { cases: Row[] };
  /** Where mailers disagree we count more: text in quotes, what stands behind a tab, and groups nested beyond the depth some give up at. */
  const MORE: Record<string, string[]> = {
    'addr/23': ['test@subdomain.com'],
    'addr/25': ['user@attacker.com'],
    'addr/27': ['user@domain.com'],
    'addr/51': ['evil@attacker.com'],
    'addr/64': ['other@example.com'],
    'addr/91': ['user@example.com'],
    'addr/92': ['user@example.com'],
  };
  it.each(cases.map((row) => [row.id, row] as const))('%s', (id, row) => {
    // a line break inside a list of recipients is refused, whatever it means
    if (id === 'addr/66') return expect(() => boxes(row.input)).toThrow(Unreadable);
    const found = readAddresses(row.input);
    const named = found.filter((mailbox) => mailbox.address.includes('@')).map((mailbox) => mailbox.address);
    const wanted = [...row.addresses.filter((address) => address !== ''), ...(MORE[id] ?? [])];
    expect(new Set(named)).toEqual(new Set(wanted.map((address) => address.toLowerCase())));
    // a recipient without an address is still one, and nobody's own
    const nameless = found.filter((mailbox) => !mailbox.address.includes('@'));
    expect(nameless.length > 0).toBe(row.addresses.includes(''));
    for (const mailbox of nameless) expect(isOwn(mailbox.domain, ['com', 'example', 'mail'])).toBe(false);
  });
});

describe('shapes', () => {
  it.each<[unknown, string[]]>([
    ['Ann <ann@acme.example>', ['ann@acme.example']],
    ['ANN@ACME.EXAMPLE', ['ann@acme.example']],
    [
      ['ann@acme.example', ['bob@partner.example']],
      ['ann@acme.example', 'bob@partner.example'],
    ],
    [{ address: 'bob@x.example', name: 'Bob' }, ['bob@x.example']],
    [{ emailAddress: { address: 'bob@x.example', name: 'Bob' } }, ['bob@x.example']],
    [
      [{ email: 'a@x.example' }, { mail: 'b@x.example' }],
      ['a@x.example', 'b@x.example'],
    ],
    [{ name: 'Team', group: [{ address: 'a@x.example', name: '' }] }, ['a@x.example']],
    ['Team: a@x.example, B <b@x.example>;', ['a@x.example', 'b@x.example']],
    [null, []],
    [[], []],
    ['', []],
    ['ann@acme.example, ANN@acme.example', ['ann@acme.example']],
    ['ann@acme.example.', ['ann@acme.example']],
    ['j\u00fcrg@b\u00fccher.example', ['j\u00fcrg@xn--bcher-kva.example']],
    ['ann@\uff41cme\u3002example', ['ann@acme.example']],
    ['=?UTF-8?Q?J=C3=BCrg?= <j@acme.example>', ['j@acme.example']],
    ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467} Family <fam@acme.example>', ['fam@acme.example']],
    ['\u7530\u4e2d\u3000\u592a\u90ce <t@acme.example>', ['t@acme.example']],
  ])('%j reaches %j', (raw, addresses) => expect(boxes(raw)).toEqual(addresses));

  it.each([
    [42],
    [true],
    [{}],
    [{ id: 'contact-1' }],
    [[[[[[[[[[['a@x.example']]]]]]]]]]],
    ['a\u0000@x.example'],
    ['a@x.example\u2028'],
  ])('%j can not be read', (raw) => expect(() => readAddresses(raw)).toThrow(Unreadable));
});

describe('ways to reach somebody else', () => {
  it.each<[unknown]>([
    ['ann@notacme.example'],
    ['ann@acme.example.attacker.example'],
    ['ann@example'],
    ['"bob@attacker.example x"@acme.example'],
    ['"bob@attacker.example"@acme.example'],
    ['"bob@attacker.example" <ann@acme.example>'],
    ['bob@attacker.example <ann@acme.example>'],
    ['ann@acme.example\r\nBcc: bob@attacker.example'],
    ['ann@acme.example\nbob@attacker.example'],
    ['ann@acme\u3002example.attacker.example'],
    ['ann@acme.example\u200b.attacker.example'],
    ['ann@acme.example\u00a0.attacker.example'],
    ['ann@acme.example .attacker.example'],
    ['ann@attacker.example .acme.example'],
    ['ann@[203.0.113.7]'],
    ['ann@[IPv6:2001:db8::1]'],
    ['ann(@acme.example)bob@attacker.example'],
    ['bob@(acme.example)attacker.example'],
    ['bob@attacker.example(x).acme.example'],
    ['bob@attacker.example@acme.example'],
    ['bob%attacker.example@acme.example'],
    ['bob%40attacker.example@acme.example'],
    ['attacker.example!bob@acme.example'],
    ['<@acme.example:bob@attacker.example>'],
    ['bob\uff20attacker.example,ann@acme.example'],
    ['=?utf-8?q?bob=40attacker.example?= <ann@acme.example>'],
    ['=?utf-8?q?bob=40attacker.example=3e=00?=foo@acme.example'],
    ['=?utf-8?b?Ym9iQGF0dGFja2VyLmV4YW1wbGU=?= <ann@acme.example>'],
    ['mailto:ann@acme.example?bcc=bob@attacker.example'],
    ['mailto:ann@acme.example?bcc=bob%40attacker.example'],
    ['ann@acme.example;bob@attacker.example'],
    ['ann@acme.example bob@attacker.example'],
    ['ann@acme.example\tbob@attacker.example'],
    ['ann@acme.example|bob@attacker.example'],
    ['Team: ann@acme.example, bob@attacker.example;'],
    ['<ann@acme.example> <bob@attacker.example>'],
    ['ann@acme.example (bob@attacker.example)'],
    ['ann\\@acme.example@attacker.example'],
    ['ann@acme.example/..attacker.example'],
    ['ann@acme.example#@attacker.example'],
    ['ann@\u0430cme.example'],
    ['all'],
    ['Ann'],
    ['ann@'],
    [[['ann@acme.example'], 'bob@attacker.example']],
    [{ address: 'bob@attacker.example', name: 'ann@acme.example' }],
    [{ address: 'ann@acme.example', name: 'x <bob@attacker.example>' }],
    [{ name: 'ann@acme.example', unknown: { deep: ['bob@attacker.example'] } }],
    [{ name: 'ann@acme.example', 'bob@attacker.example': true }],
  ])('%j is not only ours', (raw) => {
    expect(passes(raw)).toBe(false);
  });

  it.each<[unknown]>([
    ['ann@acme.example'],
    ['Ann <ann@mail.acme.example>'],
    ['ann+tag@ACME.example'],
    [['a@acme.example', 'B <b@acme.example>']],
    ['Undisclosed:;'],
  ])('%j is ours', (raw) => expect(passes(raw)).toBe(true));
});

describe('own domains', () => {
  it('hold by label, in any spelling', () => {
    expect(isOwn('acme.example', OWN)).toBe(true);
    expect(isOwn('MAIL.Acme.Example.', OWN)).toBe(true);
    expect(isOwn('b\u00fccher.example', ['xn--bcher-kva.example'])).toBe(true);
    for (const domain of [
      'notacme.example',
      'acme.example.evil',
      'example',
      '',
      '.',
      'evil/.acme.example',
      'evil@acme.example',
      '[203.0.113.7]',
      'evil .acme.example',
    ]) {
      expect([domain, isOwn(domain, OWN)]).toEqual([domain, false]);
    }
    expect(isOwn('acme.example', [''])).toBe(false);
    expect(isOwn('', [''])).toBe(false);
  });
});

describe('bounds', () => {
  it.each([
    ['at signs', '@'.repeat(1_000_000)],
    ['one letter names', 'a,'.repeat(400_000)],
    ['addresses in a row', 'a@b.'.repeat(250_000)],
    ['open quotes', '"'.repeat(1_000_000)],
    ['comments', '('.repeat(1_000_000)],
    ['groups', 'g:'.repeat(300_000)],
    ['encoded words', '=?utf-8?q?'.repeat(100_000)],
    ['percent', 'a%'.repeat(400_000)],
    ['route', `${'a!'.repeat(400_000)}b@x.example`],
  ])('reads 1 MB of %s in bounded time', (_, text) => {
    const before = performance.now();
    passes(text);
    expect(performance.now() - before).toBeLessThan(15_000);
  });

  it('never loses an address that stands alone between separators', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const address = fc.tuple(word, word).map(([local, domain]) => `${local}@${domain}.example`);
    const junk = fc.constantFrom(',', ';', ' ', '"', '(', ')', '<', '>', ':', '\\', 'x', '\t');
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 8 }), address, fc.array(junk, { maxLength: 8 }), (before, wanted, after) => {
        const found = boxes(`${before.join('')} ${wanted} ${after.join('')}`);
        expect(found).toContain(wanted);
      }),
      { numRuns: 300 },
    );
  });
});
