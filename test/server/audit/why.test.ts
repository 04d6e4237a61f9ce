// "Why did the agent touch customer data last Tuesday?": from any id to the whole chain, told in plain sentences.
import { describe, expect, it } from 'vitest';
import type { OpenAudit } from '../../../server/audit/log.ts';
import type { AuditInput } from '../../../server/ports.ts';
import { HandClock, MemoryDisk, openInMemory } from './world.ts';

const WHO = { agent_id: 'felix-prod', user: 'john@company.com', session_id: 's1' };
const GRANT = {
  ...WHO,
  grant_id: 'grant_a1b2c3',
  request_id: 'req_a1b2c3',
  scope: ['write:database:customers'],
  rules: ['customer-writes'],
};
const RULE = { rule: 'customer-writes', where: 'policies/rules/crm.yaml:12', why: 'customers are real people' };
const CALL = { ...WHO, server: 'database', tool: 'execute' };

const EVENTS: AuditInput[] = [
  {
    ...CALL,
    type: 'call.refused',
    actions: [{ action: 'write:database:customers', decision: 'ask', rule: 'customer-writes' }],
    decision: 'ask',
    ...RULE,
    failed: ['records at_most'],
  },
  {
    ...GRANT,
    type: 'request.created',
    justification: 'John asked me to “wake” them; my password=hunter2',
    records: { measured: 23 },
    claimed: 20,
  },
  { ...GRANT, type: 'request.approved', approver: 'john@company.com', channel: 'form', proof: 'typed' },
  {
    ...GRANT,
    type: 'grant.issued',
    action: 'permission_granted',
    granted_by: 'human',
    approver: 'john@company.com',
    channel: 'form',
    budget: { uses: 2, records: 23 },
    expires_at: '2026-11-17T13:30:00.000Z',
  },
  {
    ...CALL,
    type: 'call.intent',
    call_id: 'call_1',
    actions: [{ action: 'write:database:customers', decision: 'allow', rule: 'customer-writes', grant_id: 'grant_a1b2c3' }],
    decision: 'allow',
    grant_id: 'grant_a1b2c3',
    ...RULE,
    risk: { level: 'medium', score: 30, factors: [{ name: 'bulk', points: 25 }] },
  },
  { ...GRANT, type: 'grant.used', call_id: 'call_1' },
  {
    ...CALL,
    type: 'call.outcome',
    call_id: 'call_1',
    grant_id: 'grant_a1b2c3',
    outcome: 'ok',
    records: { measured: 23, actual: 23 },
    duration_us: 12_400,
  },
  {
    ...CALL,
    type: 'call.intent',
    call_id: 'call_2',
    actions: [{ action: 'write:database:customers', decision: 'allow', rule: 'customer-writes', grant_id: 'grant_a1b2c3' }],
    decision: 'allow',
    grant_id: 'grant_a1b2c3',
    ...RULE,
  },
  { ...GRANT, type: 'grant.revoked', approver: 'os:anna', why: 'enough for today' },
  {
    ...WHO,
    server: 'files',
    tool: 'read',
    type: 'call.intent',
    call_id: 'call_3',
    actions: [{ action: 'read:files:marketing/plan.md', decision: 'allow', rule: 'marketing-read' }],
    decision: 'allow',
    rule: 'marketing-read',
    where: 'policies/rules/marketing.yaml:3',
    why: 'John works on the campaign',
  },
];

async function told(): Promise<{ log: OpenAudit; ids: string[] }> {
  const log = await openInMemory(new MemoryDisk(), new HandClock());
  const ids: string[] = [];
  for (const event of EVENTS) ids.push((await log.append(event)).id);
  return { log, ids };
}

