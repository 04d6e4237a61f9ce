// The canonical reading of recipients: every mailbox a mailer might deliver to.
import { domainToASCII } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';
import { hasControl, hasInvisible, withoutInvisible } from './characters.ts';
import { percentDecoded } from './spellings.ts';
import { encodedWordBytes } from './transport.ts';
import { Unreadable } from './unreadable.ts';

/** `address` is lower case. `domain` is lower-case IDNA, `[…]` for an address literal, '' where none can be read: nobody's own. */
export type Mailbox = { address: string; domain: string };

const MAX_TEXT = 1024 * 1024;
const MAX_MAILBOXES = 10_000;
const MAX_DEPTH = 8;
/** Blank to some readers, part of a name to others. */
const ODD_BLANK = /[^\S \t]/;
const LITERAL = /^\[[0-9a-z:.-]+\]$/;
const HOSTNAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * The mailboxes in a text, a list, or objects such as `{ address, name }`; without repeats, in order. RFC 5322 lists and groups, and
 * beside them whatever looks like an address anywhere, since mailers differ. A recipient without any address is kept with no
 * domain. Throws Unreadable where line breaks, controls or invisible characters could hide one.
 */
export function readAddresses(raw: unknown): Mailbox[] {
  const found = new Map<string, Mailbox>();
  collect(raw, 0, (mailbox) => {
    found.set(mailbox.address, mailbox);
    if (found.size > MAX_MAILBOXES) throw new Unreadable(`there are more than ${MAX_MAILBOXES} recipients; send in smaller lots`);
  });
  return [...found.values()];
}

/** Whether a domain is one of ours or below one of ours, label by label. */
export function isOwn(domain: string, own: readonly string[]): boolean {
  const name = hostname(domain);
  if (name === '' || LITERAL.test(name)) return false;
  return own.some((entry) => {
    const ours = hostname(entry);
    return ours !== '' && (name === ours || name.endsWith(`.${ours}`));
  });
}

function collect(raw: unknown, depth: number, add: (mailbox: Mailbox) => void): void {
  if (depth > MAX_DEPTH) throw new Unreadable('the recipients are nested too deeply; give a flat list');
  if (raw === null || raw === undefined) return;
  if (typeof raw === 'string') {
    for (const mailbox of readText(raw)) add(mailbox);
  } else if (Array.isArray(raw)) {
    for (const element of raw) collect(element, depth + 1, add);
  } else if (typeof raw === 'object') {
    collectObject(raw, depth, add);
  } else {
    throw new Unreadable(`a recipient is expected where there is a ${typeof raw}`);
  }
}

/** No list of field names: names and texts of all fields are looked through, so an unknown one can't hide an address. */
function collectObject(value: object, depth: number, add: (mailbox: Mailbox) => void): void {
  let count = 0;
  const keep = (mailbox: Mailbox) => {
    if (!mailbox.address.includes('@')) return;
    count += 1;
    add(mailbox);
  };
  let members = 0;
  for (const [key, field] of Object.entries(value)) {
    collect(key, depth + 1, keep);
    if (Array.isArray(field)) members += 1;
    if (typeof field === 'string' || (typeof field === 'object' && field !== null)) collect(field, depth + 1, keep);
  }
  // a group may be empty; a person without an address is somebody the guard can't see
  if (count === 0 && members === 0) throw new Unreadable('a recipient has no address; give one such as `ann@acme.example`');
}

