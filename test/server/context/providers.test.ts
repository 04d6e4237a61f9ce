// Providers of context: what each platform tells, and that one which fails, lies or hangs means unknown.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createConnections } from '../../../server/context/connections.ts';
import { desktopUse, readIoreg, readLoginctl, readPowerShell } from '../../../server/context/desktop.ts';
import { createSituation } from '../../../server/context/index.ts';
import { createMachine } from '../../../server/context/machine.ts';
import { command, module } from '../../../server/context/outside.ts';
import type { Provider } from '../../../server/context/provider.ts';
import { type Interfaces, isRange, vpn } from '../../../server/context/vpn.ts';
import type { StateData, Store } from '../../../server/ports.ts';
import { fakeClock } from '../../world.ts';

const folder = mkdtempSync(join(tmpdir(), 'perimeter-context-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const still = new AbortController().signal;
const patience = { ttl: 0, timeout: 2_000 };
const at = (address: string, family: 'IPv4' | 'IPv6' = 'IPv4') =>
  ({ address, family, internal: address === '127.0.0.1', netmask: '', mac: '', cidr: null, scopeid: 0 }) as NonNullable<
    Interfaces[string]
  >[number];
const node = (code: string) => [process.execPath, '-e', code];

describe('the VPN by its interface', () => {
  const interfaces = (more: Interfaces = {}): Interfaces => ({ lo: [at('127.0.0.1')], eth0: [at('192.168.1.7')], ...more });
  test.each([
    ['its name', { interface: ['wg*'] }, { wg0: [at('10.8.0.2')] }, true],
    ['another name', { interface: ['wg*'] }, { tun0: [at('10.8.0.2')] }, false],
    ['one of several names', { interface: ['wg0', 'corp?', 'corp*'] }, { corp7: [at('10.8.0.2')] }, true],
    ['a name without an address: it is not up', { interface: ['wg0'] }, { wg0: [] }, false],
    [
      'a name with a link-local address only, as idle ones have',
      { interface: ['utun*'] },
      { utun3: [at('fe80::1', 'IPv6')] },
      false,
    ],
    ['its address', { address: ['10.8.0.0/16'] }, { x: [at('10.8.77.1')] }, true],
    ['an address outside', { address: ['10.8.0.0/16'] }, { x: [at('10.9.0.1')] }, false],
    ['an IPv6 range', { address: ['fd00:1::/32'] }, { x: [at('fd00:1::7', 'IPv6')] }, true],
    [
      'name and address on different interfaces',
      { interface: ['wg0'], address: ['10.8.0.0/16'] },
      { wg0: [at('172.16.0.1')], y: [at('10.8.0.1')] },
      false,
    ],
    ['a tunnel by its kind', { tunnel: true as const }, { corp7: [at('10.8.0.2')] }, true],
    ['no tunnel', { tunnel: true as const }, {}, false],
  ])('%s', async (_what, wanted, more, up) => {
    const kinds: Record<string, string> = { corp7: '65534', eth0: '1', lo: '772' };
    expect(
      await vpn(
        wanted,
        () => interfaces(more as Interfaces),
        (name) => kinds[name],
      ).look(still),
    ).toBe(up);
  });
  test('ranges are read with care', () => {
    expect(['10.0.0.0/8', '10.8.0.7', 'fd00::/64'].every(isRange)).toBe(true);
    expect(['10.0.0.0/33', '10.0.0/8', 'wg0', '10.0.0.0/8/1', '10.0.0.0/', ''].some(isRange)).toBe(false);
  });
});

describe('a command answers by its exit code', () => {
  const asked = (code: string) => command(node(code), folder, patience).look(still);
  test.each([
    ['0', true],
    ['1', false],
    ['2', undefined],
    ['255', undefined],
  ])('%s', async (code, answer) => expect(await asked(`process.exit(${code})`)).toBe(answer));
  test('one that is killed says nothing', async () => expect(await asked('process.kill(process.pid)')).toBeUndefined());
  test('one that talks without end says nothing', async () =>
    expect(await asked("setInterval(() => process.stdout.write('x'.repeat(1e6)))")).toBeUndefined());
  test('one that is not there says nothing', async () =>
    expect(await command(['/no/such/program'], folder, patience).look(still)).toBeUndefined());
  test('no shell reads it', async () =>
    expect(await command(['true; exit 0', '&& true'], folder, patience).look(still)).toBeUndefined());
});

describe('a module answers by its function', () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return module(join(folder, name), patience);
  };
  test('yes and no', async () => {
    expect(await file('yes.mjs', 'export default () => true').look(still)).toBe(true);
    expect(await file('no.mjs', 'export default async () => false').look(still)).toBe(false);
  });
  test('anything else is nothing', async () => {
    expect(await file('word.mjs', "export default () => 'yes'").look(still)).toBeUndefined();
    expect(await file('none.mjs', 'export const up = true').look(still)).toBeUndefined();
  });
  test('one that is broken fails', async () =>
    await expect(file('broken.mjs', 'export default (').look(still)).rejects.toThrow());
});