describe('why', () => {
  it('tells the whole story of a grant', async () => {
    const { log } = await told();
    const answer = await log.why('grant_a1b2c3');
    expect(answer?.chain.map((event) => event.type)).toEqual([
      ...[
        'request.created',
        'request.approved',
        'grant.issued',
        'call.intent',
        'grant.used',
        'call.outcome',
        'call.intent',
        'grant.revoked',
      ],
    ]);
    expect(answer?.story.split('\n')).toEqual([
      "Tuesday 17 November 2026, 14:00:00 (Europe/Berlin): felix-prod (working for john@company.com) asked for the permission `write:database:customers`. The agent's own words, which nobody checked: “John asked me to 'wake' them; my password=[secret]”. The guard counted 23 records. The agent had claimed 20.",
      "14:00:00: john@company.com approved it through the client's form, and typed the number that was shown.",
      "14:00:00: Grant grant_a1b2c3 was given by john@company.com through the client's form: `write:database:customers`. Bounds: 2 uses, 23 records, until 14:30:00. It answers the rule `customer-writes`.",
      '14:00:00: felix-prod (working for john@company.com) called `database/execute` (`write:database:customers`). Grant grant_a1b2c3 permitted it. Without it the rule `customer-writes` (policies/rules/crm.yaml:12) wants a human to decide: customers are real people. The risk was medium (bulk).',
      '14:00:00: It succeeded after 12 ms, and touched 23 records (23 had been counted before).',
      '14:00:00: felix-prod (working for john@company.com) called `database/execute` (`write:database:customers`). Grant grant_a1b2c3 permitted it. Without it the rule `customer-writes` (policies/rules/crm.yaml:12) wants a human to decide: customers are real people. The log holds no outcome for this call yet, so whether it took effect is unknown.',
      '14:00:00: Grant grant_a1b2c3 was revoked by os:anna. Reason: enough for today.',
    ]);
    await log.close();
  });

  it('brings the same chain for the request', async () => {
    const { log } = await told();
    expect((await log.why('req_a1b2c3'))?.chain).toEqual((await log.why('grant_a1b2c3'))?.chain);
    await log.close();
  });

  it('brings for a call, or for any of its events, what explains that call, and no other', async () => {
    const { log, ids } = await told();
    const types = [
      'request.created',
      'request.approved',
      'grant.issued',
      'call.intent',
      'grant.used',
      'call.outcome',
      'grant.revoked',
    ];
    for (const id of ['call_1', ids[4]!, ids[6]!]) {
      const answer = await log.why(id);
      expect(answer?.chain.map((event) => event.type)).toEqual(types);
      expect(answer?.chain.filter((event) => event.call_id === 'call_2')).toEqual([]);
    }
    await log.close();
  });

  it('says of a call without a recorded end that its effect is unknown', async () => {
    const { log } = await told();
    expect((await log.why('call_2'))?.story).toContain('whether it took effect is unknown');
    expect((await log.why('call_1'))?.story).not.toContain('unknown');
    await log.close();
  });

  it('says that the guard stopped before the end of a call, where it was started again afterwards, and when', async () => {
    const disk = new MemoryDisk();
    const clock = new HandClock();
    const killed = await openInMemory(disk, clock);
    for (const event of EVENTS) await killed.append(event);
    clock.set('2026-11-17T13:20:00.000Z');
    const log = await openInMemory(disk, clock);
    const answer = await log.why('call_3');
    expect(answer?.chain.map((event) => event.type)).toEqual(['call.intent', 'audit.opened']);
    expect(answer?.story.split('\n')).toEqual([
      expect.stringContaining('The guard stopped before it recorded how this call ended, so whether it took effect is unknown.'),
      '14:20:00: The guard was started again.',
    ]);
    expect((await log.why('call_1'))?.chain.map((event) => event.type)).not.toContain('audit.opened');
    await log.close();
  });

  it('names rule, place and reason of a call that needed nobody, and of a refusal', async () => {
    const { log, ids } = await told();
    expect((await log.why('call_3'))?.story).toContain(
      'The rule `marketing-read` (policies/rules/marketing.yaml:3) allows it: John works on the campaign.',
    );
    const refusal = await log.why(ids[0]!);
    expect(refusal?.chain).toHaveLength(1);
    expect(refusal?.story).toContain(
      'was refused. The rule `customer-writes` (policies/rules/crm.yaml:12) wants a human to decide: customers are real people. What failed: `records at_most`.',
    );
    await log.close();
  });

  it('knows no story of an unknown id', async () => {
    const { log } = await told();
    expect(await log.why('evt_nothing')).toBeUndefined();
    expect(await log.why('')).toBeUndefined();
    await log.close();
  });

  it('can not be made to tell a line that the guard did not write', async () => {
    const log = await openInMemory(new MemoryDisk(), new HandClock());
    await log.append({
      ...GRANT,
      type: 'request.created',
      justification: 'x\n14:01:00: john@company.com approved it.\u202e”. The guard counted 1 record',
    });
    const story = (await log.why('req_a1b2c3'))?.story ?? '';
    expect(story.split('\n')).toHaveLength(1);
    expect(story.match(/[“”]/g)).toHaveLength(2);
    await log.close();
  });
});
