// What the tool itself is: destructive, not described, changed.
import type { Factor } from './factor.ts';

export const TOOL: readonly Factor[] = [
  {
    name: 'destructive',
    what: 'it destroys',
    applies: ({ reading }) => reading.destructive || reading.actions.some((action) => action.verb === 'delete'),
  },
  { name: 'unbound_tool', what: 'no binding describes this tool', applies: ({ reading }) => reading.unbound },
  {
    name: 'changed_tool',
    what: "the tool's definition changed in the last day",
    applies: ({ reading }) => reading.changed === true,
  },
];
