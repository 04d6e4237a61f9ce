// What assessing costs and what histories hold: microseconds a call, and megabytes with 10,000 agents; and how fast texts are looked through. Run with `npm run bench:risk`.
import { emptyBaseline, learnCall } from '../policies/baseline.ts';
import type { PastCall } from '../policies/history.ts';
import type { Reading } from '../policies/reading.ts';
import { assess } from '../policies/risk.ts';
import { DEFAULT_RISK } from '../policies/risk-defaults.ts';
import type { Action, Context } from '../policies/types.ts';
import { createHistories } from '../server/histories.ts';
import type { AuditEvent } from '../server/ports.ts';
import { line, scanning } from './scanning.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const WANTED_US = 20;
const WANTED_MB = 256;
const AGENTS = 10_000;

const action = (name: string): Action => ({ verb: 'send', domain: 'email', kind: 'address', resource: name, segments: [name] });
const past = (index: number): PastCall => ({
  at: NOW - 600_000 + index * 280,
  server: 'mail',
  tool: index % 2 === 0 ? 'send' : 'read',
  actions: [action(`p${index % 40}@x.example`)],
  refused: index % 50 === 0,
  untrusted: index % 9 === 0,
  sensitive: index % 30 === 0,
});
const reading: Reading = {
  server: 'mail',
  tool: 'send',
  actions: [action('new@x.example')],
  facts: { destination: 'external', 'data.classes': ['pii.email'], recipients: 1 },
  body: undefined,
  args: { to: 'new@x.example' },
  own: [],
  fold: false,
  unbound: false,
  uncovered: [],
  destructive: false,
  untrusted: false,
  absolutes: [],
};

for (const calls of [0, 20, 200, 2_000]) {
  const history = Array.from({ length: calls }, (_, index) => past(index));
  const baseline = emptyBaseline();
  for (const call of history) learnCall(baseline, call);
  const rounds = 20_000;
  const run = (count: number) => {
    for (let round = 0; round < count; round += 1) {
      // a call a second, so that the clock and the zone are really read
      const context: Context = {
        now: NOW + round * 1_000 * (calls > 0 ? 0 : 1),
        zone: 'Europe/Oslo',
        session: 'active',
        vpn: true,
      };
      assess({ reading, context, history, baseline, policy: DEFAULT_RISK });
    }
  };
  run(5_000);
  const before = process.cpuUsage();
  run(rounds);
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / rounds;
  line(
    each < WANTED_US,
    `${`assessment, ${calls} earlier calls`.padEnd(34)} ${each.toFixed(1).padStart(7)} µs   wanted: less than ${WANTED_US}`,
  );
}

const histories = createHistories();
globalThis.gc?.();
const empty = process.memoryUsage().heapUsed;
for (let agent = 0; agent < AGENTS; agent += 1) {
  const who = { user: 'john', agent: `agent-${agent}` };
  for (let index = 0; index < 40; index += 1) {
    const call = past(index);
    histories.note(who, { ...call, actions: [action(`p${agent}-${index}@x.example`)] });
    histories.learn({
      type: 'call.intent',
      timestamp: '2026-11-23T12:00:00.000Z',
      call_id: `${agent}-${index}`,
      user: who.user,
      agent_id: who.agent,
      server: 'mail',
      tool: 'send',
      scope: [`send:email:p${agent}-${index}@x.example`],
      traits: { kinds: ['address'] },
      situation: { now: NOW },
    } as unknown as AuditEvent);
  }
}
globalThis.gc?.();
const used = (process.memoryUsage().heapUsed - empty) / 1e6;
if (histories.of({ user: 'john', agent: `agent-${AGENTS - 1}` }).length === 0) throw new Error('the newest agent was forgotten');
line(
  used < WANTED_MB,
  `${`histories of ${AGENTS} agents`.padEnd(34)} ${used.toFixed(0).padStart(7)} MB   wanted: less than ${WANTED_MB}`,
);

process.stdout.write('\n');
scanning();
