// Mailboxes as this project accepts them: a strict subset of RFC 5322 that every mailer reads in the same way.
import { ToolProblem } from './serve.ts';
import { checkHeader } from './text.ts';

/** `address` keeps the local part's case and has the domain in lower case. */
export type Mailbox = { name: string; address: string; domain: string };

/** Both from RFC 5321 section 4.5.3.1, with the domain's longest form from RFC 1035. */
const MOST_LOCAL = 64;
const MOST_DOMAIN = 253;
const MOST_LIST_CHARS = 50_000;

/** RFC 5322 dot-atom and host names in letters, digits and hyphens. No quoted local parts, literals, comments, groups or routes. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
/** What a display name may not hold: it ends a name, starts an address, or lets a name pass for one. */
const NOT_IN_NAME = /[<>@,;:()[\]\\"]/;
/** Zero-width, bidirectional and other invisible characters: what is seen would not be what is meant. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}|\p{Cf}/u;

/**
 * Reads `ann@acme.example`, `Ann <ann@acme.example>` or `"Ann, Sales" <ann@acme.example>`, several to a string with commas
 * between, and several strings. Anything another reader could take otherwise is refused. `field` is the argument, for the message.
 */
export function readMailboxes(field: string, given: string | readonly string[] | undefined): Mailbox[] {
  const list = given === undefined ? [] : typeof given === 'string' ? [given] : given;
  return list
    .filter((text) => text.trim() !== '')
    .flatMap((text) => splitList(field, text).map((piece) => readMailbox(field, piece)));
}

/** Mailboxes that are the same to a mail server: domains ignore case (RFC 5321 section 2.3.11); case in local parts is folded too. */
export function mailboxKey(mailbox: Mailbox): string {
  return mailbox.address.toLowerCase();
}

function readMailbox(field: string, text: string): Mailbox {
  const piece = text.trim();
  const angle = piece.indexOf('<');
  if (angle === -1) return { name: '', ...readAddress(field, piece, text) };
  if (!piece.endsWith('>')) throw unreadable(field, text);
  return { name: readName(field, piece.slice(0, angle).trim(), text), ...readAddress(field, piece.slice(angle + 1, -1), text) };
}

function readName(field: string, written: string, whole: string): string {
  const quoted = written.length >= 2 && written.startsWith('"') && written.endsWith('"');
  const name = quoted ? written.slice(1, -1) : written;
  const barred = quoted ? /[<>@\\"]/ : NOT_IN_NAME;
  if (barred.test(name)) throw unreadable(field, whole);
  return name.trim();
}

function readAddress(field: string, written: string, whole: string): { address: string; domain: string } {
  const at = written.lastIndexOf('@');
  const local = written.slice(0, at);
  const domain = written.slice(at + 1).toLowerCase();
  const fits = at > 0 && local.length <= MOST_LOCAL && domain.length <= MOST_DOMAIN && LOCAL.test(local) && DOMAIN.test(domain);
  if (!fits) throw unreadable(field, whole);
  return { address: `${local}@${domain}`, domain };
}

/** Splits at commas outside double quotes. */
function splitList(field: string, text: string): string[] {
  checkHeader(field, text, MOST_LIST_CHARS);
  if (INVISIBLE.test(text))
    throw new ToolProblem(`\`${field}\` has an invisible character: write the address in plain characters`);
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (character === ',' && !quoted) {
      pieces.push(piece);
      piece = '';
    } else piece += character;
  }
  return [...pieces, piece];
}

function unreadable(field: string, text: string): ToolProblem {
  const shown = text.trim().slice(0, 100).replaceAll('`', "'");
  return new ToolProblem(
    `\`${field}\` has \`${shown}\`, which is no plain address: write \`name@domain\` or \`Name <name@domain>\``,
  );
}
