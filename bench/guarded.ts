// The guard of `audit-overhead.ts`, in a process of its own and on stdio as a client starts it, with an audit that can be taken away and put back.
import { dirname } from 'node:path';
import { type AppendFile, type AuditFiles, realFiles } from '../server/audit/files.ts';
import { iso, systemClock } from '../server/clock.ts';
import { loadConfig } from '../server/config.ts';
import { createHistories } from '../server/histories.ts';
import { openPerimeter } from '../server/perimeter.ts';
import type { AuditEvent, AuditInput } from '../server/ports.ts';

/** What the bench tells it: whether to audit from now on. */
export type Order = { audit: boolean };
/** What it answers: how long it worked since the order before, milliseconds; how many records are durable, and how many syncs made them so. */
export type Done = { busy: number; seq: number; syncs: number };

const [config, main] = process.argv.slice(2) as [string, string];
let syncs = 0;
const perimeter = await openPerimeter({
  config: loadConfig(config, { HOME: dirname(config) }),
  clock: systemClock,
  log: () => undefined,
  version: '0.0.0',
  perimeterCommand: { command: process.execPath, args: [main] },
  auditFiles: counting(),
});

const append = perimeter.audit.append;
// Without an audit the guard would still learn what is usual: that belongs to the risk, and is done either way.
const histories = createHistories();
const learnt = async (event: AuditInput) => {
  const unwritten = { ...event, seq: 0, id: '', timestamp: iso(systemClock.now()), prev: '', hash: '' } as AuditEvent;
  histories.learn(unwritten);
  return unwritten;
};
let since = performance.eventLoopUtilization();
process.on('message', ({ audit }: Order) => {
  perimeter.audit.append = audit ? append : learnt;
  const busy = performance.eventLoopUtilization(since).active;
  since = performance.eventLoopUtilization();
  process.send!({ busy, seq: perimeter.audit.seq, syncs } satisfies Done);
});

const client = await perimeter.serve({ input: process.stdin, output: process.stdout });
await client.closed;
perimeter.audit.append = append;
await perimeter.close();
process.disconnect();

/** The real disk, counting how often the log waits for it. */
function counting(): AuditFiles {
  const counted = (file: AppendFile): AppendFile => ({
    ...file,
    sync() {
      syncs += 1;
      return file.sync();
    },
  });
  return {
    ...realFiles,
    create: async (path) => counted(await realFiles.create(path)),
    append: async (path) => counted(await realFiles.append(path)),
  };
}
