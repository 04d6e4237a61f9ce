// Whether an agent is at work on two connections at once.
import type { ClientHandle, Clock } from '../ports.ts';

const AT_WORK_MS = 5 * 60_000;
const MAX_CONNECTIONS = 1_000;

export type Connections = {
  /** A call came in: true when another connection of the same agent made one in the last five minutes. */
  seen(agent: string, client: Pick<ClientHandle, 'connection_id'>): boolean;
  gone(client: Pick<ClientHandle, 'connection_id'>): void;
};

export function createConnections(clock: Clock): Connections {
  const last = new Map<string, { agent: string; at: number }>();
  return {
    seen(agent, { connection_id }) {
      const now = clock.mono();
      last.delete(connection_id);
      const others = [...last.values()].some((one) => one.agent === agent && now - one.at < AT_WORK_MS);
      last.set(connection_id, { agent, at: now });
      const [oldest] = last.keys();
      if (last.size > MAX_CONNECTIONS && oldest !== undefined) last.delete(oldest);
      return others;
    },
    gone: ({ connection_id }) => void last.delete(connection_id),
  };
}
