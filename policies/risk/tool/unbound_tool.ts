// Nobody described this tool, so what it does is a guess.
import type { Factor } from '../factor.ts';

export const unboundTool: Factor = {
  name: 'unbound_tool',
  what: 'no binding describes this tool',
  applies: ({ reading }) => reading.unbound,
};
