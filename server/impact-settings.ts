// `impact` in mcp.json: how far the guard goes to count what a change would do.
import * as z from 'zod';
import { closed } from '../policies/shape.ts';
import { DRY_RUN_ROWS } from '../tools/downstream/impact.ts';

export const impactSettings = closed({
  dry_run_rows: z
    .int({ error: '`dry_run_rows` is a whole number of rows, such as 50000' })
    .min(0)
    .max(1_000_000)
    .default(DRY_RUN_ROWS),
});
export type ImpactSettings = z.output<typeof impactSettings>;
