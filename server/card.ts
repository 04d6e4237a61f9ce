// The card that some clients draw for a request (MCP Apps): it shows what is asked and leads to the console. It decides nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicFolder } from './console/public-files.ts';
import type { ToolDefinition, ToolResult } from './ports.ts';
import { CARD_URI } from './wire/client-gate.ts';
import { isRecord } from './wire/messages.ts';

/** The extension and its content type (MCP Apps, 2026-01-26, "Client<>Server Capability Negotiation"). */
const EXTENSION = 'io.modelcontextprotocol/ui';
const MIME = 'text/html;profile=mcp-app';
const ASKING = 'request_elevation';

export type Cards = {
  /** Whether a client with these capabilities is given the card: it declares the extension, and there is a page to lead to. */
  shows(capabilities: unknown): boolean;
  /** The tools, the asking one pointing to the card. */
  tools(tools: readonly ToolDefinition[]): ToolDefinition[];
  /** Answers what concerns the card's resource; undefined for everything else. */
  answer(method: string, params: unknown): Record<string, unknown> | undefined;
  /** The result of the asking tool, with the address of its request's page for the card. It carries no right. */
  result(tool: string, result: ToolResult): ToolResult;
};

/** `page` gives the address of a request's page, undefined where none is served. */
export function createCards(page: (request_id: string) => string | undefined): Cards {
  const resource = { uri: CARD_URI, name: 'request', title: 'A request for permission', mimeType: MIME };
  return {
    shows(capabilities) {
      const extensions = isRecord(capabilities) ? capabilities.extensions : undefined;
      const declared = isRecord(extensions) ? extensions[EXTENSION] : undefined;
      const types = isRecord(declared) ? declared.mimeTypes : undefined;
      return Array.isArray(types) && types.includes(MIME) && page('') !== undefined;
    },
    tools: (tools) =>
      tools.map((tool) => (tool.name === ASKING ? { ...tool, _meta: { ...tool._meta, ui: { resourceUri: CARD_URI } } } : tool)),
    answer(method, params) {
      if (method === 'resources/list') return { resources: [resource] };
      if (method !== 'resources/read' || !isRecord(params) || params.uri !== CARD_URI) return undefined;
      return { contents: [{ uri: CARD_URI, mimeType: MIME, text: html(), _meta: { ui: { prefersBorder: true } } }] };
    },
    result(tool, result) {
      const id = result.structuredContent?.request_id;
      const url = tool === ASKING && typeof id === 'string' ? page(id) : undefined;
      return url === undefined ? result : { ...result, _meta: { ...result._meta, 'perimeter/page': url } };
    },
  };
}

let text: string | undefined;
function html(): string {
  text ??= readFileSync(join(publicFolder(), 'card.html'), 'utf8');
  return text;
}
