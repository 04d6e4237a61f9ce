// What risk is made of where a policy says nothing: points by factor, the levels, and what each level calls for.
import type { RiskPolicy } from './types.ts';

/** Merged under whatever `risk:` a policy writes, point by point. No zone: hours are then read in mcp.json's. */
export const DEFAULT_RISK: RiskPolicy = {
  points: {
    outside_hours: 20,
    night: 10,
    pii: 30,
    financial: 30,
    credentials: 50,
    health: 30,
    marked: 30,
    unscanned: 25,
    bulk: 25,
    first_use: 15,
    new_target: 5,
    repetition: 10,
    probing: 20,
    read_much: 20,
    user_absent: 20,
    vpn_off: 20,
    unknown_machine: 20,
    session_near_end: 10,
    two_sessions: 10,
    untrusted_read: 25,
    sensitive_read: 25,
    leak: 90,
    foreign_destination: 20,
    external_storage: 90,
    public_link: 50,
    destructive: 15,
    unbound_tool: 30,
    changed_tool: 10,
    rate: 15,
    repeated_refusals: 20,
  },
  bulk_over: 20,
  hours: 'Mon-Fri 08:00-18:00',
  night: '23:00-06:00',
  levels: { medium: 25, high: 50, critical: 90 },
  responses: { medium: 'watch', high: 'ask', critical: 'deny' },
};

/**
 * Factors that refine another one. Who writes a table of points has added theirs up, so these then count only where the table
 * names them; the rest keep their defaults.
 */
export const REFINEMENTS_OFF: Readonly<Record<string, number>> = { night: 0, new_target: 0, repetition: 0, probing: 0 };
