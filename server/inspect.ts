// What came back: which data it carries, and the rule's obligations on it. An obligation that can't be met withholds the result.
import { detectDataClasses } from '../policies/values/data-classes.ts';
import type { ToolResult } from './ports.ts';

const MAX_SCANNED = 1_000_000;

export type Inspected = { result: ToolResult; classes: string[]; /** Obligations that could not be met. */ withheld?: string };

/** Looks a result through and removes what `redact` names, as `result.<path>`. Never throws: what can't be looked through is withheld. */
export function inspect(given: ToolResult, redact: readonly string[]): Inspected {
  try {
    return looked(given, redact);
  } catch {
    const withheld = 'the answer was withheld: the guard could not look through it';
    return { result: { content: [{ type: 'text', text: `${withheld}. The call itself was carried out.` }], isError: true }, classes: [], withheld };
  }
}

function looked(given: ToolResult, redact: readonly string[]): Inspected {
  const result = withoutClaims(given);
  const classes = detectDataClasses(textOf(result)).classes;
  if (redact.length === 0) return { result, classes };
  const cleaned = redacted(result, redact.map((path) => path.replace(/^result\./, '').split('.')));
  if (cleaned) return { result: cleaned, classes };
  const withheld = 'the answer was withheld: a rule says to remove parts of it, and its form does not let the guard find them';
  return { result: { content: [{ type: 'text', text: `${withheld}. The call itself was carried out.` }], isError: true }, classes, withheld };
}

/** What a downstream says under our own keys is read before this and goes no further: only the guard speaks as the guard. */
function withoutClaims(result: ToolResult): ToolResult {
  const content = (result.content ?? []).map((item) => {
    const resource = item['resource'];
    return unclaimed(isObject(resource) ? { ...item, resource: unclaimed(resource) } : item);
  });
  return unclaimed({ ...result, content });
}

/** The same without our keys in its `_meta`. */
function unclaimed<T extends Record<string, unknown>>(given: T): T {
  const { _meta, ...rest } = given;
  if (!isObject(_meta) || !Object.keys(_meta).some((key) => key.startsWith('perimeter/'))) return given;
  const kept = Object.entries(_meta).filter(([key]) => !key.startsWith('perimeter/'));
  return { ...rest, ...(kept.length > 0 ? { _meta: Object.fromEntries(kept) } : {}) } as unknown as T;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(result: ToolResult): string {
  const parts: string[] = [];
  let length = 0;
  for (const item of result.content ?? []) {
    const resource = item['resource'] as Record<string, unknown> | undefined;
    const text = typeof item['text'] === 'string' ? item['text'] : typeof resource?.['text'] === 'string' ? resource['text'] : '';
    parts.push(text.slice(0, MAX_SCANNED - length));
    length += text.length;
    if (length >= MAX_SCANNED) break;
  }
  if (result.structuredContent && length < MAX_SCANNED) parts.push(JSON.stringify(result.structuredContent).slice(0, MAX_SCANNED - length));
  return parts.join('\n');
}

/** The result without the named members; undefined when some part of it is not data with members. */
function redacted(result: ToolResult, paths: readonly string[][]): ToolResult | undefined {
  const content: ToolResult['content'] = [];
  const structured = result.structuredContent === undefined ? undefined : without(result.structuredContent, paths);
  for (const item of result.content ?? []) {
    if (item.type !== 'text' || typeof item['text'] !== 'string') return undefined;
    try {
      content.push({ ...item, text: JSON.stringify(without(JSON.parse(item['text']), paths)) });
    } catch {
      // words beside data may repeat what the data says: only the data goes out
      if (structured === undefined) return undefined;
    }
  }
  if (structured === undefined) return { ...result, content };
  if (content.length === 0) content.push({ type: 'text', text: JSON.stringify(structured) });
  return { ...result, content, structuredContent: structured as Record<string, unknown> };
}

function without(value: unknown, paths: readonly string[][]): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, paths));
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const here = paths.filter((path) => path[0] === key);
    if (here.some((path) => path.length === 1)) continue;
    // a path may start anywhere below: rows in a list, a list in an envelope
    kept.push([key, without(item, [...paths, ...here.map((path) => path.slice(1))])]);
  }
  return Object.fromEntries(kept);
}
