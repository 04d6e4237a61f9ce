// list_permissions: what the agent may do now, what waits for a human, and what is left of each grant.
import { z } from 'zod';
import type { GuardTool } from './tool.ts';

export const listPermissions: GuardTool = {
  name: 'list_permissions',
  title: 'List my permissions',
  description:
    'What you may do now, which of your requests wait for a human, and what is left of each permission you were given.',
  input: z.strictObject({}),
  output: z.object({
    rules: z.array(z.record(z.string(), z.unknown())),
    grants: z.array(z.record(z.string(), z.unknown())),
    pending: z.array(z.record(z.string(), z.unknown())),
  }),
  readOnly: true,
  async run(_given, powers) {
    const value = await powers.permissions();
    return { value, text: JSON.stringify(value, null, 2) };
  },
};
