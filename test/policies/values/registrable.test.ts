// Who a domain belongs to, as the Public Suffix List has it.
import { describe, expect, it } from 'vitest';
import { isPublicSuffix, registrableDomain } from '../../../policies/values/registrable.ts';

describe('the registrable part of a name', () => {
  it.each([
    ['acme.test.evil.test', 'evil.test'],
    ['mail.acme.example', 'acme.example'],
    ['evil.co.uk', 'evil.co.uk'],
    ['a.b.evil.co.uk', 'evil.co.uk'],
    ['john.github.io', 'john.github.io'],
    ['deep.john.github.io', 'john.github.io'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['shop.example:8443', 'shop.example'],
    ['github.io', undefined],
    ['co.uk', undefined],
    ['localhost', undefined],
    ['192.0.2.7', undefined],
    ['[2001:db8::1]', undefined],
    ['', undefined],
  ])('%s', (host, domain) => expect(registrableDomain(host)).toBe(domain));
});

describe('a name below which anybody may register', () => {
  it.each(['com', 'co.uk', 'github.io', 'GitHub.io', 'com.au'])('%s', (domain) => expect(isPublicSuffix(domain)).toBe(true));
  it.each(['acme.example', 'evil.co.uk', 'john.github.io', 'corp', 'localhost', 'acme.internal', ''])('not %s', (domain) =>
    expect(isPublicSuffix(domain)).toBe(false),
  );
});
