// OpenAI's Responses API, as Codex speaks it.
import * as z from 'zod';
import { type Dialect, events, flatten, json } from './dialect.ts';

const TOOL = z.object({
  type: z.string(),
  name: z.string().optional(),
  tools: z.array(z.object({ name: z.string() })).optional(),
});
const ITEM = z.object({ type: z.string().optional(), call_id: z.string().optional(), output: z.unknown().optional() });
const BODY = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(TOOL).default([]),
  input: z.array(ITEM),
});

export const responses: Dialect = {
  path: /\/responses$/,
  read(body) {
    const { model, stream, tools, input } = BODY.parse(body);
    const offered = tools.flatMap((tool) => {
      const name = tool.name ?? tool.type;
      return tool.tools ? tool.tools.map((inner) => ({ name: inner.name, namespace: name })) : [{ name }];
    });
    const outputs = input.filter(({ type, call_id }) => call_id !== undefined && type?.endsWith('_output'));
    return {
      tools: offered,
      results: new Map(outputs.map(({ call_id, output }) => [call_id ?? '', flatten(output)])),
      stream,
      model,
    };
  },
  write(response, { text, call }, { stream, model }) {
    const message = {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text, annotations: [] }],
    };
    const use = call && {
      type: 'function_call',
      id: `fc_${call.id}`,
      call_id: call.id,
      ...call.tool,
      arguments: JSON.stringify(call.arguments),
      status: 'completed',
    };
    const items = [...(text === '' && use ? [] : [message]), ...(use ? [use] : [])];
    const usage = {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    };
    const id = `resp_${call?.id ?? 'end'}`;
    const whole = { id, object: 'response', created_at: 0, model, status: 'completed', output: items, usage };
    if (!stream) {
      json(response, whole);
      return;
    }
    const send = events(response);
    let sequence_number = 0;
    const event = (type: string, data: object) => send({ type, sequence_number: sequence_number++, ...data }, type);
    event('response.created', { response: { ...whole, status: 'in_progress', output: [] } });
    items.forEach((item, output_index) => {
      event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress' } });
      event('response.output_item.done', { output_index, item });
    });
    event('response.completed', { response: whole });
    response.end();
  },
};
