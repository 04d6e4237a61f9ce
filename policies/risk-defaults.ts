// What risk is made of where a policy says nothing: points by factor, the levels, and what each level calls for.
import type { RiskPolicy } from './types.ts';

/** Merged under whatever `risk:` a policy writes, point by point. No zone: hours are then read in mcp.json's. */
export const DEFAULT_RISK: RiskPolicy = {
  points: {
    outside_hours: 20,
    pii: 30,
    financial: 30,
    credentials: 50,
    health: 30,
    bulk: 25,
    first_use: 15,
    user_absent: 20,
    vpn_off: 20,
    unknown_machine: 20,
    session_near_end: 10,
    untrusted_read: 25,
    sensitive_read: 25,
    foreign_destination: 20,
    external_storage: 90,
    destructive: 15,
    unbound_tool: 30,
    rate: 15,
    repeated_refusals: 20,
  },
  bulk_over: 20,
  hours: 'Mon-Fri 08:00-18:00',
  levels: { medium: 25, high: 50, critical: 90 },
  responses: { medium: 'watch', high: 'ask', critical: 'deny' },
};
