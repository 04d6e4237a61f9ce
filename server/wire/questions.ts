// The guard's own questions to a client that is asked on the wire. Numbered and heard here, beside the SDK, which forgets a question that it took
// back: clients leave it on the screen, and what a person says there must arrive.
import type { Transport } from '@modelcontextprotocol/server';
import { isRecord, type RpcMessage } from './messages.ts';

/** Ids of our own, far from those of the SDK, which counts from 0. */
const FIRST_ID = 1_000_000_000;
/** Questions a client never answers; the oldest are forgotten. */
const MAX_OPEN = 200;

type Open = { resolve(result: unknown): void; reject(error: Error): void };

export type Questions = {
  /**
   * Asks, and resolves with the result however late it comes; an error in its place is undefined. `over` takes the question back, which
   * only tells the client so. Rejects when the connection is gone.
   */
  ask(params: Record<string, unknown>, over?: AbortSignal): Promise<unknown>;
  /** True where it was the answer to a question asked here. */
  answered(answer: RpcMessage): boolean;
  close(): void;
};

export function createQuestions(transport: () => Pick<Transport, 'send'>): Questions {
  const open = new Map<number, Open>();
  let next = FIRST_ID;
  let closed = false;
  const gone = () => new Error('the connection is gone');

  return {
    ask(params, over) {
      if (closed) return Promise.reject(gone());
      const id = next;
      next += 1;
      return new Promise((resolve, reject) => {
        const take = () =>
          void transport()
            .send({
              jsonrpc: '2.0',
              method: 'notifications/cancelled',
              params: { requestId: id, reason: 'it was answered elsewhere' },
            })
            .catch(() => undefined);
        const settle =
          <Value>(done: (value: Value) => void) =>
          (value: Value) => {
            open.delete(id);
            over?.removeEventListener('abort', take);
            done(value);
          };
        open.set(id, { resolve: settle(resolve), reject: settle(reject) });
        if (open.size > MAX_OPEN) [...open.values()][0]?.reject(new Error('it was never answered'));
        transport().send({ jsonrpc: '2.0', id, method: 'elicitation/create', params }).catch(settle(reject));
        if (over?.aborted) take();
        else over?.addEventListener('abort', take, { once: true });
      });
    },
    answered(answer) {
      const asked = 'id' in answer && typeof answer.id === 'number' ? open.get(answer.id) : undefined;
      if (!asked) return false;
      asked.resolve('result' in answer && isRecord(answer.result) ? answer.result : undefined);
      return true;
    },
    close() {
      closed = true;
      for (const one of [...open.values()]) one.reject(gone());
    },
  };
}
