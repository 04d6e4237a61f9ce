// Progress to the client: only where it asked for it, and only while its call lasts.
import type { ServerContext } from '@modelcontextprotocol/server';
import type { IncomingCall } from '../ports.ts';

/** Progress goes out only where the client asked for it, while the call lasts, and its value always rises (utilities/progress). */
export function progressOf(context: ServerContext, over: AbortSignal): Pick<IncomingCall, 'progress'> {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  let last = Number.NEGATIVE_INFINITY;
  return {
    progress: (update) => {
      if (over.aborted || !(update.progress > last)) return;
      last = update.progress;
      context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...update } }).catch(() => undefined);
    },
  };
}
