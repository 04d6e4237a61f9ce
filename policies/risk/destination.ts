// Where it goes: to somebody outside, to storage that carries it away, to everybody.
import { storageHost } from '../values/storage.ts';
import { type Factor, leaves, texts, writes } from './factor.ts';

export const DESTINATION: readonly Factor[] = [
  {
    name: 'foreign_destination',
    what: 'it goes to somebody outside',
    applies: ({ reading }) => reading.facts.destination === 'external' && reading.storage === undefined && leaves(reading),
  },
  {
    name: 'external_storage',
    what: 'it goes to a synced folder, removable or online storage',
    applies: ({ reading }) => reading.storage !== undefined || (writes(reading) && texts(reading, 'url.host').some(storageHost)),
  },
  {
    name: 'public_link',
    what: 'it makes something readable for anybody',
    applies: ({ reading }) => reading.opened !== undefined,
  },
];
