// What kind of data the arguments carry, and what the operator marked as sensitive.
import { classCovers, UNSCANNED } from '../values/data-classes.ts';
import { type Factor, texts } from './factor.ts';

/** A family of data classes; the same names and points are used for what a result carries. */
const family = (name: string, what: string): Factor => ({
  name,
  what,
  applies: ({ reading }) => texts(reading, 'data.classes').some((found) => found !== UNSCANNED && classCovers(name, found)),
});

export const DATA: readonly Factor[] = [
  family('pii', 'personal data in the arguments'),
  family('financial', 'payment or bank data in the arguments'),
  family('credentials', 'keys or passwords in the arguments'),
  family('health', 'health data in the arguments'),
  {
    name: 'marked',
    what: 'a table, column, folder or label that was marked as sensitive',
    applies: ({ reading }) => (reading.marked ?? []).length > 0,
  },
  {
    name: 'unscanned',
    what: 'more than could be looked through',
    applies: ({ reading }) => texts(reading, 'data.classes').includes(UNSCANNED),
  },
];
