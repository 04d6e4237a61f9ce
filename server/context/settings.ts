// What `context` in mcp.json may say, and the providers it makes.
import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { closed, duration } from '../../policies/shape.ts';
import type { Clock } from '../ports.ts';
import { desktopUse } from './desktop.ts';
import { command, module, type Patience } from './outside.ts';
import type { Provider } from './provider.ts';
import { isRange, vpn } from './vpn.ts';

const text = z.string().min(1);
const one = z.union([text, z.array(text).min(1)]).transform((value) => [value].flat());
const outside = {
  command: z.array(text).min(1).exactOptional(),
  module: text.exactOptional(),
  ttl: duration.exactOptional(),
  timeout: duration.exactOptional(),
};
const alone = (value: object) =>
  'command' in value || 'module' in value
    ? ['command', 'module', 'interface', 'address', 'tunnel'].filter((key) => key in value).length === 1
    : true;
const RANGE = 'an address is one such as `10.8.0.7`, or a range such as `10.8.0.0/16`';

export const contextSettings = closed({
  vpn: closed({
    interface: one.exactOptional(),
    address: one.refine((list) => list.every(isRange), { error: RANGE }).exactOptional(),
    tunnel: z.literal(true).exactOptional(),
    ...outside,
  })
    .refine((value) => Object.keys(value).some((key) => key !== 'ttl' && key !== 'timeout'), {
      error: 'say how the VPN is known: `interface`, `address`, `tunnel`, `command` or `module`',
    })
    .refine(alone, { error: '`command` and `module` each answer alone; keep one way to know the VPN' })
    .exactOptional(),
  presence: closed({
    within: duration.exactOptional(),
    desktop: z.boolean().exactOptional(),
    idle: duration.exactOptional(),
    ...outside,
  })
    .refine((value) => !('command' in value && 'module' in value), { error: 'keep `command` or `module`, not both' })
    .exactOptional(),
});
export type ContextSettings = z.output<typeof contextSettings>;

/** A program or a module of the operator's is asked again after this, and given up after that. Milliseconds. */
const TTL_MS = 2_000;
const TIMEOUT_MS = 2_000;
const IDLE_MS = 5 * 60_000;

/** `presence`: any that says no means away, else any that says yes means there. */
export type Providers = { vpn?: Provider; presence: Provider[] };

export function providersOf({ vpn: network, presence }: ContextSettings, folder: string, clock: Clock): Providers {
  const providers: Providers = { presence: [] };
  const own = (given: { command?: string[]; module?: string; ttl?: number; timeout?: number }) => {
    const patience: Patience = { ttl: given.ttl ?? TTL_MS, timeout: given.timeout ?? TIMEOUT_MS };
    if (given.command)
      return command(
        given.command.map((part, index) => (index === 0 ? programIn(folder, part) : part)),
        folder,
        patience,
      );
    return given.module === undefined ? undefined : module(resolve(folder, given.module), patience);
  };
  const known = network && (own(network) ?? vpn(network));
  if (known) providers.vpn = known;
  if (presence?.desktop === true) providers.presence.push(desktopUse(presence.idle ?? IDLE_MS, { now: clock.now }));
  const asked = presence && own(presence);
  if (asked) providers.presence.push(asked);
  return providers;
}

/** Files that answer for the situation: no tool may write them. */
export function contextFiles({ vpn: network, presence }: ContextSettings, folder: string): string[] {
  return [network, presence].flatMap((given) =>
    [given?.module, given?.command?.[0]]
      .filter((file) => file !== undefined && (file === given?.module || /[\\/]/.test(file)))
      .map((file) => resolve(folder, file ?? '')),
  );
}

function programIn(folder: string, name: string): string {
  return /[\\/]/.test(name) && !isAbsolute(name) ? resolve(folder, name) : name;
}
