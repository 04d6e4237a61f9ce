// What every tool of the guard's own is: a definition from one zod schema, and a function of the guard's powers. None of them approves.
import { z } from 'zod';

/** What the guard lets its own tools do. The server implements it for the caller's identity; a tool can't name another. */
export type GuardPowers = {
  elevate(input: ElevationInput): Promise<Outcome>;
  permissions(): Promise<Record<string, unknown>>;
  release(grant_id: string): Promise<Record<string, unknown>>;
  queryAudit(input: Record<string, unknown>): Promise<Record<string, unknown>>;
};
/** `value` goes out as structured content and text; `question` is for clients that are asked by an input-required result. */
export type Outcome =
  | { value: Record<string, unknown>; text: string }
  | { question: { request_id: string; message: string } & ({ typed: boolean } | { url: string }) };

export type ElevationInput = {
  justification: string;
  calls?: { tool: string; arguments: Record<string, unknown> }[];
  scope?: string;
  minutes?: number;
  uses?: number;
  claimed_records?: number;
  request_id?: string;
  cancel?: boolean;
};

/** Bad input: the message tells the agent what to send instead. */
export class BadInput extends Error {}

export type GuardTool = {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  readOnly: boolean;
  run(input: Record<string, unknown>, powers: GuardPowers): Promise<Outcome>;
};

/** The definition as MCP lists it. */
export function defineTool(tool: GuardTool): {
  name: string;
  title: string;
  description: string;
  inputSchema: Record<string, unknown>;
  outputSchema: Record<string, unknown>;
  annotations: Record<string, unknown>;
} {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: z.toJSONSchema(tool.input, { target: 'draft-2020-12', io: 'input' }) as Record<string, unknown>,
    outputSchema: z.toJSONSchema(tool.output, { target: 'draft-2020-12', io: 'input' }) as Record<string, unknown>,
    annotations: { title: tool.title, readOnlyHint: tool.readOnly, destructiveHint: false, openWorldHint: false },
  };
}
