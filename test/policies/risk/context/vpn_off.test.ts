// A VPN that is down raises; one of which nothing is known does not.
import { vpnOff } from '../../../../policies/risk/context/vpn_off.ts';
import { cases } from '../cases.ts';

cases(vpnOff, { yes: { down: { context: { vpn: false } } }, no: { up: { context: { vpn: true } }, unknown: {} } });
