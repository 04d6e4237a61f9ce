// OpenAI's Chat Completions API, as opencode and Copilot CLI (with a provider of one's own) speak it.
import * as z from 'zod';
import { type Dialect, events, flatten, json } from './dialect.ts';

const BODY = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
  messages: z.array(z.object({ role: z.string(), tool_call_id: z.string().optional(), content: z.unknown().optional() })),
});

export const chat: Dialect = {
  path: /\/chat\/completions$/,
  read(body) {
    const { model, stream, tools, messages } = BODY.parse(body);
    const results = messages.filter(({ role }) => role === 'tool');
    return {
      tools: tools.map((tool) => ({ name: tool.function.name })),
      results: new Map(results.map(({ tool_call_id, content }) => [tool_call_id ?? '', flatten(content)])),
      stream,
      model,
    };
  },
  write(response, { text, call }, { stream, model }) {
    const head = { id: `chatcmpl-${call?.id ?? 'end'}`, created: 0, model };
    const use = call && { name: call.tool.name, arguments: JSON.stringify(call.arguments) };
    const tool_calls = call && [{ index: 0, id: call.id, type: 'function', function: use }];
    const finish_reason = call ? 'tool_calls' : 'stop';
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const message = { role: 'assistant', content: text, tool_calls };
    if (!stream) {
      json(response, { ...head, object: 'chat.completion', choices: [{ index: 0, finish_reason, message }], usage });
      return;
    }
    const send = events(response);
    const chunk = (choices: unknown[], more: object = {}) => send({ ...head, object: 'chat.completion.chunk', choices, ...more });
    chunk([{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: null }]);
    if (tool_calls) chunk([{ index: 0, delta: { tool_calls }, finish_reason: null }]);
    chunk([{ index: 0, delta: {}, finish_reason }]);
    chunk([], { usage });
    response.end('data: [DONE]\n\n');
  },
};
