// A text too long to be looked through to its end: what was not seen is not clean.
import { UNSCANNED } from '../../values/data-classes.ts';
import { type Factor, texts } from '../factor.ts';

export const unscanned: Factor = {
  name: 'unscanned',
  what: 'more than could be looked through',
  applies: ({ reading }) => texts(reading, 'data.classes').includes(UNSCANNED),
};
