// The second place of the checkpoints: a file, the guard's own log, or a web address. It may fail or hang; the log goes on.
import type { AuditFiles } from './files.ts';
import { NoteFile } from './notes.ts';

/** Where a signed note is kept beside the log. Resolves when it is there. */
export type NotePlace = { add(note: string): Promise<void> };

/** Notes kept for a place that can't take them just now. */
const MAX_OWED_NOTES = 1000;
/** How long a web address may take for one note, and how long closing waits for what is owed. Milliseconds. */
const POST_MS = 10_000;

/** The place that `audit.copy` names: `stderr`, an `https://` address that notes are posted to, or the path of a file. */
export function copyPlace(where: string, files: AuditFiles): NotePlace {
  if (where === 'stderr') {
    return { add: (note) => new Promise((resolve) => process.stderr.write(`${note}\n`, () => resolve())) };
  }
  if (/^https?:\/\//.test(where)) return { add: (note) => post(where, note) };
  return fileOfNotes(new NoteFile(files, where));
}

/** A file, whose last note may be half there: after a power cut, or a write that failed. */
function fileOfNotes(file: NoteFile): NotePlace {
  let whole = false;
  return {
    async add(note) {
      if (!whole) await file.repair();
      whole = false;
      await file.add(note);
      whole = true;
    },
  };
}

async function post(address: string, note: string): Promise<void> {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const answer = await fetch(address, { method: 'POST', headers, body: note, signal: AbortSignal.timeout(POST_MS) });
  if (!answer.ok) throw new Error(`the address of the checkpoints' copy answered ${answer.status}`);
}

/** Brings notes to a place in their order, and keeps those it could not take for the next try. */
export class Copies {
  readonly #place: NotePlace;
  #owed: string[] = [];
  #problem: string | undefined;
  #running: Promise<void> | undefined;

  constructor(place: NotePlace) {
    this.#place = place;
  }

  /** Why the copy isn't up to date, if so. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Never throws. Resolves after one try, or at once when one is under way, which then takes this note too. */
  async send(note: string): Promise<void> {
    this.#owed = [...this.#owed, note].slice(-MAX_OWED_NOTES);
    await this.#try();
  }

  async settle(): Promise<void> {
    if (this.#owed.length > 0) await this.#try();
  }

  #try(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      for (let note = this.#owed[0]; note !== undefined; note = this.#owed[0]) {
        await this.#place.add(note);
        // The queue may have been cut from its head meanwhile.
        if (this.#owed[0] === note) this.#owed.shift();
      }
      this.#problem = undefined;
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  }
}
