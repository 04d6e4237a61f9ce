// Health data goes along: diagnoses, medicines, records, found in the arguments.
import { carries, type Factor } from '../factor.ts';

export const health: Factor = {
  name: 'health',
  what: 'health data in the arguments',
  applies: ({ reading }) => carries(reading, 'health'),
};