function readText(text: string): Mailbox[] {
  if (text.length > MAX_TEXT) throw new Unreadable('the list of recipients is longer than 1 MB; send in smaller lots');
  if (hasControl(text.replaceAll('\t', ' ')))
    throw new Unreadable('a recipient holds a line break or control character; give plain addresses');
  for (const chunk of text.split(/[ \t<>(),;:"]+/)) {
    if (/[@＠﹫]/.test(chunk) && (hasInvisible(chunk) || ODD_BLANK.test(chunk))) {
      throw new Unreadable('an address holds invisible characters or odd blanks; type it anew');
    }
  }
  const route = /(?:^|[\s<,;:])@[^\s<>@,:]+[,:]/.exec(text);
  if (route && text.includes('@', route.index + route[0].length))
    throw new Unreadable('a recipient names a route over another host; give the address alone');
  const parsed = addressparser(text, { flatten: true }).map(({ name, address }) => mailboxOf(address === '' ? name : address));
  return [...parsed, ...lookalikes(text)];
}

function mailboxOf(address: string): Mailbox {
  if (/=\?[^?]*\?[bq]\?/i.test(address)) throw new Unreadable('an address is written as an encoded word; write it out');
  if (hasInvisible(address) && address.includes('@')) throw new Unreadable('an address holds invisible characters; type it anew');
  const plain = withoutInvisible(address).normalize('NFC').toLowerCase();
  const literal = plain.endsWith(']') ? /@(\[[^[\]\\]*\])$/.exec(plain) : null;
  const at = literal ? literal.index : plain.lastIndexOf('@');
  if (at < 0) return { address: plain, domain: '' };
  const written = plain.slice(at + 1);
  const domain = LITERAL.test(written) ? written : hostname(written);
  return { address: `${plain.slice(0, at)}@${domain === '' ? written : domain}`, domain };
}

/** Lower-case IDNA (UTS 46), trailing dot dropped; '' when it is no host name. */
function hostname(written: string): string {
  const lower = written.normalize('NFC').toLowerCase();
  if (LITERAL.test(lower)) return lower;
  // domainToASCII also takes what is no domain (`a/b`, `a:1`), so the result is held against the alphabet
  const ascii = (/^[\x21-\x7e]*$/.test(lower) ? lower : domainToASCII(lower)).replace(/\.$/, '');
  return HOSTNAME.test(ascii) ? ascii : '';
}

/**
 * Whatever looks like an address, wherever it stands: in names, quotes and comments, behind a source route, percent-encoded, or
 * routed through another host (`bob%evil.example@acme.example`, `evil.example!bob@acme.example`).
 */
function lookalikes(text: string): Mailbox[] {
  const found: Mailbox[] = [];
  const decoded = encodedWordsDecoded(percentDecoded(text));
  for (const reading of new Set([text, text.normalize('NFKC'), decoded])) {
    for (const { local, domain } of addressesIn(reading)) {
      found.push(mailboxOf(`${local}@${domain}`));
      const routed = /^(.+)%([^%]+)$/.exec(local);
      if (routed) found.push(mailboxOf(`${routed[1]}@${routed[2]}`));
      const path = /^(.+)!([^!]+)$/.exec(local);
      if (path) found.push(mailboxOf(`${path[2]}@${(path[1] ?? '').split('!').at(-1)}`));
    }
  }
  return found.filter((mailbox) => mailbox.domain !== '');
}

const LOCAL = /[^\s<>()[\]\\,;:"@]/u;
const DOMAIN = /[\p{L}\p{N}\p{M}._。．｡-]/u;

/** Walks outwards from each `@` and never past another, so that it stays linear. */
function addressesIn(text: string): { local: string; domain: string }[] {
  const found: { local: string; domain: string }[] = [];
  for (let at = text.indexOf('@'), before = 0; at >= 0; before = at + 1, at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > before && LOCAL.test(text[start - 1] ?? '')) start -= 1;
    let end = at + 1;
    while (end < text.length && DOMAIN.test(String.fromCodePoint(text.codePointAt(end) ?? 0)))
      end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
    const domain = text.slice(at + 1, end).replace(/^[._-]+|[._-]+$/g, '');
    const local = text.slice(start, at).replace(/^['`*_.]+/, '');
    if (local !== '' && domain !== '') found.push({ local, domain });
  }
  return found;
}

/** RFC 2047 words as a mailer that decodes first and parses later would see them. */
export function encodedWordsDecoded(text: string): string {
  return text.replace(/=\?([^?\s]{1,40})\?([bq])\?([^?\s]*)\?=/gi, (_, _charset: string, kind: string, body: string) =>
    encodedWordBytes(kind, body).toString('latin1'),
  );
}
