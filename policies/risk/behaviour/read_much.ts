// Much was gathered, and now something leaves: how data is carried off.
import { readLately } from '../../baseline.ts';
import { type Asked, type Factor, leaves } from '../factor.ts';

const MUCH = { read: 100, size: 1_000_000 };

export const readMuch: Factor = {
  name: 'read_much',
  what: 'more than 100 things or 1 MB were read in the last hour, and now something leaves',
  applies: isHoard,
};

function isHoard({ reading, baseline, context }: Asked): boolean {
  if (!leaves(reading)) return false;
  const { read, size } = readLately(baseline, context.now);
  return read > MUCH.read || size > MUCH.size;
}
