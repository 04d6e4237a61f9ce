// What a JSON-RPC 2.0 message looks like, held strictly: one object, one kind, an id that is text or a whole number.
import type { MessageId } from './strict-json.ts';

export type RpcRequest = { jsonrpc: '2.0'; id: MessageId; method: string; params?: Record<string, unknown> };
export type RpcNotification = { jsonrpc: '2.0'; method: string; params?: Record<string, unknown> };
export type RpcResult = { jsonrpc: '2.0'; id: MessageId; result: Record<string, unknown> };
export type RpcError = { jsonrpc: '2.0'; id?: MessageId; error: { code: number; message: string; data?: unknown } };
export type RpcMessage = RpcRequest | RpcNotification | RpcResult | RpcError;

/** JSON-RPC 2.0, section 5.1. */
export const RPC_CODES = { parse: -32700, request: -32600, method: -32601, params: -32602, internal: -32603 } as const;

export type CheckedMessage =
  | { ok: true; kind: 'request'; message: RpcRequest }
  | { ok: true; kind: 'notification'; message: RpcNotification }
  | { ok: true; kind: 'response'; message: RpcResult | RpcError }
  | { ok: false; reason: string; method?: string; id?: MessageId; response: boolean };

const KEYS = { request: ['jsonrpc', 'id', 'method', 'params'], response: ['jsonrpc', 'id', 'result', 'error'] } as const;

/** Tells what a parsed value is. A refusal carries the id to answer with when it is a usable one, and whether it was a response. */
export function checkMessage(value: unknown): CheckedMessage {
  if (Array.isArray(value)) return { ok: false, reason: 'batches are not accepted: send one message a line', response: false };
  if (!isRecord(value)) return { ok: false, reason: 'a message is a JSON object', response: false };
  const response = !('method' in value) && ('result' in value || 'error' in value);
  const id = isId(value.id) ? value.id : undefined;
  const reason = response ? responseFault(value) : requestFault(value);
  if (reason !== undefined) {
    const method = typeof value.method === 'string' ? value.method : undefined;
    return { ok: false, reason, response, ...(method === undefined ? {} : { method }), ...(id === undefined ? {} : { id }) };
  }
  if (response) return { ok: true, kind: 'response', message: value as RpcResult | RpcError };
  if ('id' in value) return { ok: true, kind: 'request', message: value as RpcRequest };
  return { ok: true, kind: 'notification', message: value as RpcNotification };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is MessageId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function requestFault(value: Record<string, unknown>): string | undefined {
  if (value.jsonrpc !== '2.0') return '`jsonrpc` must be "2.0"';
  if ('id' in value && !isId(value.id)) return 'an `id` is a text or a whole number';
  if (typeof value.method !== 'string') return '`method` must be a text';
  if ('params' in value && !isRecord(value.params)) return '`params` must be an object';
  return strangeKey(value, KEYS.request);
}

function responseFault(value: Record<string, unknown>): string | undefined {
  if (value.jsonrpc !== '2.0') return '`jsonrpc` must be "2.0"';
  if ('result' in value && 'error' in value) return 'an answer has a `result` or an `error`, not both';
  if ('result' in value && !isRecord(value.result)) return 'a `result` must be an object';
  if ('error' in value && !isRpcError(value.error)) return 'an `error` has a whole number `code` and a text `message`';
  if ('result' in value && !isId(value.id)) return 'an answer names the `id` it answers';
  if ('error' in value && value.id !== undefined && value.id !== null && !isId(value.id))
    return 'an answer names the `id` it answers';
  return strangeKey(value, KEYS.response);
}

function isRpcError(value: unknown): boolean {
  return isRecord(value) && Number.isSafeInteger(value.code) && typeof value.message === 'string';
}

function strangeKey(value: Record<string, unknown>, known: readonly string[]): string | undefined {
  const strange = Object.keys(value).find((key) => !known.includes(key));
  return strange === undefined ? undefined : `a message has no \`${JSON.stringify(strange.slice(0, 40)).slice(1, -1)}\``;
}
