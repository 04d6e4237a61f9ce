// What a scripted model needs of a model API: read what the client asks, write what the model says. One file a dialect.
import type { ServerResponse } from 'node:http';

/** A tool as the client offers it; `namespace` where the API groups tools. */
export type Offered = { name: string; namespace?: string };
/** One request of the client: its tools, the results it brings (by call id, or by tool name where the API has no ids), how to answer. */
export type Asked = { tools: Offered[]; results: Map<string, string>; stream: boolean; model: string };
export type Call = { id: string; tool: Offered; arguments: Record<string, unknown> };
export type Said = { text: string; call?: Call };
export type Dialect = {
  /** Matches the path of its one POST endpoint. */
  path: RegExp;
  /** Throws when the body is not of this dialect. */
  read(body: unknown, path: string): Asked;
  write(response: ServerResponse, said: Said, asked: Asked): void;
};

/** The text in any nesting of strings, lists and content blocks. */
export function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(flatten).join('\n');
  if (typeof value !== 'object') return String(value);
  const { text, content, output } = value as Record<string, unknown>;
  if (typeof text === 'string') return text;
  return content === undefined && output === undefined ? JSON.stringify(value) : flatten(content ?? output);
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** Opens a stream of server-sent events. With a name, the event says its type beside the data. */
export function events(response: ServerResponse): (data: unknown, name?: string) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  return (data, name) => void response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
}
