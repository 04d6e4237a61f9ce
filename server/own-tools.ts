// The guard's own tools, as a client calls them: held to their schema, run for who calls, and every failure told in words.
import { GUARD_TOOLS } from '../tools/guard/index.ts';
import { BadInput } from '../tools/guard/tool.ts';
import { misfit } from './arguments.ts';
import type { Sight } from './judging.ts';
import type { CallReply, IncomingCall, ToolDefinition } from './ports.ts';
import type { Powers } from './powers.ts';
import { badInputResult } from './refusals.ts';

type Parts = { definitions: readonly ToolDefinition[]; powers: Powers; log: (line: string) => void };

/** Answers a call of an own tool; undefined for any other. Nothing of these calls goes downstream. */
export function ownTools({ definitions, powers, log }: Parts) {
  return (call: IncomingCall, sight: Sight): Promise<CallReply> | undefined => {
    const tool = GUARD_TOOLS.find((one) => one.name === call.tool);
    return tool && run(tool, call, sight);
  };

  async function run(tool: (typeof GUARD_TOOLS)[number], call: IncomingCall, sight: Sight): Promise<CallReply> {
    const definition = definitions.find((one) => one.name === tool.name);
    const problem = misfit(definition?.inputSchema ?? {}, call.arguments);
    if (problem !== undefined) return { result: badInputResult(problem) };
    if (sight.context.session !== 'active' && tool.name === 'request_elevation')
      return { result: badInputResult('the user is not signed in; ask them to run `perimeter login`') };
    try {
      const outcome = await tool.run(tool.input.parse(call.arguments), powers.of(call, sight));
      if ('question' in outcome) return outcome;
      return { result: { content: [{ type: 'text', text: outcome.text }], structuredContent: outcome.value } };
    } catch (error) {
      if (error instanceof BadInput) return { result: badInputResult(error.message) };
      log(`${tool.name} failed: ${error instanceof Error ? error.message : 'unknown error'}`);
      return { result: badInputResult('the guard could not do this; nothing was changed, and its log says why') };
    }
  }
}
