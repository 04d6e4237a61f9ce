// What the agent gets instead of a result: which rule, where, why, what failed, and the exact elevation to ask for.
import type { Decision } from '../policies/types.ts';
import { visible } from '../policies/values/text.ts';
import type { ToolResult } from './ports.ts';

const MAX_SHOWN_ARGUMENTS = 4_000;

/** A refused call as a tool result: text a model can act on, and the decision in `_meta`. Facts stay out: counts are for the human. `said`: how asking right here ended. */
export function refusalResult(
  decision: Decision,
  call: { tool: string; arguments: Record<string, unknown> },
  said?: string,
): ToolResult {
  const where = decision.where === undefined ? '' : ` (${decision.where})`;
  const failed = decision.failed.length > 0 ? ` What did not hold: ${decision.failed.join(', ')}.` : '';
  const meta: Record<string, unknown> = {
    decision: decision.decision,
    rule: decision.rule,
    why: decision.why,
    failed: decision.failed,
    risk: decision.risk,
  };
  if (decision.where !== undefined) meta.where = decision.where;
  const lines: string[] = [];
  if (decision.decision === 'ask') {
    const ready = { justification: '<why you need this>', calls: [{ tool: call.tool, arguments: call.arguments }] };
    meta.request_elevation = { arguments: ready };
    lines.push(
      `This needs a person's approval first, by rule \`${decision.rule}\`${where}: ${decision.why}.${failed} Nothing was done.`,
    );
    const shown = JSON.stringify(ready);
    if (said !== undefined) lines.push(`${said[0]?.toUpperCase()}${said.slice(1)}.`);
    else
      lines.push(
        shown.length <= MAX_SHOWN_ARGUMENTS
          ? `To ask, call request_elevation with ${shown}`
          : 'To ask, call request_elevation with this same call in `calls`.',
      );
  } else {
    lines.push(`Refused by rule \`${decision.rule}\`${where}: ${decision.why}.${failed} Nothing was done.`);
    if (!['lock', 'session'].includes(decision.rule)) lines.push('Asking for elevation will not change this answer.');
  }
  return { content: [{ type: 'text', text: lines.join('\n') }], isError: true, _meta: { 'perimeter/decision': meta } };
}

export const AUDIT_FAILED = 'the audit cannot be written, so nothing is forwarded; the log of the guard says why';

/** A call that was allowed and could not be carried out. `reached` says whether the downstream may have done it. */
export function failureResult(message: string, reached: boolean): ToolResult {
  const effect = reached ? 'It may or may not have been carried out: check before you try again.' : 'It was not carried out.';
  return { content: [{ type: 'text', text: `${visible(message, 1_000)}. ${effect}` }], isError: true };
}

/** An own tool's input that does not fit. */
export function badInputResult(message: string): ToolResult {
  return { content: [{ type: 'text', text: message }], isError: true };
}
