// Where the paths of a call lead, looked at as it is judged, just before it leaves, and after it: a folder swapped for a link in between is noticed.
import type { Reading } from '../policies/reading.ts';
import { localDisk } from './disk.ts';
import type { ServerEntry } from './ports.ts';

/** The paths of one call and where each led when it was judged. */
export type Places = readonly { absolute: string; led: string }[];

/** Whether a server's paths are those of this machine: one that is reached by URL has its own. */
export function isLocal({ command }: Pick<ServerEntry, 'command'>): boolean {
  return command !== undefined;
}

/** Looks at every path of a call, to be held against later. */
export function placesOf(reading: Reading | undefined, entry: ServerEntry): Places {
  if (!isLocal(entry)) return [];
  return [...new Set(reading?.absolutes)].map((absolute) => ({ absolute, led: localDisk.realpath(absolute) }));
}

/** Whether one of them leads somewhere by now that was not judged with the call. */
export function haveMoved(places: Places): boolean {
  const judged = new Set(places.map(({ led }) => led));
  return places.some(({ absolute }) => !judged.has(localDisk.realpath(absolute)));
}
