// Who a domain belongs to: the part of a name that somebody registered, by the Public Suffix List, private parts included (publicsuffix.org).
import { parse } from 'tldts';

const OPTIONS = { allowPrivateDomains: true };

/** The registrable domain of a host, as `evil.example` of `acme.test.evil.example`; undefined where there is none: an IP, a suffix, a plain name. */
export function registrableDomain(host: string): string | undefined {
  return parse(host, OPTIONS).domain ?? undefined;
}

/** Whether anybody can register a name below this one, as below `com`, `co.uk` and `github.io`: such a name is nobody's own. */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, domain: registered, isIcann, isPrivate } = parse(domain, OPTIONS);
  return registered === null && publicSuffix !== null && (isIcann === true || isPrivate === true);
}
