// Tombstones: signed notes of the records that retention deleted, which the remaining log begins after.
import type { SignedNote, Signer } from './checkpoint.ts';

/** The records of one deleted segment. */
export type Retired = { first: number; last: number; segment: string };

const RETIRED = /^retired (\d{1,15})-(\d{1,15}) (\d{6}-\d{4}-\d{2}-\d{2}\.jsonl)$/;

/** Signs that the records up to `last`, whose hash is `root`, were deleted with their segment. */
export function signTombstone(signer: Signer, { first, last, segment }: Retired, root: string): string {
  return signer.sign({ size: last, root }, [`retired ${first}-${last} ${segment}`]);
}

/** What a tombstone says was deleted; undefined when the note isn't one. */
export function readTombstone(note: SignedNote): Retired | undefined {
  const [, first, last, segment] = RETIRED.exec(note.extra.length === 1 ? note.extra[0]! : '') ?? [];
  if (!first || !segment || Number(last) !== note.size || Number(first) > note.size) return undefined;
  return { first: Number(first), last: note.size, segment };
}
