// Anthropic's Messages API, as Claude Code speaks it.
import * as z from 'zod';
import { type Dialect, events, flatten, json } from './dialect.ts';

const BLOCK = z.object({ type: z.string(), tool_use_id: z.string().optional(), content: z.unknown().optional() });
const BODY = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(z.object({ name: z.string() })).default([]),
  messages: z.array(z.object({ content: z.union([z.string(), z.array(BLOCK)]) })),
});

export const messages: Dialect = {
  path: /\/v1\/messages$/,
  read(body) {
    const { model, stream, tools, messages: said } = BODY.parse(body);
    const blocks = said.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    const results = blocks.filter(({ type }) => type === 'tool_result');
    return {
      tools,
      results: new Map(results.map(({ tool_use_id, content }) => [tool_use_id ?? '', flatten(content)])),
      stream,
      model,
    };
  },
  write(response, { text, call }, { stream, model }) {
    const stop_reason = call ? 'tool_use' : 'end_turn';
    const usage = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
    const head = { id: `msg_${call?.id ?? 'end'}`, type: 'message', role: 'assistant', model, usage, stop_sequence: null };
    const use = call && { type: 'tool_use', id: call.id, name: call.tool.name, input: call.arguments };
    const shown = text === '' ? '…' : text;
    if (!stream) {
      json(response, { ...head, stop_reason, content: [{ type: 'text', text: shown }, ...(use ? [use] : [])] });
      return;
    }
    const send = events(response);
    const event = (type: string, data: object = {}) => send({ type, ...data }, type);
    event('message_start', { message: { ...head, content: [], stop_reason: null } });
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: shown } });
    event('content_block_stop', { index: 0 });
    if (use) {
      event('content_block_start', { index: 1, content_block: { ...use, input: {} } });
      const partial_json = JSON.stringify(use.input);
      event('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json } });
      event('content_block_stop', { index: 1 });
    }
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } });
    event('message_stop');
    response.end();
  },
};
