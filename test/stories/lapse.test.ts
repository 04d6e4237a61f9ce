// Permissions end with what they live by: the VPN drops between two calls of one grant, the clock jumps, a signal comes from outside.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { DownstreamError } from '../../server/errors.ts';
import type { ForwardOptions, ToolResult } from '../../server/ports.ts';
import { decisionOf, fakeClock, type World, type WorldOptions, world, yes } from '../world.ts';

const open = { type: 'object', additionalProperties: true };
const bindings =
  '- server: crm\n  tools:\n    read: { does: read:crm, resource: { text: name } }\n    look: { does: list:crm, resource: { text: name } }';
const rules =
  '- { id: crm-look, why: for the test, effect: allow, scope: list:crm, while: { hours: "Mon-Sun 09:00-17:00" } }\n- { id: crm-read, why: customers are real people, effect: ask, scope: read:crm, limits: { uses: 10, for: 1h, while: { vpn: true } } }';

let guard: World;
afterEach(() => guard.close());
const start = async (more: Partial<WorldOptions> = {}) => {
  guard = await world({
    rules,
    bindings,
    servers: {
      crm: {
        read: { inputSchema: open, run: () => ({ content: [] }) },
        look: { inputSchema: open, run: () => ({ content: [] }) },
      },
    },
    human: () => yes(),
    ...more,
  });
  return guard;
};
/** A VPN that is up while a file is there, asked through a module at every use. */
const flag = () => join(guard.folder, 'vpn-is-up');
const withVpn = { settings: { context: { vpn: { module: './vpn.mjs', ttl: '1ms' } } } };
async function vpn(): Promise<void> {
  writeFileSync(
    join(guard.folder, 'vpn.mjs'),
    `import { existsSync } from 'node:fs';\nexport default () => existsSync(${JSON.stringify(flag())});\n`,
  );
  writeFileSync(flag(), '');
}
const customer = (name: string) => guard.call('read', { name });
const decided = (result: ToolResult) => (result.isError === true ? decisionOf(result).decision : 'allow');

describe('the VPN drops between two calls of one grant', () => {
  test('the next call is refused and the condition named; back up, the grant holds again for what is left', async () => {
    await start(withVpn);
    await vpn();
    expect((await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 })).status).toBe('granted');
    expect(decided(await customer('a'))).toBe('allow');
    rmSync(flag());
    guard.clock.advance(1_000);
    const refused = await customer('b');
    expect(decisionOf(refused)).toMatchObject({ decision: 'ask', rule: 'crm-read' });
    expect(decisionOf(refused).failed).toContain('while vpn');
    expect(decisionOf(refused).why).toMatch(/its condition does not hold: vpn/);
    const event = (await guard.events('call.refused')).at(-1);
    expect(event?.failed).toContain('while vpn');
    expect(event?.risk?.factors.map(({ name }) => name)).toContain('vpn_off');
    expect(guard.forwarded).toHaveLength(1);
    writeFileSync(flag(), '');
    guard.clock.advance(1_000);
    expect(decided(await customer('c'))).toBe('allow');
  });

  test('a provider that breaks is a condition that does not hold', async () => {
    await start({ settings: { context: { vpn: { command: [process.execPath, '-e', 'process.exit(7)'], ttl: '1ms' } } } });
    await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
    expect(decided(await customer('a'))).toBe('ask');
    expect(guard.forwarded).toHaveLength(0);
  });
});

