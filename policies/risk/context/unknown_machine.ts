// The guard runs on a machine it was not seen on before.
import type { Factor } from '../factor.ts';

export const unknownMachine: Factor = {
  name: 'unknown_machine',
  what: 'a machine not seen before',
  applies: ({ context }) => context.machine_known === false,
};
