// A web address is read as every fetcher would read it, or not at all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Unreadable } from '../../../policies/values/unreadable.ts';
import { readUrl } from '../../../policies/values/url.ts';

describe('canonical form', () => {
  it.each([
    ['https://docs.acme.example/guide?x=1', 'docs.acme.example/guide'],
    ['HTTPS://DOCS.ACME.EXAMPLE/guide', 'docs.acme.example/guide'],
    ['https://docs.acme.example', 'docs.acme.example/'],
    ['https://docs.acme.example:443/a', 'docs.acme.example/a'],
    ['https://docs.acme.example:8443/a', 'docs.acme.example:8443/a'],
    ['http://docs.acme.example:80/a', 'http://docs.acme.example/a'],
    ['http://docs.acme.example:8080/', 'http://docs.acme.example:8080/'],
    ['https://docs.acme.example./a', 'docs.acme.example/a'],
    ['https://b\u00fccher.example/', 'xn--bcher-kva.example/'],
    ['https://docs\u3002acme.example/', 'docs.acme.example/'],
    ['https://api.partner.example/v1/../admin', 'api.partner.example/admin'],
    ['https://api.partner.example/v1/%2e%2e/admin', 'api.partner.example/admin'],
    ['https://x.example/r%c3%a9sum%C3%A9%20a%41', 'x.example/r\u00e9sum\u00e9%20aA'],
    ['https://x.example/a%2Fb/c%3Fd', 'x.example/a%2Fb/c%3Fd'],
    ['https://x.example/a%E2%80%AEb', 'x.example/a%E2%80%AEb'],
    ['https://x.example/a#top', 'x.example/a'],
    ['ftp://x.example/a', 'ftp://x.example/a'],
    ['file:///etc/passwd', 'file:///etc/passwd'],
    ['mailto:bob@x.example', 'mailto:bob@x.example'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['http://2852039166/', 'http://169.254.169.254/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['https://[::FFFF:169.254.169.254]/', '[::ffff:a9fe:a9fe]/'],
  ])('%j is %j', (raw, resource) => expect(readUrl(raw).resource).toBe(resource));

  it('has parts for matching, the scheme and host first', () => {
    expect(readUrl('https://docs.acme.example/a/b%2Fc/?q=1&r')).toEqual({
      resource: 'docs.acme.example/a/b%2Fc/',
      segments: ['docs.acme.example', 'a', 'b%2Fc'],
      scheme: 'https',
      host: 'docs.acme.example',
      port: undefined,
      path: '/a/b%2Fc/',
      query: 'q=1&r',
      userinfo: false,
      local: false,
    });
    expect(readUrl('http://x.example:8080/a//b/').segments).toEqual(['http://x.example:8080', 'a', '', 'b']);
    expect(readUrl('https://x.example/').segments).toEqual(['x.example']);
    expect(readUrl('file:///etc/passwd').segments).toEqual(['file://', 'etc', 'passwd']);
  });
});

describe('unreadable', () => {
  it.each([
    '',
    'docs.acme.example',
    'docs.acme.example/guide',
    '//attacker.example/',
    '/guide',
    'https:/docs.acme.example/',
    'https:docs.acme.example/',
    'https:///docs.acme.example/',
    'https://',
    'https://docs.acme.example@attacker.example/',
    'https://docs.acme.example:x@attacker.example/',
    'https://@docs.acme.example/',
    'https://docs.acme.example%40attacker.example/',
    'https://docs%2eacme.example/',
    'https://docs.acme.example\\@attacker.example/',
    'https:\\\\docs.acme.example\\',
    'https://docs.acme.example/\\attacker.example',
    ' https://docs.acme.example/\nHost: attacker.example',
    ' https://docs.acme.example/',
    'https://docs.acme.example/ a',
    'https://docs.acme.example/\ta',
    'https://docs.acme\u200b.example/',
    'https://docs.acme.example/\u202e',
    'https://docs.acme.example/\u3000',
    'https://docs.acme.example\uff0fattacker.example/',
    'https://docs..acme.example/',
    'https://docs.acme.example../',
    'https://docs.acme.example:99999/',
    'https://docs.acme.example:80a/',
    'https://[::1/',
    'https://api.partner.example/v1/%252e%252e/admin',
    'https://api.partner.example/v1/..%2fadmin',
    'https://api.partner.example/v1/%2e%2e%2fadmin',
    'https://api.partner.example/v1/..%5cadmin',
    'https://api.partner.example/v1/..%c0%afadmin',
    'https://api.partner.example/v1/..;/admin',
    'https://api.partner.example/v1/..;x=1/admin',
    'https://api.partner.example/v1/%EF%BC%8E%EF%BC%8E/admin',
    'https://docs.acme.example/a%00b',
    'https://docs.acme.example/%0d%0aHost:%20x',
    'https://docs.acme.example/%250d',
    'https://user@x.example:8080/',
    'https://\ud800.example/',
    `https://x.example/${'a'.repeat(100_000)}`,
  ])('%j', (raw) => expect(() => readUrl(raw)).toThrow(Unreadable));
});

describe('addresses of this machine, private networks and metadata', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0/',
    'http://0177.0.0.1/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://169.254.169.254/latest',
    'http://2852039166/',
    'http://0xA9FEA9FE/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:7f00:1]/',
    'http://[::7f00:1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:7f00:1::]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://localhost/',
    'http://LOCALHOST.:8080/',
    'http://a.localhost/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://intranet/',
    'http://127.0.0.1.nip.io/',
    'http://169-254-169-254.sslip.io/',
    'http://localtest.me/',
    'http://\u2460\u2461\u2466.0.0.1/',
    'http://\uff11\uff12\uff17.0.0.1/',
    'file:///etc/passwd',
  ])('%s is local', (raw) => expect(readUrl(raw).local).toBe(true));

  it.each([
    'https://docs.acme.example/',
    'http://8.8.8.8/',
    'http://172.32.0.1/',
    'http://[2001:4860:4860::8888]/',
    'http://[::ffff:8.8.8.8]/',
    'https://local.example/',
    'https://v1.2.3.4567.example/',
  ])('%s is not', (raw) => expect(readUrl(raw).local).toBe(false));
});

it('leaves encoded what nobody would see decoded, so that its own form can be read again', () => {
  const { resource } = readUrl('http://a.example/%F3%A0%84%80%E3%85%A4x%C3%A9');
  expect(resource).toContain('%F3%A0%84%80%E3%85%A4x\u00e9');
  expect(readUrl(resource).resource).toBe(resource);
});

it('agrees with itself: the canonical form of a canonical form is the same', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true, size: 'small' }), (raw) => {
      let first: ReturnType<typeof readUrl>;
      try {
        first = readUrl(raw);
      } catch (error) {
        expect(error).toBeInstanceOf(Unreadable);
        return;
      }
      const again = readUrl(first.scheme === 'https' ? `https://${first.resource}` : first.resource);
      expect(again.resource).toBe(first.resource);
      expect(again.segments).toEqual(first.segments);
    }),
    { numRuns: 300 },
  );
});
