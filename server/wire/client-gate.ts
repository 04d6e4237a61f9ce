// What a client may send at all: only methods the guard knows, and nothing before the connection was opened.
import type { Gate, Refusal } from './line-transport.ts';
import { isRecord, RPC_CODES, type RpcNotification, type RpcRequest } from './messages.ts';

/** Lists of what the guard passes on nothing of, and what they are called in the answer. To ask what there is, is no offence. */
export const EMPTY_LISTS: Readonly<Record<string, string>> = {
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
};
/** The one resource of the guard's own: the card that some clients draw for a request (server/card.ts). */
export const CARD_URI = 'ui://perimeter/request';
/** Everything else is closed: reading resources, prompts, completion, logging, tasks. */
const METHODS = new Set([
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'server/discover',
  'subscriptions/listen',
  ...Object.keys(EMPTY_LISTS),
]);
const NOTIFICATIONS = new Set(['notifications/initialized', 'notifications/cancelled']);
/** A 2026-07-28 request names its revision here, and needs no handshake (basic, "General fields"). */
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** Requests refused, and notifications dropped without a word, are told to `dropped` or to the transport's own report. */
export function clientGate(dropped: (method: string, reason: string) => void): Gate {
  let initialized = false;
  return {
    request(request) {
      if (!METHODS.has(request.method) && !readsCard(request)) return notOffered(request.method);
      if (request.method === 'tools/call') {
        const fault = callFault(request.params);
        if (fault !== undefined) return { code: RPC_CODES.params, message: fault };
      }
      if (request.method === 'initialize' && !isModern(request)) {
        const fault = initialized ? 'the connection was initialized before' : initializeFault(request.params);
        if (fault !== undefined) return { code: RPC_CODES.request, message: fault };
        initialized = true;
        return undefined;
      }
      if (initialized || isModern(request) || request.method === 'ping') return undefined;
      return { code: RPC_CODES.request, message: `\`${request.method}\` came before \`initialize\`: send that first` };
    },
    notification({ method }: RpcNotification) {
      if (NOTIFICATIONS.has(method)) return true;
      // The MCP notifications that need no answer and change nothing here are not worth a record.
      if (!method.startsWith('notifications/')) dropped(method, 'a request without an id is not carried out');
      return false;
    },
  };
}

function notOffered(method: string): Refusal {
  return {
    code: RPC_CODES.method,
    message: `method not found: ${JSON.stringify(method.slice(0, 80))} is not offered by this guard`,
  };
}

const readsCard = ({ method, params }: RpcRequest): boolean => method === 'resources/read' && params?.uri === CARD_URI;

function isModern(request: RpcRequest): boolean {
  const meta = request.params?._meta;
  return isRecord(meta) && VERSION_KEY in meta;
}

function initializeFault(params: Record<string, unknown> | undefined): string | undefined {
  const client = params?.clientInfo;
  if (typeof params?.protocolVersion !== 'string') return '`initialize` needs a `protocolVersion`';
  if (!isRecord(params.capabilities)) return '`initialize` needs `capabilities`';
  if (!isRecord(client) || typeof client.name !== 'string' || typeof client.version !== 'string') {
    return '`initialize` needs `clientInfo` with a name and a version';
  }
  return undefined;
}

function callFault(params: Record<string, unknown> | undefined): string | undefined {
  if (typeof params?.name !== 'string') return '`tools/call` needs the `name` of a tool';
  if (params.arguments !== undefined && !isRecord(params.arguments)) return '`arguments` must be an object';
  if (params._meta !== undefined && !isRecord(params._meta)) return '`_meta` must be an object';
  return undefined;
}
