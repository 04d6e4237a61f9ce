// A call in, a verdict out: reading and deciding as one step that fails closed. The guard, `policy check` and policy tests all come through here.
import type { Baseline } from './baseline.ts';
import { digestOf } from './canonical-json.ts';
import type { BoundServer, PathReader } from './classify.ts';
import { classify } from './classify.ts';
import { decide, refusal, UNREAD_RISK } from './decide.ts';
import type { History } from './history.ts';
import type { Reading } from './reading.ts';
import { marksOf, openedBy } from './sensitivity.ts';
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
  /** What is usual for the agent; without it what the history tells counts. */
  baseline?: Baseline;
  grants: readonly GrantView[];
  /** The tool's definition changed lately. */
  changed?: boolean;
  /** Facts the server measured, such as `records`. */
  measured?: Facts;
  locked?: string;
  isProtected(absolute: string, reach: Reach): boolean;
  /** The port of this machine on which people answer the guard. */
  own_port?: number;
};

export type Verdict = {
  decision: Decision /** Absent when the call could not be read. */;
  reading?: Reading;
  call_digest: string;
};

/** Reads and judges. Never throws: whatever goes wrong is a deny by the rule `error`. */
export function judge(call: CallToJudge, disk: PathReader): Verdict {
  let reading: Reading | undefined;
  let call_digest = digestOf({ server: call.server.server, tool: call.tool, unread: true });
  try {
    reading = classify(
      {
        server: call.server,
        tool: call.tool,
        args: call.args,
        ...(call.definition ? { definition: call.definition } : {}),
        ...(call.policy.risk.storage ? { storage: call.policy.risk.storage } : {}),
      },
      disk,
    );
    Object.assign(reading.facts, call.measured);
    noteTraits(reading, call);
    const actions = reading.actions.map((action) => [action.verb, action.domain, action.absolute ?? action.resource ?? null]);
    call_digest = digestOf({
      server: call.server.server,
      tool: call.tool,
      args: call.args,
      actions,
      definition: call.definition_digest,
    });
    return { decision: decide({ ...call, reading, call_digest }), reading, call_digest };
  } catch (error) {
    const why = error instanceof Unreadable ? `this call can't be judged: ${error.message}` : "this call can't be judged";
    const decision = refusal('error', why, UNREAD_RISK, reading);
    return reading === undefined ? { decision, call_digest } : { decision, reading, call_digest };
  }
}

/** What risk wants to know of a call that its binding doesn't say. */
function noteTraits(reading: Reading, { policy, server, tool, changed }: CallToJudge): void {
  const marked = marksOf(reading, policy.risk.sensitive);
  if (marked.length > 0) reading.marked = marked;
  const tools = server.binding?.tools ?? {};
  const carries = Object.hasOwn(tools, tool) ? (tools[tool]?.sensitive ?? []) : [];
  if (carries.length > 0) reading.carries = carries;
  const opened = openedBy(reading);
  if (opened !== undefined) reading.opened = opened;
  if (changed === true) reading.changed = true;
}
