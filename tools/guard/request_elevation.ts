// request_elevation: the agent asks a human for a permission, with its reason; the guard measures, asks, and waits.
import { z } from 'zod';
import type { ElevationInput, GuardTool } from './tool.ts';

const count = z.number().int().positive();

export const input = z.strictObject({
  justification: z.string().max(4000).describe('Why you need this, in one or two sentences. The human reads it as your claim.'),
  calls: z
    .array(z.strictObject({ tool: z.string().max(256), arguments: z.record(z.string(), z.unknown()).default({}) }))
    .min(1)
    .max(50)
    .optional()
    .describe(
      'The calls you plan, exactly as you would make them. The guard derives the narrowest scope and measures what they do.',
    ),
  scope: z
    .string()
    .max(4096)
    .optional()
    .describe('Instead of calls, or around them: what you need, as verb:domain:resource, e.g. read:files:marketing/**.'),
  minutes: count.max(1440).optional().describe('For how long. Policy may allow less.'),
  uses: count.max(1000).optional().describe('How many calls. Policy may allow less.'),
  claimed_records: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe('How many records you expect to change. The human sees it beside the measured number.'),
  request_id: z.string().max(128).optional().describe('A pending request of yours: wait for it again instead of asking anew.'),
  cancel: z.boolean().optional().describe('With request_id: withdraw the request.'),
});

const impact = z.object({
  measured: z.number().int().nullable(),
  unit: z.enum(['records', 'files', 'recipients', 'events', 'bytes']),
  per_resource: z.record(z.string(), z.number()),
  claimed: z.number().int().nullable(),
  withheld: z.boolean().optional(),
  strength: z.string().optional(),
});

export const output = z.object({
  status: z.enum(['granted', 'denied', 'pending', 'expired', 'cancelled']),
  request_id: z.string().optional(),
  message: z.string(),
  impact: impact.optional(),
  impacts: z.array(impact).optional(),
  grant: z.record(z.string(), z.unknown()).optional(),
  rule: z.string().optional(),
  next: z.string(),
});

export const requestElevation: GuardTool = {
  name: 'request_elevation',
  title: 'Ask a human for permission',
  description:
    'Ask the human for a permission you were refused. Give the calls you plan and an honest reason. Waits for the answer; if it comes back `pending`, call again with the request_id. A granted permission is limited in scope, time and number of uses.',
  input,
  output,
  readOnly: false,
  run: (given, powers) => powers.elevate(given as ElevationInput),
};
