// What came back: which data it carries, and the rule's obligations on it. An obligation that can't be met withholds the result.
import { type DataClasses, detectDataClasses, UNSCANNED } from '../policies/values/data-classes.ts';
import type { ToolResult } from './ports.ts';
import { notDrawn } from './told-by.ts';

/** `size`: characters of text in it. */
export type Inspected = {
  result: ToolResult;
  data: DataClasses;
  size: number;
  /** Obligations that could not be met. */
  withheld?: string;
};

/**
 * Looks a result through and removes what `redact` names, as `result.<path>`. What is too long to be looked through, or no text, is
 * never clean: `truncated`. Never throws: a result that can't be looked at is withheld.
 */
export function inspect(given: ToolResult, redact: readonly string[]): Inspected {
  try {
    return looked(given, redact);
  } catch {
    const withheld = 'the answer was withheld: the guard could not look through it';
    const data: DataClasses = { classes: [UNSCANNED], counts: {}, truncated: true };
    return {
      result: { content: [{ type: 'text', text: `${withheld}. The call itself was carried out.` }], isError: true },
      data,
      size: 0,
      withheld,
    };
  }
}

function looked(given: ToolResult, redact: readonly string[]): Inspected {
  const result = withoutClaims(given);
  const { data, size } = scan(result);
  if (redact.length === 0) return { result, data, size };
  const cleaned = redacted(
    result,
    redact.map((path) => path.replace(/^result\./, '').split('.')),
  );
  if (cleaned) return { result: cleaned, data, size };
  const withheld = 'the answer was withheld: a rule says to remove parts of it, and its form does not let the guard find them';
  return {
    result: { content: [{ type: 'text', text: `${withheld}. The call itself was carried out.` }], isError: true },
    data,
    size,
    withheld,
  };
}

/** What a downstream says under our own keys is read before this and goes no further: only the guard speaks as the guard. */
function withoutClaims(result: ToolResult): ToolResult {
  const content = (result.content ?? []).map(notDrawn).map((item) => {
    const resource = item.resource;
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

/** Text and structured content usually say the same: what both hold counts once. */
function scan(result: ToolResult): { data: DataClasses; size: number } {
  const parts = (result.content ?? []).map(textOf);
  const text = parts.filter((part) => part !== undefined).join('\n');
  const structured = result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent);
  const found = [text, structured].filter((one) => one !== '').map(detectDataClasses);
  const data = found.reduce(merged, { classes: [], counts: {}, truncated: false });
  const opaque = parts.includes(undefined);
  if (!opaque) return { data, size: text.length + structured.length };
  return {
    data: { ...data, classes: [...new Set([...data.classes, UNSCANNED])].sort(), truncated: true },
    size: text.length + structured.length,
  };
}

function merged(a: DataClasses, b: DataClasses): DataClasses {
  const classes = [...new Set([...a.classes, ...b.classes])].sort();
  const counts = Object.fromEntries(classes.map((name) => [name, Math.max(a.counts[name] ?? 0, b.counts[name] ?? 0)]));
  return { classes, counts, truncated: a.truncated || b.truncated };
}

/** The text of one part of a result; undefined when it is no text: a picture, a sound, other bytes. */
function textOf(item: ToolResult['content'][number]): string | undefined {
  const resource = item.resource as Record<string, unknown> | undefined;
  if (item.type === 'text') return String(item.text ?? '');
  if (item.type === 'image' || item.type === 'audio') return undefined;
  if (item.type !== 'resource') return JSON.stringify(item);
  if (typeof resource?.text === 'string') return resource.text;
  return typeof resource?.blob === 'string' ? decoded(resource.blob) : '';
}

/** Text that travels as bytes; undefined when the bytes are none in UTF-8. */
function decoded(blob: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(blob, 'base64'));
  } catch {
    return undefined;
  }
}

/** The result without the named members; undefined when some part of it is not data with members. */
function redacted(result: ToolResult, paths: readonly string[][]): ToolResult | undefined {
  const content: ToolResult['content'] = [];
  const structured = result.structuredContent === undefined ? undefined : without(result.structuredContent, paths);
  for (const item of result.content ?? []) {
    if (item.type !== 'text' || typeof item.text !== 'string') return undefined;
    try {
      content.push({ ...item, text: JSON.stringify(without(JSON.parse(item.text), paths)) });
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
