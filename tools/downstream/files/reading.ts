// The file tools that only look: list, read, search, stat.
import type { BigIntStats } from 'node:fs';
import { lstatSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as z from 'zod';
import { type BundledTool, bundledTool, ToolProblem } from '../serve.ts';
import { readSlice, textOf } from './content.ts';
import { matchesGlob } from './glob.ts';
import type { Place, Root } from './root.ts';
import { kindOf, walk } from './walk.ts';

const LIST_MAX = 1_000;
const READ_BYTES_MAX = 1_000_000;
const FOUND_MAX = 200;
const VISITED_MAX = 20_000;
const SEARCH_MS_MAX = 5_000;
const LINE_CHARS_MAX = 300;

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
export const path = z.string().describe('Path relative to the root folder');

export function readingTools(root: Root): BundledTool[] {
  return [
    bundledTool({
      name: 'list',
      title: 'List a folder',
      description: 'Lists the entries of one folder with type, size in bytes and time of last change; at most 1,000.',
      input: z.object({ path: path.default('.') }),
      annotations,
      run: async (input) => answer(listFolder(root, input.path)),
    }),
    bundledTool({
      name: 'read',
      title: 'Read a file',
      description:
        'Reads a text file, up to 1 MB at a time (`offset` and `limit` in bytes). Use `encoding: base64` for other files.',
      input: z.object({
        path,
        offset: z.int().min(0).default(0).describe('First byte to read'),
        limit: z.int().min(1).max(READ_BYTES_MAX).default(READ_BYTES_MAX).describe('Most bytes to read'),
        encoding: z.enum(['text', 'base64']).default('text'),
      }),
      annotations,
      run: async (input) => readFile(root, input),
    }),
    bundledTool({
      name: 'search',
      title: 'Find files',
      description:
        'Finds files below a folder by name (`pattern`: `*.md`, `2026/**/plan?.txt`), by the text in them (`text`, a plain phrase), or both. At most 200 results.',
      input: z.object({
        path: path.default('.'),
        pattern: z
          .string()
          .min(1)
          .max(500)
          .optional()
          .describe('Name pattern; with a `/` it is held against the whole path below `path`'),
        text: z.string().min(1).max(1_000).optional().describe('Phrase to look for, whatever its case'),
      }),
      annotations,
      run: async (input, { signal }) => answer(await search(root, input, signal)),
    }),
    bundledTool({
      name: 'stat',
      title: 'Look at one entry',
      description: 'Tells the type, size and time of last change of one file or folder.',
      input: z.object({ path }),
      annotations,
      run: async (input) => {
        const place = root.existing(input.path);
        return answer({ path: place.name, ...detailsOf(place.stats), ...(place.link ? { via_link: true } : {}) });
      },
    }),
  ];
}

function answer(structured: Record<string, unknown>): { text: string; structured: Record<string, unknown> } {
  return { text: JSON.stringify(structured), structured };
}

/** Type, size in bytes (files only) and last change, as ISO 8601. */
export function detailsOf(stats: BigIntStats): { type: string; size?: number; modified: string } {
  const type = kindOf(stats);
  return { type, ...(type === 'file' ? { size: Number(stats.size) } : {}), modified: stats.mtime.toISOString() };
}

function listFolder(root: Root, given: string): Record<string, unknown> {
  const folder = folderAt(root, given);
  const names = readdirSync(folder.absolute).sort();
  const entries = names.slice(0, LIST_MAX).flatMap((name) => {
    const stats = lstatSync(join(folder.absolute, name), { bigint: true, throwIfNoEntry: false });
    return stats ? [{ name, ...detailsOf(stats) }] : [];
  });
  root.recheck(folder.absolute);
  return { path: folder.name, entries, ...(names.length > LIST_MAX ? { truncated: true, total: names.length } : {}) };
}

function folderAt(root: Root, given: string): Place {
  const folder = root.existing(given);
  if (!folder.stats.isDirectory()) throw new ToolProblem(`\`${folder.name}\` is not a folder: use \`read\` or \`stat\``);
  return folder;
}

type ReadInput = { path: string; offset: number; limit: number; encoding: 'text' | 'base64' };

function readFile(root: Root, input: ReadInput): { text: string; structured: Record<string, unknown> } {
  const place = root.existing(input.path);
  if (place.stats.isDirectory()) throw new ToolProblem(`\`${place.name}\` is a folder: use \`list\``);
  const { bytes, size } = readSlice(root, place.absolute, input.offset, input.limit);
  const base = { path: place.name, size, modified: place.stats.mtime.toISOString() };
  if (input.encoding === 'base64') {
    const text = bytes.toString('base64');
    return {
      text,
      structured: { ...base, ...positions(input.offset, input.offset + bytes.length, size), encoding: 'base64', content: text },
    };
  }
  const found = textOf(bytes, input.offset === 0, input.offset + bytes.length >= size);
  if (!found)
    throw new ToolProblem(`\`${place.name}\` is not text (${size} bytes): ask for \`encoding: base64\` if you need its bytes`);
  const at = positions(input.offset + found.start, input.offset + found.end, size);
  const rest = at.next_offset === undefined ? '' : `\n[${size - at.next_offset} more bytes: go on with offset ${at.next_offset}]`;
  return { text: `${found.text}${rest}`, structured: { ...base, ...at, content: found.text } };
}

function positions(offset: number, end: number, size: number): { offset?: number; next_offset?: number } {
  return { ...(offset > 0 ? { offset } : {}), ...(end < size ? { next_offset: end } : {}) };
}

type Found = { path: string; type?: string; line?: number; text?: string };
type SearchInput = { path: string; pattern?: string | undefined; text?: string | undefined };

async function search(root: Root, input: SearchInput, cancelled: AbortSignal): Promise<Record<string, unknown>> {
  if (input.pattern === undefined && input.text === undefined)
    throw new ToolProblem('nothing to look for: give `pattern`, `text`, or both');
  const folder = folderAt(root, input.path);
  const late = AbortSignal.timeout(SEARCH_MS_MAX);
  const results: Found[] = [];
  let visited = 0;
  let stopped: string | undefined;
  for await (const { absolute, kind } of walk(folder.absolute, cancelled, true)) {
    visited += 1;
    if (late.aborted) stopped = 'the search takes longer than 5 s';
    if (visited > VISITED_MAX) stopped = `there are more than ${VISITED_MAX} entries`;
    if (results.length >= FOUND_MAX) stopped = `there are more than ${FOUND_MAX} results`;
    if (stopped) break;
    if (input.pattern !== undefined && !matchesGlob(input.pattern, relative(folder.absolute, absolute).split(sep).join('/')))
      continue;
    if (input.text === undefined) results.push({ path: root.nameOf(absolute), type: kind });
    else if (kind === 'file') results.push(...linesWith(root, absolute, input.text).slice(0, FOUND_MAX - results.length));
  }
  return {
    path: folder.name,
    results,
    ...(stopped ? { truncated: true, reason: `${stopped}: search in a smaller folder` } : {}),
  };
}

/** The lines of a text file (its first 1 MB) that hold the phrase. Files that can't be read as text hold none. */
function linesWith(root: Root, absolute: string, phrase: string): Found[] {
  const wanted = phrase.toLowerCase();
  let content: string | undefined;
  try {
    const { bytes, size } = readSlice(root, absolute, 0, READ_BYTES_MAX);
    content = textOf(bytes, true, bytes.length >= size)?.text;
  } catch (error) {
    if (error instanceof ToolProblem) return [];
    throw error;
  }
  if (!content?.toLowerCase().includes(wanted)) return [];
  return content.split('\n').flatMap((line, index) => {
    const at = line.toLowerCase().indexOf(wanted);
    if (at === -1) return [];
    const from = Math.max(0, at - LINE_CHARS_MAX / 2);
    return [{ path: root.nameOf(absolute), line: index + 1, text: line.slice(from, from + LINE_CHARS_MAX) }];
  });
}
