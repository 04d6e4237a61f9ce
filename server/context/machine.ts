// Which machine this is, as a hash: the first one is known, another one once a person signed in on it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Store } from '../ports.ts';

const MAX_MACHINES = 20;
/** The ids that systems keep for this (machine-id(5), and the same of D-Bus). */
const FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** The same for every start on one machine; where there is no id, its host name stands in. */
export function machineId(): string {
  return createHash('sha256')
    .update(`perimeter machine ${FILES.map(read).find((id) => id !== '') ?? hostname()}`)
    .digest('hex')
    .slice(0, 32);
}

export type Machine = {
  /** False when a state directory was carried to a machine that nobody signed in on. */
  known(): boolean;
  /** A person signed in here. */
  accept(): Promise<void>;
};

export async function createMachine(store: Store, id = machineId()): Promise<Machine> {
  const accept = async () => {
    if (store.data.machines?.includes(id) === true) return;
    await store.update((data) => {
      data.machines = [...(data.machines ?? []), id].slice(-MAX_MACHINES);
    });
  };
  if (store.data.machines === undefined) await accept();
  return { known: () => store.data.machines?.includes(id) === true, accept };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