describe('the VPN drops while something depends on it', () => {
  const asking = rules.replace('effect: ask, scope: read:crm,', 'effect: ask, ask: inline, scope: read:crm,');
  /** A tool that takes its time, until it is called back. */
  const slow = (calledBack: () => void) => ({
    crm: {
      read: {
        inputSchema: open,
        run: (_args: Record<string, unknown>, { signal }: ForwardOptions) =>
          new Promise<ToolResult>((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              calledBack();
              reject(new DownstreamError('cancelled', true, 'it was called back'));
            }),
          ),
      },
      look: { inputSchema: open, run: () => ({ content: [] }) },
    },
  });

  test.each(['request_elevation', 'the call itself'])(
    'who waits in %s is answered, and the record names the condition',
    async (how) => {
      await start({ ...withVpn, rules: asking, human: () => undefined, wait_ms: 30_000 });
      await vpn();
      const waiting = how === 'the call itself' ? customer('a') : guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
      while ((await guard.events('request.created')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 300));
      rmSync(flag());
      guard.clock.advance(1_000);
      expect(JSON.stringify(await waiting)).toContain('a condition ended: `while vpn`');
      expect((await guard.events('request.cancelled')).at(-1)).toMatchObject({ failed: ['while vpn'] });
      expect(guard.forwarded).toHaveLength(0);
      expect(await guard.command('pending')).toEqual([]);
    },
  );

  test('a call under way is called back, and its record names the condition and the grant', async () => {
    let back = 0;
    await start({ ...withVpn, servers: slow(() => back++) });
    await vpn();
    await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
    const running = customer('a');
    while (guard.forwarded.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    rmSync(flag());
    guard.clock.advance(1_000);
    expect(JSON.stringify(await running)).toContain('a condition ended: `while vpn`. It may or may not have been carried out');
    expect(back).toBe(1);
    const outcome = (await guard.events('call.outcome')).at(-1);
    expect(outcome).toMatchObject({ outcome: 'unknown', failed: ['while vpn'], grant_id: expect.stringMatching(/^grant_/) });
  });

  test('so is one that a rule allowed, when its hours are over', async () => {
    const hours =
      '- { id: read-hours, why: in the morning, effect: allow, scope: read:crm, while: { hours: "Mon-Sun 09:00-17:00" } }';
    await start({ rules: hours, servers: slow(() => undefined) });
    const running = customer('a');
    while (guard.forwarded.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    guard.clock.advance(5 * 3_600_000);
    expect(JSON.stringify(await running)).toContain('a condition ended: `while hours`');
  });

  test('the user goes away: the request goes; only that nobody knows any more ends nothing', async () => {
    const away = () => join(guard.folder, 'away');
    await start({
      rules: '- { id: r, why: w, effect: ask, scope: read:crm, limits: { while: { user_present: true } } }',
      settings: { context: { presence: { module: './vpn.mjs', ttl: '1ms' } } },
      human: () => undefined,
      wait_ms: 30_000,
    });
    const module = join(guard.folder, 'vpn.mjs');
    writeFileSync(
      module,
      `import { existsSync } from 'node:fs';\nexport default () => existsSync(${JSON.stringify(away())}) ? false : existsSync(${JSON.stringify(flag())}) ? true : undefined;\n`,
    );
    writeFileSync(flag(), '');
    const waiting = guard.ask({ scope: 'read:crm' });
    while ((await guard.events('request.created')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 300));
    rmSync(flag());
    guard.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await guard.command('pending')).toHaveLength(1);
    writeFileSync(flag(), '');
    guard.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    writeFileSync(away(), '');
    guard.clock.advance(1_000);
    expect(await waiting).toMatchObject({ status: 'cancelled' });
    expect((await guard.events('request.cancelled')).at(-1)).toMatchObject({ failed: ['while user_present'] });
  });

  test('nothing is looked at while nothing depends on it', async () => {
    await start({ ...withVpn, human: () => undefined, wait_ms: 50 });
    const looks = join(guard.folder, 'looks');
    writeFileSync(
      join(guard.folder, 'vpn.mjs'),
      `import { appendFileSync } from 'node:fs';\nexport default () => { appendFileSync(${JSON.stringify(looks)}, '.'); return true; };\n`,
    );
    const { request_id } = await guard.ask({ scope: 'read:crm' });
    const count = () => readFileSync(looks, 'utf8').length;
    guard.clock.advance(1_000);
    const first = count();
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(count()).toBeGreaterThan(first);
    await guard.command('deny', { id: request_id });
    const last = count();
    guard.clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(count()).toBe(last);
  });
});

