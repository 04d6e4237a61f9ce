// Whether the VPN is up: by its interface's name, address or kind.
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Provider } from './provider.ts';

export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;
export type VpnInterface = { interface?: readonly string[]; address?: readonly string[]; tunnel?: boolean };

/** How Linux names the kind of a tunnel (if_arp.h: ARPHRD_NONE for tun and wireguard, ARPHRD_PPP). */
const TUNNEL_KINDS = new Set(['65534', '512']);
/** How the other systems name theirs. */
const TUNNEL_NAMES = /^(?:utun|tun|tap|wg|ppp|ipsec|gpd|cscotun|tailscale|nordlynx|proton|zt)\d*/i;

/** Up when one interface fits everything that is said, and has an address others could reach it by: macOS keeps idle ones. */
export function vpn(wanted: VpnInterface, interfaces: () => Interfaces = networkInterfaces, kindOf = linuxKind): Provider {
  const names = wanted.interface?.map(globOf);
  const ranges = wanted.address && rangesOf(wanted.address);
  return {
    source: 'network interfaces',
    timeout: 1_000,
    // looking costs next to nothing, so an answer is never kept
    ttl: 0,
    async look() {
      return Object.entries(interfaces()).some(([name, addresses = []]) => {
        const reachable = addresses.filter((one) => !one.internal && !isLocal(one));
        if (reachable.length === 0 || names?.some((glob) => glob.test(name)) === false) return false;
        if (ranges && !reachable.some(({ address, family }) => ranges.check(address, family === 'IPv6' ? 'ipv6' : 'ipv4')))
          return false;
        return wanted.tunnel !== true || isTunnel(name, kindOf(name));
      });
    },
  };
}

function isTunnel(name: string, kind: string | undefined): boolean {
  return kind === undefined ? TUNNEL_NAMES.test(name) : TUNNEL_KINDS.has(kind);
}

function isLocal({ address, family }: NetworkInterfaceInfo): boolean {
  return family === 'IPv6' ? /^fe[89ab]/i.test(address) : address.startsWith('169.254.');
}

function linuxKind(name: string): string | undefined {
  if (!/^[\w.@-]+$/.test(name) || name.startsWith('.')) return undefined;
  try {
    return readFileSync(`/sys/class/net/${name}/type`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function globOf(glob: string): RegExp {
  return new RegExp(
    `^${glob
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    'i',
  );
}

/** An address range as `10.8.0.0/16`, or one address. */
export function isRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const kind = isIP(address);
  if (kind === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 6 ? 128 : 32));
}

function rangesOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits] = text.split('/');
    const kind = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (kind === 'ipv6' ? 128 : 32) : Number(bits), kind);
  }
  return list;
}
