// The story on the sample company, end to end: the built program on stdio, and real SDK clients of both generations.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSqlite } from '../../tools/downstream/sqlite.ts';
import { type Agent, connectV1, connectV2, decisionOf, perimeter, tempFolder, textOf, trailOf } from './program.ts';

const update = (where: string) => ({ sql: `UPDATE customers SET note = 'win-back' WHERE ${where}` });
const DORMANT = update("status = 'dormant'");

describe.each([
  ['the v2 client', connectV2],
  ['the v1 client', connectV1],
])('the story, told by %s', (_name, connect) => {
  let root: string;
  let agent: Agent;
  let grant: Record<string, unknown>;
  const config = () => join(root, 'mcp.json');
  const state = () => join(root, '.perimeter');
  const drafts = () => readdirSync(join(root, 'mail', 'drafts'));

  async function customers(): Promise<Map<number, string>> {
    const database = (await loadSqlite())(join(root, 'crm.db'), { readOnly: true });
    try {
      const rows = [...database.prepare('SELECT * FROM customers').rows()];
      return new Map(rows.map((row) => [Number(row[0]), row.map(String).join('|')]));
    } finally {
      database.close();
    }
  }

  /** How many customers differ between before and after doing something. */
  async function changedBy(doing: () => Promise<void>): Promise<number> {
    const before = await customers();
    await doing();
    const after = await customers();
    return [...after].filter(([id, row]) => before.get(id) !== row).length + Math.abs(after.size - before.size);
  }

  beforeAll(async () => {
    root = join(tempFolder(), 'company');
    const made = await perimeter(['demo', '--keep', root, '--no-story']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    agent = await connect(config(), 'approve');
  });
  afterAll(async () => {
    await agent?.close();
    rmSync(join(root, '..'), { recursive: true, force: true });
  });

  test('the agent sees the tools of all four servers and of the guard, and no tool that only counts', async () => {
    const names = (await agent.tools()).map((tool) => tool.name);
    expect(names).toEqual(
      expect.arrayContaining([
        'calendar__list',
        'email__draft',
        'files__read',
        'database__execute',
        'request_elevation',
        'list_permissions',
        'release_grant',
        'audit_query',
      ]),
    );
    expect(names.filter((name) => name.includes('preview'))).toEqual([]);
  });

  test('it reads the calendar: allowed, low risk', async () => {
    const week = await agent.call('calendar__list');
    expect(week.isError ?? false).toBe(false);
    expect(textOf(week)).toContain('Campaign stand-up');
    expect(trailOf(state()).findLast((event) => event.type === 'call.intent')).toMatchObject({
      agent_id: 'felix-prod',
      user: 'john@acme.example',
      decision: 'allow',
      rule: 'calendar-look',
      risk: { level: 'low' },
    });
  });

  test('it drafts a short mail: allowed, and the draft is there', async () => {
    const drafted = await agent.call('email__draft', {
      to: 'ann@acme.example',
      subject: 'Campaign',
      body: 'Shall we meet on Tuesday?',
    });
    expect(drafted.isError ?? false).toBe(false);
    expect(drafts()).toHaveLength(1);
  });

  test('a mail with banking words is refused, and the clause that failed is named', async () => {
    const refused = await agent.call('email__draft', {
      to: 'ann@acme.example',
      subject: 'Invoice',
      body: 'Please send your bank account.',
    });
    expect(refused.isError).toBe(true);
    expect(decisionOf(refused)).toMatchObject({
      decision: 'deny',
      rule: 'short-safe-drafts',
      failed: ['body.mentions none_of'],
      where: expect.stringMatching(/mail\.yaml:\d+$/),
    });
    expect(textOf(refused)).toContain('body.mentions none_of');
    expect(drafts()).toHaveLength(1);
  });

  test('it reads marketing, and not HR by any way', async () => {
    expect(textOf(await agent.call('files__read', { path: 'marketing/plan.md' }))).toContain('Spring campaign');
    for (const [tool, args] of [
      ['files__read', { path: 'hr/salaries.csv' }],
      ['files__read', { path: 'marketing/../hr/salaries.csv' }],
      ['files__search', { path: '.', text: 'salary' }],
      ['files__copy', { source: 'hr/salaries.csv', destination: 'marketing/plan2.md' }],
    ] as const) {
      const refused = await agent.call(tool, args);
      expect([tool, refused.isError, decisionOf(refused)?.decision]).toEqual([tool, true, 'deny']);
      expect(textOf(refused)).not.toContain('58500');
    }
    const asked = await agent.call('request_elevation', {
      justification: 'please',
      calls: [{ tool: 'files__read', arguments: { path: 'hr/salaries.csv' } }],
    });
    expect(asked.structuredContent).toMatchObject({ status: 'denied', rule: 'hr-closed' });
    expect(agent.forms).toEqual([]);
  });

  test('an update of customers is refused with the elevation to ask for, and nothing changed', async () => {
    const changed = await changedBy(async () => {
      const refused = await agent.call('database__execute', DORMANT);
      expect(refused.isError).toBe(true);
      expect(decisionOf(refused)).toMatchObject({
        decision: 'ask',
        rule: 'customer-writes',
        request_elevation: { arguments: { calls: [{ tool: 'database__execute', arguments: DORMANT }] } },
      });
    });
    expect(changed).toBe(0);
  });

  test('the guard counts 23 by itself, a human approves, and the grant is bounded', async () => {
    const answer = await agent.call('request_elevation', {
      justification: 'Mia wants them marked.',
      calls: [{ tool: 'database__execute', arguments: DORMANT }],
      minutes: 30,
      uses: 2,
      claimed_records: 20,
    });
    expect(agent.forms).toHaveLength(1);
    expect(agent.forms[0]).toMatch(
      /^felix-prod asks to write database:customers\.\nThis will affect 23 records in customers \(counted now/,
    );
    expect(agent.forms[0]).toContain('The agent claimed 20.');
    expect(agent.forms[0]).toContain('Access ends after 30 minutes, 2 uses.');
    expect(answer.structuredContent).toMatchObject({
      status: 'granted',
      impact: { measured: 23, unit: 'records', per_resource: { customers: 23 }, claimed: 20 },
      grant: {
        scope: ['write:database:customers'],
        rules: expect.arrayContaining(['customer-writes']),
        exact: false,
        budget: { uses: 2, records: 23 },
      },
    });
    grant = answer.structuredContent?.grant as Record<string, unknown>;
    const left = Date.parse(String(grant.expires_at)) - Date.now();
    expect(left).toBeGreaterThan(28 * 60_000);
    expect(left).toBeLessThanOrEqual(30 * 60_000);
  });

  test('under the same grant a wider WHERE changes nothing, be it by one record', async () => {
    const [other = 0] = [...(await customers())].find(([, row]) => row.includes('|active|')) ?? [];
    const changed = await changedBy(async () => {
      for (const where of ["status IN ('dormant', 'closed')", `status = 'dormant' OR id = ${other}`, '1 = 1']) {
        expect((await agent.call('database__execute', update(where))).isError).toBe(true);
      }
    });
    expect(changed).toBe(0);
  });

  test('the update runs, and changes exactly the 23', async () => {
    const changed = await changedBy(async () => {
      const done = await agent.call('database__execute', DORMANT);
      expect(done.isError ?? false).toBe(false);
      expect(done.structuredContent).toMatchObject({ records: 23 });
    });
    expect(changed).toBe(23);
    const dormant = [...(await customers()).values()].filter((row) => row.includes('|dormant|'));
    expect(dormant).toHaveLength(23);
    expect(dormant.every((row) => row.endsWith('|win-back'))).toBe(true);
  });

  test('once more is refused: the budget is spent', async () => {
    const changed = await changedBy(async () => {
      const refused = await agent.call('database__execute', update("status = 'dormant' AND note = 'win-back'"));
      expect(decisionOf(refused)).toMatchObject({ decision: 'ask', rule: 'customer-writes' });
      expect((await agent.call('database__execute', DORMANT)).isError).toBe(true);
    });
    expect(changed).toBe(0);
    expect((await agent.call('list_permissions')).structuredContent).toMatchObject({ grants: [], pending: [] });
  });

  test('copying into the synced folder is critical, and denied', async () => {
    const refused = await agent.call('files__copy', { source: 'marketing/plan.md', destination: 'Dropbox/plan.md' });
    expect(decisionOf(refused)).toMatchObject({ decision: 'deny', rule: 'risk', risk: { level: 'critical' } });
    expect(existsSync(join(root, 'files', 'Dropbox', 'plan.md'))).toBe(false);
  });

  test('the audit answers why customer data was touched', async () => {
    const found = await agent.call('audit_query', { action: 'write:database:customers', type: 'call.intent' });
    const [event, ...more] = (found.structuredContent?.events ?? []) as Record<string, unknown>[];
    expect(more).toEqual([]);
    expect(event).toMatchObject({ grant_id: grant.grant_id, rule: 'customer-writes' });
    const why = await agent.call('audit_query', { why: event?.id });
    expect(why.structuredContent?.story).toContain("john@acme.example approved it through the client's form");
    const types = ((why.structuredContent?.chain ?? []) as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['request.created', 'request.approved', 'grant.issued', 'call.intent', 'call.outcome']),
    );
    expect(trailOf(state()).find((one) => one.type === 'grant.issued')).toMatchObject({
      action: 'permission_granted',
      granted_by: 'human',
      approver: 'john@acme.example',
    });
  });

  test('the record is intact, while the guard runs and after it', async () => {
    expect(await perimeter(['audit', 'verify', '--config', config()])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('intact'),
    });
    await agent.close();
    expect(await perimeter(['audit', 'verify', '--config', config()])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('intact'),
    });
  });
});
