// Hosts that lead to this machine, a private network or a cloud's metadata, by their name or number alone.
import { BlockList, isIP } from 'node:net';

/** IANA special-purpose registries (RFC 6890), and the addresses that clouds answer metadata on. */
const V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];
const V6: readonly (readonly [string, number])[] = [
  ['::', 127],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
];
/** Prefixes that carry an IPv4 address, and the index of its first 16-bit group (RFC 4291, 6052, 8215, 3056). */
const CARRIERS: readonly { groups: readonly number[]; at: number }[] = [
  { groups: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { groups: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { groups: [0, 0, 0, 0, 0, 0], at: 6 },
  { groups: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { groups: [0x64, 0xff9b, 1, 0, 0, 0], at: 6 },
  { groups: [0x2002], at: 1 },
];
const LOCAL_NAMES = /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|corp|home|home\.arpa|localtest\.me|lvh\.me)$/;

/** Names that lead to the machine itself; any name without a dot may be its own. */
const OWN_NAMES = /(?:^|\.)(?:localhost|localdomain|localtest\.me|lvh\.me)$/;

const PRIVATE = new BlockList();
for (const [net, bits] of V4) PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of V6) PRIVATE.addSubnet(net, bits, 'ipv6');
const HERE = new BlockList();
for (const net of ['127.0.0.0', '0.0.0.0']) HERE.addSubnet(net, 8, 'ipv4');
HERE.addSubnet('::', 127, 'ipv6');

/** `host` as WHATWG URL writes it: dotted IPv4, `[IPv6]`, or a lower-case name; a name without a dot is local too. */
export const isLocalHost = (host: string): boolean => leadsInto(host, PRIVATE, LOCAL_NAMES);

/** Whether it leads to this very machine, as far as its text tells. */
export const isThisMachine = (host: string): boolean => leadsInto(host, HERE, OWN_NAMES);

function leadsInto(host: string, list: BlockList, names: RegExp): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 4) return list.check(bare, 'ipv4');
  if (isIP(bare) === 6) return list.check(bare, 'ipv6') || carried(bare).some((v4) => list.check(v4, 'ipv4'));
  return !bare.includes('.') || names.test(bare) || namedAfterAddress(bare, list);
}

/** IPv4 addresses inside an IPv6 one. */
function carried(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  const groups = [...front, ...zeros, ...back].map((group) => Number.parseInt(group, 16));
  return CARRIERS.filter((carrier) => carrier.groups.every((group, index) => groups[index] === group)).map(({ at }) => {
    const [high = 0, low = 0] = groups.slice(at, at + 2);
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  });
}

/** Names such as `127.0.0.1.nip.io` or `10-0-0-5.example.com`, which public servers resolve to the address they spell. */
function namedAfterAddress(host: string, list: BlockList): boolean {
  for (const [, ...parts] of host.matchAll(/(?<![0-9])(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})(?![0-9])/g)) {
    const address = parts.map(Number).join('.');
    if (isIP(address) === 4 && list.check(address, 'ipv4')) return true;
  }
  return false;
}
