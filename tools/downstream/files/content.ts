// Opens a file that was located, makes sure it is that one, and reads bytes or text from it.
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { ToolProblem } from '../serve.ts';
import { type Root, sameFile } from './root.ts';

/** Not there on Windows, where links need a privilege to make. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_WAIT = constants.O_NONBLOCK ?? 0;

type Slice = { bytes: Buffer; size: number };

/** Up to `limit` bytes from `offset`, of a plain file at a canonical path. Throws ToolProblem. */
export function readSlice(root: Root, absolute: string, offset: number, limit: number): Slice {
  const name = root.nameOf(absolute);
  let file: number;
  try {
    // A pipe put in its place must not make us wait, nor a link lead us elsewhere.
    file = openSync(absolute, constants.O_RDONLY | NO_FOLLOW | NO_WAIT);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw new ToolProblem(`\`${name}\` can not be opened (${String(code)})`);
  }
  try {
    const stats = fstatSync(file, { bigint: true });
    if (!stats.isFile()) throw new ToolProblem(`\`${name}\` is not a file: \`list\` shows what is in a folder`);
    checkSame(root, absolute, stats);
    const size = Number(stats.size);
    const bytes = Buffer.alloc(Math.max(0, Math.min(limit, size - offset)));
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(file, bytes, read, bytes.length - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    return { bytes: bytes.subarray(0, read), size };
  } finally {
    closeSync(file);
  }
}

/**
 * Bytes as UTF-8, or undefined when they are none. Characters cut at either end are left out: `start` and `end` are where
 * the text begins and ends in the bytes.
 */
export function textOf(
  bytes: Buffer,
  atStart: boolean,
  atEnd: boolean,
): { text: string; start: number; end: number } | undefined {
  if (bytes.includes(0)) return undefined;
  let start = 0;
  while (!atStart && start < Math.min(3, bytes.length) && ((bytes[start] as number) & 0xc0) === 0x80) start += 1;
  for (let cut = 0; cut <= (atEnd ? 0 : Math.min(3, bytes.length - start)); cut += 1) {
    const end = bytes.length - cut;
    try {
      return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end)), start, end };
    } catch {
      // Not whole characters up to here: try one byte less.
    }
  }
  return undefined;
}

/** What is open has to be what the path still names. */
function checkSame(root: Root, absolute: string, opened: BigIntStats): void {
  root.recheck(absolute);
  const named = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  if (!named || !sameFile(named, opened))
    throw new ToolProblem(`\`${root.nameOf(absolute)}\` changed while it was opened: try again`);
}
