// The network is not the one that is meant: the VPN is known to be down.
import type { Factor } from '../factor.ts';

export const vpnOff: Factor = {
  name: 'vpn_off',
  what: 'the VPN is known to be down',
  applies: ({ context }) => context.vpn === false,
};
