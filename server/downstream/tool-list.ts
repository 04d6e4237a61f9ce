// Reads a downstream's tool definitions, page by page, within bounds, and keeps them exactly as they came.
import { visible } from '../../policies/values/visible.ts';
import type { ToolDefinition } from '../ports.ts';
import { isRecord } from '../wire/messages.ts';
import type { Link } from './link.ts';

const MAX_TOOLS = 1000;
const MAX_TOOL_BYTES = 1024 * 1024;
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 200;
const MAX_NAME = 1000;

/** All definitions, in the server's order. What breaks a bound is left out, and said in the log. Throws DownstreamError. */
export async function readTools(link: Link, timeout: number, log: (line: string) => void): Promise<ToolDefinition[]> {
  if (!link.offersTools) return [];
  const tools = new Map<string, ToolDefinition>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await link.toolPage(cursor, timeout);
    for (const given of Array.isArray(answer.tools) ? answer.tools : []) {
      const size = Buffer.byteLength(JSON.stringify(given) ?? '');
      const fault = definitionFault(given, size, tools);
      if (tools.size >= MAX_TOOLS || bytes + size > MAX_LIST_BYTES) {
        log(`only the first ${tools.size} tools are used: the list is too long`);
        return [...tools.values()];
      }
      if (fault !== undefined) {
        log(`a tool was left out: ${fault}`);
        continue;
      }
      const definition = given as ToolDefinition;
      tools.set(definition.name, definition);
      bytes += size;
    }
    const next = answer.nextCursor;
    if (typeof next !== 'string' || cursors.has(next)) return [...tools.values()];
    cursors.add(next);
    cursor = next;
  }
  log(`only the first ${MAX_PAGES} pages of tools were read`);
  return [...tools.values()];
}

function definitionFault(given: unknown, size: number, known: ReadonlyMap<string, unknown>): string | undefined {
  if (!isRecord(given) || typeof given.name !== 'string') return 'it has no name';
  const { name } = given;
  const shown = `\`${visible(name, 80)}\``;
  if (name === '' || name.length > MAX_NAME) return 'its name is empty or too long';
  if (known.has(name)) return `${shown} stands twice in the list`;
  if (size > MAX_TOOL_BYTES) return `${shown} is over ${MAX_TOOL_BYTES} bytes`;
  if (!isRecord(given.inputSchema)) return `${shown} has no input schema`;
  if (given.outputSchema !== undefined && !isRecord(given.outputSchema)) return `${shown} has an output schema that is no object`;
  if (given.annotations !== undefined && !isRecord(given.annotations)) return `${shown} has annotations that are no object`;
  for (const text of ['title', 'description']) {
    if (given[text] !== undefined && typeof given[text] !== 'string') return `${shown} has a ${text} that is no text`;
  }
  return undefined;
}
