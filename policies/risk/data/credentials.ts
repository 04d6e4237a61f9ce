// Keys or passwords go along, of a known service or of any other, found in the arguments.
import { carries, type Factor } from '../factor.ts';

export const credentials: Factor = {
  name: 'credentials',
  what: 'keys or passwords in the arguments',
  applies: ({ reading }) => carries(reading, 'credentials'),
};
