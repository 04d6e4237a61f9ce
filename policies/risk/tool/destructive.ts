// What it does takes something away: the tool says so, or the call deletes.
import type { Factor } from '../factor.ts';

export const destructive: Factor = {
  name: 'destructive',
  what: 'it destroys',
  applies: ({ reading }) => reading.destructive || reading.actions.some((action) => action.verb === 'delete'),
};
