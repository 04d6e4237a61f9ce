// It goes to storage that carries it away: a synced folder, a stick, a host of files.
import { storageHost } from '../../values/storage.ts';
import { type Factor, texts, writes } from '../factor.ts';

export const externalStorage: Factor = {
  name: 'external_storage',
  what: 'it goes to a synced folder, removable or online storage',
  applies: ({ reading }) => reading.storage !== undefined || (writes(reading) && texts(reading, 'url.host').some(storageHost)),
};
