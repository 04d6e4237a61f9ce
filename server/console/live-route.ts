// The stream that tells an open page which of its parts changed: server-sent events, and not a byte while nothing happens.
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { App, Console, Known } from './context.ts';

/** Open pages at once; a browser holds one for all its tabs. */
const MAX_STREAMS = 50;

export function liveRoute({ live, access }: Console): App {
  const app = new Hono<Known>();
  app.get('/live', (asked) => {
    if (live.listeners >= MAX_STREAMS) return asked.text('Too many pages of the console are open. Close some.', 503);
    return streamSSE(asked, async (stream) => {
      let deaf: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        stream.onAbort(resolve);
        deaf = access.onEnd(resolve);
      });
      const stop = live.listen(
        (parts) => void stream.writeSSE({ event: 'changed', data: parts.join(' ') }).catch(() => undefined),
      );
      await stream.writeSSE({ event: 'open', data: '' });
      await ended;
      stop();
      deaf();
    });
  });
  return app;
}
