// release_grant: the agent gives a permission back before its time.
import { z } from 'zod';
import type { GuardTool } from './tool.ts';

export const releaseGrant: GuardTool = {
  name: 'release_grant',
  title: 'Give a permission back',
  description: 'Give back a permission you no longer need. It ends at once.',
  input: z.strictObject({ grant_id: z.string().max(128) }),
  output: z.object({ grant_id: z.string(), released: z.boolean(), message: z.string() }),
  readOnly: false,
  async run(given, powers) {
    const value = await powers.release(String(given.grant_id));
    return { value, text: String(value.message) };
  },
};
