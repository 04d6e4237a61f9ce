// Personal data goes along: whatever class of that family was found in the arguments.
import { carries, type Factor } from '../factor.ts';

export const pii: Factor = {
  name: 'pii',
  what: 'personal data in the arguments',
  applies: ({ reading }) => carries(reading, 'pii'),
};
