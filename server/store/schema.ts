// The shape of state.json, checked on reading: a field nobody can trust makes the whole file untrusted.
import { z } from 'zod';
import { PROOFS, RISK_LEVELS, STRENGTHS } from '../../policies/types.ts';
import type { StateData } from '../ports.ts';

// A time that doesn't parse would compare as "not passed yet", so times are held to their one form.
const time = z.iso.datetime();
const count = z.number().nonnegative();
const optional = {
  text: z.string().exactOptional(),
  flag: z.boolean().exactOptional(),
  time: time.exactOptional(),
  count: count.exactOptional(),
};

const situation = z.strictObject({
  user_present: z.boolean().exactOptional(),
  session: z.literal('active').exactOptional(),
  vpn: z.boolean().exactOptional(),
  hours: optional.text,
  get also() {
    return z.array(situation).exactOptional();
  },
});
const budget = z.looseObject({
  uses: count,
  records: optional.count,
  recipients: optional.count,
  files: optional.count,
  bytes: optional.count,
  amount: optional.count,
});
const counts = z.record(z.string(), count);
const sets = z.array(z.strictObject({ call: z.string(), set: z.string() })).exactOptional();
const impact = z.looseObject({
  measured: count.nullable(),
  unit: z.enum(['records', 'files', 'recipients', 'events', 'bytes']),
  per_resource: counts,
  claimed: z.number().nullable(),
  strength: z.enum(STRENGTHS),
  holds: z.enum(['each', 'counts']).exactOptional(),
  by_number: z.array(z.string()).exactOptional(),
  direct: z.literal(true).exactOptional(),
  counted_at: optional.time,
  more: optional.flag,
  unlimited: optional.flag,
});

const session = z.looseObject({
  session_id: z.string(),
  user: z.string(),
  role: z.string(),
  opened_at: time,
  expires_at: time,
  closed_at: optional.time,
  how: z.enum(['implicit', 'login']),
});
const approval = z.looseObject({
  person: z.string(),
  approver: z.string(),
  channel: z.string(),
  proof: z.enum(PROOFS),
  at: time,
  once: optional.flag,
  minutes: optional.count,
  uses: optional.count,
  records: optional.count,
  scope: z.array(z.string()).exactOptional(),
});
const request = z.looseObject({
  request_id: z.string(),
  state: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
  user: z.string(),
  agent: z.string(),
  session_id: z.string(),
  digest: z.string(),
  scope: z.array(z.string()),
  rules: z.array(z.string()),
  risk: z.enum(RISK_LEVELS),
  exact: z.array(z.string()),
  exact_only: z.boolean(),
  budget,
  bound: counts.exactOptional(),
  sets,
  while: situation.exactOptional(),
  minutes: count,
  proof: z.enum(PROOFS),
  impact,
  message: z.string(),
  created_at: time,
  expires_at: time,
  policy_digest: z.string(),
  definition_digest: z.string(),
  shown: optional.text,
  approvals: optional.count,
  given: z.array(approval).exactOptional(),
  grant_id: optional.text,
  decided_at: optional.time,
  approver: optional.text,
  channel: optional.text,
  reason: optional.text,
});
const grant = z.looseObject({
  grant_id: z.string(),
  request_id: z.string(),
  state: z.enum(['active', 'exhausted', 'ended', 'revoked']),
  user: z.string(),
  agent: z.string(),
  session_id: z.string(),
  scope: z.array(z.string()),
  rules: z.array(z.string()),
  risk: z.enum(RISK_LEVELS),
  exact: z.array(z.string()).exactOptional(),
  once: optional.flag,
  budget,
  remaining: budget,
  bound: counts.exactOptional(),
  sets,
  while: situation.exactOptional(),
  issued_at: time,
  expires_at: time,
  approver: z.string(),
  channel: z.string(),
  granted_by: z.enum(['human', 'policy']),
  survive_restart: z.boolean(),
  asked_at: optional.time,
});

const shown = z.looseObject({ drew: count, alone: count, silent: count, skip_until: optional.time });
const client = shown.extend({ link: shown.exactOptional(), cuts: z.array(count), seen: time });
const ruleStats = z.looseObject({
  asked: count,
  approved: count,
  denied: count,
  expired: count,
  edited: count,
  scopes: counts,
  refused: counts.exactOptional(),
});

/** The whole file. Records keep fields that a later version adds; a later `version` is refused. */
export const stateSchema: z.ZodType<StateData> = z.looseObject({
  version: z.literal(1),
  seq: z.int().nonnegative(),
  session: session.nullable(),
  login_required: z.boolean(),
  requests: z.record(z.string(), request),
  grants: z.record(z.string(), grant),
  lock: z.looseObject({ reason: optional.text, set_at: time, by: z.string() }).nullable(),
  pins: z.record(
    z.string(),
    z.looseObject({ digest: z.string(), accepted_at: time, held: optional.text, changed_at: optional.time }),
  ),
  last_human_act: optional.time,
  wall_mark: optional.time,
  cooldowns: z.record(z.string(), time),
  clients: z.record(z.string(), client).exactOptional(),
  rule_stats: z.record(z.string(), ruleStats).exactOptional(),
  machines: z.array(z.string()).exactOptional(),
});

/** The state of a guard that has never run. */
export const emptyState = (): StateData => ({
  version: 1,
  seq: 0,
  session: null,
  login_required: false,
  requests: {},
  grants: {},
  lock: null,
  pins: {},
  cooldowns: {},
});

/** Reads the text of state.json. A `problem`, in words, when it can't be trusted. */
export function parseState(text: string, reveal?: (raw: unknown) => unknown): { state: StateData } | { problem: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  try {
    if (reveal) raw = reveal(raw);
  } catch {
    return { problem: 'what is sealed in it was sealed with another key than `audit.hmac`' };
  }
  const checked = stateSchema.safeParse(raw);
  if (checked.success) return { state: checked.data };
  const issue = checked.error.issues[0];
  return { problem: `\`${issue?.path.join('.') || 'the file'}\`: ${issue?.message ?? 'wrong shape'}` };
}
