// The canonical reading of a web address: what every program that fetches it would agree on, or nothing.
import { hasControl, hasInvisible } from './characters.ts';
import { isLocalHost, isThisMachine } from './local-host.ts';
import { percentDecoded } from './spellings.ts';
import { Unreadable } from './unreadable.ts';

/**
 * `resource` is `host[:port]/path` with https implied, `http://…` kept, any other scheme as `scheme:…`; `segments` are its parts for
 * matching, the scheme and host first, trailing slashes dropped. `host`, `path` and `query` (without `?`) are canonical; default
 * ports are left out. `userinfo` is always false: an address with one is unreadable. `local`: it leads to this machine, a private
 * network or a cloud's metadata, by its text alone (names are not looked up).
 */
export type Url = {
  resource: string;
  segments: string[];
  scheme: string;
  host: string;
  port: number | undefined;
  path: string;
  query: string;
  userinfo: boolean;
  local: boolean;
  /** The port of this very machine that it leads to, as far as its text tells. */
  here?: number;
};

const MAX_LENGTH = 64 * 1024;
/** Schemes whose hosts are internet names (WHATWG URL, "special scheme"). */
const HOSTED = /^(?:https?|wss?|ftp)$/;
/** Where those lead that name no port. */
const PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443, ftp: 21 };
/** Schemes that read this machine. */
const ON_THIS_MACHINE: ReadonlySet<string> = new Set(['file', 'unix', 'about', 'chrome', 'resource']);

/** Reads an absolute URL (WHATWG). Throws Unreadable for whatever URL parsers are known to disagree on. */
export function readUrl(raw: string): Url {
  const scheme = checkText(raw);
  const parsed = URL.canParse(raw) ? new URL(raw) : undefined;
  if (!parsed) throw new Unreadable('the web address can not be parsed; write it as `https://host/path`');
  if (parsed.username !== '' || parsed.password !== '')
    throw new Unreadable('the web address names a user before the host; leave that out');
  const host = canonicalHost(parsed.hostname);
  const port = parsed.port === '' ? undefined : Number(parsed.port);
  const names = parsed.pathname.startsWith('/') ? parsed.pathname.slice(1).split('/') : [parsed.pathname];
  const path = names.map(canonicalName);
  const authority = port === undefined ? host : `${host}:${port}`;
  const head =
    scheme === 'https'
      ? authority
      : authority !== '' || parsed.href.startsWith(`${scheme}://`)
        ? `${scheme}://${authority}`
        : `${scheme}:`;
  const rooted = parsed.pathname.startsWith('/');
  const pathText = rooted ? `/${path.join('/')}` : path.join('/');
  while (path.at(-1) === '') path.pop();
  return {
    resource: `${head}${pathText}`,
    segments: [head, ...path],
    scheme,
    host,
    port,
    path: pathText,
    query: parsed.search.slice(1),
    userinfo: false,
    local: ON_THIS_MACHINE.has(scheme) || (host !== '' && isLocalHost(host)),
    ...(host !== '' && isThisMachine(host) ? { here: port ?? PORTS[scheme] ?? 0 } : {}),
  };
}

/** Refuses what WHATWG repairs silently and others read differently; returns the scheme. */
function checkText(raw: unknown): string {
  if (typeof raw !== 'string') throw new Unreadable('a web address is expected; write it as text');
  if (raw.length > MAX_LENGTH) throw new Unreadable(`the web address is longer than ${MAX_LENGTH} characters`);
  if (hasControl(raw) || hasInvisible(raw) || /\s/.test(raw))
    throw new Unreadable('the web address holds blanks, control or invisible characters; encode them');
  if (raw.includes('\\')) throw new Unreadable('the web address holds a backslash; use `/`');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new Unreadable('the web address has no scheme; write it as `https://host/path`');
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(raw)?.[1];
  if (HOSTED.test(scheme) && !authority)
    throw new Unreadable('the web address has no host after `//`; write it as `https://host/path`');
  if (authority?.includes('@')) throw new Unreadable('the web address names a user before the host; leave that out');
  if (authority?.includes('%')) throw new Unreadable('the web address encodes its host; write the host plainly');
  return scheme;
}

function canonicalHost(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (/^\.|\.\.|\.$/.test(host)) throw new Unreadable('the host of the web address has an empty part; write the host plainly');
  return host;
}

/** A letter, digit or mark that is seen. */
function needsNoEncoding(character: string): boolean {
  return /[\p{L}\p{N}\p{M}._~-]/u.test(character) && !hasInvisible(character);
}

/**
 * One name of a path: letters decoded that never needed encoding, the rest kept as `%XX`. Dot segments are gone by now, so one
 * that appears on decoding again would be resolved by the far server only.
 */
function canonicalName(name: string): string {
  let plain = name;
  for (let round = 0, next = percentDecoded(plain); next !== plain; round++, plain = next, next = percentDecoded(plain)) {
    if (round > 5) throw new Unreadable('the web address is encoded many times over; write it plainly');
  }
  if (hasControl(plain)) throw new Unreadable('the web address hides a control character; leave it out');
  const dots = plain
    .normalize('NFKC')
    .split(/[\\/]/)
    .some((part) => /^\.{1,2}(?:;|$)/.test(part));
  if (dots) throw new Unreadable('the web address climbs by an encoded `..`; write where it leads');
  return name.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const encoded = run.toUpperCase();
    try {
      return [...decodeURIComponent(encoded)]
        .map((character) => (needsNoEncoding(character) ? character : encodeURIComponent(character)))
        .join('');
    } catch {
      return encoded;
    }
  });
}