describe('a signal from outside', () => {
  const event = JSON.stringify({
    iss: 'https://idp.example/',
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': { reason_admin: { en: 'laptop stolen' } } },
  });
  test('aborts the call under way, ends session and grants, and the trail says why', async () => {
    let aborted = false;
    await start({
      ...withVpn,
      servers: {
        crm: {
          look: { inputSchema: open },
          read: {
            inputSchema: open,
            run: (_args, { signal }) =>
              new Promise((_resolve, reject) =>
                signal.addEventListener('abort', () => {
                  aborted = true;
                  reject(new Error('aborted'));
                }),
              ),
          },
        },
      },
    });
    await vpn();
    await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
    const running = customer('a');
    while (guard.forwarded.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await guard.command('signal', { document: event })).toMatchObject({ about_us: true });
    expect((await running).isError).toBe(true);
    expect(aborted).toBe(true);
    expect(decisionOf(await customer('b'))).toMatchObject({ rule: 'session' });
    expect((await guard.events('grant.ended')).at(-1)?.why).toContain('the session ended');
    expect((await guard.events('session.closed')).at(-1)?.approver).toContain('laptop stolen');
  });
  test('about somebody else changes nothing', async () => {
    await start();
    await guard.call('look', { name: 'a' });
    const other = JSON.stringify({ ...JSON.parse(event), sub_id: { format: 'email', email: 'ann@elsewhere.example' } });
    expect(await guard.command('signal', { document: other })).toMatchObject({ about_us: false, session: 'active' });
  });
});

describe('a clock that jumps', () => {
  test('back: every grant ends, and it is an event', async () => {
    await start(withVpn);
    await vpn();
    await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
    expect(decided(await customer('a'))).toBe('allow');
    guard.clock.set(guard.clock.now() - 10 * 60_000);
    expect(decided(await customer('b'))).not.toBe('allow');
    expect(await guard.events('clock.anomaly')).toHaveLength(1);
    expect((await guard.events('grant.ended')).at(-1)?.why).toContain('clock');
  });
  test('forward: what ended by the new time has ended', async () => {
    await start(withVpn);
    await vpn();
    await guard.ask({ scope: 'read:crm', minutes: 30, uses: 5 });
    guard.clock.set(guard.clock.now() + 31 * 60_000);
    expect(decided(await customer('a'))).not.toBe('allow');
  });
});

describe('business hours on the days the clocks change', () => {
  test.each([
    ['summer time begins: 06:59Z is 08:59 there', '2026-03-29T06:59:00Z', 'ask'],
    ['summer time begins: 07:00Z is 09:00 there', '2026-03-29T07:00:00Z', 'allow'],
    ['the day before: 07:59Z is 08:59 there', '2026-03-28T07:59:00Z', 'ask'],
    ['summer time ends: 07:59Z is 08:59 there', '2026-10-25T07:59:00Z', 'ask'],
    ['summer time ends: 08:00Z is 09:00 there', '2026-10-25T08:00:00Z', 'allow'],
    ['summer time ends: 15:59Z is 16:59 there', '2026-10-25T15:59:00Z', 'allow'],
    ['summer time ends: 16:00Z is 17:00 there', '2026-10-25T16:00:00Z', 'ask'],
  ])('%s', async (_what, now, expected) => {
    await start({ clock: fakeClock(now), settings: { timezone: 'Europe/Berlin' }, rules: `${rules}` });
    const answer = await guard.call('look', { name: 'a' });
    expect(decided(answer), JSON.stringify(answer)).toBe(expected);
    if (expected === 'ask') expect(decisionOf(answer).failed).toContain('while hours');
  });
});
