// A tool that is new to this agent. Where nothing is known of an agent yet, nothing is new.
import type { Factor } from '../factor.ts';

export const firstUse: Factor = {
  name: 'first_use',
  what: 'a tool this agent has not used before',
  applies: ({ reading, baseline }) => baseline.tools.size > 0 && !baseline.tools.has(`${reading.server}/${reading.tool}`),
};
