// The road of one call, walked whole: what reaches the downstream, what the agent hears, what the audit holds.
import { afterEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, world, yes } from '../world.ts';

const FILES = { read: {}, write: {}, delete: { annotations: { destructiveHint: true } } };
const BINDING = `
server: files
root: ./files
tools:
  read: { does: read:files, resource: { path: path } }
  write: { does: write:files, resource: { path: path }, facts: { body: content } }
  delete: { does: delete:files, resource: { path: path } }
`;
const RULES = `
  - { id: reading, why: reading marketing is fine, effect: allow, scope: read:files:marketing/** }
  - { id: hr, why: salaries are nobody's business, effect: deny, scope: "*:files:hr/**" }
  - { id: writing, why: somebody looks before it is written, effect: ask, scope: write:files, limits: { uses: 2, for: 30m } }
`;

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (options: Partial<Parameters<typeof world>[0]> = {}) =>
  (open = await world({ rules: RULES, bindings: BINDING, servers: { files: FILES }, ...options }));

describe('the road of a call', () => {
  it('forwards what a rule allows, with the identity, after the intent is on record', async () => {
    const { call, forwarded, events } = await guarded();
    expect((await call('read', { path: 'marketing/plan.md' })).isError).toBeUndefined();
    expect(forwarded).toHaveLength(1);
    expect(forwarded[0]?.meta['perimeter/identity']).toMatchObject({
      agent_id: 'felix',
      user_context: { authenticated_user: 'john', role: 'user', active_session: true },
      permission_scope: ['read:files:marketing/plan.md'],
    });
    const [intent] = await events('call.intent');
    expect(intent).toMatchObject({
      decision: 'allow',
      rule: 'reading',
      agent_id: 'felix',
      user: 'john',
      action: 'read:files:marketing/plan.md',
    });
    expect(await events('call.outcome')).toMatchObject([{ outcome: 'ok', call_id: intent?.call_id }]);
  });

  it('refuses what a rule denies, names the rule and its line, and forwards nothing', async () => {
    const { call, forwarded, events } = await guarded();
    const result = await call('read', { path: 'marketing/../hr/pay.csv' });
    expect(result.isError).toBe(true);
    expect(decisionOf(result)).toMatchObject({ decision: 'deny', rule: 'hr', where: expect.stringMatching(/test\.yaml:\d+$/) });
    expect(forwarded).toEqual([]);
    expect(await events('call.intent')).toEqual([]);
    expect(await events('call.refused')).toMatchObject([{ rule: 'hr', decision: 'deny' }]);
  });

  it('asks by default and hands out the elevation to send', async () => {
    const { call } = await guarded();
    const result = await call('delete', { path: 'marketing/old.md' });
    expect(decisionOf(result)).toMatchObject({
      decision: 'ask',
      rule: 'default',
      request_elevation: { arguments: { calls: [{ tool: 'delete', arguments: { path: 'marketing/old.md' } }] } },
    });
  });

  it('lets an approved call through as often as the grant says, and no oftener', async () => {
    const { call, ask, forwarded, questions, events } = await guarded({ human: () => yes() });
    const answer = await ask({
      calls: [{ tool: 'write', arguments: { path: 'marketing/a.md', content: 'x' } }],
      uses: 2,
      minutes: 30,
    });
    expect(answer).toMatchObject({ status: 'granted', grant: { scope: ['write:files:marketing/a.md'], remaining: { uses: 2 } } });
    expect(questions[0]?.message).toContain('felix asks to write files:marketing/a.md');
    for (const content of ['one', 'two'])
      expect((await call('write', { path: 'marketing/a.md', content })).isError).toBeUndefined();
    expect(decisionOf(await call('write', { path: 'marketing/a.md', content: 'three' })).decision).toBe('ask');
    expect(forwarded).toHaveLength(2);
    expect((await events()).map((event) => event.type).filter((type) => type.startsWith('grant.'))).toEqual([
      'grant.issued',
      'grant.used',
      'grant.used',
      'grant.exhausted',
    ]);
  });

  it('does not know a tool that is not there, whatever it is called', async () => {
    const { call, forwarded } = await guarded();
    for (const name of ['nothing', '__proto__', 'constructor', 'toString', 'read ', 'Read', 'files__read', ''])
      expect(decisionOf(await call(name, {}))).toMatchObject({ decision: 'deny', rule: 'tool' });
    expect(forwarded).toEqual([]);
  });

  it('ends grants, requests and waiting calls with the session', async () => {
    const { call, ask, command, perimeter } = await guarded({ human: () => yes() });
    await ask({ calls: [{ tool: 'write', arguments: { path: 'marketing/a.md', content: 'x' } }] });
    await command('logout');
    expect(perimeter.grants.all().map((grant) => grant.state)).toEqual(['ended']);
    expect(decisionOf(await call('read', { path: 'marketing/plan.md' }))).toMatchObject({ decision: 'deny', rule: 'session' });
    await command('login', { typed: true });
    expect((await call('read', { path: 'marketing/plan.md' })).isError).toBeUndefined();
    expect(decisionOf(await call('write', { path: 'marketing/a.md', content: 'x' })).decision).toBe('ask');
  });
});