describe('the desktop, as each platform tells', () => {
  const NOW = 1_700_000_000_000;
  test('Linux: the idle hint, and the lock', () => {
    const said = (idle: string, since: number, locked: string, type = 'wayland') =>
      readLoginctl(`Type=${type}\nIdleHint=${idle}\nIdleSinceHint=${since * 1_000}\nLockedHint=${locked}\n`, NOW);
    expect(said('no', 0, 'no')).toEqual({ locked: false, idle_ms: 0 });
    expect(said('yes', NOW - 60_000, 'yes')).toEqual({ locked: true, idle_ms: 60_000 });
    expect(said('no', 0, 'no', 'tty')).toBeUndefined();
    expect(readLoginctl(undefined, NOW)).toBeUndefined();
  });
  test('macOS: nanoseconds since the last input, and the lock', () => {
    expect(readIoreg('"HIDIdleTime" = 5000000000', '"IOConsoleUsers" = ({"CGSSessionScreenIsLocked"=Yes})')).toEqual({
      idle_ms: 5_000,
      locked: true,
    });
    expect(readIoreg('', '')).toBeUndefined();
  });
  test('Windows: milliseconds, and the lock screen', () => {
    expect(readPowerShell('idle=1234\r\nlocked=False\r\n')).toEqual({ idle_ms: 1_234, locked: false });
    expect(readPowerShell('Add-Type : error')).toBeUndefined();
  });
  test('used, idle, locked, unknown', async () => {
    const windows = (output: string | undefined) =>
      desktopUse(60_000, {
        platform: 'win32',
        env: { SystemRoot: 'C:\\Windows' },
        ask: async () => (output === undefined ? undefined : { code: 0, output }),
        now: () => NOW,
      }).look(still);
    expect(await windows('idle=10\nlocked=False')).toBe(true);
    expect(await windows('idle=60000\nlocked=False')).toBe(false);
    expect(await windows('idle=10\nlocked=True')).toBe(false);
    expect(await windows(undefined)).toBeUndefined();
    expect(await desktopUse(60_000, { platform: 'aix', now: () => NOW }).look(still)).toBeUndefined();
  });
});

describe('the situation', () => {
  const provider = (look: Provider['look'], more: Partial<Provider> = {}): Provider => ({
    source: 'a test',
    timeout: 50,
    ttl: 0,
    look,
    ...more,
  });
  const situation = (providers: { vpn?: Provider; presence?: Provider[] }, lines: string[] = [], clock = fakeClock()) =>
    createSituation({ providers: { presence: [], ...providers }, clock, log: (line) => lines.push(line) });
  test('what fails or hangs is unknown, and is told once', async () => {
    const lines: string[] = [];
    const failing = situation(
      {
        vpn: provider(async () => Promise.reject(new Error('no route'))),
        presence: [provider(() => new Promise(() => undefined))],
      },
      lines,
    );
    expect(await failing.look(undefined)).toEqual({});
    expect(await failing.look(undefined)).toEqual({});
    expect(lines).toHaveLength(2);
    expect(lines.join()).toContain('no route');
  });
  test('an answer that is neither yes nor no is unknown', async () =>
    expect(await situation({ vpn: provider(async () => 'up' as unknown as boolean) }).look(undefined)).toEqual({}));
  test('an answer is believed for its time and no longer', async () => {
    const clock = fakeClock();
    let up = true;
    const one = situation({ vpn: provider(async () => up, { ttl: 1_000 }) }, [], clock);
    expect((await one.look(undefined)).vpn).toBe(true);
    up = false;
    clock.advance(999);
    expect((await one.look(undefined)).vpn).toBe(true);
    clock.advance(1);
    expect((await one.look(undefined)).vpn).toBe(false);
    clock.set('2020-01-01T00:00:00Z');
    up = true;
    clock.advance(1_000);
    expect((await one.look(undefined)).vpn).toBe(true);
  });
  test('a failure ends what was believed before', async () => {
    let fails = false;
    const one = situation({ vpn: provider(async () => (fails ? undefined : true)) });
    expect((await one.look(undefined)).vpn).toBe(true);
    fails = true;
    expect((await one.look(undefined)).vpn).toBeUndefined();
  });
  test.each([
    ['a locked screen beats an answer a minute ago', true, [false], false],
    ['somebody acted, nobody tells more', true, [undefined], true],
    ['the desktop is in use', undefined, [true], true],
    ['away, whoever else says yes', undefined, [true, false], false],
    ['nobody knows', undefined, [undefined], undefined],
  ])('presence: %s', async (_what, acted, seen, present) => {
    expect(
      (await situation({ presence: seen.map((value) => provider(async () => value)) }).look(acted as true | undefined))
        .user_present,
    ).toBe(present);
  });
});

test('two connections of one agent at once', () => {
  const clock = fakeClock();
  const connections = createConnections(clock);
  expect(connections.seen('felix', { connection_id: 'a' })).toBe(false);
  expect(connections.seen('other', { connection_id: 'b' })).toBe(false);
  expect(connections.seen('felix', { connection_id: 'c' })).toBe(true);
  expect(connections.seen('felix', { connection_id: 'a' })).toBe(true);
  connections.gone({ connection_id: 'c' });
  expect(connections.seen('felix', { connection_id: 'a' })).toBe(false);
  connections.seen('felix', { connection_id: 'c' });
  clock.advance(5 * 60_000);
  expect(connections.seen('felix', { connection_id: 'a' })).toBe(false);
});

test('the first machine is known, a second one once a person signed in on it', async () => {
  const data = {} as StateData;
  const store = { data, update: async (change: (data: StateData) => unknown) => change(data) } as unknown as Store;
  expect((await createMachine(store, 'one')).known()).toBe(true);
  const second = await createMachine(store, 'two');
  expect(second.known()).toBe(false);
  await second.accept();
  expect([second.known(), (await createMachine(store, 'one')).known()]).toEqual([true, true]);
});
