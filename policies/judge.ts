// A call in, a verdict out: reading and deciding as one step that fails closed. The guard, `policy check` and policy tests all come through here.
import { digestOf } from './canonical-json.ts';
import type { BoundServer, PathReader } from './classify.ts';
import { classify } from './classify.ts';
import { decide, refusal, UNREAD_RISK } from './decide.ts';
import type { History } from './history.ts';
import type { Reading } from './reading.ts';
import type { Context, Decision, Facts, GrantView, Identity, Policy, Reach } from './types.ts';
import { Unreadable } from './values/unreadable.ts';

export type CallToJudge = {
  policy: Policy;
  who: Identity;
  server: BoundServer;
  tool: string;
  args: Record<string, unknown>;
  definition?: { inputSchema?: unknown; annotations?: unknown };
  /** Changes when the tool's definition does, so an approval never survives it. */
  definition_digest: string;
  context: Context;
  history: History;
  grants: readonly GrantView[];
  /** Facts the server measured, such as `records`. */
  measured?: Facts;
  locked?: string;
  isProtected(absolute: string, reach: Reach): boolean;
};

export type Verdict = { decision: Decision; /** Absent when the call could not be read. */ reading?: Reading; call_digest: string };

/** Reads and judges. Never throws: whatever goes wrong is a deny by the rule `error`. */
export function judge(call: CallToJudge, disk: PathReader): Verdict {
  let reading: Reading | undefined;
  let call_digest = digestOf({ server: call.server.server, tool: call.tool, unread: true });
  try {
    reading = classify({ server: call.server, tool: call.tool, args: call.args, ...(call.definition ? { definition: call.definition } : {}) }, disk);
    Object.assign(reading.facts, call.measured);
    const actions = reading.actions.map((action) => [action.verb, action.domain, action.absolute ?? action.resource ?? null]);
    call_digest = digestOf({ server: call.server.server, tool: call.tool, args: call.args, actions, definition: call.definition_digest });
    return { decision: decide({ ...call, reading, call_digest }), reading, call_digest };
  } catch (error) {
    const why = error instanceof Unreadable ? `this call can't be judged: ${error.message}` : "this call can't be judged";
    const decision = refusal('error', why, UNREAD_RISK, reading);
    return reading === undefined ? { decision, call_digest } : { decision, reading, call_digest };
  }
}
