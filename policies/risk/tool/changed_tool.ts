// The tool is not what it was: its definition changed lately.
import type { Factor } from '../factor.ts';

export const changedTool: Factor = {
  name: 'changed_tool',
  what: "the tool's definition changed in the last day",
  applies: ({ reading }) => reading.changed === true,
};
