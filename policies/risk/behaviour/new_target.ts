// A place that is new to this agent: a recipient, folder, table or host. Refines the first use of a tool.
import { targetsOf } from '../../baseline.ts';
import type { Factor } from '../factor.ts';

export const newTarget: Factor = {
  name: 'new_target',
  what: 'a recipient, folder, table or host it has not reached before',
  applies: ({ reading, baseline }) =>
    baseline.targets.size > 0 && targetsOf(reading.actions).some((target) => !baseline.targets.has(target)),
};
