// What the operator marked as sensitive is touched, whatever it looks like.
import type { Factor } from '../factor.ts';

export const marked: Factor = {
  name: 'marked',
  what: 'a table, column, folder or label that was marked as sensitive',
  applies: ({ reading }) => (reading.marked ?? []).length > 0,
};
