// It goes to somebody outside. Storage outside has a factor of its own.
import { type Factor, leaves } from '../factor.ts';

export const foreignDestination: Factor = {
  name: 'foreign_destination',
  what: 'it goes to somebody outside',
  applies: ({ reading }) => reading.facts.destination === 'external' && reading.storage === undefined && leaves(reading),
};
