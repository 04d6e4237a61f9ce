// Google's generateContent API, as Gemini CLI speaks it.
import * as z from 'zod';
import { type Dialect, events, flatten, json } from './dialect.ts';

const RESULT = z.object({ id: z.string().optional(), name: z.string(), response: z.unknown().optional() });
const BODY = z.object({
  contents: z.array(z.object({ parts: z.array(z.object({ functionResponse: RESULT.optional() })).default([]) })).default([]),
  tools: z.array(z.object({ functionDeclarations: z.array(z.object({ name: z.string() })).default([]) })).default([]),
});

export const gemini: Dialect = {
  path: /:(stream)?generateContent$/i,
  read(body, path) {
    const { contents, tools } = BODY.parse(body);
    const results = contents.flatMap(({ parts }) => parts.flatMap(({ functionResponse }) => functionResponse ?? []));
    return {
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations),
      results: new Map(results.map(({ id, name, response }) => [id ?? name, flatten(response)])),
      stream: /stream/i.test(path),
      model: /models\/([^:]+):/.exec(path)?.[1] ?? 'unnamed',
    };
  },
  write(response, { text, call }, { stream, model }) {
    const use = call && { functionCall: { id: call.id, name: call.tool.name, args: call.arguments } };
    const parts = [...(text === '' && use ? [] : [{ text }]), ...(use ? [use] : [])];
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    const candidates = [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }];
    const whole = { candidates, usageMetadata, modelVersion: model };
    if (!stream) {
      json(response, whole);
      return;
    }
    events(response)(whole);
    response.end();
  },
};
