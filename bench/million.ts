// A log of a million events: written as the guard writes, then opened, asked and verified, each in a process of its own.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openHashKey } from '../server/audit/key.ts';
import { openAudit } from '../server/audit/log.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { systemClock } from '../server/clock.ts';
import type { AuditFilter, AuditInput, Clock } from '../server/ports.ts';

/** Milliseconds, bytes resident; `queries` are the slowest of five runs each. */
export type Opened = { ms: number; rss: number; p95: number; queries: Record<string, number> };

const USERS = Array.from({ length: 40 }, (_, at) => `user-${at}@company.example`);
const TOOLS: [string, string, string][] = [
  ['files', 'read', 'read:files:marketing/plans'],
  ['database', 'query', 'read:database:orders'],
  ['calendar', 'list', 'read:calendar:team'],
  ['email', 'draft', 'draft:email'],
];
const BATCH = 1000;
/** A tenth of a second between two events, so that a million are a bit over a day. */
const STEP_MS = 100;

/** Writes calls as they come: two records each, and now and then a refusal, a request and a grant that is used. */
export async function writeMillion(state: string, count: number): Promise<{ ms: number; bytes: number; segments: number }> {
  let now = systemClock.now() - count * STEP_MS;
  const clock: Clock = { now: () => (now += STEP_MS), mono: systemClock.mono };
  const log = await openAudit({ dir: join(state, 'audit'), clock, key: await openHashKey(state), zone: 'UTC' });
  const started = performance.now();
  for (let at = 0; log.seq < count; ) {
    const waiting: Promise<unknown>[] = [];
    while (waiting.length < BATCH) {
      for (const event of eventsOf(at)) waiting.push(log.append(event));
      at += 1;
    }
    await Promise.all(waiting);
  }
  const ms = performance.now() - started;
  await log.close();
  const names = readdirSync(join(state, 'audit')).filter((name) => name.endsWith('.jsonl'));
  const bytes = names.reduce((sum, name) => sum + statSync(join(state, 'audit', name)).size, 0);
  return { ms, bytes, segments: names.length };
}

function eventsOf(at: number): AuditInput[] {
  const [server, tool, action] = TOOLS[at % TOOLS.length]!;
  const who = { agent_id: `agent-${at % 10}`, user: USERS[at % USERS.length]!, session_id: `session-${at % 400}` };
  const resource = `${action.split(':')[2] ?? 'drafts'}/${at % 5000}`;
  const call_id = `call_${at.toString(36).padStart(12, '0')}`;
  const judged = {
    ...{ server, tool, action: `${action}/${at % 5000}`, resource, scope: [action], rule: `${server}-rule` },
    actions: [{ action: `${action}/${at % 5000}`, decision: 'allow' as const, rule: `${server}-rule` }],
    where: `policies/rules/${server}.yaml:12`,
    why: 'John works on the campaign',
    policy_digest: 'c0ffee'.repeat(10),
    risk: { level: 'low' as const, score: 10, factors: [{ name: 'first_use', points: 10 }] },
    args_digest: 'decade'.repeat(10),
  };
  if (at % 500 === 7) {
    return [
      { ...who, ...judged, type: 'call.refused', decision: 'deny', rule: 'no-payroll', risk: { ...judged.risk, level: 'high' } },
    ];
  }
  if (at % 500 === 8) {
    const grant = {
      ...who,
      grant_id: `grant_${at}`,
      request_id: `req_${at}`,
      scope: ['write:database:customers'],
      rules: ['customer-writes'],
    };
    const expires_at = new Date(systemClock.now() + 3_600_000).toISOString();
    return [
      { ...grant, type: 'request.created', justification: 'the dormant customers are to be woken', records: { measured: 23 } },
      { ...grant, type: 'request.approved', approver: who.user, channel: 'form', proof: 'typed' },
      { ...grant, type: 'grant.issued', action: 'permission_granted', granted_by: 'human', approver: who.user, expires_at },
      { ...who, ...judged, type: 'call.intent', call_id, decision: 'allow', grant_id: grant.grant_id },
      { ...grant, type: 'grant.used', call_id },
      {
        ...who,
        type: 'call.outcome',
        call_id,
        server,
        tool,
        grant_id: grant.grant_id,
        outcome: 'ok',
        records: { measured: 23, actual: 23 },
        duration_us: 12_000,
      },
    ];
  }
  return [
    { ...who, ...judged, type: 'call.intent', call_id, decision: 'allow' },
    {
      ...who,
      type: 'call.outcome',
      call_id,
      server,
      tool,
      outcome: 'ok',
      duration_us: 1200 + (at % 800),
      facts: { 'data.classes': [] },
    },
  ];
}

const SELECTIVE: Record<string, AuditFilter> = {
  'grant:… (all events of one grant)': { grant_id: 'grant_300008' },
  'request:…': { request_id: 'req_100008' },
  'who:user-7 decision:deny': { who: 'user-7', decision: 'deny' },
  'rule:no-payroll risk:high': { rule: 'no-payroll', risk: 'high' },
  'resource:marketing/plans/1234': { resource: 'marketing/plans/1234' },
  'action:write:database:customers': { action: 'write:database:customers' },
  'agent:agent-3 tool:draft when:"past 2 hours"': { agent: 'agent-3', tool: 'draft', when: 'past 2 hours' },
  'type:grant.issued who:user-8': { type: 'grant.issued', who: 'user-8' },
  'resource:nothing/like/this': { resource: 'nothing/like/this' },
};

async function opened(state: string, withIndex: boolean): Promise<Opened> {
  const dir = join(state, 'audit');
  if (!withIndex) for (const name of readdirSync(dir)) if (name.endsWith('.index')) rmSync(join(dir, name));
  const key = await openHashKey(state);
  const started = performance.now();
  const log = await openAudit({ dir, clock: systemClock, key, zone: 'UTC' });
  const ms = performance.now() - started;
  const times: number[] = [];
  const queries: Record<string, number> = {};
  for (let run = 0; withIndex && run < 5; run += 1) {
    for (const [name, filter] of Object.entries(SELECTIVE)) {
      const asked = performance.now();
      await log.query(filter);
      times.push(performance.now() - asked);
      queries[name] = Math.max(queries[name] ?? 0, times.at(-1)!);
    }
  }
  if (withIndex) {
    const [some] = (await log.query({ type: 'call.refused', limit: 1 })).events;
    const asked = performance.now();
    await log.why(some!.id);
    queries['why (one refusal)'] = performance.now() - asked;
  }
  times.sort((a, b) => a - b);
  const { rss } = process.memoryUsage();
  await log.close();
  return { ms, rss, p95: times[Math.floor(times.length * 0.95)] ?? 0, queries };
}

const [what, state, how] = process.argv.slice(2);
if (what === 'open' && state) process.stdout.write(JSON.stringify(await opened(state, how === 'with')));
if (what === 'verify' && state) {
  const started = performance.now();
  const { code } = await verifyAudit(join(state, 'audit'));
  process.stdout.write(JSON.stringify({ ms: performance.now() - started, code, rss: process.memoryUsage().rss }));
}
