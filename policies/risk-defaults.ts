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

/** Factors that refine another one, which counts with them. */
const REFINES: Readonly<Record<string, string>> = {
  night: 'outside_hours',
  new_target: 'first_use',
  repetition: 'rate',
  probing: 'repeated_refusals',
};

/**
 * The points of a policy: what it writes over the defaults, point by point. Who gives a factor points of their own has weighed all that it
 * stands for, so what refines it then counts only where it is named too.
 */
export function pointsOf(written: Readonly<Record<string, number>>): Record<string, number> {
  const weighed = Object.entries(REFINES).filter(([, refined]) => Object.hasOwn(written, refined));
  return { ...DEFAULT_RISK.points, ...Object.fromEntries(weighed.map(([name]) => [name, 0])), ...written };
}
