// How rewritten PostgreSQL statements spell names and texts, tell rows apart, and raise what they found.
import type { PostgresChange } from './change.ts';

/** 128 bits of SHA-256 over the salt, what is done to which table, and the key. */
export const digest = (change: PostgresChange, salt: string, key: string) =>
  `left(encode(sha256(convert_to(${literal(JSON.stringify([salt, change.verb, ...change.table]))} || ${key}, 'UTF8')), 'hex'), 32)`;
/** Base64 survives whatever quoting a tool puts around an error. */
export const raised = (nonce: string, json: string) =>
  `'${nonce}:' || translate(encode(convert_to((${json})::text, 'UTF8'), 'base64'), E'\\n', '') || '.'`;
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
/** Holds under every setting of standard_conforming_strings. */
export const literal = (text: string) =>
  text.includes('\\') ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;
export const array = (texts: readonly string[]) => `ARRAY[${texts.map(literal).join(', ')}]::text[]`;
/** The target as SQL names it. */
export const nameOf = (change: PostgresChange) => change.table.slice(-2).map(identifier).join('.');
